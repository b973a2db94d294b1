"""Canned replies: whose an adviser may use, and with which values they are filled in for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accompaniment.models import Jobseeker, User
from accompaniment.rules.presentation import telephone_in_words
from accompaniment.rules.spelling import plain
from caseload.hooks.coming import next_interview
from caseload.reads.moves.who_answers import follower_of
from messaging.enums import Placeholder
from messaging.models import CannedReply
from messaging.rules import filled_in, placeholders_in


@dataclass(frozen=True, kw_only=True)
class FilledReply:
    """A canned reply with the values of one person. `missing`: the placeholders that have none, which stay."""

    reply: CannedReply
    text: str
    missing: Sequence[Placeholder]


def values_for(person: Jobseeker, *, writer: User, now: datetime) -> Mapping[Placeholder, str]:
    """Return what placeholders stand for, in the words and on the clock of the person. What is unknown is empty."""
    follower = follower_of(person)
    return {
        Placeholder.FIRST_NAME: person.first_name,
        Placeholder.LAST_NAME: person.last_name,
        Placeholder.WRITER: writer.full_name,
        Placeholder.ADVISER: str(follower) if follower else "",
        Placeholder.AGENCY: person.agency.name,
        Placeholder.AGENCY_PHONE: telephone_in_words(person.agency.phone),
        Placeholder.NEXT_INTERVIEW: next((words for known in next_interview if (words := known(person, now))), ""),
    }


def replies_for(person: Jobseeker, *, writer: User, now: datetime, words: str = "") -> list[FilledReply]:
    """Return the canned replies that the adviser may use, filled in for a person.

    `words` are looked for in name and text, in any order, without accents.
    """
    wanted = plain(words).split()
    found = [
        reply
        for reply in CannedReply.objects.visible_to(writer).by_name()
        if all(word in plain(f"{reply.name} {reply.body}") for word in wanted)
    ]
    values = values_for(person, writer=writer, now=now) if found else {}
    return [filled(reply, values) for reply in found]


def filled(reply: CannedReply, values: Mapping[Placeholder, str]) -> FilledReply:
    """Return a canned reply with these values."""
    text = filled_in(reply.body, values)
    missing = [one for one in placeholders_in(reply.body) if not values.get(one)]
    return FilledReply(reply=reply, text=text, missing=missing)
