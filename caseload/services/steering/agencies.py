"""What a manager says of an agency: the number at which it answers the telephone."""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AgencyPhoneChange, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import audit
from accompaniment.services.contact_details import read_number
from caseload.models import Portfolio
from caseload.reads.steering.figures import regions_of


def agencies_that_follow() -> set[str]:
    """Lock all portfolios, and return the codes of the agencies in whose portfolios people are.

    For the 100 % web they are people of any agency of the region.
    """
    portfolios = Portfolio.objects.select_for_update(of=("self",), no_key=True).select_related("agency").order_by("pk")
    return {portfolio.agency.code for portfolio in portfolios if portfolio.occupied}


def set_agency_phone(*, actor: User, agency: Agency, phone: str) -> Agency:
    """Write the agency's number, or none (""); the same number changes nothing.

    Raises NotAllowedNowError for whoever does not steer its region, DomainError for what is no number.
    """
    with transaction.atomic():
        locked: Agency = (
            Agency.objects.select_for_update(of=("self",)).select_related("departement__region").get(pk=agency.pk)
        )
        if not regions_of(actor).filter(pk=locked.region.pk).exists():
            raise NotAllowedNowError("Cette agence n'est plus dans vos régions.")
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
