"""Panels that pages of other floors load by their address."""

from dataclasses import replace

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.models import Jobseeker
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.enums import QueueTab
from caseload.reads.desk.queue import first_rows
from caseload.rules.queue import rows_of, tab_in
from messaging.forms import composer
from messaging.models import CallbackRequest, Conversation, PlannedMessage
from messaging.reads.callback_queue import calls_of, with_people
from messaging.reads.participants import ConversationClosedError, participants
from messaging.reads.threads import thread_for, waiting_lines
from messaging.services import conversations
from messaging.services.conversations import record_excerpts, record_reading

MESSAGES_SHOWN = 30


@require_safe
@role_required(Role.ADVISER)
def to_answer(request: AuthenticatedRequest) -> HttpResponse:
    """The conversations that wait for an answer, longest wait first, measured against the 72 hours."""
    now = timezone.now()
    limit = rows_of(QueueTab.MESSAGES, asked=request.GET.get("besoin", ""))
    lines = waiting_lines(request.user, now=now, limit=limit)
    record_excerpts(actor=request.user, lines=lines)
    count = len(lines)
    if count == limit:
        count = Conversation.objects.all().to_handle(request.user, now=now, risen=True).count()
    of_team = Conversation.objects.all().late_for(request.user, now=now).count()
    return render(
        request,
        "messaging/partials/_panel_to_answer.html",
        {"lines": lines, "count": count, "others": count - len(lines), "back": _day_of(request), "of_team": of_team}
        | _planned(request),
    )


def _planned(request: AuthenticatedRequest) -> dict[str, int]:
    """Return how many of the adviser's messages wait for an opening, and how many could not be sent."""
    own = PlannedMessage.objects.to_show(request.user)
    return {"planned": own.waiting().count(), "refused": own.exclude(given_up_at=None).count()}


def _day_of(request: AuthenticatedRequest) -> str:
    """Return the page of the day, open on the same need."""
    need = tab_in(request.GET.get("besoin", ""))
    return f"{reverse('my_day')}{'' if need == QueueTab.ALL else f'?besoin={need}'}"


@require_safe
@role_required(Role.ADVISER)
def callbacks(request: AuthenticatedRequest) -> HttpResponse:
    """The call-backs that wait, by due time, those of the team included."""
    now = timezone.now()
    waiting = CallbackRequest.objects.answered_by(request.user, now=now).open()
    requests, count = first_rows(
        with_people(waiting, request.user, now=now),
        limit=rows_of(QueueTab.CALLBACKS, asked=request.GET.get("besoin", "")),
    )
    calls = calls_of(requests, request.user, now=now)
    others = [call.request.jobseeker_id for call in calls if not call.own]
    audit.record_readings(actor=request.user, people=others, part=FilePart.CALLBACK)
    return render(
        request,
        "messaging/partials/_panel_callbacks.html",
        {"calls": calls, "count": count, "others": count - len(calls), "now": now},
    )


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def person_conversation(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The conversation of a person with their adviser, with its form, for both.

    The page loads `static/messaging/conversation.js`.
    """
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
    if "direct" in request.GET:
        # Both sides are in the room of an interview: what is written there does not wait.
        thread = replace(thread, door=None)
    return render(
        request,
        "messaging/partials/_panel_person.html",
        {
            "thread": thread,
            "form": composer(thread.conversation),
            "person": person,
            "callback": None if who.person == request.user.pk else person.callback_requests.open().first(),
        },
    )
