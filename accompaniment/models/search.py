"""Search for people by name, without accents and with typing errors, or by identifier.

Names are compared as our own immutable PostgreSQL function `plain_name(last_name, first_name)` makes them. A column
holds the result, because making a name plain takes as long as comparing it. `words_of` treats the typed words in the
same way.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import BooleanField, F, Func, Q, TextField, Value

from accompaniment.rules.imports.telephones import begun
from accompaniment.rules.spelling import joined_within, plain

LIKENESS = 0.32
"""The share of trigrams that a typed word must have in common with a word of the name to count as a typing error of it.
One wrong, missing or additional letter in five is forgiven. A test shows what this finds, rightly and wrongly, among
the names of the pilot."""
SHORTEST_FORGIVEN = 4
"""Letters. A shorter word must be in the name exactly as typed."""
SHORTEST_WITHIN = 3
"""Letters. Fewer have no trigram, so a search of the whole country would compare them with every name."""
MOST_WORDS = 6

NAME_READ = "name_read"
"""The alias of the name as no index holds it, for a search among few people: see `ways_to_find`."""

WALKED = 3000
"""How many names are compared one by one, in their order, before an index is asked who is alike."""


class Way(NamedTuple):
    """A condition on people, and the order of who fulfils it."""

    condition: Q
    order: F | Func
    is_walked: bool = False
    """Whether only the first `WALKED` people by name are compared."""


PART_OF_IDENTIFIER = re.compile(r"[0-9]{1,7}[a-z]?")


class PlainName(Func):
    """The name of a person in lower case and without accents, last name first."""

    function = "plain_name"
    arity = 2
    output_field = TextField()


class NotIndexed(Func):
    """A text as an expression that no index holds."""

    template = "(%(expressions)s || '')"
    arity = 1
    output_field = TextField()


class LikeAny(Func):
    """Whether a text matches one of several LIKE patterns; the trigram index answers it."""

    template = "(%(expressions)s))"
    arg_joiner = " LIKE ANY ("
    output_field = BooleanField()


class Resembles(Func):
    """Whether a word of a text is `word` with a typing error, by the operator that the trigram index answers.

    The operator compares with a setting, which the subquery sets for this transaction. PostgreSQL must evaluate the
    subquery before it can compare, so this needs no separate statement.
    """

    template = "(%(expressions)s)"
    arg_joiner = " %%>> "
    output_field = BooleanField()


class _Forgiving(Func):
    """The typed word, after the similarity threshold was set for this transaction."""

    template = (
        "(SELECT CASE WHEN set_config('pg_trgm.strict_word_similarity_threshold', "
        f"'{LIKENESS}', true) <> '' THEN %(expressions)s END)"
    )
    output_field = TextField()


def words_of(text: str) -> list[str]:
    """Return the typed words, at most six, in the form in which names are compared.

    An identifier is one word, with or without spaces.
    """
    return re.findall(r"[a-z0-9]+", plain(joined_within(text)))[:MOST_WORDS]


def named(words: list[str], *, jobseeker: str = "", forgiving: bool = True) -> Q:
    """Return the condition that every word is in the name, or begins the identifier.

    `jobseeker` is the path to the person ("jobseeker__"). With `forgiving`, a word of four letters or more may have a
    typing error: two exchanged letters, or one that is wrong, missing or additional. Without words nobody is found.
    """
    return _named(words, jobseeker, name=F(f"{jobseeker}plain_name"), forgiving=forgiving)


def reached(typed: str, *, known: Q) -> Q:
    """Return the condition that a person's telephone number is the typed one, or, for people who are `known`, begins
    so. Without a number nobody is found.

    Whoever may look for the beginning of a number can learn all of it, digit after digit.
    """
    beginning = begun(typed)
    if not beginning:
        return Q(pk__in=[])
    return Q(phone=beginning) | Q(phone__startswith=beginning) & known


def ways_to_find(typed: str, *, known: Q, few: bool = False) -> Iterator[Way]:
    """Return the ways in which what is typed may name a person, the most exact one first, each with its order.

    A way also finds whom those before it find. Whoever asks them in turn, and stops when the list is full, never reads
    everybody of a frequent name. `known` is as in `reached`.

    With `few` the names of all people asked for are read, and no index of names: PostgreSQL expects it to find a
    handful, but it finds everybody in the country who is called so. The people have the alias `NAME_READ`.
    """
    words = words_of(typed)
    if not words:
        return
    kept = NAME_READ if few else "plain_name"
    name: F | Func = F(kept)
    unindexed = name if few else NotIndexed("plain_name")
    is_name = all(word.isalpha() for word in words)
    if is_name:
        yield Way(_begins(words, kept), name)
        yield Way(_within(words, kept), name)
    else:
        yield Way(_named(words, "", name=name, forgiving=False) | reached(typed, known=known), unindexed)
    if not any(_is_forgiven(word) for word in words):
        return
    if is_name:
        yield Way(_begins_alike(words, kept), name)
    if is_name and not few:
        # Thousands are alike to a frequent name, and the first of them stand among the first names of all.
        yield Way(_named(words, "", name=unindexed, forgiving=True), unindexed, is_walked=True)
    # PostgreSQL cannot know how few names are alike. In the order of an index it would compare all, one by one.
    yield Way(_named(words, "", name=name, forgiving=True), unindexed)


def _named(words: list[str], jobseeker: str, *, name: F | Func, forgiving: bool) -> Q:
    if not words:
        return Q(pk__in=[])
    condition = Q()
    for word in words:
        condition &= _has(word, jobseeker, name=name, forgiving=forgiving)
    return condition


def _begins(words: list[str], name: str) -> Q:
    """Return the condition that the name begins with one of the words and has all others."""
    condition = Q()
    for place, word in enumerate(words):
        others = _within(words[:place] + words[place + 1 :], name)
        condition |= Q(**{f"{name}__startswith": word}) & others
    return condition


def _begins_alike(words: list[str], name: str) -> Q:
    """Return the condition that each word is in the name but for an error, which begins as one of the words begins.

    Few errors are made in the first letters. So these few people are read first, in the order of their names, and not
    by the index of the trigrams, which everybody of a frequent name shares.
    """
    condition = Q()
    for word in words:
        condition |= Q(**{f"{name}__startswith": word[:SHORTEST_WITHIN]})
    for word in words:
        condition &= _has(word, "", name=NotIndexed("plain_name"), forgiving=True)
    return condition


def _within(words: list[str], name: str) -> Q:
    """Return the condition that every word is in the name, and one of two letters at the beginning of a name's word."""
    condition = Q()
    for word in words:
        beginnings = [f"{word}%", *(f"%{mark}{word}%" for mark in " -'")]
        spellings = [f"%{word}%"] if len(word) >= SHORTEST_WITHIN else beginnings
        condition &= Q(LikeAny(F(name), Value(spellings)))
    return condition


def _is_forgiven(word: str) -> bool:
    return word.isalpha() and len(word) >= SHORTEST_FORGIVEN


def _has(word: str, jobseeker: str, *, name: F | Func, forgiving: bool) -> Q:
    if not word.isalpha():
        # No name has a digit. Two digits have no trigram either, so the index of the names would be read as a whole.
        return Q(**{f"{jobseeker}identifier__startswith": word.upper()}) if _begins_identifier(word) else Q(pk__in=[])
    forgives = forgiving and _is_forgiven(word)
    spellings = [word, *_exchanged(word)] if forgives else [word]
    found = Q(LikeAny(name, Value([f"%{spelling}%" for spelling in spellings])))
    if forgives:
        found |= Q(Resembles(name, _Forgiving(Value(word))))
    return found


def _begins_identifier(word: str) -> bool:
    return PART_OF_IDENTIFIER.fullmatch(word) is not None


def _exchanged(word: str) -> list[str]:
    """Return the word with each pair of neighbouring letters exchanged. Trigrams alone find these too different."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]
