"""Réponses types: an adviser's own, those of an agency, and the list from which one is put into a message."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Agency
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, role_required
from accompaniment.views.once import once
from caseload.reads.steering.figures import regions_of
from messaging.forms import CannedReplyChangeForm, CannedReplyForm, ReplyChoiceForm
from messaging.models import CannedReply
from messaging.reads.replies import replies_for
from messaging.rules import REPLIES_AT_MOST
from messaging.services.replies import add_reply, change_reply, delete_reply, shown_of
from messaging.views.conversations import open_for


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def own_replies(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's own canned replies, which can be changed, and those of their agency."""
    found = list(CannedReply.objects.visible_to(request.user).by_name())
    return _list(
        request,
        agency=None,
        back=reverse("canned_replies"),
        page={
            "own": [one for one in found if one.author_id],
            "of_agency": [one for one in found if one.agency_id],
            "agency": request.user.adviser.agency,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def agency_replies(request: AuthenticatedRequest, code: str) -> HttpResponse:
    """The canned replies of an agency in the manager's regions."""
    found = Agency.objects.filter(departement__region__in=regions_of(request.user))
    agency = get_object_or_404(found.select_related("departement__region"), code=code)
    own = CannedReply.objects.written_by(request.user).filter(agency=agency).by_name()
    return _list(request, agency=agency, back=_home(agency), page={"own": list(own), "of_agency": [], "agency": agency})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER, Role.MANAGER)
@once
def change(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Give a canned reply another name and text."""
    reply = _to_write(request, pk)
    shown = shown_of(reply)
    if request.method != "POST":
        form = CannedReplyChangeForm(initial={"name": reply.name, "body": reply.body}, shown=shown)
        return _change_page(request, reply, form)
    form = CannedReplyChangeForm(request.POST, shown=shown)
    told: DomainError | None = None
    if form.is_valid():
        try:
            change_reply(actor=request.user, reply=reply, **form.cleaned_data)
        except ChangedMeanwhileError as changed:
            form, told = form.again(changed), changed
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, "La réponse type est enregistrée.")
            return redirect(_home(reply.agency))
    status = HTTPStatus.CONFLICT if told else HTTPStatus.UNPROCESSABLE_ENTITY
    return _change_page(request, reply, form, told=told, status=status)


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
@once
def delete(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    reply = _to_write(request, pk)
    delete_reply(actor=request.user, reply=reply)
    messages.success(request, f"La réponse type «\u00a0{reply.name}\u00a0» est supprimée.")
    return redirect(_home(reply.agency))


@require_safe
@role_required(Role.ADVISER)
def choose(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """List the canned replies, filled in for the person of a conversation. Each leads back to the field with it."""
    opened = open_for(request, pk, to_write=True)
    asked = ReplyChoiceForm(request.GET)
    asked.is_valid()
    words = asked.cleaned_data.get("q", "")
    back = asked.cleaned_data.get("suite") or reverse("conversation", args=[pk])
    person = opened.conversation.jobseeker
    replies = [
        (one, f"{back}{'&' if '?' in back else '?'}{urlencode({'reponse': one.reply.pk})}")
        for one in replies_for(person, writer=request.user, now=timezone.now(), words=words)
    ]
    context = {
        "replies": replies,
        "words": words,
        "refusal": asked.errors.get("q"),
        "back": back,
        "person": person,
        "conversation": opened.conversation,
    }
    template = "messaging/partials/_replies.html" if request.htmx else "messaging/conversation_replies.html"
    return render(request, template, context)


def _list(request: AuthenticatedRequest, *, agency: Agency | None, back: str, page: dict[str, Any]) -> HttpResponse:
    """Show a list of canned replies with the form for one more, and add it."""
    form = CannedReplyForm(request.POST if request.method == "POST" else None)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                reply = add_reply(actor=request.user, agency=agency, **form.cleaned_data)
            except DomainError as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, f"La réponse type «\u00a0{reply.name}\u00a0» est ajoutée.")
                return redirect(back)
    context = page | {"form": form, "is_full": len(page["own"]) >= REPLIES_AT_MOST, "most": REPLIES_AT_MOST}
    return render(request, "messaging/replies.html", context, status=status)


def _to_write(request: AuthenticatedRequest, pk: int) -> CannedReply:
    """Return a canned reply that the user may change: else 404, or 403 for one that they may only use."""
    found = CannedReply.objects.visible_to(request.user).select_related("agency__departement__region")
    reply: CannedReply = get_object_or_404(found, pk=pk)
    if not CannedReply.objects.written_by(request.user).filter(pk=pk).exists():
        raise MissingRightError(
            missing="Cette réponse type est celle de l'agence.",
            remedy="Un responsable de sa région peut la modifier. Vous pouvez en écrire une à votre nom.",
        )
    return reply


def _home(agency: Agency | None) -> str:
    """Return the page of a canned reply's owner."""
    return reverse("agency_replies", args=[agency.code]) if agency else reverse("canned_replies")


def _change_page(
    request: AuthenticatedRequest,
    reply: CannedReply,
    form: CannedReplyChangeForm,
    *,
    told: DomainError | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"reply": reply, "form": form, "told": told, "home": _home(reply.agency)}
    return render(request, "messaging/reply.html", context, status=status)
