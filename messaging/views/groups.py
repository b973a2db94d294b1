"""One text to the people ticked in the portfolio list."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import went_through
from caseload.forms.desk.selection import list_in, selected_in
from caseload.services.desk.selections import followed_among
from messaging.forms import GroupMessageForm
from messaging.models import Conversation
from messaging.services.groups import post_to_each


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
def message_many(request: AuthenticatedRequest) -> HttpResponse:
    """Write to several people at once, and say who got it and who did not."""
    posted = request.method == "POST"
    sent = request.POST if posted else request.GET
    selected = selected_in(sent)
    people = followed_among(actor=request.user, people=selected)
    context = {"people": people, "gone": len(selected) - len(people), "selected": selected, "asked": list_in(sent)}
    form = GroupMessageForm(request.POST if posted else None)
    # The message answers none of them, so the list stays the same before and after.
    waiting = Conversation.objects.filter(jobseeker__in=people).awaiting_reply().select_related("jobseeker")
    context["waiting"] = waiting
    if not posted or not people or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if posted else HTTPStatus.OK
        return render(request, "messaging/message_many.html", context | {"form": form}, status=status)
    outcomes = post_to_each(
        actor=request.user, jobseekers=people, batch=form.cleaned_data["batch"], body=form.cleaned_data["body"]
    )
    context |= {
        "body": form.cleaned_data["body"],
        "done": [outcome.jobseeker for outcome in outcomes if not outcome.why_not],
        "not_done": [outcome for outcome in outcomes if outcome.why_not],
    }
    answer = render(request, "messaging/message_many_done.html", context)
    went_through(request, answer)
    return answer
