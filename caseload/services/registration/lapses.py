"""Enrolments that nobody decided in time: they lapse, and both sides are told."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from accompaniment.enums import EnrolmentState, Modality, NotificationKind
from accompaniment.models import Enrolment, User
from accompaniment.reads.waiting_times import due_to_lapse
from accompaniment.rules.french import day_in_words
from accompaniment.services import outbox, setbacks
from accompaniment.services.enrolments.lapses import lapse_if_due
from caseload.models import Adviser, Manager

JOB = "caseload.jobs.lapse_enrolments"
GATHER_FOR = timedelta(minutes=15)
"""How long a letter to an adviser collects people, so that one morning's lapses share a letter."""


def lapse_due(*, now: datetime) -> int:
    """Let everything lapse whose time is over, one transaction per person; return how many.

    It may run never, once or several times at once, and after any outage: it asks the data what is due, and checks
    again under the person's lock. A person for whom it fails delays nobody else, and waits longer each time.
    """

    def lapse(pk: int) -> bool:
        with transaction.atomic():
            enrolment = lapse_if_due(enrolment_pk=pk, now=now)
            if enrolment is None:
                return False
            _tell_staff(enrolment, now)
            return True

    return setbacks.try_each(job=JOB, due=due_to_lapse(now=now), act=lapse, now=now)


def _tell_staff(enrolment: Enrolment, now: datetime) -> None:
    """Add the person to the letter of the validating adviser, else of the agency's web advisers."""
    person = enrolment.jobseeker
    today = now.astimezone(person.agency.zone).date()
    since = (enrolment.validated_at or enrolment.asked_at).astimezone(person.agency.zone).date()
    line = {
        "person": person,
        "identifier": person.identifier,
        "was": EnrolmentState.VALIDATED if enrolment.validated_at else EnrolmentState.ASKED,
        "since": day_in_words(since, today=today),
    }
    for user in _answerable(enrolment):
        outbox.add_to_digest(
            key=f"volunteer-lapsed:{user.pk}:{enrolment.pk}",
            kind=NotificationKind.VOLUNTEER_LAPSED,
            user=user,
            line=line,
            gather_for=GATHER_FOR,
            context={"first_name": user.first_name, "path": reverse("registrations")},
        )


def _answerable(enrolment: Enrolment) -> list[User]:
    """Return whom to tell: the validating adviser, else the agency's web advisers, else all its advisers, else
    managers."""
    validated_by = enrolment.validated_by
    if validated_by is not None and validated_by.is_active:
        return [validated_by]
    agency = enrolment.jobseeker.agency
    advisers = Adviser.objects.filter(agency=agency, user__is_active=True).select_related("user").order_by("user_id")
    of_the_web = advisers.filter(portfolios__modality=Modality.GUIDE_WEB)
    found = [adviser.user for adviser in of_the_web] or [adviser.user for adviser in advisers]
    if found:
        return found
    managers = Manager.objects.filter(regions=agency.region, user__is_active=True).select_related("user")
    return [manager.user for manager in managers.order_by("user_id")]
