"""Who may be followed 100 % web on a day."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from accompaniment.errors import DomainError
from accompaniment.models import Agency, Jobseeker
from accompaniment.rules import NOT_ELIGIBLE_SENTENCES, not_eligible_reasons
from accompaniment.services.enrolments.periods import current_accompaniment


def why_not_eligible(person: Jobseeker, now: datetime) -> list[str]:
    """Return which conditions of the 100 % web track the person fails at this instant.

    Load `agency__departement__region` with the person.
    """
    return not_eligible_reasons(
        tier=current_accompaniment(person).tier,
        opens_on=person.agency.web_opening_day,
        day=now.astimezone(person.agency.zone).date(),
        email=person.email,
    )


def check_eligible(person: Jobseeker, now: datetime, *, later: Collection[str] = ()) -> None:
    """Raise DomainError with all that stands in the way; the opening cannot be put off before the transaction ends.

    `later` are the conditions that are settled before they matter.
    """
    with connection.cursor() as cursor:
        # Whoever changes a day of opening holds the region's row. Those who only look do not wait for each other.
        cursor.execute(
            "SELECT 1 FROM accompaniment_region WHERE code = %s FOR SHARE", [person.agency.departement.region_id]
        )
    person.agency = Agency.objects.select_related("departement__region").get(pk=person.agency_id)
    reasons = [reason for reason in why_not_eligible(person, now) if reason not in later]
    if reasons:
        raise DomainError(" ".join(NOT_ELIGIBLE_SENTENCES[reason] for reason in reasons))
