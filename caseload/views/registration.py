"""« Inscriptions »: the volunteers who wait, and their registration interview from beginning to decision."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import EnrolmentState, Modality, NotificationKind, RefusalReason, Role, Tier, Track
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Enrolment, Notification, RegistrationInterview
from accompaniment.paging import page_of
from accompaniment.rules import age_on
from accompaniment.services.audit import record_reading
from accompaniment.services.enrolments import current_accompaniment
from accompaniment.services.registration import add_email, save_draft
from accompaniment.standing import standing_of
from caseload.forms.registration import EmailForm, RegistrationForm, SearchForm, typed_in, yes_or_no
from caseload.models import Adviser, Placement, Portfolio
from caseload.registration import default_plan_in_words, obstacle_to_web, registrations_of, waiting_registrations
from caseload.services.enrolments import proposed_portfolios, refuse_at_interview, validate_at_interview
from caseload.services.placements import follower_of

PEOPLE_PER_PAGE = 50


@role_required(Role.ADVISER)
@require_safe
def registrations(request: AuthenticatedRequest) -> HttpResponse:
    adviser = get_object_or_404(Adviser.objects.visible_to(request.user).select_related("agency"))
    keeps_web = adviser.portfolios.filter(modality=Modality.GUIDE_WEB).exists()
    search = SearchForm(request.GET)
    words = search.cleaned_data["q"] if search.is_valid() else ""
    only_the_list = request.htmx and not request.htmx.history_restore_request
    waiting = waiting_registrations(adviser, words) if keeps_web else Enrolment.objects.none()
    return render(
        request,
        "caseload/partials/_volunteers.html" if only_the_list else "caseload/registrations.html",
        {
            "adviser": adviser,
            "keeps_web": keeps_web,
            "search": search,
            "words": words,
            "page": page_of(request, waiting, per_page=PEOPLE_PER_PAGE),
            "now": timezone.now(),
        },
    )


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
def registration(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    adviser, enrolment = _found(request, pk)
    if enrolment.state != EnrolmentState.ASKED:
        return _outcome(request, enrolment)
    if request.method == "POST":
        return _conclude(request, enrolment)
    person = enrolment.jobseeker
    if follower_of(person) != adviser:
        record_reading(actor=request.user, jobseeker=person, part="registration")
    return _page(request, enrolment)


@role_required(Role.ADVISER)
@require_POST
def registration_draft(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Begin the interview, or keep what was typed so far."""
    _, enrolment = _found(request, pk)
    try:
        interview = save_draft(actor=request.user, enrolment=enrolment, typed=typed_in(request.POST))
    except NotAllowedNowError as refusal:
        if not request.htmx:
            return redirect("registration", pk=pk)
        return render(
            request,
            "caseload/partials/_draft_state.html",
            {"interview": None, "refusal": refusal.sentence},
            status=409,
        )
    if request.htmx:
        return render(request, "caseload/partials/_draft_state.html", {"interview": interview, "refusal": ""})
    return redirect("registration", pk=pk)


@role_required(Role.ADVISER)
@require_POST
def registration_email(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Write down an e-mail address that was missing; what else was typed is kept as a draft."""
    _, enrolment = _found(request, pk)
    try:
        save_draft(actor=request.user, enrolment=enrolment, typed=typed_in(request.POST))
    except NotAllowedNowError:
        return redirect("registration", pk=pk)
    email_form = _write_email(request, enrolment)
    if email_form.errors:
        return _page(request, enrolment, email_form=email_form, status=422)
    messages.success(request, "L'adresse e-mail est enregistrée.")
    return redirect("registration", pk=pk)


def _found(request: AuthenticatedRequest, pk: int) -> tuple[Adviser, Enrolment]:
    """Return the adviser and the enrolment; 404 without a 100 % web portfolio and outside the agency."""
    adviser: Adviser = get_object_or_404(
        Adviser.objects.visible_to(request.user).select_related("agency"),
        portfolios__modality=Modality.GUIDE_WEB,
    )
    enrolment: Enrolment = get_object_or_404(registrations_of(adviser, timezone.now()), pk=pk)
    return adviser, enrolment


def _conclude(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Save first, so that nothing typed is ever lost, then decide."""
    try:
        interview = save_draft(actor=request.user, enrolment=enrolment, typed=typed_in(request.POST))
    except NotAllowedNowError:
        return redirect("registration", pk=enrolment.pk)
    email_form = None
    if not enrolment.jobseeker.email and request.POST.get("email"):
        email_form = _write_email(request, enrolment)
    form = _bound(request, enrolment)
    refusal = ""
    if form.is_valid() and not (email_form and email_form.errors):
        # After a PortfolioFullError the page offers those that have room now, and selects the first of them.
        try:
            _decide(request, enrolment, interview, form)
        except DomainError as error:
            refusal = error.sentence
        enrolment.refresh_from_db(fields=["state"])
        if enrolment.state != EnrolmentState.ASKED:
            return redirect("registration", pk=enrolment.pk)
    return _page(request, enrolment, form=form, email_form=email_form, refusal=refusal, status=409 if refusal else 422)


def _decide(
    request: AuthenticatedRequest, enrolment: Enrolment, interview: RegistrationInterview, form: RegistrationForm
) -> None:
    if form.validates:
        validate_at_interview(
            actor=request.user,
            enrolment=enrolment,
            interview=interview,
            findings=form.findings(),
            portfolio=form.cleaned_data["portfolio"],
        )
    else:
        refuse_at_interview(
            actor=request.user,
            enrolment=enrolment,
            interview=interview,
            findings=form.findings(),
            reason=RefusalReason(form.cleaned_data["refusal_reason"]),
            comment=form.cleaned_data["comment"],
        )


def _write_email(request: AuthenticatedRequest, enrolment: Enrolment) -> EmailForm:
    """Write the address that was typed; the form comes back with an error when it cannot be."""
    form = EmailForm(request.POST)
    if form.is_valid():
        try:
            enrolment.jobseeker = add_email(
                actor=request.user, jobseeker=enrolment.jobseeker, email=form.cleaned_data["email"]
            )
        except DomainError as refusal:
            form.add_error("email", refusal.sentence)
    return form


def _bound(request: AuthenticatedRequest, enrolment: Enrolment) -> RegistrationForm:
    return _form(enrolment, _obstacle(enrolment, proposed_portfolios(jobseeker=enrolment.jobseeker)), data=request.POST)


def _form(
    enrolment: Enrolment, obstacle: str, *, data: QueryDict | None = None, initial: dict[str, str] | None = None
) -> RegistrationForm:
    """Return the form over every portfolio of the region: the service, not the form, says which is full."""
    portfolios = Portfolio.objects.proposed_for(enrolment.jobseeker.agency, Modality.GUIDE_WEB)
    return RegistrationForm(data, initial=initial, portfolios=portfolios, obstacle=obstacle)


def _obstacle(enrolment: Enrolment, proposals: list[Portfolio]) -> str:
    person = enrolment.jobseeker
    return obstacle_to_web(person=person, proposals=proposals, today=_today(enrolment))


def _today(enrolment: Enrolment) -> date:
    return timezone.now().astimezone(enrolment.jobseeker.agency.zone).date()


def _initial(enrolment: Enrolment, interview: RegistrationInterview | None, obstacle: str) -> dict[str, str]:
    """Return what was typed before, else what the person's file says."""
    if interview is not None and interview.typed:
        return dict(interview.typed)
    person = enrolment.jobseeker
    tier = current_accompaniment(person).tier
    return {
        "has_webcam": yes_or_no(person.has_webcam),
        "bandwidth": person.bandwidth,
        "tier": tier,
        "track": Track.WEB if tier == Tier.GUIDE and not obstacle else "",
    }


def _page(
    request: AuthenticatedRequest,
    enrolment: Enrolment,
    *,
    form: RegistrationForm | None = None,
    email_form: EmailForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    person = enrolment.jobseeker
    interview = (
        RegistrationInterview.objects.filter(jobseeker=person, concluded_at=None).select_related("conducted_by").first()
    )
    proposals = proposed_portfolios(jobseeker=person)
    obstacle = _obstacle(enrolment, proposals)
    form = form or _form(enrolment, obstacle, initial=_initial(enrolment, interview, obstacle))
    chosen = str(form["portfolio"].value())
    today = _today(enrolment)
    return render(
        request,
        "caseload/registration.html",
        {
            "enrolment": enrolment,
            "person": person,
            "age": age_on(today, person.birth_date),
            "interview": interview,
            "form": form,
            "email_form": email_form or EmailForm(initial=interview.typed if interview else None),
            "obstacle": obstacle,
            "proposals": proposals,
            "selected": next((p.pk for p in proposals if str(p.pk) == chosen), proposals[0].pk if proposals else None),
            "has_accepted": standing_of(person, timezone.now()).has_accepted,
            "web_plan": default_plan_in_words(Modality.GUIDE_WEB, today=today),
            "refusal": refusal,
        },
        status=status,
    )


def _outcome(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Say what was decided, where the person is placed, and which e-mail leaves."""
    person = enrolment.jobseeker
    refused = enrolment.state == EnrolmentState.REFUSED
    kind = NotificationKind.ENROLMENT_REFUSED if refused else NotificationKind.INVITATION
    return render(
        request,
        "caseload/registration_outcome.html",
        {
            "enrolment": enrolment,
            "person": person,
            "refused": refused,
            "decided_by": enrolment.closed_by if refused else enrolment.validated_by,
            "decided_at": enrolment.closed_at if refused else enrolment.validated_at,
            "placement": Placement.objects.open()
            .filter(jobseeker=person)
            .select_related("portfolio__adviser__user", "portfolio__agency")
            .first(),
            "notification": Notification.objects.filter(jobseeker=person, kind=kind).last(),
        },
    )
