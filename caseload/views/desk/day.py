"""Ma journée: an adviser's page of the day, made of panels that each app serves at its own address."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.own import read_once
from caseload.enums import QueueTab
from caseload.models import Adviser
from caseload.reads.desk.desk import Desk, desk_of
from caseload.reads.desk.on_site_requests import requests_seen_by
from caseload.reads.desk.queue import first_rows
from caseload.reads.moves.waiting_list import waiting_for, with_modalities
from caseload.reads.registration.interviews import volunteers_of, with_time_left
from caseload.rules.queue import ROWS_AMONG_OTHERS, rows_of, tab_in


@dataclass(frozen=True, slots=True)
class Need:
    """One need of the queue: the tab on which it stands, and the panel that its own app serves at the address `url`."""

    key: str
    tab: QueueTab
    title: str
    url: str
    link: str
    link_label: str
    query: str = ""


NEEDS = (
    Need(
        "en-agence",
        QueueTab.ON_SITE,
        "Demandes d'entretien en agence",
        "panel_on_site",
        "on_site_requests",
        "Voir les demandes",
    ),
    Need(
        "absences",
        QueueTab.ALL,
        "Absences à décider",
        "panel_absences",
        "absences_to_decide",
        "Voir les absences notées",
    ),
    Need(
        "a-repondre",
        QueueTab.MESSAGES,
        "Messages à traiter",
        "panel_to_answer",
        "conversations",
        "Ouvrir la messagerie",
    ),
    Need("rappels", QueueTab.CALLBACKS, "Rappels à faire", "panel_callbacks", "callbacks", "Voir les rappels"),
    Need(
        "echeances",
        QueueTab.OBLIGATIONS,
        "Entretiens à fixer",
        "panel_obligations",
        "my_portfolio",
        "Voir les entretiens à fixer",
        "?besoin=echeance",
    ),
    Need(
        "plans",
        QueueTab.PLANS,
        "Plans de contact à revoir",
        "plans_panel",
        "my_portfolio",
        "Voir les plans à revoir",
        "?besoin=plan",
    ),
    Need(
        "inscriptions",
        QueueTab.VOLUNTEERS,
        "Volontaires à recevoir",
        "volunteers_panel",
        "registrations",
        "Voir les inscriptions",
    ),
    Need(
        "liste-d-attente", QueueTab.ALL, "Liste d'attente", "waiting_panel", "waiting_list", "Voir la liste d'attente"
    ),
)
"""What may wait, the most pressing first: who asks to be received is always the first."""


@read_once
def own_desk(request: AuthenticatedRequest) -> Desk:
    """Return the user's desk at this instant; Http404 if the account is not an adviser."""
    try:
        return desk_of(request.user, now=timezone.now())
    except Adviser.DoesNotExist as missing:
        raise Http404 from missing


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    """Show today on one side and the queue on the other. `?besoin=` opens a tab of the queue; default: all needs."""
    desk = own_desk(request)
    tab = tab_in(request.GET.get("besoin", ""))
    # Only who keeps a web portfolio receives volunteers.
    needs = [need for need in NEEDS if desk.keeps_web or need.tab != QueueTab.VOLUNTEERS]
    on_site_asked = requests_seen_by(request.user).open().exists()
    return render(
        request,
        "caseload/desk/day.html",
        {
            "desk": desk,
            "tab": tab,
            "tabs": [one for one in QueueTab if desk.keeps_web or one != QueueTab.VOLUNTEERS],
            "needs": [(need, _begins_hidden(need, tab, on_site_asked=on_site_asked)) for need in needs],
        },
    )


def _begins_hidden(need: Need, tab: QueueTab, *, on_site_asked: bool) -> bool:
    """Tell whether a panel is out of sight until its lines are there: one of another tab, or of nobody."""
    if tab not in (QueueTab.ALL, need.tab):
        return True
    return need.tab == QueueTab.ON_SITE and tab == QueueTab.ALL and not on_site_asked


@require_safe
@role_required(Role.ADVISER)
def gauges_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's portfolios and covers, for the page of the day."""
    desk = own_desk(request)
    return render(request, "caseload/desk/partials/_gauges_panel.html", {"desk": desk})


@require_safe
@role_required(Role.ADVISER)
def volunteers_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The volunteers of the adviser's agency, for the page of the day."""
    desk = own_desk(request)
    limit = rows_of(QueueTab.VOLUNTEERS, asked=request.GET.get("besoin", ""))
    shown, count = first_rows(volunteers_of(desk.adviser), limit=limit)
    return render(
        request,
        "caseload/desk/partials/_volunteers_panel.html",
        {"volunteers": with_time_left(shown, desk.now), "count": count, "others": count - len(shown)},
    )


@require_safe
@role_required(Role.ADVISER)
def waiting_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The people of the adviser's agency who wait for a place, for the page of the day."""
    desk = own_desk(request)
    shown, count = first_rows(waiting_for(desk.adviser.user), limit=ROWS_AMONG_OTHERS)
    return render(
        request,
        "caseload/desk/partials/_waiting_panel.html",
        {"lines": with_modalities(shown, now=desk.now), "count": count, "others": count - len(shown)},
    )
