"""« À la suite »: answer what waits, one conversation after the other, without going back to the list."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, Note
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import went_through
from caseload.reads.file.dossier import file_of
from messaging.forms import MessageForm, SequenceForm, Standing, composer
from messaging.models import Conversation, PlannedMessage
from messaging.reads.handling import handling_of
from messaging.reads.planned import answers_planned
from messaging.reads.sequence import Place, sequence_for
from messaging.reads.threads import thread_for
from messaging.services.conversations import record_reading
from messaging.views.conversations import Opened, open_for
from messaging.views.sending import form_of_page, post_form, said_of

MESSAGES_SHOWN = 30


@require_safe
@role_required(Role.ADVISER)
def sequence(request: AuthenticatedRequest) -> HttpResponseBase:
    """Lead to the conversation that waits longest after the place in the URL, or say that nothing is left."""
    asked, now = SequenceForm(request.GET).asked, timezone.now()
    found = sequence_for(request.user, now=now, after=asked.after)
    following = found.next
    if following is not None and following.pk == asked.done and following.awaiting_reply_since is None:
        # It is answered, and stays in the order only because of a reminder.
        asked = Standing(after=Place.of(following), back=asked.back)
        found = sequence_for(request.user, now=now, after=asked.after)
        following = found.next
    if following is not None:
        return redirect(asked.on("sequence_of", following.pk, done=asked.done))
    context = {
        "passed": found.passed,
        "back": asked.back,
        "again": Standing(after=None, back=asked.back).on("sequence"),
    }
    return render(request, "messaging/sequence_over.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
def one(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """One conversation that waits, with its context and its form. An answer that is stored leads to the next."""
    opened, asked = open_for(request, pk), SequenceForm(request.GET).asked
    if request.method != "POST":
        if request.htmx:
            return render(request, "messaging/partials/_sequence_state.html", _state(request, opened, asked))
        return _page(request, opened, asked, form_of_page(request, opened.conversation))
    form = composer(opened.conversation, request.POST, request.FILES)
    here = Conversation.objects.to_handle(request.user, now=timezone.now()).filter(pk=pk).first()
    stored = post_form(request, opened.conversation, form)
    if stored is not None:
        # What waits until the agency opens ends no wait, so the conversation is passed over.
        onward = asked.on("sequence", done=pk)
        if isinstance(stored, PlannedMessage):
            messages.success(request, said_of(stored, opened.conversation.jobseeker, sent=""))
            onward = asked.on("sequence", after=Place.of(here) if here is not None else None)
        answer = redirect(onward)
        went_through(request, answer)
        return answer
    return _page(request, opened, asked, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _state(request: AuthenticatedRequest, opened: Opened, asked: Standing) -> dict[str, Any]:
    """Return what changes while the page is open: how many are left, and whether this one still waits."""
    now = timezone.now()
    here = Conversation.objects.to_handle(request.user, now=now).filter(pk=opened.conversation.pk).first()
    found = sequence_for(request.user, now=now, after=asked.after)
    return {
        "handling": handling_of(request.user, opened.conversation, now=now),
        "planned": answers_planned([opened.conversation.pk], request.user).get(opened.conversation.pk, ""),
        "left": found.left,
        "passed": found.passed,
        "waits": here is not None,
        "here": asked.on("sequence_of", opened.conversation.pk),
        "pass_over": asked.on("sequence", after=Place.of(here) if here is not None else None),
        "answered": asked.on("sequence", done=opened.conversation.pk),
        "back": asked.back,
    }


def _page(
    request: AuthenticatedRequest,
    opened: Opened,
    asked: Standing,
    form: MessageForm,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    person: Jobseeker = opened.conversation.jobseeker
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    audit.record_reading(actor=request.user, jobseeker=person)
    state = _state(request, opened, asked)
    thread = thread_for(request.user, opened.conversation, opened.who, shown=MESSAGES_SHOWN)
    context = state | {
        "thread": replace(thread, answer_at=state["here"]),
        "file": file_of(person, reader=request.user, now=timezone.now()),
        "person": person,
        "before": _before(request, asked.done),
        "summary": getattr(person, "summary", None),
        "notes": Note.objects.filter(jobseeker=person, withdrawn_at=None).select_related("author")[:2],
        "form": form,
    }
    return render(request, "messaging/sequence.html", context, status=status)


def _before(request: AuthenticatedRequest, pk: int | None) -> Conversation | None:
    """Return the conversation that was answered just before: one may want to see what one has just sent."""
    if pk is None:
        return None
    before: Conversation | None = (
        Conversation.objects.visible_to(request.user).filter(pk=pk).select_related("jobseeker__user").first()
    )
    return before
