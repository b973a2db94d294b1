"""Search for words in the messages of all conversations that somebody may read.

A word is compared by its stem and without accents (`message_words` in the database). A word that no message has is
replaced by those that resemble it, as a typing error.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from accompaniment.models import User
from accompaniment.rules.spelling import plain
from messaging.models import Conversation, ConversationQuerySet, Message, MessageSearch
from messaging.reads.changes import last_text_of, with_changes

SHOWN = 50
"""Hits on a page, the newest. Whoever wants others adds a word."""
MOST_WORDS = 6
LIKENESS = 0.4
"""The share of trigrams that a stem must have in common with a typed one to count as its typing error."""
SHORTEST_FORGIVEN = 4
"""Letters. A shorter word must be in the message as typed."""
RESEMBLING = 12
"""The most words that one typed word is replaced by."""
MOST_RECENT = 5000
"""The most messages whose words are not kept yet. There are more only if no worker has run for a long time."""
NAMED = 5
"""The most conversations with people of the name that is searched for."""
BEFORE, EXCERPT = 60, 200
"""Characters of an excerpt before the first word that was found, and in total."""

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of an excerpt; `found` if it is one of the words."""

    text: str
    found: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A message that has all words, and the part of it around the first."""

    message: Message
    parts: Sequence[Part]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found, the newest first. `replaced`: a word stands for others that resemble it."""

    hits: Sequence[Hit] = ()
    more: bool = False
    replaced: bool = False
    too_common: bool = False
    """The search has only words that every message has, such as « le »."""


class _WordsOf(Func):
    function = "message_words"


class _Matches(Func):
    """Whether a message has words; the index answers it."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def find_messages(reader: User, words: str, *, limit: int = SHOWN) -> Found:
    """Return the newest messages that have all these words, in the conversations that the reader may read."""
    typed = list(dict.fromkeys(WORD.findall(words.lower())))[:MOST_WORDS]
    stems = _stems_of(typed)
    wanted = [stems[word] for word in typed if stems[word]]
    if not wanted:
        return Found(too_common=bool(typed))
    mine = Perimeter.of(reader)
    pks = mine.matching(wanted, limit=limit)
    replaced = False
    if not pks:
        missing = {place for place, one in enumerate(wanted) if not mine.matching([one], limit=1)}
        wanted = [mine.resembling(one) if place in missing else one for place, one in enumerate(wanted)]
        if not missing or not all(wanted):
            return Found()
        pks, replaced = mine.matching(wanted, limit=limit), True
    messages = Message.objects.filter(pk__in=pks[:limit]).select_related("author", "conversation__jobseeker__agency")
    messages = messages.select_related("conversation__jobseeker__agency__departement__region")
    hits = _hits(with_changes(messages.order_by("-pk")), {stem for one in wanted for stem in one})
    return Found(hits=hits, more=len(pks) > limit, replaced=replaced)


def conversations_with(user: User, words: str) -> list[Conversation]:
    """Return the conversations with people of this name, for somebody who searches messages for it."""
    found: ConversationQuerySet = Conversation.objects.visible_to(user).filter(last_number__gt=0).matching(words)
    return list(found.select_related("jobseeker").order_by("jobseeker__last_name", "pk")[:NAMED])


@dataclass(frozen=True, kw_only=True)
class Perimeter:
    """The messages that somebody may read: those whose words are kept, and those that came since."""

    kept: "QuerySet[Any]"
    recent: "QuerySet[Any]"

    @classmethod
    def of(cls, reader: User) -> "Perimeter":
        conversations = Conversation.objects.readable_by(reader).values("pk")
        last = MessageSearch.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        since = Message.objects.filter(conversation__in=conversations, pk__gt=last).order_by("-pk")
        # Their keys first: the words of a message take far longer than everything else.
        keys = list(since.values_list("pk", flat=True)[:MOST_RECENT]) or [0]
        recent = Message.objects.filter(pk__in=keys).standing()
        words = _WordsOf(Coalesce(last_text_of("pk"), F("body")), output_field=SearchVectorField())
        return cls(
            kept=MessageSearch.objects.filter(conversation__in=conversations), recent=recent.annotate(words=words)
        )

    def matching(self, wanted: Iterable[frozenset[str]], *, limit: int) -> list[int]:
        """Return the keys of the newest messages that have one stem of each set, one more than `limit` if there are."""
        query = " & ".join(f"({' | '.join(map(_quoted, sorted(stems)))})" for stems in wanted)
        condition = _Matches(F("words"), Cast(Value(query), SearchQueryField()))
        found: list[int] = []
        for messages in (self.recent, self.kept):
            left = limit + 1 - len(found)
            if left > 0:
                found += messages.filter(condition).order_by("-pk").values_list("pk", flat=True)[:left]
        return found

    def resembling(self, stems: frozenset[str]) -> frozenset[str]:
        """Return the stems in these messages that resemble one of those given."""
        long_enough = [stem for stem in stems if len(stem) >= SHORTEST_FORGIVEN]
        if not long_enough:
            return frozenset()
        kept, of_kept = self.kept.order_by().values("words").query.sql_with_params()
        recent, of_recent = self.recent.order_by().values("words").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT known.stem FROM (SELECT DISTINCT unnest(tsvector_to_array(words)) AS stem"  # noqa: S608
                f" FROM (({kept}) UNION ALL ({recent})) mine) known CROSS JOIN unnest(%s::text[]) AS typed(stem)"
                " WHERE similarity(known.stem, typed.stem) >= %s GROUP BY known.stem"
                " ORDER BY max(similarity(known.stem, typed.stem)) DESC, known.stem LIMIT %s",
                [*of_kept, *of_recent, long_enough, LIKENESS, RESEMBLING],
            )
            return frozenset(stem for (stem,) in cursor.fetchall())


def _quoted(stem: str) -> str:
    return "'" + stem.replace("\\", "\\\\").replace("'", "''") + "'"


def _stems_of(words: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the stems of each word, as the database keeps those of messages; none for a word like « le »."""
    words = list(words)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, tsvector_to_array(message_words(word)) FROM unnest(%s::text[]) AS typed(word)", [words]
        )
        return {word: frozenset(stems) for word, stems in cursor.fetchall()}


def _hits(messages: Sequence[Message], stems: set[str]) -> list[Hit]:
    # A stem begins as its word does, so few words need to be looked at.
    beginnings = {stem[:2] for stem in stems}
    words = {word.lower() for message in messages for word in WORD.findall(message.text)}
    known = _stems_of({word for word in words if plain(word)[:2] in beginnings})
    return [Hit(message=message, parts=_excerpt(message.text, stems, known)) for message in messages]


def _excerpt(text: str, stems: set[str], known: dict[str, frozenset[str]]) -> list[Part]:
    """Return the text around the first word that was found, with all such words marked."""
    found = [one for one in WORD.finditer(text) if known.get(one.group().lower(), frozenset()) & stems]
    begin = max(0, found[0].start() - BEFORE) if found else 0
    begin = text.rfind(" ", 0, begin) + 1 if begin else 0
    end = min(len(text), begin + EXCERPT)
    parts, at = [Part(text="…" if begin else "", found=False)], begin
    for one in found:
        if one.end() > end:
            break
        parts += [Part(text=text[at : one.start()], found=False), Part(text=one.group(), found=True)]
        at = one.end()
    parts.append(Part(text=text[at:end] + ("…" if end < len(text) else ""), found=False))
    return [part for part in parts if part.text]
