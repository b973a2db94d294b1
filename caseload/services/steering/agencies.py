"""What a manager sets for an agency: its telephone number."""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.locks import lock_agency
from accompaniment.models import Agency, AgencyPhoneChange, User
from accompaniment.services import audit
from accompaniment.services.contact_details import read_number
from accompaniment.services.rights import check_steers
from caseload.locks import lock_portfolios
from caseload.models import Portfolio


def agencies_that_follow() -> set[str]:
    """Lock all portfolios, and return the codes of agencies whose portfolios hold people.

    For the 100 % web these may be people of any agency of the region.
    """
    portfolios = lock_portfolios(Portfolio.objects.select_related("agency"))
    return {portfolio.agency.code for portfolio in portfolios if portfolio.occupied}


def set_agency_phone(*, actor: User, agency: Agency, phone: str) -> Agency:
    """Store the agency's number, or none (""); the same number changes nothing.

    Raises NotAllowedNowError unless the actor steers its region, DomainError for an invalid number.
    """
    with transaction.atomic():
        locked = lock_agency(agency.pk)
        check_steers(actor, locked.region.pk)
        number = read_number(phone, agency=locked) if phone else ""
        if number == locked.phone:
            return locked
        before = locked.phone
        locked.phone = number
        locked.save(update_fields=["phone"])
        AgencyPhoneChange.objects.create(at=timezone.now(), actor=actor, agency=locked, before=before, phone=number)
        audit.record(
            actor=actor,
            jobseeker=None,
            action=AuditAction.AGENCY_PHONE,
            region=locked.region.code,
            agency=locked.code,
            before=before,
            phone=number,
        )
        return locked
