"""What an adviser decides about a conversation, from its page or from « À la suite »."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Note
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import hour_in_words, weekday_in_words
from accompaniment.services.notes import write_note
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from messaging.forms import ConversationNoteForm, ReminderForm, SettleForm
from messaging.models import Conversation, Reminder
from messaging.services import handling
from messaging.views.conversations import open_for


@require_POST
@role_required(Role.ADVISER)
@once
def no_reply(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Settle the person's messages that the page showed: they need no answer."""
    conversation, form = open_for(request, pk).conversation, SettleForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    try:
        later = handling.need_no_reply(
            actor=request.user, conversation=conversation, number=form.cleaned_data["number"]
        )
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
        return redirect("conversation", pk=pk)
    said = f"Classé sans réponse nécessaire\u00a0: {conversation.jobseeker}."
    messages.success(request, f"{said} Un message arrivé entre-temps attend." if later else said)
    return _go_on(conversation, form.cleaned_data["suite"])


@require_POST
@role_required(Role.ADVISER)
@once
def keep(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Keep the conversation to deal with, until the adviser says that it is done."""
    conversation = open_for(request, pk).conversation
    handling.remind(actor=request.user, conversation=conversation)
    messages.success(request, f"La conversation avec {conversation.jobseeker} reste à traiter.")
    return _go_on(conversation, _suite(request))


@require_POST
@role_required(Role.ADVISER)
@once
def dealt_with(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """End the adviser's reminder."""
    conversation = open_for(request, pk).conversation
    handling.deal_with(actor=request.user, conversation=conversation)
    messages.success(request, f"C'est traité\u00a0: {conversation.jobseeker}.")
    return _go_on(conversation, _suite(request))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def remind(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Leave the conversation until a day."""
    conversation = open_for(request, pk).conversation
    form = ReminderForm(request.POST if request.method == "POST" else None, initial={"suite": _asked(request)})
    status = HTTPStatus.OK
    if form.is_bound:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            day = form.cleaned_data["day"]
            try:
                reminder = handling.remind(actor=request.user, conversation=conversation, on=day)
            except DomainError as refusal:
                add_refusal(form, refusal)
            else:
                said = f"La conversation avec {conversation.jobseeker} revient {weekday_in_words(day)}."
                messages.success(request, said + _still_due(reminder))
                return _go_on(conversation, form.cleaned_data["suite"])
    context = {"conversation": conversation, "person": conversation.jobseeker, "form": form}
    return render(request, "messaging/remind.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def note(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Note something for oneself and colleagues: it joins the notes of the file, which the person does not see."""
    conversation = open_for(request, pk).conversation
    person = conversation.jobseeker
    form = ConversationNoteForm(request.POST if request.method == "POST" else None, initial={"suite": _asked(request)})
    if form.is_bound and form.is_valid():
        write_note(actor=request.user, jobseeker=person, body=form.cleaned_data["body"])
        messages.success(request, "La note est enregistrée.")
        return _go_on(conversation, form.cleaned_data["suite"])
    notes = Note.objects.filter(jobseeker=person, withdrawn_at=None).select_related("author")[:3]
    context = {"conversation": conversation, "person": person, "form": form, "notes": notes}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "messaging/conversation_note.html", context, status=status)


def _still_due(reminder: Reminder) -> str:
    """Return a sentence if the answer is due before the reminder comes, or an empty string."""
    due = reminder.conversation.reply_due_at
    if due is None or reminder.due_at < due:
        return ""
    local = timezone.localtime(due)
    return f" La réponse reste due avant {weekday_in_words(local.date())}, {hour_in_words(local)}."


def _asked(request: AuthenticatedRequest) -> str:
    form = ReminderForm(request.GET)
    form.is_valid()
    return str(form.cleaned_data.get("suite", ""))


def _suite(request: AuthenticatedRequest) -> str:
    form = ReminderForm(request.POST)
    form.is_valid()
    return str(form.cleaned_data.get("suite", ""))


def _go_on(conversation: Conversation, suite: str) -> HttpResponse:
    """Lead to where the page wanted to go on, or to the conversation."""
    return redirect(suite or reverse("conversation", args=[conversation.pk]))
