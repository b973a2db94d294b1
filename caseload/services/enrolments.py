"""The decision at the registration interview: the tier, the track, and the place in a portfolio, all or nothing."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accompaniment.enums import Modality, RefusalReason
from accompaniment.errors import DomainError
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.services import enrolments
from accompaniment.services.enrolments import InterviewFindings
from caseload.enums import PlacementEnd
from caseload.models import Adviser, Placement, Portfolio
from caseload.services import placements


def proposed_portfolios(*, jobseeker: Jobseeker, modality: Modality = Modality.GUIDE_WEB) -> list[Portfolio]:
    """Return where the person can be placed: the agency's portfolios, then the region's, least loaded first.

    Each has as `in_cover` how many people its adviser answers for today, beside the cap.
    """
    today = timezone.localdate(timezone=jobseeker.agency.zone)
    return list(
        Portfolio.objects.filter(occupied__lt=F("capacity"))
        .proposed_for(jobseeker.agency, modality, today)
        .with_people_in_cover(today)
        .select_related("adviser__user", "agency")
    )


def validate_at_interview(
    *,
    actor: User,
    enrolment: Enrolment,
    interview: RegistrationInterview,
    findings: InterviewFindings,
    portfolio: Portfolio,
) -> Placement:
    """Conclude the interview, validate the volunteer and place the person: one transaction.

    Raises PortfolioFullError when the portfolio was filled meanwhile, DomainError for every other refusal; nothing
    is written then.
    """
    with transaction.atomic():
        person = enrolments.lock_jobseeker(enrolment.jobseeker_id)
        _check_decides(actor, person)
        if portfolio.modality != Modality.GUIDE_WEB:
            raise DomainError("Choisissez un portefeuille « guidé 100 % web ».")
        if portfolio.agency.departement.region_id != person.agency.departement.region_id:
            raise DomainError("Choisissez un portefeuille de la région de la personne.")
        placements.look_for_room(jobseeker=person, portfolio=portfolio)
        concluded = enrolments.conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        enrolments.validate_enrolment(actor=actor, enrolment=enrolment, interview=concluded)
        placements.lock_in_order(jobseeker=person, portfolios=[portfolio])
        placements.end_placement(actor=actor, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=timezone.now())
        return placements.place(actor=actor, jobseeker=person, portfolio=portfolio)


def refuse_at_interview(
    *,
    actor: User,
    enrolment: Enrolment,
    interview: RegistrationInterview,
    findings: InterviewFindings,
    reason: RefusalReason,
    comment: str,
) -> Enrolment:
    """Conclude the interview and refuse the volunteer with a reason: one transaction."""
    with transaction.atomic():
        person = enrolments.lock_jobseeker(enrolment.jobseeker_id)
        _check_decides(actor, person)
        refused = enrolments.refuse_enrolment(
            actor=actor, enrolment=enrolment, reason=reason, comment=comment, interview=interview
        )
        enrolments.conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        return refused


def _check_decides(actor: User, person: Jobseeker) -> None:
    """Only an adviser of the person's agency decides at the registration interview."""
    if not Adviser.objects.filter(user=actor, agency=person.agency_id).exists():
        raise DomainError("Seul un conseiller de l'agence de la personne peut conclure cet entretien.")
