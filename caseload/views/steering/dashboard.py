"""Pilotage: the figures of a manager's regions, on a page and as a file."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.rules.spreadsheets import BYTE_ORDER_MARK, SheetWriter, day_cell
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.forms.steering.dashboard import PeriodForm
from caseload.models import Absence
from caseload.reads.desk.on_site_requests import on_site_answers
from caseload.reads.moves.who_answers import without_relay
from caseload.reads.steering.figures import (
    INTERVIEW_CHANNELS,
    Period,
    RegionFigures,
    dashboard,
    leaving_reasons,
    refusal_reasons,
    waiting_for_placement,
)


@dataclass(frozen=True, slots=True)
class QuickChoice:
    label: str
    address: str
    chosen: bool


@require_safe
@role_required(Role.MANAGER)
def steering(request: AuthenticatedRequest) -> HttpResponse:
    today = timezone.localdate()
    form = PeriodForm(request.GET, today=today)
    period = form.period
    figures = dashboard(user=request.user, period=period)
    return render(
        request,
        "caseload/steering/dashboard.html",
        {
            "form": form,
            "figures": figures,
            "quick_choices": quick_choices(period, today),
            "export_query": address(period),
            "waiting": waiting_for_placement(request.user),
            "without_relay": without_relay(
                Absence.objects.visible_to(request.user).standing().filter(ends_on__gte=today), today=today
            ),
            "on_site": on_site_answers(user=request.user, period=period),
            "refusals": refusal_reasons(request.user),
            "leavings": leaving_reasons(request.user),
        },
    )


@require_safe
@role_required(Role.MANAGER)
def steering_export(request: AuthenticatedRequest) -> HttpResponse:
    """The table as a file for spreadsheets: semicolons, CRLF, UTF-8 with a byte order mark."""
    period = PeriodForm(request.GET, today=timezone.localdate()).period
    figures = dashboard(user=request.user, period=period)
    response = HttpResponse(BYTE_ORDER_MARK, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="pilotage-{period.first}-{period.last}.csv"'
    sheet = SheetWriter(response)
    sheet.write(
        [
            "Région",
            "Ouverture du 100 % web",
            "Volontaires",
            "Adhésions validées",
            "Adhésions refusées",
            "Dans le 100 % web",
            "Portefeuilles",
            "Places occupées",
            "Plafond",
            "Portefeuilles à 95 % ou plus",
            "Entretiens tenus",
            *(f"dont {channel.label.lower()}" for channel in INTERVIEW_CHANNELS),
        ]
    )
    for row in (*figures.regions, figures.total):
        sheet.write(_csv_row(row))
    return response


def _csv_row(row: RegionFigures) -> list[str | int]:
    return [
        row.name,
        day_cell(row.opens_on),
        row.volunteers,
        row.validated,
        row.refused,
        row.on_track,
        row.portfolios,
        row.occupied,
        row.capacity,
        row.almost_full,
        row.interviews_held,
        *(held for _, held in row.interviews_by_channel),
    ]


def quick_choices(period: Period, today: date) -> list[QuickChoice]:
    """Offer the usual periods, each ending today."""
    spans = {
        "7 derniers jours": today - timedelta(days=6),
        "30 derniers jours": today - timedelta(days=29),
        "Ce mois": today.replace(day=1),
        "Cette année": today.replace(month=1, day=1),
    }
    return [
        QuickChoice(label, address(Period(first, today)), period == Period(first, today))
        for label, first in spans.items()
    ]


def address(period: Period) -> str:
    """Return the query string for a period."""
    return "?" + urlencode({"du": period.first.isoformat(), "au": period.last.isoformat()})
