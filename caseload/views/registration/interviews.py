"""« Inscriptions »: the volunteers who wait, and their registration interview from beginning to decision."""

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
from accompaniment.models import DeviceCheck, Enrolment, Notification, RegistrationInterview
from accompaniment.reads.standing import standing_of
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.tracks import age_on
from accompaniment.services.audit import record_reading, record_readings
from accompaniment.services.contact_details import DetailsChangedMeanwhileError, change_details
from accompaniment.services.equipment import send_device_test_link
from accompaniment.services.registration import SavedDraft, add_email, save_draft
from accompaniment.views.access import AuthenticatedRequest, page_of, role_required
from accompaniment.views.kept_forms import typed_before
from accompaniment.views.once import once
from caseload.forms.file.dossier import CorrectionForm
from caseload.forms.registration.drafts import conflicts_in_words, initial_of, news_in_words
from caseload.forms.registration.interview import (
    DRAFT_FIELDS,
    FREE_TEXTS,
    EmailForm,
    RegistrationForm,
    SearchForm,
    Typing,
    label_of,
    typed_in,
    typing_in,
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
    waiting_registrations,
    with_time_left,
)
from caseload.reads.registration.outcomes import outcome_of, settled_by
from caseload.services.registration.decisions import proposed_portfolios, refuse_at_interview, validate_at_interview

READ_AGAIN = "La saisie a changé entre-temps sur cette page. Relisez ce qui suit, puis concluez à nouveau."
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
    # Whatever comes back shows the person: the interview, a refusal, or what became of the request.
    record_reading(actor=request.user, jobseeker=enrolment.jobseeker, part=FilePart.REGISTRATION)
    if enrolment.state != EnrolmentState.ASKED:
        return _too_late(request, enrolment) if request.method == "POST" else _outcome(request, enrolment)
    if request.method == "POST":
        return _conclude(request, enrolment)
    return _page(request, enrolment)


@role_required(Role.ADVISER)
@require_POST
def registration_draft(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Begin the interview, or keep what was typed so far beside what a colleague typed meanwhile.

    A button sends the corrected telephone and address along; what is kept by itself leaves them alone.
    """
    _, enrolment = _found(request, pk)
    typing = typing_in(request.POST)
    try:
        saved = _save(request, enrolment, typing)
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
                "conflicts": [],
                "conflicts_changed": False,
                "answer": "",
            },
            status=409,
        )
    if request.htmx:
        return _draft_saved(request, enrolment, saved, typing)
    correction = _correct(request, enrolment)
    if correction.errors:
        return _page(request, enrolment, saved=saved, correction=correction, status=422)
    return _page(request, enrolment, saved=saved, status=409) if saved.conflicts else _back(request, pk, saved)


@role_required(Role.ADVISER)
@require_POST
def registration_email(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Write down an e-mail address that was missing; what else was typed is kept as a draft."""
    _, enrolment = _found(request, pk)
    try:
        saved = _save(request, enrolment, typing_in(request.POST))
    except NotAllowedNowError:
        return _too_late(request, enrolment)
    email_form = _write_email(request, enrolment)
    correction = _correct(request, enrolment)
    if email_form.errors or correction.errors:
        return _page(request, enrolment, saved=saved, email_form=email_form, correction=correction, status=422)
    messages.success(request, "L'adresse e-mail est enregistrée.")
    return _page(request, enrolment, saved=saved, status=409) if saved.conflicts else _back(request, pk, saved)


@role_required(Role.ADVISER)
@require_POST
def registration_device_link(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Send the person the address of the device test; what else was typed is kept as a draft."""
    _, enrolment = _found(request, pk)
    try:
        saved = _save(request, enrolment, typing_in(request.POST))
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
    return _page(request, enrolment, saved=saved, status=409) if saved.conflicts else _back(request, pk, saved)


def _found(request: AuthenticatedRequest, pk: int) -> tuple[Adviser, Enrolment]:
    """Return the adviser and the enrolment; 404 without a 100 % web portfolio and outside the agency."""
    adviser: Adviser = get_object_or_404(
        Adviser.objects.visible_to(request.user).select_related("agency"),
        portfolios__modality=Modality.GUIDE_WEB,
    )
    enrolment: Enrolment = get_object_or_404(registrations_of(adviser, timezone.now()), pk=pk)
    return adviser, enrolment


def _save(request: AuthenticatedRequest, enrolment: Enrolment, typing: Typing) -> SavedDraft:
    return save_draft(actor=request.user, enrolment=enrolment, typed=typing.typed, base=typing.base)


def _back(request: AuthenticatedRequest, pk: int, saved: SavedDraft) -> HttpResponse:
    """Lead back to the page, and say what somebody else has changed on it."""
    for sentence in news_in_words(saved.news):
        messages.info(request, sentence)
    return redirect("registration", pk=pk)


def _draft_saved(
    request: AuthenticatedRequest, enrolment: Enrolment, saved: SavedDraft, typing: Typing
) -> HttpResponse:
    """Tell the page when its draft was kept, what somebody else typed, and between what there is to choose."""
    selected = (typing.base or {}).get("portfolio", "")
    base = _base(initial_of(enrolment, saved.interview), selected, saved, typing.base)
    return render(
        request,
        "caseload/registration/partials/_draft_saved.html",
        {
            "interview": saved.interview,
            "refusal": "",
            "saved": saved,
            "news_sentences": news_in_words(saved.news),
            "answer": json.dumps(
                {
                    "base": base,
                    "news": {change.name: change.theirs for change in saved.news},
                    "chosen": {name: saved.interview.typed.get(name, "") for name in typing.chosen},
                }
            ),
            "enrolment": enrolment,
            "conflicts": conflicts_in_words(saved.conflicts, _portfolios(enrolment)),
            # What the page shows already stays as it is, with the focus in it.
            "conflicts_changed": typing.seen != {change.name: change.theirs for change in saved.conflicts},
        },
        status=409 if saved.conflicts else 200,
    )


def _conclude(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Save first, so that nothing typed is ever lost, then decide, if the page shows all that is known by now."""
    typing = typing_in(request.POST)
    with transaction.atomic():
        try:
            saved = _save(request, enrolment, typing)
        except NotAllowedNowError:
            return _too_late(request, enrolment)
        email_form = None
        if not enrolment.jobseeker.email and request.POST.get("email"):
            email_form = _write_email(request, enrolment)
        # Before the decision, for the invitation goes to the address that the page shows.
        correction = _correct(request, enrolment)
        if saved.conflicts or saved.news or typing.chosen:
            return _page(
                request,
                enrolment,
                saved=saved,
                email_form=email_form,
                correction=correction,
                refusal=READ_AGAIN,
                status=409,
            )
        form = _bound(request, enrolment)
        refusal = ""
        if form.is_valid() and not correction.errors and not (email_form and email_form.errors):
            # After a PortfolioFullError the page offers those that have room now, none of them chosen.
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


def _correct(request: AuthenticatedRequest, enrolment: Enrolment) -> CorrectionForm:
    """Write the telephone and the address that were corrected; the form comes back with errors when they cannot be."""
    person = enrolment.jobseeker
    form = CorrectionForm(request.POST, person=person)
    if form.is_valid():
        try:
            changed = change_details(actor=request.user, jobseeker=person, base=form.seen, typed=form.typed)
        except DetailsChangedMeanwhileError as meanwhile:
            form = form.against(meanwhile.person, meanwhile.conflicts)
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
    """Return the form over every portfolio of the region: the service, not the form, says which is full."""
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


def _base(
    initial: dict[str, str], selected: str, saved: SavedDraft | None, before: dict[str, str] | None
) -> dict[str, str]:
    """Return what the page shows of the draft, before anything is typed into it.

    Between two versions nobody has chosen yet, so there it stays what it was.
    """
    base = {"portfolio": selected, **initial}
    for change in saved.conflicts if saved else ():
        base[change.name] = (before or {}).get(change.name, "")
    return {name: value for name, value in base.items() if value}


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
    interview = interview_in_progress(person)  # read again: a decision that was refused has undone what it wrote
    proposals = proposed_portfolios(jobseeker=person)
    obstacle = _obstacle(enrolment, proposals)
    initial = initial_of(enrolment, interview)
    conflicts = saved.conflicts if saved else ()
    mine = {change.name: change.mine for change in conflicts}
    form = form or _form(enrolment, obstacle, initial={**initial, **mine})
    chosen = str(form["portfolio"].value())
    selected = next((p.pk for p in proposals if str(p.pk) == chosen), None)
    today = _today(enrolment)
    check = DeviceCheck.objects.filter(jobseeker=person).first()
    doubts = doubts_about_web(lambda name: str(form[name].value() or ""), check)
    before = typing_in(request.POST).base if request.method == "POST" else None
    kept_base = typed_before().get("base", [""])[-1]
    email_form = email_form or EmailForm(initial={**(interview.typed if interview else {}), **mine})
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
            "saved": saved,
            "news_sentences": news_in_words(saved.news) if saved else [],
            "conflicts": conflicts_in_words(conflicts, _portfolios(enrolment)),
            "answer": "",
            "base": kept_base or json.dumps(_base(initial, str(selected or ""), saved, before)),
            "check": check,
            "doubts": doubts,
            "shows_doubts": form["track"].value() == Track.WEB and not obstacle and any(one.holds for one in doubts),
            "can_test": bool(person.email and person.user and person.user.has_usable_password()),
        },
        status=status,
    )


def _too_late(request: AuthenticatedRequest, enrolment: Enrolment) -> HttpResponse:
    """Give back what was typed while a colleague decided, the person withdrew or time ran out.

    One's own decision is just shown.
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
    """Say what became of the request, where the person is placed, and which e-mail leaves."""
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
            "notification": Notification.objects.filter(jobseeker=person, kind=outcome.letter).last(),
            "waits": people_waiting().filter(pk=person.pk).exists(),
            "came_too_late": came_too_late,
            "too_late": texts,
        },
        status=409 if came_too_late else 200,
    )
