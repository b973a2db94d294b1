"""Search for words in the messages of all conversations that one may read."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.forms.fields import search_in
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from messaging.forms import MessageSearchForm
from messaging.reads.message_search import SHOWN, Found, conversations_with, find_messages


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def search_messages(request: AuthenticatedRequest) -> HttpResponse:
    """The messages that have all the typed words, the newest first. Each leads to its place in the conversation."""
    search = search_in(MessageSearchForm(request.GET))
    asked = bool(search.words) and not search.refusal
    found = find_messages(request.user, search.words) if asked else Found()
    audit.record_readings(
        actor=request.user,
        people={hit.message.conversation.jobseeker_id for hit in found.hits},
        part=FilePart.MESSAGES_FOUND,
    )
    named = conversations_with(request.user, search.words) if asked and not request.user.is_jobseeker else []
    context = {"search": search, "asked": asked, "found": found, "shown": SHOWN, "named": named}
    return render(request, "messaging/search_messages.html", context)
