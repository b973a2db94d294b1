"""« Ajouter au plan d'action »: a message becomes a step, which leads back to it."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Objective
from accompaniment.rules.errors import DomainError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from messaging.forms import MessageStepForm
from messaging.models import Message, MessageStep
from messaging.reads.changes import with_changes
from messaging.reads.steps import step_titles
from messaging.services.conversations import record_reading
from messaging.services.steps import add_step_of_message
from messaging.views.conversations import open_for


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def add(request: AuthenticatedRequest, pk: int, number: int) -> HttpResponse:
    """Write a step from a message: its text is in the form, whole, to be shortened there."""
    opened = open_for(request, pk, to_write=True)
    message = get_object_or_404(
        Message.objects.select_related("author"), conversation=opened.conversation, number=number
    )
    (message,) = with_changes([message])
    if message.is_deleted and request.method != "POST":
        raise Http404
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    person = opened.conversation.jobseeker
    form = MessageStepForm(
        request.POST if request.method == "POST" else None,
        initial={"title": " ".join(message.text.split())},
        objectives=Objective.objects.filter(jobseeker=person, closed_at=None),
    )
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                add_step_of_message(
                    actor=request.user,
                    conversation=opened.conversation,
                    number=number,
                    objective=form.cleaned_data["objective"],
                    new_objective=form.cleaned_data["new_objective"],
                    facts=form.facts,
                )
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = HTTPStatus.CONFLICT
            else:
                messages.success(request, "L'étape est dans le plan d'action.")
                return redirect(_place(message))
    context = {
        "form": form,
        "message": message,
        "person": person,
        "place": _place(message),
        "steps": step_titles(message),
    }
    return render(request, "messaging/message_step.html", context, status=status)


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def source(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Lead from a step to its message, for those who may read the conversation."""
    found = get_object_or_404(MessageStep.objects.select_related("message"), step=pk)
    open_for(request, found.message.conversation_id)
    return redirect(_place(found.message))


def _place(message: Message) -> str:
    address = reverse("conversation", args=[message.conversation_id])
    return f"{address}?message={message.number}#message-{message.number}"
