"""Réglages: the versions of the text that people accept, and publishing the next one."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import ConsentText
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.rules.presentation import ACCEPTANCE_STATEMENT
from accompaniment.services.enrolments.publishing import (
    check_text_differs,
    foresee_publication,
    publish_consent_text,
    shown_version,
)
from accompaniment.services.foreseen import NotForeseenError
from accompaniment.services.reference import CONSENT_TITLE, supplied_consent_text
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.foreseen import shown_in
from accompaniment.views.once import once
from caseload.forms.steering.settings import CORRECT, PUBLISH, SUPPLIED, ConsentTextForm
from caseload.views.steering.imports import only_the_country, steers_the_country


@role_required(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def consent_texts(request: AuthenticatedRequest) -> HttpResponse:
    """Show every version with its number of acceptances; write, check and publish a new one."""
    if request.method != "POST":
        return _render(request, _begun(supplied=request.GET.get("texte") == SUPPLIED))
    if not steers_the_country(request):
        raise only_the_country(request)
    form = ConsentTextForm(request.POST, shown=shown_version(_last_version()))
    if not form.is_valid():
        return _render(request, form, status=422)
    step = request.POST.get("step")
    if step == CORRECT:
        return _render(request, form)
    if step != PUBLISH:
        return _read_again(request, form)
    return _publish(request, form)


def _read_again(request: AuthenticatedRequest, form: ConsentTextForm) -> HttpResponse:
    try:
        check_text_differs(title=form.cleaned_data["title"], body=form.cleaned_data["body"])
    except DomainError as refusal:
        form.add_error("body", refusal.sentence)
        return _render(request, form, status=422)
    return _render(request, form, reading=True)


def _publish(request: AuthenticatedRequest, form: ConsentTextForm) -> HttpResponse:
    try:
        text = publish_consent_text(actor=request.user, shown=shown_in(request), **form.cleaned_data)
    except NotForeseenError as asking:
        return _render(request, form, status=409, reading=True, asking=asking)
    except ChangedMeanwhileError as refusal:
        add_refusal(form.again(refusal), refusal)
        return _render(request, form, status=409)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _render(request, form, status=422)
    messages.success(request, f"La version {text.version} est en vigueur.")
    return redirect("consent_texts")


def _begun(*, supplied: bool) -> ConsentTextForm:
    last = _last_version()
    return ConsentTextForm(
        shown=shown_version(last),
        initial={
            "title": last.title if last else CONSENT_TITLE,
            "body": supplied_consent_text() if supplied or not last else last.body,
            "needs_acceptance": True,
        },
    )


def _last_version() -> ConsentText | None:
    return ConsentText.objects.order_by("-version").first()


def _render(
    request: AuthenticatedRequest,
    form: ConsentTextForm,
    *,
    status: int = 200,
    reading: bool = False,
    asking: NotForeseenError | None = None,
) -> HttpResponse:
    versions = list(
        ConsentText.objects.annotate(
            standing=Count("consents", filter=Q(consents__withdrawn_at=None)), given=Count("consents")
        ).order_by("-version")
    )
    present = versions[0].version if versions else 0
    foreseen = None
    if reading and form.cleaned_data["needs_acceptance"]:
        foreseen = foresee_publication(actor=request.user, after=present)
    return render(
        request,
        "caseload/steering/consent_texts.html",
        {
            "form": form,
            "hidden": form.hidden() if reading else {},
            "reading": reading,
            "next_version": present + 1,
            "versions": versions,
            "foreseen": foreseen,
            "changed": asking is not None and asking.changed,
            "sentence": asking.sentence if asking else "",
            "statement": ACCEPTANCE_STATEMENT,
            "may_set": steers_the_country(request),
        },
        status=status,
    )
