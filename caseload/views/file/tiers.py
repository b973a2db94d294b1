"""A person's tier: the consequences of a change, then the change."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role, Tier
from accompaniment.forms.fields import add_refusal
from accompaniment.hooks.track_changes import foreseen_at_track_end
from accompaniment.models import Enrolment, Jobseeker
from accompaniment.reads.contact_plans import ending_with_the_plan
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.french import of_name
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services import audit
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.tiers import change_tier, shown_tier
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.forms.file.dossier import TIER_GUIDE, TierChangeForm, TierChoiceForm
from caseload.reads.file.tier_page import TierPage, tier_page
from caseload.reads.moves.who_answers import follower_of


@role_required(Role.ADVISER, Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_tier(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show the consequences of another tier (`?modalite=`), and set it."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    if request.method != "POST":
        audit.record_reading(actor=request.user, jobseeker=person)
        page = _page(person, _asked_tier(request.GET))
        form = TierChangeForm(initial={"tier": page.tier}, shown=shown_tier(page.current))
        return _render(request, page, form)
    form = TierChangeForm(request.POST, shown=shown_tier(current_accompaniment(person)))
    if not form.is_valid():
        return _render(request, _page(person, _asked_tier(request.POST, "tier")), form, status=422)
    tier: Tier = form.cleaned_data["tier"]
    try:
        change_tier(
            actor=request.user,
            jobseeker=person,
            tier=tier,
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )
    except ChangedMeanwhileError as changed:
        return _render(request, _page(person, tier), form.again(changed), status=409, told=changed)
    except NoRightError:
        raise
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _render(request, _page(person, tier), form, status=409)
    return _done(request, person, tier)


def _page(person: Jobseeker, tier: Tier | None) -> TierPage:
    return tier_page(person, tier=tier, now=timezone.now())


def _asked_tier(asked: QueryDict, name: str = "modalite") -> Tier | None:
    form = TierChoiceForm({"modalite": asked.get(name, "")})
    return form.cleaned_data["modalite"] if form.is_valid() else None


def _done(request: AuthenticatedRequest, person: Jobseeker, tier: Tier) -> HttpResponse:
    """Show what was done, on the person's page if the adviser may still see it."""
    follower = follower_of(person)
    placed = f"conseiller\u00a0: {follower.user.full_name}" if follower else "pas de conseiller pour le moment"
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
    told: ChangedMeanwhileError | None = None,
) -> HttpResponse:
    return render(
        request,
        "caseload/file/tier.html",
        {
            "page": page,
            "form": form,
            "tiers": [(tier, TIER_GUIDE[tier]) for tier in page.choices],
            "told": told,
        },
        status=status,
    )


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_leaves(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show the consequences of leaving, and record it: never refused, with immediate effect."""
    person: Jobseeker = get_to_act(
        Jobseeker.objects.select_related("agency__departement__region", "user"), request.user, pk=pk
    )
    audit.record_reading(actor=request.user, jobseeker=person)
    if not Enrolment.objects.open().filter(jobseeker=person).exists():
        messages.info(request, f"{person} n'a pas de 100\u00a0% web à quitter.")
        return redirect("person", pk=person.pk)
    if request.method != "POST":
        ends = {
            "ended": [sentence for say in foreseen_at_track_end for sentence in say(person)],
            "waived": ending_with_the_plan([person.pk]).get(person.pk, []),
        }
        return render(request, "caseload/file/leave.html", {"person": person, **ends})
    leave_track(actor=request.user, jobseeker=person)
    follower = follower_of(person)
    follows = (
        f"{follower} suit maintenant cette personne"
        if follower
        else "cette personne est sur la liste d'attente de l'agence"
    )
    messages.success(request, f"La sortie {of_name(person)} est enregistrée\u00a0: {follows}.")
    if follower is not None and follower.user_id == request.user.pk:
        return redirect("person", pk=person.pk)
    return redirect("my_portfolio")
