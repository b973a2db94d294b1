"""Who may be followed 100 % web on a day."""

from datetime import datetime

from accompaniment.errors import DomainError
from accompaniment.models import Jobseeker
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
    reason = why_not_eligible(person, now)
    if reason is not None:
        raise DomainError(NOT_ELIGIBLE_SENTENCES[reason])
