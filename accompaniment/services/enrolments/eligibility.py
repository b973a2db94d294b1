"""Who may be followed 100 % web on a day."""

from datetime import datetime

from django.db import connection

from accompaniment.errors import DomainError
from accompaniment.models import Agency, Jobseeker
from accompaniment.rules import NOT_ELIGIBLE_SENTENCES, not_eligible_reason
from accompaniment.services.enrolments.periods import current_accompaniment


def why_not_eligible(person: Jobseeker, now: datetime) -> str | None:
    """Return which condition of the 100 % web track the person fails at this instant, or None.

    Load `agency__departement__region` with the person.
    """
    return not_eligible_reason(
        tier=current_accompaniment(person).tier,
        opens_on=person.agency.web_opening_day,
        day=now.astimezone(person.agency.zone).date(),
        email=person.email,
    )


def check_eligible(person: Jobseeker, now: datetime) -> None:
    """Raise DomainError unless the person is eligible; the opening cannot be put off before the transaction ends."""
    with connection.cursor() as cursor:
        # Whoever changes a day of opening holds the region's row. Those who only look do not wait for each other.
        cursor.execute(
            "SELECT 1 FROM accompaniment_region WHERE code = %s FOR SHARE", [person.agency.departement.region_id]
        )
    person.agency = Agency.objects.select_related("departement__region").get(pk=person.agency_id)
    reason = why_not_eligible(person, now)
    if reason is not None:
        raise DomainError(NOT_ELIGIBLE_SENTENCES[reason])
