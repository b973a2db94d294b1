"""Panels that pages of other floors load by their address."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.models import Jobseeker
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.reads.moves.who_answers import relay_of
from messaging.forms import composer
from messaging.models import CallbackRequest, Conversation
from messaging.reads.participants import ConversationClosedError, participants
from messaging.reads.threads import thread_for, unread_by, waiting_lines
from messaging.services import conversations
from messaging.services.conversations import record_excerpts, record_reading
from messaging.views.conversations import own_file

SHOWN = 8
MESSAGES_SHOWN = 30


@require_safe
@role_required(Role.ADVISER)
def to_answer(request: AuthenticatedRequest) -> HttpResponse:
    """The conversations that wait for an answer, longest first, against the 72 hours."""
    now = timezone.now()
    lines = waiting_lines(request.user, now=now, limit=SHOWN)
    record_excerpts(actor=request.user, lines=lines)
    count = len(lines)
    if count == SHOWN:
        count = Conversation.objects.visible_to(request.user).awaiting_reply().count()
    return render(request, "messaging/partials/_panel_to_answer.html", {"lines": lines, "count": count})


@require_safe
@role_required(Role.ADVISER)
def callbacks(request: AuthenticatedRequest) -> HttpResponse:
    """The call-backs that wait, by due time."""
    now = timezone.now()
    waiting = CallbackRequest.objects.visible_to(request.user).open()
    requests = list(
        waiting.select_related("jobseeker__agency__departement__region").annotate(
            relay=relay_of(request.user, now=now)
        )[:SHOWN]
    )
    return render(
        request,
        "messaging/partials/_panel_callbacks.html",
        {
            "requests": requests,
            "count": len(requests) if len(requests) < SHOWN else waiting.count(),
            "now": now,
        },
    )


@require_safe
@role_required(Role.ADVISER)
def person_conversation(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The conversation with a person, usable where it stands. The page loads `messaging/conversation.js`."""
    person = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region"), pk=pk
    )
    try:
        conversation = conversations.open_conversation(actor=request.user, jobseeker=person)
    except ConversationClosedError as error:
        raise Http404 from error
    conversation.jobseeker = person
    who = participants(conversation, now=timezone.now())
    record_reading(actor=request.user, conversation=conversation, who=who)
    thread = thread_for(request.user, conversation, who, shown=MESSAGES_SHOWN)
    return render(
        request,
        "messaging/partials/_panel_person.html",
        {"thread": thread, "form": composer(thread.conversation), "person": person},
    )


@require_safe
@role_required(Role.JOBSEEKER)
def space_messages(request: AuthenticatedRequest) -> HttpResponse:
    """What is new in the person's own conversation."""
    person = own_file(request)
    own = Conversation.objects.filter(jobseeker=person).annotate(unread=unread_by(request.user)).first()
    last = own.messages.select_related("author").order_by("-number").first() if own else None
    return render(
        request,
        "messaging/partials/_panel_space_messages.html",
        {"unread": own.unread if own else 0, "last": last},
    )


@require_safe
@role_required(Role.JOBSEEKER)
def space_callback(request: AuthenticatedRequest) -> HttpResponse:
    """The person's own open request to be called back."""
    person = own_file(request)
    return render(
        request,
        "messaging/partials/_panel_space_callback.html",
        {
            "callback": CallbackRequest.objects.open().filter(jobseeker=person).first(),
            "now": timezone.now(),
        },
    )
