"""The decision at the registration interview: the tier, the track, and the place in a portfolio, all or nothing."""

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, NotificationKind, RefusalReason
from accompaniment.locks import lock_jobseeker, share_region
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
from accompaniment.services.rights import check_registers
from caseload.enums import PlacementEnd, PlacementStart
from caseload.hooks.handover import Carried, Handover, carry_along
from caseload.models import Placement, Portfolio
from caseload.reads.moves.who_answers import follower_of
from caseload.services.moves import placements
from caseload.services.moves.follower_letters import tell_who_receives


def proposed_portfolios(*, jobseeker: Jobseeker, modality: Modality = Modality.GUIDE_WEB) -> list[Portfolio]:
    """Return where the person can be placed: first the agency's portfolios, then the region's, least loaded first.

    Each has `in_cover`, the number of people whom its adviser covers today, which do not count against the cap.
    """
    return list(
        Portfolio.objects.filter(occupied__lt=F("capacity"))
        .proposed_for(jobseeker.agency, modality, timezone.localdate(timezone=jobseeker.agency.zone))
        .with_people_in_cover(timezone.now())
        .select_related("adviser__user", "agency")
    )


def ask_at_interview(*, actor: User, jobseeker: Jobseeker) -> Enrolment:
    """Record a request made by word of mouth, and begin the registration interview, in one transaction.

    Raises DomainError if the 100 % web is not open yet, NotAllowedNowError if a request is already open.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_registers(actor, person)
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
    """Conclude the interview, validate the volunteer and place the person, in one transaction.

    If another adviser followed the person, bookings move along, and the person and the receiving adviser are told.
    Raises PortfolioFullError if the portfolio is full by now, DomainError for every other refusal, with nothing
    written.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        share_region(person.agency.departement.region_id)
        check_registers(actor, person)
        if portfolio.modality != Modality.GUIDE_WEB:
            raise DomainError("Choisissez un portefeuille «\u00a0guidé 100\u00a0% web\u00a0».")
        if portfolio.agency.departement.region_id != person.agency.departement.region_id:
            raise DomainError("Choisissez un portefeuille de la région de la personne.")
        placements.look_for_room(jobseeker=person, portfolio=portfolio)
        had_nobody = follower_of(person) is None
        # A change of tier also looks for a place, so it must find the person in the portfolio already. Otherwise the
        # portfolio is locked last, so that concurrent validations delay each other as little as possible.
        moves_first = current_accompaniment(person).tier != findings.tier
        moved = _move_into(portfolio, person=person, actor=actor) if moves_first else None
        concluded = conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        decided = validate_enrolment(actor=actor, enrolment=enrolment, interview=concluded)
        placement, carried = moved or _move_into(portfolio, person=person, actor=actor)
        _tell(decided, person=person, placement=placement, carried=carried, actor=actor, first=had_nobody)
        return placement


def _move_into(portfolio: Portfolio, *, person: Jobseeker, actor: User) -> tuple[Placement, Carried]:
    """Place the person, out of an earlier portfolio if there is one. Bookings move to the new adviser."""
    former = follower_of(person)
    placements.lock_in_order(jobseeker=person, portfolios=[portfolio])
    now = timezone.now()
    placements.end_placement(actor=actor, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=now)
    placement = placements.place(actor=actor, jobseeker=person, portfolio=portfolio)
    follower = placement.portfolio.adviser
    if former is None or former == follower:
        return placement, Carried()
    return placement, carry_along(Handover(jobseeker=person, source=former, target=follower, actor=actor, at=now))


def _tell(
    enrolment: Enrolment, *, person: Jobseeker, placement: Placement, carried: Carried, actor: User, first: bool
) -> None:
    """Tell the person who follows them from now on, and the receiving adviser unless they held the interview."""
    portfolio = placement.portfolio
    user = portfolio.adviser.user
    if enrolment.state == EnrolmentState.VALIDATED:
        invite_volunteer(actor=actor, enrolment=enrolment, follower=user, carried=carried.person)
    else:  # already accepted: another letter says that the track has begun
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
    """Conclude the interview and refuse the volunteer with a reason, in one transaction.

    A person who no longer wants the track is not refused: this is recorded as a withdrawal.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        check_registers(actor, person)
        if reason == RefusalReason.NOT_WANTED:
            closed = record_withdrawal(actor=actor, enrolment=enrolment, comment=comment, interview=interview)
        else:
            closed = refuse_enrolment(
                actor=actor, enrolment=enrolment, reason=reason, comment=comment, interview=interview
            )
        conclude_registration_interview(actor=actor, interview=interview, findings=findings)
        return closed
