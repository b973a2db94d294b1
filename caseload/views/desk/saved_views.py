"""Mes vues: saved selections of the portfolio list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.rules.errors import DomainError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.forms.desk.portfolio_filter import filter_in
from caseload.forms.desk.selection import SavedViewForm
from caseload.models import SavedView
from caseload.rules.portfolio_filter import PortfolioFilter
from caseload.services.desk.saved_views import delete_view, rename_view, save_view


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
@once
def saved_views(request: AuthenticatedRequest) -> HttpResponse:
    """The user's views. The present filters and order can be saved as a new one."""
    asked = filter_in(request.GET.urlencode())
    form = SavedViewForm(request.POST or None)
    if request.method != "POST":
        return _page(request, asked, form)
    if not form.is_valid():
        return _page(request, asked, form, status=422)
    try:
        view = save_view(actor=request.user, name=form.cleaned_data["name"], query=asked.address().removeprefix("?"))
    except DomainError as refusal:
        form.add_error("name", refusal.sentence)
        return _page(request, asked, form, status=409)
    messages.success(request, f"La vue «\u00a0{view.name}\u00a0» est enregistrée.")
    return redirect(f"{reverse('my_portfolio')}?{view.query}")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
def saved_view(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Rename one view."""
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    form = SavedViewForm(request.POST or None, initial={"name": view.name})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                rename_view(actor=request.user, view=view, name=form.cleaned_data["name"])
            except DomainError as refusal:
                form.add_error("name", refusal.sentence)
                status = 409
            else:
                messages.success(request, "La vue a son nouveau nom.")
                return redirect("saved_views")
    return render(request, "caseload/desk/saved_view.html", {"view": view, "form": form}, status=status)


@require_POST
@role_required(Role.ADVISER)
@once
def delete_saved_view(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    delete_view(actor=request.user, view=view)
    messages.success(request, f"La vue «\u00a0{view.name}\u00a0» est supprimée.")
    return redirect("saved_views")


def _page(
    request: AuthenticatedRequest, asked: PortfolioFilter, form: SavedViewForm, *, status: int = 200
) -> HttpResponse:
    views = [(view, filter_in(view.query)) for view in SavedView.objects.filter(user=request.user)]
    return render(
        request,
        "caseload/desk/saved_views.html",
        {"asked": asked, "form": form, "views": views},
        status=status,
    )
