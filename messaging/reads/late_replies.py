"""The answers that are late, for those who do not owe them: the team of the agency, and the managers of the region."""

from dataclasses import dataclass
from datetime import datetime

from accompaniment.models import User
from accompaniment.rules.french import duration_in_words
from caseload.models import Adviser
from messaging.models import Conversation
from messaging.reads.participants import participants_of
from messaging.reads.planned import answers_planned

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LateReply:
    """A wait: whose, who answers for the person, and what is left or has passed of the time. Never a message."""

    conversation: Conversation
    follower: Adviser | None
    covering: list[str]
    is_over: bool
    planned: str
    """Which answer is planned, or an empty string."""
    time: str
    """What is left of the 72 hours, or how long they have been over."""


def late_replies_for(user: User, *, now: datetime) -> list[LateReply]:
    """Return the waits that somebody who does not answer them sees now, the first due first."""
    everything = Conversation.objects.select_related("jobseeker__agency__departement__region")
    late = list(everything.late_for(user, now=now)[:SHOWN])
    who = participants_of(late, now=now)
    staff = {pk for one in who.values() for pk in one.staff}
    names = {one.pk: one.full_name for one in User.objects.filter(pk__in=staff)}
    advisers = {one.user_id: one for one in Adviser.objects.filter(user__in=staff).select_related("user")}
    planned = answers_planned([one.pk for one in late], user)
    found = []
    for one in late:
        due_at = one.reply_due_at or now
        found.append(
            LateReply(
                conversation=one,
                follower=advisers.get(who[one.pk].follower or 0),
                covering=[names[pk] for pk in sorted(who[one.pk].covering) if pk in names],
                is_over=due_at <= now,
                planned=planned.get(one.pk, ""),
                time=duration_in_words(abs(due_at - now)),
            )
        )
    return found
