"""A person's tier: what a change entails, then the change."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role, Tier
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Enrolment, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name
from accompaniment.services import audit
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.tiers import AccompanimentChangedMeanwhileError, change_tier
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.forms.file.dossier import TIER_GUIDE, TierChangeForm, TierChoiceForm
from caseload.reads.file.tier_page import TierPage, tier_page
from caseload.reads.moves.who_answers import follower_of


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_tier(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show what another tier would entail (`?modalite=`), and set it."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    if request.method != "POST":
        audit.record_reading(actor=request.user, jobseeker=person)
        page = _page(person, _asked_tier(request.GET))
        return _render(request, page, TierChangeForm(initial={"period": page.current.pk, "tier": page.tier}))
    form = TierChangeForm(request.POST)
    if not form.is_valid():
        return _render(request, _page(person, _asked_tier(request.POST, "tier")), form, status=422)
    tier: Tier = form.cleaned_data["tier"]
    try:
        change_tier(
            actor=request.user,
            jobseeker=person,
            tier=tier,
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["period"],
        )
    except AccompanimentChangedMeanwhileError:
        return _changed_meanwhile(request, person, tier)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _render(request, _page(person, tier), form, status=409)
    return _done(request, person, tier)


def _page(person: Jobseeker, tier: Tier | None) -> TierPage:
    return tier_page(person, tier=tier, now=timezone.now())


def _asked_tier(asked: QueryDict, name: str = "modalite") -> Tier | None:
    form = TierChoiceForm({"modalite": asked.get(name, "")})
    return form.cleaned_data["modalite"] if form.is_valid() else None


def _changed_meanwhile(request: AuthenticatedRequest, person: Jobseeker, tier: Tier) -> HttpResponse:
    """Show what somebody has set meanwhile beside what was typed, which can be sent again."""
    page = _page(person, tier)
    typed = request.POST.copy()
    typed["period"] = str(page.current.pk)
    return _render(request, page, TierChangeForm(typed), status=409, changed_meanwhile=True)


def _done(request: AuthenticatedRequest, person: Jobseeker, tier: Tier) -> HttpResponse:
    """Say what was done, on the person's page where the adviser still has the right to it."""
    follower = follower_of(person)
    placed = f"suivi par {follower.user.full_name}" if follower else "pas de conseiller pour le moment"
    messages.success(request, f"{person.full_name}\u00a0: modalité «\u00a0{tier.label.lower()}\u00a0», {placed}.")
    if Jobseeker.objects.visible_to(request.user).filter(pk=person.pk).exists():
        return redirect("person", pk=person.pk)
    return redirect("my_portfolio")


def _render(
    request: AuthenticatedRequest,
    page: TierPage,
    form: TierChangeForm,
    *,
    status: int = 200,
    changed_meanwhile: bool = False,
) -> HttpResponse:
    return render(
        request,
        "caseload/file/tier.html",
        {
            "page": page,
            "form": form,
            "tiers": [(tier, TIER_GUIDE[tier]) for tier in page.choices],
            "changed_meanwhile": changed_meanwhile,
        },
        status=status,
    )


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_leaves(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Say what leaving for good entails, and note it: never refused, and with effect at once."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=person)
    if not Enrolment.objects.open().filter(jobseeker=person).exists():
        messages.info(request, f"{person} n'a pas de 100\u00a0% web à quitter.")
        return redirect("person", pk=person.pk)
    if request.method != "POST":
        return render(request, "caseload/file/leave.html", {"person": person})
    leave_track(actor=request.user, jobseeker=person)
    follower = follower_of(person)
    follows = f"suivie en agence par {follower}" if follower else "sur la liste d'attente de l'agence"
    messages.success(
        request, f"La sortie {of_name(person)} est enregistrée\u00a0: cette personne est maintenant {follows}."
    )
    if follower is not None and follower.user_id == request.user.pk:
        return redirect("person", pk=person.pk)
    return redirect("my_portfolio")
