"""The list of conversations, one conversation, and the HTTP calls of a page without a socket."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import search_in
from accompaniment.models import Accompaniment, Jobseeker
from accompaniment.rules.french import opening_hours_in_lines
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, role_required
from accompaniment.views.once import went_through
from accompaniment.views.own import own_file
from caseload.reads.moves.who_answers import follower_of
from messaging.forms import MessageForm, NumberForm, SearchForm, composer
from messaging.models import Conversation, Message, PlannedMessage
from messaging.reads.handling import handling_of
from messaging.reads.participants import ConversationClosedError, Participants, participants
from messaging.reads.threads import Thread, list_lines, people_without_conversation, thread_for
from messaging.services import conversations
from messaging.services.conversations import record_excerpts, record_reading
from messaging.views.sending import form_of_page, post_form, said_of

LISTED = 60
"""Conversations on the list; the search finds the others."""

FOUND = 20

SHOWN_TO_REPLY = 3
"""Messages above the field with which one answers on a line of a list."""

UNREADABLE = "Cet envoi n'a pas été compris. Actualisez la page."


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A conversation that the user may read, and who else may."""

    conversation: Conversation
    who: Participants


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def conversation_list(request: AuthenticatedRequest) -> HttpResponseBase:
    """The adviser's conversations, longest wait first. A jobseeker is led to their only conversation."""
    if request.user.is_jobseeker:
        return redirect("conversation_with", pk=own_file(request).pk)
    template = "messaging/partials/_list.html" if request.htmx else "messaging/conversations.html"
    return render(request, template, _list_context(request, current=None))


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def conversation_with(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Lead to the conversation with a person, and begin it if there is none."""
    jobseeker = get_object_or_404(Jobseeker.objects.readable_by(request.user), pk=pk)
    try:
        conversation = conversations.open_conversation(actor=request.user, jobseeker=jobseeker)
    except ConversationClosedError as error:
        raise Http404 from error
    return redirect("conversation", pk=conversation.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER, Role.JOBSEEKER)
def conversation(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """One conversation. Its form works without scripts, and answers in JSON to a script without a socket."""
    opened = open_for(request, pk)
    if request.htmx and request.user.is_adviser:
        return _reply(request, opened)
    if request.method != "POST":
        return _page(request, opened, form_of_page(request, opened.conversation))
    form = composer(opened.conversation, request.POST, request.FILES)
    wants_json = request.accepts("application/json") and not request.accepts("text/html")
    stored = post_form(request, opened.conversation, form)
    if stored is None:
        sentences = [str(error) for name, errors in form.errors.items() if name != "client_id" for error in errors]
        if wants_json:
            return refuse(" ".join(sentences) or UNREADABLE)
        return _page(request, opened, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if wants_json:
        return JsonResponse(
            {"number": stored.number, "at": stored.created_at.isoformat()}
            if isinstance(stored, Message)
            else {"planned": stored.due_at.isoformat()}
        )
    if isinstance(stored, PlannedMessage):
        messages.success(request, said_of(stored, opened.conversation.jobseeker, sent=""))
    answer = redirect(f"{reverse('conversation', args=[pk])}#fin")
    went_through(request, answer)
    return answer


@require_GET
@role_required(Role.ADVISER, Role.JOBSEEKER)
def messages_after(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Return the messages after `apres`, as the socket would send them, or those before `avant`."""
    opened = open_for(request, pk)
    before = NumberForm({"number": request.GET.get("avant", "")})
    if before.is_valid():
        record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
        items = conversations.read_back(actor=request.user, conversation_id=pk, before=before.cleaned_data["number"])
        return JsonResponse({"items": items})
    form = NumberForm({"number": request.GET.get("apres", "0")})
    if not form.is_valid():
        return HttpResponseBadRequest()
    # A screen without a socket asks again and again; the audit row of its opening covers the day.
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who, within=audit.ONE_LISTING)
    changed = NumberForm({"number": request.GET.get("changements", "")})
    page = conversations.read_on(
        actor=request.user,
        conversation_id=opened.conversation.pk,
        after=form.cleaned_data["number"],
        changed=changed.cleaned_data["number"] if changed.is_valid() else None,
    )
    return JsonResponse(
        {
            "items": page.items,
            "last": page.last,
            "read_by_person": page.read_by_person,
            "read_by_staff": page.read_by_staff,
            "changes": page.changes,
            "changed": page.changed,
        }
    )


@require_POST
@role_required(Role.ADVISER, Role.JOBSEEKER)
def mark_read(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Mark the conversation as read up to a number."""
    opened = open_for(request, pk)
    form = NumberForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    conversations.mark_read(
        actor=request.user, conversation_id=opened.conversation.pk, number=form.cleaned_data["number"]
    )
    if request.accepts("text/html"):
        return redirect("conversation", pk=pk)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def open_for(request: AuthenticatedRequest, pk: int, *, to_write: bool = False) -> Opened:
    """Return a conversation that the user may read: else 404, or 403 for writing with a right to read only.

    Each POST writes; so does a page that is only there `to_write`.
    """
    found = get_object_or_404(
        Conversation.objects.readable_by(request.user).select_related("jobseeker__agency__departement__region"), pk=pk
    )
    who = participants(found, now=timezone.now())
    try:
        who.check_reads(request.user)
    except ConversationClosedError as error:
        raise Http404 from error
    if (to_write or request.method == "POST") and request.user.pk not in who.writers:
        raise MissingRightError(
            missing="Vous pouvez lire cette conversation, sans y écrire.",
            remedy="Qui suit la personne, ou assure le relais, y répond. Un responsable de sa région peut vous confier "
            "un relais, ou vous transférer la personne.",
        )
    return Opened(conversation=found, who=who)


def _reply(request: AuthenticatedRequest, opened: Opened) -> HttpResponse:
    """Answer in place, on the line of a page that lists who waits: the last messages and a field."""
    form = composer(opened.conversation, request.POST if request.method == "POST" else None)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        stored = post_form(request, opened.conversation, form)
        if stored is not None:
            person: Jobseeker = opened.conversation.jobseeker
            said = said_of(stored, person, sent=f"Votre réponse est envoyée à {person}.")
            answer = render(request, "caseload/partials/_acted.html", {"sentence": said})
            went_through(request, answer)
            return answer
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    thread = thread_for(request.user, opened.conversation, opened.who, shown=SHOWN_TO_REPLY)
    return render(request, "messaging/partials/_reply_act.html", {"thread": thread, "form": form}, status=status)


def _page(
    request: AuthenticatedRequest, opened: Opened, form: MessageForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    before, around = (NumberForm({"number": request.GET.get(name, "")}) for name in ("avant", "message"))
    thread = thread_for(
        request.user,
        opened.conversation,
        opened.who,
        before=before.cleaned_data["number"] if before.is_valid() else None,
        around=around.cleaned_data["number"] if around.is_valid() else None,
    )
    context: dict[str, Any] = {"thread": thread, "form": form}
    if request.user.is_adviser:
        context |= _list_context(request, current=opened.conversation.pk) | _person_context(thread)
        return render(request, "messaging/conversation_staff.html", context, status=status)
    agency = thread.person.agency
    context |= {"agency": agency, "hours": opening_hours_in_lines(agency.opening_hours.all())}
    return render(request, "messaging/conversation_person.html", context, status=status)


def _list_context(request: AuthenticatedRequest, *, current: int | None) -> dict[str, Any]:
    search = search_in(SearchForm(request.GET))
    words, now = search.words, timezone.now()
    lines = [] if search.refusal else list_lines(request.user, now=now, words=words, limit=LISTED + 1)
    record_excerpts(actor=request.user, lines=lines[:LISTED])
    strangers = []
    if words and not search.refusal:
        strangers = people_without_conversation(request.user, words, limit=FOUND)
    return {
        "search": search,
        "words": words,
        "lines": lines[:LISTED],
        "more_lines": len(lines) > LISTED,
        "strangers": strangers,
        "found": len(lines[:LISTED]) + len(strangers),
        "current": current,
        "waiting_count": sum(1 for line in lines if line.waits),
    }


def _person_context(thread: Thread) -> dict[str, Any]:
    person = thread.person
    return {
        "person": person,
        "period": Accompaniment.objects.current().filter(jobseeker=person).first(),
        "follower": follower_of(person),
        "callback": person.callback_requests.open().first(),
        "handling": handling_of(thread.reader, thread.conversation, now=timezone.now()),
    }


def refuse(sentence: str) -> JsonResponse:
    """Tell a script why its request was refused."""
    return JsonResponse({"sentence": sentence}, status=HTTPStatus.CONFLICT)
