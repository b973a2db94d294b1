"""The pages on which one changes or deletes one's own message; a script does both on the conversation itself."""

from http import HTTPStatus

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from messaging.forms import MessageChangeForm
from messaging.models import Message
from messaging.reads.changes import with_changes
from messaging.rules import CHANGE_WITHIN
from messaging.services.changes import change_message, delete_message, shown_of
from messaging.views.conversations import open_for


@role_required(Role.ADVISER, Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def change(request: AuthenticatedRequest, pk: int, number: int) -> HttpResponseBase:
    """Give one's own message a new text."""
    message = _own(request, pk, number)
    shown = shown_of(message)
    if request.method != "POST":
        form = MessageChangeForm(initial={"body": message.text}, shown=shown)
        return _page(request, "messaging/change_message.html", message, form)
    form = MessageChangeForm(request.POST, shown=shown)
    told: DomainError | None = None
    if form.is_valid():
        facts = form.cleaned_data
        try:
            change_message(
                actor=request.user, conversation_id=pk, number=number, body=facts["body"], seen=facts["seen"]
            )
        except ChangedMeanwhileError as changed:
            form, told = form.again(changed), changed
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            return redirect(_place(message))
    status = HTTPStatus.CONFLICT if told else HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(request, "messaging/change_message.html", message, form, told=told, status=status)


@role_required(Role.ADVISER, Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def delete(request: AuthenticatedRequest, pk: int, number: int) -> HttpResponseBase:
    """Delete one's own message, after a page that shows it once more."""
    message = _own(request, pk, number)
    if request.method != "POST":
        return _page(request, "messaging/delete_message.html", message)
    try:
        delete_message(actor=request.user, conversation_id=pk, number=number)
    except DomainError as refusal:
        return _page(request, "messaging/delete_message.html", message, told=refusal, status=HTTPStatus.CONFLICT)
    return redirect(_place(message))


def _own(request: AuthenticatedRequest, pk: int, number: int) -> Message:
    """Return the user's own message of a conversation that they may read; anything else is 404."""
    conversation = open_for(request, pk, to_write=True).conversation
    message = Message.objects.filter(conversation=conversation, number=number, author=request.user).first()
    if message is None:
        raise Http404
    message.conversation = conversation
    (message,) = with_changes([message])
    return message


def _place(message: Message) -> str:
    return f"{reverse('conversation', args=[message.conversation_id])}#message-{message.number}"


def _page(
    request: AuthenticatedRequest,
    template: str,
    message: Message,
    form: MessageChangeForm | None = None,
    *,
    told: DomainError | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    open_still = not message.is_deleted and timezone.now() <= message.created_at + CHANGE_WITHIN
    context = {
        "message": message,
        "person": message.conversation.jobseeker,
        "place": _place(message),
        "form": form,
        "told": told,
        "open": open_still,
    }
    return render(request, template, context, status=status)
