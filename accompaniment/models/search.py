"""Finding people by what one remembers of a name: without accents, with typing errors, or by identifier.

Names are compared as `plain_name(last_name, first_name)`, an immutable function of our own in PostgreSQL, so that
one trigram index can hold it; `words_of` does the same to what was typed.
"""

import re

from django.db.models import BooleanField, Func, Q, TextField, Value

from accompaniment.rules.spelling import joined_within, plain

LIKENESS = 0.32
"""Share of its trigrams that a typed word has in common with a word of the name, from which it counts as that word
with a typing error: one wrong, missing or additional letter in five is forgiven. What it finds, and finds wrongly,
is tested on the names of the pilot."""
SHORTEST_FORGIVEN = 4
"""Letters; a shorter word has to be in the name as it is typed."""
MOST_WORDS = 6

PART_OF_IDENTIFIER = re.compile(r"[0-9]{1,7}[a-z]?")


class PlainName(Func):
    """The name of a person in lower case and without accents, last name first."""

    function = "plain_name"
    arity = 2
    output_field = TextField()


class LikeAny(Func):
    """Whether a text is like one of several patterns: LIKE with an array, which the trigram index answers."""

    template = "(%(expressions)s))"
    arg_joiner = " LIKE ANY ("
    output_field = BooleanField()


class Resembles(Func):
    """Whether a word of a text is `word` but for a typing error: the operator that the trigram index answers.

    It compares with a setting, which the subquery makes for this transaction: PostgreSQL has to evaluate the
    subquery before it can compare, so that no statement of its own is needed.
    """

    template = "(%(expressions)s)"
    arg_joiner = " %%>> "
    output_field = BooleanField()


class _Forgiving(Func):
    """The typed word, once PostgreSQL knows how much to forgive."""

    template = (
        "(SELECT CASE WHEN set_config('pg_trgm.strict_word_similarity_threshold', "
        f"'{LIKENESS}', true) <> '' THEN %(expressions)s END)"
    )
    output_field = TextField()


def words_of(text: str) -> list[str]:
    """Return the words of what was typed, in the form in which names are compared; at most six.

    An identifier is one word, however it was spaced.
    """
    return re.findall(r"[a-z0-9]+", plain(joined_within(text)))[:MOST_WORDS]


def named(words: list[str], *, jobseeker: str = "", forgiving: bool = True) -> Q:
    """Return the condition that every word is in the name, or begins the identifier.

    `jobseeker` is the path to the person ("jobseeker__"). Forgiving: a word of four letters or more may have a
    typing error: two letters exchanged, or one that is wrong, missing or too many. Without words nobody is found.
    """
    if not words:
        return Q(pk__in=[])
    condition = Q()
    for word in words:
        condition &= _has(word, jobseeker, forgiving=forgiving)
    return condition


def _has(word: str, jobseeker: str, *, forgiving: bool) -> Q:
    name = PlainName(f"{jobseeker}last_name", f"{jobseeker}first_name")
    forgives = forgiving and len(word) >= SHORTEST_FORGIVEN and word.isalpha()
    spellings = [word, *_exchanged(word)] if forgives else [word]
    found = Q(LikeAny(name, Value([f"%{spelling}%" for spelling in spellings])))
    if forgives:
        found |= Q(Resembles(name, _Forgiving(Value(word))))
    if PART_OF_IDENTIFIER.fullmatch(word):
        found |= Q(**{f"{jobseeker}identifier__startswith": word.upper()})
    return found


def _exchanged(word: str) -> list[str]:
    """Return the word with each two neighbours exchanged, which trigrams alone find too different."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]
