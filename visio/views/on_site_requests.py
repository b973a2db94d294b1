"""Asks for a meeting on site, withdraws the request, and answers it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Channel, Role, Track
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Accompaniment, Jobseeker, OnSiteRequest, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import delay_in_words, duration_in_words, of_name, since_in_words
from accompaniment.services.on_site_requests import answer_on_site, ask_on_site, withdraw_on_site
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, get_to_act, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from caseload.reads.desk.on_site_requests import oldest_first, requests_answered_by, requests_seen_by
from caseload.reads.moves.who_answers import follower_of
from caseload.rules.portfolio import REPLY_WITHIN
from visio.forms import OnSiteAnswerForm, OnSiteForm, OnSiteMeetingForm
from visio.reads.availability import by_day, free_slots, last_day_offered, offering
from visio.services.errors import SlotTakenError
from visio.services.on_site_answers import receive_on_site, record_wishes
from visio.views.on_site_lines import asked_lines

PER_PAGE = 50

ANSWER_COMES = f"Votre agence a {delay_in_words(REPLY_WITHIN)} pour répondre. La réponse arrive ici et par e-mail."


@role_required(Role.JOBSEEKER)
@once
def ask(request: AuthenticatedRequest) -> HttpResponse:
    """Show the open request, or offer to ask for a meeting on site with one button.

    While a request is open the page says since when, and offers no second one.
    """
    person = own_file(request)
    form = OnSiteForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            # An empty comment deletes the earlier one; a form without the field leaves it unchanged.
            comment = form.cleaned_data["comment"] if "comment" in request.POST else None
            stood = OnSiteRequest.objects.visible_to(request.user).open().first()
            try:
                asked = ask_on_site(actor=request.user, jobseeker=person, comment=comment)
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = 409
            else:
                messages.success(request, _said(asked, before=stood))
                return redirect("ask_on_site")
    own = OnSiteRequest.objects.visible_to(request.user).order_by("-asked_at", "-pk")
    standing = own.open().first()
    if standing is not None and request.method != "POST":
        form = OnSiteForm(initial={"comment": standing.comment})
    return render(
        request,
        "visio/on_site.html",
        {
            "form": form,
            "standing": standing,
            "on_web": Accompaniment.objects.current().filter(jobseeker=person, track=Track.WEB).exists(),
            "answered": list(own.filter(answered_at__isnull=False)[:5]),
            "agency": person.agency,
            "reply_within": REPLY_WITHIN,
        },
        status=status,
    )


@role_required(Role.JOBSEEKER)
@require_POST
@once
def withdraw(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Withdraw the person's own unanswered request."""
    asked = get_object_or_404(OnSiteRequest.objects.visible_to(request.user), pk=pk)
    try:
        withdraw_on_site(actor=request.user, request=asked)
    except DomainError as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, "Votre demande est retirée. Vous pouvez en faire une autre à tout moment.")
    return redirect("ask_on_site")


@role_required(Role.ADVISER)
@require_POST
@once
def record(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Record that a person asked on the telephone or at the desk. It is answered like any other request."""
    person: Jobseeker = get_to_act(Jobseeker.objects.all(), request.user, pk=pk)
    stood = OnSiteRequest.objects.open().filter(jobseeker=person).first()
    asked = ask_on_site(actor=request.user, jobseeker=person)
    if stood is not None and stood.pk == asked.pk:
        since = since_in_words(asked.asked_at, zone=person.agency.zone, now=timezone.now())
        messages.info(request, f"La demande {of_name(person)} est déjà en cours, {since}. Elle attend une réponse.")
    else:
        messages.success(request, f"La demande {of_name(person)} est enregistrée.")
    return redirect("person", pk=person.pk)


def _said(asked: OnSiteRequest, *, before: OnSiteRequest | None) -> str:
    """Return what the form changed in the open request, if anything."""
    if before is None or before.pk != asked.pk:
        return f"Votre demande est enregistrée. {ANSWER_COMES}"
    if before.comment == asked.comment:
        since = since_in_words(asked.asked_at, zone=asked.jobseeker.agency.zone, now=timezone.now())
        return f"Votre demande est déjà en cours, {since}. {ANSWER_COMES}"
    return "Votre précision est enregistrée." if asked.comment else "Votre précision est retirée."


@role_required(Role.ADVISER, Role.MANAGER)
@require_safe
def requests(request: AuthenticatedRequest) -> HttpResponse:
    """List open requests, oldest first: those of the user's people and agency, or of the user's regions."""
    now = timezone.now()
    found = oldest_first(requests_seen_by(request.user), reader=request.user, now=now)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    record_wishes(actor=request.user, requests=page.object_list)
    lines = asked_lines(list(page.object_list), reader=request.user, now=now, back=request.get_full_path())
    return render(request, "visio/on_site_requests.html", {"page": page, "lines": lines})


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def answer(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show one request, and answer it."""
    asked = _to_answer(request.user, pk)
    if request.method != "POST":
        return _answer_page(request, asked, _answer_form(asked))
    form = _answer_form(asked, request.POST)
    if not form.is_valid():
        return _answer_page(request, asked, form, status=422)
    try:
        _answer(request.user, asked, form)
    except SlotTakenError as refusal:
        form = _answer_form(asked, request.POST)
        form.is_valid()
        add_refusal(form, refusal)
        return _answer_page(request, asked, form, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _answer_page(request, _to_answer(request.user, pk), form, status=409)
    waited = duration_in_words(timezone.now() - asked.asked_at)
    said = f"Votre réponse est envoyée à {asked.jobseeker}, {waited} après sa demande."
    if request.htmx:
        return render(request, "caseload/partials/_acted.html", {"sentence": said})
    messages.success(request, said)
    return redirect(form.cleaned_data["back"])


def _answer_form(asked: OnSiteRequest, typed: QueryDict | None = None) -> OnSiteMeetingForm:
    """Return the form with the hours that are free for the person and for their adviser, if they have one."""
    adviser, zone, auto_id = follower_of(asked.jobseeker), reader_zone(), f"demande-{asked.pk}-%s"
    if adviser is None:
        return OnSiteMeetingForm(typed, auto_id=auto_id, days=[], zone=zone, others=())
    now = timezone.now()
    last_day = last_day_offered(adviser=adviser, obligation=None, now=now)
    found = free_slots(adviser=adviser, jobseeker=asked.jobseeker, now=now, last_day=last_day, urgent=True)
    free = offering(found, Channel.ON_SITE)
    others = (asked.jobseeker.agency.zone, adviser.agency.zone)
    return OnSiteMeetingForm(typed, auto_id=auto_id, days=by_day(free, zone), zone=zone, others=others)


def _answer(actor: User, asked: OnSiteRequest, form: OnSiteMeetingForm) -> None:
    words, slot = form.cleaned_data["answer"], form.cleaned_data.get("slot")
    if slot is None:
        answer_on_site(actor=actor, request=asked, answer=words)
    else:
        receive_on_site(actor=actor, request=asked, starts_at=slot, words=words)


def _to_answer(user: User, pk: int) -> OnSiteRequest:
    """Return a request that the user may answer: else 404, or 403 with a right to read only."""
    people = OnSiteRequest.objects.select_related("jobseeker__agency__departement__region", "answered_by")
    mine: OnSiteRequest | None = people.filter(pk__in=requests_answered_by(user).values("pk")).filter(pk=pk).first()
    if mine is None:
        get_object_or_404(OnSiteRequest.objects.readable_by(user), pk=pk)
        raise MissingRightError(
            missing="Vous pouvez lire cette demande, sans y répondre.",
            remedy="Qui suit la personne, ou assure le relais, y répond\u00a0; si personne ne la suit, son agence ou "
            "un responsable de sa région.",
        )
    return mine


def _answer_page(
    request: AuthenticatedRequest, asked: OnSiteRequest, form: OnSiteAnswerForm, *, status: int = 200
) -> HttpResponse:
    record_wishes(actor=request.user, requests=[asked])
    follower = follower_of(asked.jobseeker)
    return render(
        request,
        "visio/partials/_answer_act.html" if request.htmx else "visio/answer_on_site.html",
        {
            "unsaved": [(form["answer"].label, form["answer"].value())] if form["answer"].value() else [],
            "asked": asked,
            "form": form,
            "waits": duration_in_words(timezone.now() - asked.asked_at),
            "opens_file": follower is not None or request.user.is_manager,
        },
        status=status,
    )
