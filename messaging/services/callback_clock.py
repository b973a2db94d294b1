"""What the clock does with call-back requests: claims lapse, and people who were not reached are sent other windows."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.hooks.desk_events import tell_desks
from accompaniment.models import Jobseeker, User
from accompaniment.rules.french import hour_in_words, listed, weekday_in_words
from accompaniment.services import audit, setbacks
from messaging.enums import CallbackState
from messaging.locks import take_next_person, take_people
from messaging.models import CallbackEvent, CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.reads.participants import participants
from messaging.services.callback_steps import lapses_at, locked_row
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message

SLOTS_OFFERED = 3
"""Windows that the message to a person who was not reached names."""

JOB = "messaging.tell_unreached"

LAPSED = """
    SELECT jobseeker_id, jsonb_build_object('request', id, 'event', 'lapsed', 'state', state) AS details
    FROM messaging_callbackrequest
"""


def lapse_claims(*, now: datetime | None = None) -> int:
    """End the claims that are older than `CLAIM_LASTS`; return how many. The number of statements is fixed.

    People whom another act has locked are left to that act, or to the next round.
    """
    now = now or timezone.now()
    lapsed = CallbackRequest.objects.lapsed(now)
    with transaction.atomic():
        people = take_people(Jobseeker.objects.filter(pk__in=lapsed.values("jobseeker")))
        requests = list(lapsed.filter(jobseeker__in=people))
        if not requests:
            return 0
        pks = [request.pk for request in requests]
        CallbackRequest.objects.filter(pk__in=pks).update(state=CallbackState.OPEN, claimed_at=None, claimed_by=None)
        CallbackEvent.objects.bulk_create(
            CallbackEvent(
                request=request,
                at=lapses_at(request),
                actor=None,
                from_state=CallbackState.CLAIMED,
                to_state=CallbackState.OPEN,
            )
            for request in requests
        )
        audit.record_each(
            actor=None,
            action=AuditAction.CALLBACK,
            at=now,
            people=f"{LAPSED} WHERE id IN ({', '.join(map(str, pks))})",
        )
        for person in people:
            tell_desks(person, AuditAction.CALLBACK)
    return len(requests)


def tell_unreached() -> int:
    """Send the message of `miss_callback` to people who have not got it yet; return how many.

    It could not leave at once if nobody followed the person, for example. Whatever runs, a person gets it once.
    """

    def act(pk: int) -> bool:
        with transaction.atomic():
            person = take_next_person(Jobseeker.objects.filter(callback_requests=pk))
            request = CallbackRequest.objects.to_tell().filter(pk=pk).first()
            if person is None or request is None:
                return False
            locked, now = locked_row(request)
            return tell(locked, at=now)

    due = CallbackRequest.objects.to_tell().order_by("pk").values_list("pk", flat=True)
    return setbacks.try_each(job=JOB, due=due, act=act, now=timezone.now())


def tell(request: CallbackRequest, *, at: datetime) -> bool:
    """Send the person the next windows, in the name of the adviser. Return False if nobody follows the person now.

    It answers nothing that the person has asked, and is no contact.
    """
    person = request.jobseeker
    if person.user is None:
        return False
    conversation = open_conversation(actor=person.user, jobseeker=person)
    follower = participants(conversation, now=at).follower
    if follower is None:
        return False
    post_message(
        actor=User.objects.get(pk=follower),
        conversation=conversation,
        client_id=uuid5(NAMESPACE_URL, f"callback:{request.pk}"),
        body=_unreached_message(request, now=at),
        collective=True,
    )
    request.told_at = at
    request.save(update_fields=["told_at"])
    audit.record(
        actor=None, jobseeker=person, action=AuditAction.CALLBACK, request=request.pk, state=request.state, event="told"
    )
    return True


def _unreached_message(request: CallbackRequest, *, now: datetime) -> str:
    """Return the text with the attempts and the next windows, in the clock of the agency."""
    agency = request.jobseeker.agency
    tried = [one.at.astimezone(agency.zone) for one in request.attempts.all()]
    attempts = listed(f"{weekday_in_words(at.date())} à {hour_in_words(at)}" for at in tried)
    lines = [
        "Message automatique.",
        f"Nous avons essayé de vous joindre {attempts}, sans y parvenir. Cela n'a aucune conséquence pour vous.",
    ]
    slots = windows_of(agency, now=now)[:SLOTS_OFFERED]
    if slots:
        lines.append("Voici les prochaines heures possibles\u00a0:")
        for slot in slots:
            start, end = (at.astimezone(agency.zone) for at in (slot.starts_at, slot.ends_at))
            lines.append(f"– {weekday_in_words(start.date())}, entre {hour_in_words(start)} et {hour_in_words(end)}")
    lines.append(f"Choisissez un moment ici\u00a0: {settings.PUBLIC_URL}{reverse('ask_callback')}")
    return "\n".join(lines)
