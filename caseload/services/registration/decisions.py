"""The decision at the registration interview: the tier, the track, and the place in a portfolio, all or nothing."""

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, NotificationKind, RefusalReason
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.errors import DomainError
from accompaniment.services import outbox
from accompaniment.services.enrolments.interview import (
    InterviewFindings,
    ask_enrolment,
    conclude_registration_interview,
    invite_volunteer,
    open_registration_interview,
    record_withdrawal,
    refuse_enrolment,
    validate_enrolment,
)
from caseload.enums import PlacementEnd, PlacementStart
from caseload.hooks.handover import Carried, Handover, carry_along
from caseload.models import Adviser, Placement, Portfolio
from caseload.reads.moves.who_answers import follower_of
from caseload.services.moves import placements
from caseload.services.moves.follower_letters import tell_who_receives


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


def ask_at_interview(*, actor: User, jobseeker: Jobseeker) -> Enrolment:
    """Record a wish that the person speaks at the registration interview, and begin that interview: one transaction.

    Raises DomainError where the 100 % web is not open yet, NotAllowedNowError when a request is open already.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        _check_decides(actor, person)
        enrolment = ask_enrolment(actor=actor, jobseeker=person, at_interview=True)
        open_registration_interview(actor=actor, jobseeker=person)
        return enrolment


def validate_at_interview(
    *,
    actor: User,
    enrolment: Enrolment,
    interview: RegistrationInterview,
    findings: InterviewFindings,
    portfolio: Portfolio,
) -> Placement:
    """Conclude the interview, validate the volunteer and place the person: one transaction.

    Where another adviser followed, what is booked goes along; the person and the receiving adviser are told.

    Raises PortfolioFullError when the portfolio was filled meanwhile, DomainError for every other refusal; nothing
    is written then.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        _check_decides(actor, person)
        if portfolio.modality != Modality.GUIDE_WEB:
            raise DomainError("Choisissez un portefeuille « guidé 100 % web ».")
        if portfolio.agency.departement.region_id != person.agency.departement.region_id:
            raise DomainError("Choisissez un portefeuille de la région de la personne.")
        placements.look_for_room(jobseeker=person, portfolio=portfolio)
        had_nobody = follower_of(person) is None
        # A change of tier looks for a place of its own, so it finds the person in the portfolio already. Otherwise the
        # portfolio is locked last, so that the many who enter it at once hold each other up as little as may be.
        moves_first = current_accompaniment(person).tier != findings.tier
        moved = _move_into(portfolio, person=person, actor=actor) if moves_first else None
        concluded = conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        decided = validate_enrolment(actor=actor, enrolment=enrolment, interview=concluded)
        placement, carried = moved or _move_into(portfolio, person=person, actor=actor)
        _tell(decided, person=person, placement=placement, carried=carried, actor=actor, first=had_nobody)
        return placement


def _move_into(portfolio: Portfolio, *, person: Jobseeker, actor: User) -> tuple[Placement, Carried]:
    """Place the person, out of the portfolio that may have had them; what is booked goes along to the new adviser."""
    former = follower_of(person)
    now = timezone.now()
    placements.lock_in_order(jobseeker=person, portfolios=[portfolio])
    placements.end_placement(actor=actor, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=now)
    placement = placements.place(actor=actor, jobseeker=person, portfolio=portfolio)
    follower = placement.portfolio.adviser
    if former is None or former == follower:
        return placement, Carried()
    return placement, carry_along(Handover(jobseeker=person, source=former, target=follower, actor=actor, at=now))


def _tell(
    enrolment: Enrolment, *, person: Jobseeker, placement: Placement, carried: Carried, actor: User, first: bool
) -> None:
    """Tell the person who follows from now on, and the adviser who receives the person without having been there."""
    portfolio = placement.portfolio
    user = portfolio.adviser.user
    if enrolment.state == EnrolmentState.VALIDATED:
        invite_volunteer(actor=actor, enrolment=enrolment, follower=user, carried=carried.person)
    else:  # Accepted before: the letter that the track has begun is there already.
        outbox.notify_jobseeker(
            key=f"placed:{placement.pk}",
            kind=NotificationKind.ADVISER_CHANGED,
            jobseeker=person,
            context={
                "first_name": person.first_name,
                "adviser": user,
                "first": first,
                "agency": portfolio.agency.name,
                "carried": carried.person,
                "path": reverse("space"),
            },
        )
    tell_who_receives(actor=actor, placement=placement, after=PlacementStart.VALIDATED)


def refuse_at_interview(
    *,
    actor: User,
    enrolment: Enrolment,
    interview: RegistrationInterview,
    findings: InterviewFindings,
    reason: RefusalReason,
    comment: str,
) -> Enrolment:
    """Conclude the interview and refuse the volunteer with a reason: one transaction.

    Who does not want the track any more is not refused: the withdrawal is written down.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        _check_decides(actor, person)
        if reason == RefusalReason.NOT_WANTED:
            closed = record_withdrawal(actor=actor, enrolment=enrolment, comment=comment, interview=interview)
        else:
            closed = refuse_enrolment(
                actor=actor, enrolment=enrolment, reason=reason, comment=comment, interview=interview
            )
        conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        return closed


def _check_decides(actor: User, person: Jobseeker) -> None:
    """Only an adviser of the person's agency decides at the registration interview."""
    if not Adviser.objects.filter(user=actor, agency=person.agency_id).exists():
        raise DomainError("Seul un conseiller de l'agence de la personne peut mener cet entretien.")
