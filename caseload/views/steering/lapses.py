"""Réglages: the days after which a request, a validation or a noted absence lapses."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import LapseDelay
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style, days_in_words
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services.enrolments.lapses import cancel_lapse_delay, set_lapse_delay, shown_delay
from accompaniment.services.foreseen import NotForeseenError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.foreseen import ask_first, shown_in
from accompaniment.views.once import once
from caseload.forms.steering.settings import LapseDelayForm
from caseload.reads.steering.setting_pages import delays_by_state, history_of_delays
from caseload.views.steering.imports import only_the_country, steers_the_country


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def lapse_delays(request: AuthenticatedRequest) -> HttpResponse:
    """The current and future delays; a manager of the whole country sets others."""
    may_set = steers_the_country(request)
    posted = request.method == "POST"
    if posted and not may_set:
        raise only_the_country(request)
    today = timezone.localdate()
    status = 422 if posted else 200
    form = LapseDelayForm(request.POST if posted else None, initial={"starts_on": today}, shown=shown_delay(None))
    if posted and form.is_valid():
        try:
            delay = set_lapse_delay(actor=request.user, shown=shown_in(request), **form.cleaned_data)
        except NotForeseenError as asking:
            return ask_first(request, asking, back=reverse("lapse_delays"))
        except ChangedMeanwhileError as refusal:
            add_refusal(form.again(refusal), refusal)
            status = 409
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request,
                f"{delay.get_state_display()}\u00a0: {days_in_words(delay.days)} "
                f"à partir du {day_in_style(delay.starts_on, 'j F Y')}.",
            )
            return redirect("lapse_delays")
    rows = [(awaited.label, in_force, to_come) for awaited, in_force, to_come in delays_by_state(today=today)]
    context = {"form": form, "rows": rows, "may_set": may_set, "history": list(history_of_delays())}
    return render(request, "caseload/steering/lapse_delays.html", context, status=status)


@require_POST
@role_required(Role.MANAGER)
@once
def cancel(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Cancel a delay whose day has not come."""
    if not steers_the_country(request):
        raise only_the_country(request)
    delay = get_object_or_404(LapseDelay, pk=pk)
    try:
        cancel_lapse_delay(actor=request.user, delay=delay, shown=shown_in(request))
    except NotForeseenError as asking:
        return ask_first(request, asking, back=reverse("lapse_delays"))
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"Le délai prévu pour le {day_in_style(delay.starts_on, 'j F Y')} est annulé.")
    return redirect("lapse_delays")
