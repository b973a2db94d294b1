"""Enrolments that lapse: without a decision in time, or because the tier that they need is gone."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Awaited, EnrolmentState, NotificationKind, SettingEvent
from accompaniment.locks import lock_enrolment, lock_jobseeker
from accompaniment.models import DelayChange, Enrolment, Jobseeker, LapseDelay, User
from accompaniment.reads.waiting_times import _last_days, due_to_lapse
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import day_in_style, days_in_words
from accompaniment.rules.tracks import SHORTEST_ANSWER_DELAY
from accompaniment.services import audit, outbox
from accompaniment.services.enrolments.acceptance import withdraw_consent
from accompaniment.services.enrolments.states import end_what_hangs_on_the_track, move
from accompaniment.services.foreseen import Foreseen, names_of

LONGEST_DELAY = 365  # days


def lapse_if_due(*, enrolment_pk: int, now: datetime) -> Enrolment | None:
    """Let one enrolment lapse, in the caller's transaction; None when it was decided meanwhile.

    The person is locked before it is looked at again, so a decision at the same moment comes before or after, and
    never half. What had been validated frees its place. The person is told; the staff is the caller's to tell.
    """
    person = lock_jobseeker(Enrolment.objects.values_list("jobseeker_id", flat=True).get(pk=enrolment_pk))
    enrolment = lock_enrolment(enrolment_pk)
    days = due_to_lapse(now=now, only=enrolment_pk).get(enrolment_pk)
    if days is None:
        return None
    was_validated = enrolment.state == EnrolmentState.VALIDATED
    lapse(enrolment, person=person, actor=None, at=now)
    if was_validated:
        end_what_hangs_on_the_track(person, None, now)
    outbox.notify_jobseeker(
        key=f"enrolment-lapsed:{enrolment.pk}",
        kind=NotificationKind.ENROLMENT_LAPSED,
        jobseeker=person,
        context={"first_name": person.first_name, "was_validated": was_validated, "days": days},
    )
    return enrolment


def lapse(enrolment: Enrolment, *, person: Jobseeker, actor: User | None, at: datetime) -> None:
    """Close an open enrolment that has not begun, for its time is over or the tier that it needs is gone."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.LAPSED)
    withdraw_consent(person, actor=actor, at=at)


class DelayStandsError(NotAllowedNowError):
    """Another delay of the same state begins on the same day; `standing` is that one. Nothing was written."""

    def __init__(self, standing: LapseDelay) -> None:
        self.standing = standing
        by = f" par {standing.set_by.full_name}" if standing.set_by else ""
        super().__init__(
            f"Un délai de {days_in_words(standing.days)} est déjà fixé{by} à partir de ce jour. Rien n'a été "
            "enregistré de votre côté. Pour le remplacer par votre saisie, envoyez-la de nouveau."
        )


def set_lapse_delay(
    *,
    actor: User,
    state: str,
    days: int,
    starts_on: date,
    reason: str,
    replaces: int | None = None,
    shown: str | None = None,
) -> LapseDelay:
    """Let something wait for so many days, from a day on (`Awaited`); for a manager of the whole country.

    A delay of the same state and day is replaced only by who has seen it: `replaces` is its number of days. The same
    again changes nothing. `shown`: what the actor has read of whose time grows shorter (`foreseen`). Raises
    NotForeseenError for who has not read it, DelayStandsError for who has not seen the other delay, DomainError for a
    state that waits for nothing, a day in the past, no reason, or a delay out of 1 (for an absence 10) to 365 days.
    """
    if state not in Awaited.values:
        raise DomainError(
            "Un délai de réponse concerne une demande, une validation ou une absence notée.", about="state"
        )
    shortest = SHORTEST_ANSWER_DELAY if state == Awaited.ABSENCE else 1
    if not shortest <= days <= LONGEST_DELAY:
        raise DomainError(f"Donnez un délai de {shortest} à {days_in_words(LONGEST_DELAY)}.", about="days")
    if starts_on < timezone.localdate():
        raise DomainError("Choisissez aujourd'hui ou un jour à venir.", about="starts_on")
    if not reason.strip():
        raise DomainError("Donnez le motif de ce délai.", about="reason")
    facts = {"days": days, "reason": reason.strip()}
    with transaction.atomic():
        last_days = _last_days(state)
        # Who comes second waits here for the first one's row, and finds it.
        delay, created = LapseDelay.objects.get_or_create(
            state=state, starts_on=starts_on, defaults={**facts, "set_by": actor}
        )
        before = None
        if not created:
            delay = LapseDelay.objects.select_for_update(of=("self",)).select_related("set_by").get(pk=delay.pk)
            if (delay.days, delay.reason) == (days, reason.strip()):
                return delay
            if delay.days != replaces:
                raise DelayStandsError(delay)
            before = delay.days
            delay.days, delay.reason, delay.set_by = days, reason.strip(), actor
            delay.save(update_fields=["days", "reason", "set_by"])
        _foreseen(actor, state, last_days, title=_said_of(delay)).check(shown)
        _record(actor, delay, event=SettingEvent.SET, before=before)
        return delay


def _said_of(delay: LapseDelay) -> str:
    day = day_in_style(delay.starts_on, "j F Y")
    return f"{delay.get_state_display()}\u00a0: délai de {days_in_words(delay.days)} à partir du {day}"


def _foreseen(actor: User, state: str, before: dict[int, date], *, title: str) -> Foreseen:
    """Return whose time has grown shorter by what was just written, or has a first end."""
    after = _last_days(state)
    sooner = {pk: day for pk, day in after.items() if pk not in before or day < before[pk]}
    people = dict(Enrolment.objects.filter(pk__in=sooner).values_list("pk", "jobseeker"))
    at_once = sum(day < timezone.localdate() for day in sooner.values())
    sentences = ["Chaque personne et son agence reçoivent alors un e-mail."]
    if at_once:
        sentences.insert(0, f"{at_once} dès aujourd'hui.")
    if sooner:
        first = day_in_style(min(sooner.values()) + timedelta(days=1), "j F Y")
        sentences.insert(0, f"Leur demande est close plus tôt faute de réponse\u00a0: la première le {first}.")
    return Foreseen(
        title=title,
        sentences=sentences,
        confirm="Confirmer ce délai",
        people=list(people.values()),
        names=names_of(list(people.values()), reader=actor) if people else [],
        keys=[(pk, day.isoformat()) for pk, day in sooner.items()],
    )


def cancel_lapse_delay(*, actor: User, delay: LapseDelay, shown: str | None = None) -> None:
    """Take back a delay whose day has not come.

    Raises NotAllowedNowError when it has, or when it is gone already, and NotForeseenError as `set_lapse_delay`: the
    delay that stands again may be the shorter one.
    """
    with transaction.atomic():
        standing = LapseDelay.objects.select_for_update(of=("self",)).filter(pk=delay.pk).first()
        if standing is None:
            raise NotAllowedNowError("Ce délai à venir est déjà annulé.")
        if standing.starts_on <= timezone.localdate():
            raise NotAllowedNowError("Ce délai est déjà en vigueur\u00a0: pour en changer, fixez-en un autre.")
        last_days = _last_days(standing.state)
        _record(actor, standing, event=SettingEvent.CANCELLED, before=standing.days)
        standing.delete()
        title = f"Annuler\u00a0: {_said_of(standing)}"
        _foreseen(actor, standing.state, last_days, title=title).check(shown)


def _record(actor: User, delay: LapseDelay, *, event: SettingEvent, before: int | None) -> None:
    """Write the change into the history of the delays, and who made it into the audit."""
    DelayChange.objects.create(
        at=timezone.now(),
        actor=actor,
        event=event,
        state=delay.state,
        before=before,
        days=delay.days,
        starts_on=delay.starts_on,
    )
    audit.record(
        actor=actor,
        jobseeker=None,
        action=AuditAction.LAPSE_DELAY,
        event=event,
        state=delay.state,
        before=before,
        days=delay.days,
        starts_on=delay.starts_on,
    )
