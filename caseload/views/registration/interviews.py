"""« Inscriptions »: the waiting volunteers, and their registration interview from beginning to decision."""

import json
from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import EnrolmentState, FilePart, Modality, RefusalReason, Role, Track
from accompaniment.forms.fields import search_in
from accompaniment.models import DeviceCheck, Enrolment, Jobseeker, Notification, RegistrationInterview
from accompaniment.reads.standing import standing_of
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.rules.tracks import age_on
from accompaniment.services.audit import record_reading, record_readings
from accompaniment.services.contact_details import change_details
from accompaniment.services.equipment import send_device_test_link
from accompaniment.services.registration import FREE_TEXTS, SavedDraft, add_email, save_draft
from accompaniment.views.access import AuthenticatedRequest, page_of, role_required
from accompaniment.views.kept_forms import typed_before
from accompaniment.views.once import once
from caseload.forms.file.dossier import CorrectionForm
from caseload.forms.registration.drafts import base_in, both_in_words, initial_of, news_in_words, shown_draft
from caseload.forms.registration.interview import (
    DRAFT_FIELDS,
    EmailForm,
    RegistrationForm,
    SearchForm,
    label_of,
    typed_in,
)
from caseload.models import Adviser, Placement, Portfolio
from caseload.models.portfolios import PortfolioQuerySet
from caseload.reads.moves.waiting_list import people_waiting
from caseload.reads.registration.interviews import (
    default_plan_in_words,
    doubts_about_web,
    interview_in_progress,
    not_taken_on,
    obstacle_to_web,
    registrations_of,
    volunteers_of,
    waiting_registrations,
    with_time_left,
)
from caseload.reads.registration.outcomes import outcome_of, settled_by
from caseload.services.registration.decisions import proposed_portfolios, refuse_at_interview, validate_at_interview

READ_AGAIN = "La saisie a changé entre-temps sur cette page. Relisez ce qui suit, puis concluez de nouveau."
READ_ALL = "Cette page n'est plus à jour. Relisez ce qui suit, puis concluez de nouveau."
PEOPLE_PER_PAGE = 50


@role_required(Role.ADVISER)
@require_safe
def registrations(request: AuthenticatedRequest) -> HttpResponse:
    adviser = get_object_or_404(Adviser.objects.visible_to(request.user).select_related("agency"))
    keeps_web = adviser.portfolios.filter(modality=Modality.GUIDE_WEB).exists()
    form = SearchForm(request.GET)
    search = search_in(form)
    words, keeps_any = search.words, keeps_web and not search.refusal
    only_the_list = request.htmx and not request.htmx.history_restore_request
    waiting = waiting_registrations(adviser, words) if keeps_any else Enrolment.objects.none()
    now = timezone.now()
    page = page_of(request, waiting, per_page=PEOPLE_PER_PAGE)
    decisions = not_taken_on(adviser, words, now=now) if keeps_any else []
    others = [one.enrolment.jobseeker_id for one in decisions if one.enrolment.closed_by_id != request.user.pk]
    record_readings(actor=request.user, people=others, part=FilePart.FOUND_BY_SEARCH)
    return render(
        request,
        "caseload/registration/partials/_volunteers.html"
        if only_the_list
        else "caseload/registration/registrations.html",
        {
            "adviser": adviser,
            "keeps_web": keeps_web,
            "search": form,
            "words": words,
            "refusal": search.refusal,
            "page": page,
            "lines": with_time_left(page, now),
            "decisions": decisions,
            "now": now,
        },
    )


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def registration(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    _, enrolment = _found(request, pk)
    # Every answer shows the person: the interview, a refusal, or the outcome of the request.
    record_reading(actor=request.user, jobseeker=enrolment.jobseeker, part=FilePart.REGISTRATION)
    if enrolment.state != EnrolmentState.ASKED:
        return _too_late(request, enrolment) if request.method == "POST" else _outcome(request, enrolment)
    if request.method == "POST":
        return _conclude(request, enrolment)
    return _page(request, enrolment)


@role_required(Role.ADVISER)
@require_POST
def registration_draft(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Begin the interview, or store what was typed so far, merged with what a colleague typed meanwhile.

    A button also sends the corrected telephone and address; automatic saving does not.
    """
    _, enrolment = _found(request, pk)
    try:
        saved = _save(request, enrolment)
    except NoRightError:
        raise
    except NotAllowedNowError as refusal:
        if not request.htmx:
            return _too_late(request, enrolment)
        return render(
            request,
            "caseload/registration/partials/_draft_saved.html",
            {
                "interview": None,
                "refusal": refusal.sentence,
                "news_sentences": [],
                "both": [],
                "answer": "",
            },
            status=409,
        )
    if request.htmx:
        return _draft_saved(request, enrolment, saved)
    correction = _correct(request, enrolment)
    if correction.errors:
        return _page(request, enrolment, saved=saved, correction=correction, status=422)
    return _back(request, enrolment, saved)


@role_required(Role.ADVISER)
@require_POST
def registration_email(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Record a missing e-mail address; everything else that was typed is stored as a draft."""
    _, enrolment = _found(request, pk)
    try:
        saved = _save(request, enrolment)
    except NoRightError:
        raise
    except NotAllowedNowError:
        return _too_late(request, enrolment)
    email_form = _write_email(request, enrolment)
    correction = _correct(request, enrolment)
    if email_form.errors or correction.errors:
        return _page(request, enrolment, saved=saved, email_form=email_form, correction=correction, status=422)
    messages.success(request, "L'adresse e-mail est enregistrée.")
    return _back(request, enrolment, saved)


@role_required(Role.ADVISER)
@require_POST
def registration_device_link(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Send the person the link to the device test; everything else that was typed is stored as a draft."""
    _, enrolment = _found(request, pk)
    try:
        saved = _save(request, enrolment)
    except NoRightError:
        raise
    except NotAllowedNowError:
        return _too_late(request, enrolment)
    correction = _correct(request, enrolment)
    if correction.errors:
        return _page(request, enrolment, saved=saved, correction=correction, status=422)
    try:
        leaves = send_device_test_link(actor=request.user, jobseeker=enrolment.jobseeker)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        to = enrolment.jobseeker.email
        messages.success(
            request,
            f"Le lien du test part à {to}." if leaves else f"Le lien du test est déjà parti aujourd'hui à {to}.",
        )
    return _back(request, enrolment, saved)


def _found(request: AuthenticatedRequest, pk: int) -> tuple[Adviser, Enrolment]:
    """Return the adviser and the enrolment; 404 without a 100 % web portfolio and outside the agency."""
    adviser: Adviser = get_object_or_404(
        Adviser.objects.visible_to(request.user).select_related("agency"),
        portfolios__modality=Modality.GUIDE_WEB,
    )
    enrolment: Enrolment = get_object_or_404(registrations_of(adviser, timezone.now()), pk=pk)
    return adviser, enrolment


def _save(request: AuthenticatedRequest, enrolment: Enrolment) -> SavedDraft:
    return save_draft(
        actor=request.user,
        enrolment=enrolment,
        typed=typed_in(request.POST),
        base=base_in(request.POST, enrolment),
    )


def _back(request: AuthenticatedRequest, enrolment: Enrolment, saved: SavedDraft) -> HttpResponse:
    """Redirect to the page, and tell it what somebody else has changed."""
    for sentence in news_in_words(saved):
        messages.info(request, sentence)
    for sentence in both_in_words(saved, _portfolios(enrolment)):
        messages.warning(request, sentence)
    return redirect("registration", pk=enrolment.pk)


def _draft_saved(request: AuthenticatedRequest, enrolment: Enrolment, saved: SavedDraft) -> HttpResponse:
    """Tell the page when its draft was stored, and what somebody else typed.

    What the page shows from now on is signed twice: with the news, and as it was sent.
    """
    preselected = base_in(request.POST, enrolment).get("portfolio", "")
    stored = {"portfolio": preselected, **initial_of(enrolment, saved.interview)}
    sent = {change.name: change.mine for change in saved.news}
    return render(
        request,
        "caseload/registration/partials/_draft_saved.html",
        {
            "interview": saved.interview,
            "refusal": "",
            "news_sentences": news_in_words(saved),
            "both": both_in_words(saved, _portfolios(enrolment)),
            "answer": json.dumps(
                {
                    "news": {change.name: change.kept for change in saved.news},
                    "sent": sent,
                    "base": shown_draft(enrolment, stored).token,
                    "baseOfSent": shown_draft(enrolment, {**stored, **sent}).token,
                }
            ),
            "enrolment": enrolment,
        },
    )


def _conclude(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Save first, so that nothing typed is lost. Then decide, if the page shows the present state."""
    with transaction.atomic():
        try:
            saved = _save(request, enrolment)
        except NoRightError:
            raise
        except NotAllowedNowError:
            return _too_late(request, enrolment)
        email_form = None
        if not enrolment.jobseeker.email and request.POST.get("email"):
            email_form = _write_email(request, enrolment)
        # Before the decision, because the invitation goes to the address on the page.
        correction = _correct(request, enrolment)
        if saved.news:
            return _page(
                request,
                enrolment,
                saved=saved,
                email_form=email_form,
                correction=correction,
                refusal=READ_ALL if saved.shown_nothing else READ_AGAIN,
                status=409,
            )
        form = _bound(request, enrolment)
        refusal = ""
        if form.is_valid() and not correction.errors and not (email_form and email_form.errors):
            # After a PortfolioFullError the page offers the portfolios that have room now, with none chosen.
            try:
                _decide(request, enrolment, saved.interview, form)
            except DomainError as error:
                refusal = error.sentence
            enrolment.refresh_from_db(fields=["state"])
            if enrolment.state != EnrolmentState.ASKED:
                return redirect("registration", pk=enrolment.pk)
    status = 409 if refusal else 422
    return _page(
        request,
        enrolment,
        saved=saved,
        form=form,
        email_form=email_form,
        correction=correction,
        refusal=refusal,
        status=status,
    )


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
    """Record the typed address. The form comes back with an error if that is not possible."""
    form = EmailForm(request.POST)
    if form.is_valid():
        try:
            enrolment.jobseeker = add_email(
                actor=request.user, jobseeker=enrolment.jobseeker, email=form.cleaned_data["email"]
            )
        except DomainError as refusal:
            form.add_error("email", refusal.sentence)
    return form


def _correct(request: AuthenticatedRequest, enrolment: Enrolment) -> CorrectionForm:
    """Record the corrected telephone and address. The form comes back with errors if that is not possible."""
    person = enrolment.jobseeker
    form = CorrectionForm(request.POST, person=person)
    if form.is_valid():
        try:
            changed = change_details(
                actor=request.user, jobseeker=person, seen=form.cleaned_data["seen"], typed=form.typed
            )
        except ChangedMeanwhileError as meanwhile:
            form.say_theirs(meanwhile)
        except DomainError as refusal:
            form.add_error("email", refusal.sentence)
        else:
            if changed:
                messages.success(request, "Les coordonnées sont enregistrées.")
        person.refresh_from_db(fields=["phone", "email", "user"])
    return form


def _bound(request: AuthenticatedRequest, enrolment: Enrolment) -> RegistrationForm:
    return _form(enrolment, _obstacle(enrolment, proposed_portfolios(jobseeker=enrolment.jobseeker)), data=request.POST)


def _form(
    enrolment: Enrolment, obstacle: str, *, data: QueryDict | None = None, initial: dict[str, str] | None = None
) -> RegistrationForm:
    """Return the form with every portfolio of the region. The service, not the form, refuses full ones."""
    return RegistrationForm(data, initial=initial, portfolios=_portfolios(enrolment), obstacle=obstacle)


def _portfolios(enrolment: Enrolment) -> PortfolioQuerySet:
    proposed: PortfolioQuerySet = Portfolio.objects.proposed_for(
        enrolment.jobseeker.agency, Modality.GUIDE_WEB, _today(enrolment)
    )
    return proposed.select_related("adviser__user")


def _obstacle(enrolment: Enrolment, proposals: list[Portfolio]) -> str:
    person = enrolment.jobseeker
    return obstacle_to_web(person=person, proposals=proposals, today=_today(enrolment))


def _today(enrolment: Enrolment) -> date:
    return timezone.now().astimezone(enrolment.jobseeker.agency.zone).date()


def _page(
    request: AuthenticatedRequest,
    enrolment: Enrolment,
    *,
    saved: SavedDraft | None = None,
    form: RegistrationForm | None = None,
    email_form: EmailForm | None = None,
    correction: CorrectionForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    person = enrolment.jobseeker
    interview = interview_in_progress(person)  # read again: the refused decision was rolled back
    proposals = proposed_portfolios(jobseeker=person)
    obstacle = _obstacle(enrolment, proposals)
    initial = initial_of(enrolment, interview)
    form = form or _form(enrolment, obstacle, initial=initial)
    chosen = str(form["portfolio"].value())
    selected = next((p.pk for p in proposals if str(p.pk) == chosen), None)
    today = _today(enrolment)
    check = DeviceCheck.objects.filter(jobseeker=person).first()
    doubts = doubts_about_web(lambda name: str(form[name].value() or ""), check)
    base = {"portfolio": str(selected or ""), **initial}
    kept_base = typed_before().get("base", [""])[-1]
    email_form = email_form or EmailForm(initial=interview.typed if interview else {})
    correction = correction if correction and correction.errors else CorrectionForm(person=person)
    return render(
        request,
        "caseload/registration/registration.html",
        {
            "enrolment": enrolment,
            "person": person,
            "age": age_on(today, person.birth_date),
            "interview": interview,
            "form": form,
            "email_form": email_form,
            "correction": correction,
            "refused": [one for one in (email_form, correction, form) if one.errors],
            "obstacle": obstacle,
            "proposals": proposals,
            "selected": selected,
            "has_accepted": standing_of(person, timezone.now()).has_accepted,
            "web_plan": default_plan_in_words(Modality.GUIDE_WEB, today=today),
            "refusal": refusal,
            "news_sentences": news_in_words(saved) if saved else [],
            "both": both_in_words(saved, _portfolios(enrolment)) if saved else [],
            "answer": "",
            "base": kept_base or shown_draft(enrolment, base).token,
            "check": check,
            "doubts": doubts,
            "shows_doubts": form["track"].value() == Track.WEB and not obstacle and any(one.holds for one in doubts),
            "can_test": bool(person.email and person.user and person.user.has_usable_password()),
        },
        status=status,
    )


def _too_late(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Return what was typed while a colleague decided, the person withdrew or time ran out.

    An adviser's own decision is only shown.
    """
    enrolment.refresh_from_db()
    if request.user.pk in {enrolment.closed_by_id, enrolment.validated_by_id}:
        return redirect("registration", pk=enrolment.pk)
    typed = typed_in(request.POST)
    texts = [(label_of(name), typed[name]) for name in DRAFT_FIELDS if name in FREE_TEXTS and name in typed]
    return _outcome(request, enrolment, came_too_late=True, texts=texts)


def _outcome(
    request: AuthenticatedRequest,
    enrolment: Enrolment,
    *,
    came_too_late: bool = False,
    texts: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """Return how the request was settled, where the person is placed, and which e-mail is sent."""
    person = enrolment.jobseeker
    outcome = outcome_of(enrolment)
    by, at = settled_by(enrolment)
    return render(
        request,
        "caseload/registration/registration_outcome.html",
        {
            "enrolment": enrolment,
            "person": person,
            "outcome": outcome,
            "settled_by": by,
            "settled_at": at,
            "decided": Enrolment.objects.decided_at_interview(person).filter(pk=enrolment.pk).first(),
            "placement": Placement.objects.open()
            .filter(jobseeker=person)
            .select_related("portfolio__adviser__user", "portfolio__agency")
            .first(),
            "notification": Notification.objects.filter(jobseeker=person, kind=outcome.letter).exclude(email="").last(),
            "waits": people_waiting().filter(pk=person.pk).exists(),
            # The decision may have placed the person with a colleague, or with nobody.
            "follows": Jobseeker.objects.visible_to(request.user).filter(pk=person.pk).exists(),
            "next_volunteer": volunteers_of(Adviser.objects.get(user=request.user)).first(),
            "came_too_late": came_too_late,
            "too_late": texts,
        },
        status=409 if came_too_late else 200,
    )
