"""Messages that wait until an agency opens: their list, one of them with its acts, and their part of a conversation."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from messaging.forms import PlannedMessageForm
from messaging.models import Conversation, PlannedMessage
from messaging.reads.planned import planned_by, planned_in, planned_item
from messaging.services import planned as services
from messaging.views.conversations import open_for

SEND, WITHDRAW, PUT_AWAY = "envoyer", "retirer", "vu"


@require_safe
@role_required(Role.ADVISER)
def planned_messages(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's messages that wait, and those that could not be sent."""
    return render(request, "messaging/planned_messages.html", {"planned": planned_by(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def planned_message(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """One planned message of one's own: change its text, or by `acte` send it now, withdraw it or put it away."""
    row = get_object_or_404(PlannedMessage, pk=pk, author=request.user)
    if request.method != "POST":
        return _page(request, row, PlannedMessageForm(initial={"body": row.body}, shown=services.shown_of(row)))
    act = request.POST.get("acte", "")
    if act in {SEND, WITHDRAW, PUT_AWAY}:
        return _act(request, row, act)
    form, told = PlannedMessageForm(request.POST, shown=services.shown_of(row)), None
    if form.is_valid():
        facts = form.cleaned_data
        try:
            services.change_planned(actor=request.user, planned=row, body=facts["body"], seen=facts["seen"])
        except ChangedMeanwhileError as changed:
            form, told = form.again(changed), changed
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"Le message est changé. Il partira {planned_item(row, request.user).when}.")
            return redirect(_place(request, row))
    status = HTTPStatus.CONFLICT if told else HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(request, row, form, told=told, status=status)


def _act(request: AuthenticatedRequest, row: PlannedMessage, act: str) -> HttpResponse:
    try:
        if act == SEND:
            services.send_now(actor=request.user, planned=row)
        elif act == WITHDRAW:
            services.withdraw(actor=request.user, planned=row)
        else:
            services.put_away(actor=request.user, planned=row)
            return redirect("planned_messages")
    except DomainError as refusal:
        form = PlannedMessageForm(initial={"body": row.body}, shown=services.shown_of(row))
        return _page(request, row, form, told=refusal, status=HTTPStatus.CONFLICT)
    person = row.conversation.jobseeker
    if act == SEND:
        messages.success(request, f"Votre message est envoyé à {person}.")
        return redirect(f"{reverse('conversation', args=[row.conversation_id])}#fin")
    messages.success(request, "Le message est retiré. Il ne partira pas.")
    if not _may_write(request, row):
        return redirect("planned_message", pk=row.pk)
    return redirect(f"{reverse('conversation', args=[row.conversation_id])}?reprendre={row.pk}#fin")


@require_safe
@role_required(Role.ADVISER)
def conversation_planned(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """What is planned in a conversation: the part of its page that changes."""
    conversation = open_for(request, pk).conversation
    context = {"planned": planned_in(conversation, request.user), "person": conversation.jobseeker}
    return render(request, "messaging/partials/_planned.html", context)


def _may_write(request: AuthenticatedRequest, row: PlannedMessage) -> bool:
    return Conversation.objects.visible_to(request.user).filter(pk=row.conversation_id).exists()


def _place(request: AuthenticatedRequest, row: PlannedMessage) -> str:
    """Return the conversation, or the list of an adviser who may no longer open it."""
    if not _may_write(request, row):
        return reverse("planned_messages")
    return f"{reverse('conversation', args=[row.conversation_id])}#fin"


def _page(
    request: AuthenticatedRequest,
    row: PlannedMessage,
    form: PlannedMessageForm,
    *,
    told: DomainError | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    row.refresh_from_db()
    context = {
        "item": planned_item(row, request.user),
        "person": row.conversation.jobseeker,
        "form": form,
        "told": told,
        "place": _place(request, row),
        "may_write": _may_write(request, row),
    }
    return render(request, "messaging/planned_message.html", context, status=status)
