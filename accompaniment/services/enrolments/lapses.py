"""Enrolments that lapse: without a decision in time, or because the person loses the required tier."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Awaited, EnrolmentState, NotificationKind, SettingEvent
from accompaniment.locks import lock_enrolment, lock_jobseeker, lock_lapse_delay
from accompaniment.models import DelayChange, Enrolment, Jobseeker, LapseDelay, User
from accompaniment.reads.waiting_times import _last_days, due_to_lapse
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import day_in_style, days_in_words
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.rules.tracks import SHORTEST_ANSWER_DELAY
from accompaniment.services import audit, outbox
from accompaniment.services.enrolments.acceptance import withdraw_consent
from accompaniment.services.enrolments.states import end_what_hangs_on_the_track, move
from accompaniment.services.foreseen import Foreseen, names_of
from accompaniment.services.rights import check_steers_country

LONGEST_DELAY = 365  # days
CANCELLED = "Ce délai à venir est déjà annulé."
NO_DELAY: State = {"state": "", "day": "", "days": ""}
"""What a page shows that tells of no delay to replace."""


def lapse_if_due(*, enrolment_pk: int, now: datetime) -> Enrolment | None:
    """Let one enrolment lapse, in the caller's transaction; return None if it has been decided meanwhile.

    The enrolment is read again under the person's lock, so a concurrent decision comes entirely before or after. A
    validated one frees its place. The person is told here; the caller tells the staff.
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
    """Close an open enrolment that has not begun, because its time is over or the required tier is gone."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.LAPSED)
    withdraw_consent(person, actor=actor, at=at)


def shown_delay(delay: LapseDelay | None) -> Shown:
    """Return what a page shows of the delay that a new one would replace; None: it shows no delay."""
    if delay is None:
        return Shown("delay", "", NO_DELAY)
    return Shown("delay", "", {"state": delay.state, "day": delay.starts_on.isoformat(), "days": str(delay.days)})


def set_lapse_delay(
    *,
    actor: User,
    state: str,
    days: int,
    starts_on: date,
    reason: str,
    seen: State = NO_DELAY,
    shown: str | None = None,
) -> LapseDelay:
    """Set the days after which something lapses (`Awaited`), from a day on; for a manager of the whole country.

    To replace a delay of the same state and day, the actor must have `seen` it (`shown_delay`). The same delay again
    changes nothing. `shown`: what the actor has read about the people whose time becomes shorter (`foreseen`). Raises
    NotForeseenError if they differ, ChangedMeanwhileError if the other delay was not seen, DomainError for a state that
    does not lapse, a day in the past, a missing reason, or a delay outside 1 (for an absence 10) to 365 days.
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
        check_steers_country(actor)
        last_days = _last_days(state)
        # A second manager waits here for the first one's row, and then finds it.
        delay, created = LapseDelay.objects.get_or_create(
            state=state, starts_on=starts_on, defaults={**facts, "set_by": actor}
        )
        before = None
        if not created:
            standing = lock_lapse_delay(delay.pk)
            if standing is None:
                raise NotAllowedNowError(CANCELLED)
            delay = standing
            if (delay.days, delay.reason) == (days, reason.strip()):
                return delay
            by = f" par {delay.set_by.full_name}" if delay.set_by else ""
            check_seen(
                seen,
                shown_delay(delay),
                f"Un délai de {days_in_words(delay.days)} est déjà fixé{by} à partir de ce jour. Rien n'a été "
                "enregistré de votre côté. Pour le remplacer par votre saisie, envoyez-la de nouveau.",
            )
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
    """Return the people whose time has become shorter by what was just written, or who now have a last day."""
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
    """Cancel a delay whose day has not come.

    Raises NotAllowedNowError if it has come, or if the delay is gone. Raises NotForeseenError as `set_lapse_delay`,
    because the earlier delay may be shorter.
    """
    with transaction.atomic():
        standing = lock_lapse_delay(delay.pk)
        check_steers_country(actor)
        if standing is None:
            raise NotAllowedNowError(CANCELLED)
        if standing.starts_on <= timezone.localdate():
            raise NotAllowedNowError("Ce délai est déjà en vigueur\u00a0: pour en changer, fixez-en un autre.")
        last_days = _last_days(standing.state)
        _record(actor, standing, event=SettingEvent.CANCELLED, before=standing.days)
        standing.delete()
        title = f"Annuler\u00a0: {_said_of(standing)}"
        _foreseen(actor, standing.state, last_days, title=title).check(shown)


def _record(actor: User, delay: LapseDelay, *, event: SettingEvent, before: int | None) -> None:
    """Write the change into the history of the delays, and the author into the audit."""
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
