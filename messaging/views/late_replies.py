"""The answers that are late, for the team and for managers."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from messaging.reads.late_replies import late_replies_for


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def late_replies(request: AuthenticatedRequest) -> HttpResponse:
    """The people who wait for an answer that the reader does not owe: who answers, and since when. No message."""
    lines = late_replies_for(request.user, now=timezone.now())
    people = [line.conversation.jobseeker_id for line in lines]
    audit.record_readings(actor=request.user, people=people, part=FilePart.LATE_REPLY)
    return render(request, "messaging/late_replies.html", {"lines": lines})
