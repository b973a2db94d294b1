"""Slots offered in a message: the adviser's form, and the card on which the person books one of them."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.views.access import AuthenticatedRequest, MissingRightError, get_to_act, role_required
from accompaniment.views.once import once
from caseload.reads.moves.who_answers import follower_of
from messaging.services.conversations import record_reading
from messaging.views.conversations import open_for
from visio.forms import OfferedSlotForm, SlotOfferForm
from visio.models import SLOTS_OFFERED_AT_MOST, SlotOffer
from visio.reads.availability import by_day, free_slots, last_day_offered
from visio.reads.offers import card_of, due_of
from visio.services.offers import book_offered, offer_slots


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def offer(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose some free slots, and send them in a message."""
    people = Jobseeker.objects.select_related("agency__departement__region", "user")
    person: Jobseeker = get_to_act(people, request.user, pk=pk)
    adviser, now = follower_of(person), timezone.now()
    days = []
    if adviser is not None:
        last_day = last_day_offered(adviser=adviser, obligation=due_of(person), now=now)
        free = free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day)
        days = by_day(free, reader_zone())
    form = SlotOfferForm(
        request.POST if request.method == "POST" else None,
        initial={"channel": person.preferred_channel, "suite": request.GET.get("suite", "")},
        days=days,
        zone=reader_zone(),
        others=(person.agency.zone, *([adviser.agency.zone] if adviser else [])),
    )
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            facts = form.cleaned_data
            back = facts.pop("suite")
            try:
                sent = offer_slots(actor=request.user, jobseeker=person, **facts)
            except DomainError as refusal:
                add_refusal(form, refusal, body="text", slot="slots")
                status = HTTPStatus.CONFLICT
            else:
                messages.success(request, "Les créneaux sont proposés.")
                return redirect(back or reverse("conversation", args=[sent.message.conversation_id]))
    context = {
        "form": form,
        "person": person,
        "adviser": adviser,
        "days": days,
        "most": SLOTS_OFFERED_AT_MOST,
        "back": form["suite"].value() or reverse("conversation_with", args=[person.pk]),
    }
    return render(request, "visio/offer_slots.html", context, status=status)


@role_required(Role.ADVISER, Role.JOBSEEKER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def card(request: AuthenticatedRequest, pk: int, number: int) -> HttpResponseBase:
    """The slots that a message offers. The person books one by one press; a part of the conversation, or a page."""
    opened = open_for(request, pk)
    found: SlotOffer = get_object_or_404(
        SlotOffer.objects.select_related(
            "message",
            "adviser__user",
            "adviser__agency__departement__region",
            "jobseeker__agency__departement__region",
        ),
        message__conversation=opened.conversation,
        message__number=number,
    )
    refusal, status = "", HTTPStatus.OK
    if request.method == "POST":
        if not request.user.is_jobseeker:
            raise MissingRightError(
                missing="Cette page est réservée à la personne, qui choisit elle-même un de ces créneaux.",
                remedy="Demandez-le-lui, ou réservez par «\u00a0Proposer un entretien\u00a0», dans son dossier.",
            )
        form = OfferedSlotForm(request.POST)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            status = HTTPStatus.CONFLICT
            try:
                book_offered(actor=request.user, offer=found, starts_at=form.cleaned_data["slot"])
            except DomainError as error:
                refusal = error.sentence
            else:
                if not request.htmx:
                    return redirect("slot_card", pk, number)
                status = HTTPStatus.OK
        else:
            refusal = str(form.errors["slot"][0])
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    context = {
        "card": card_of(found, now=timezone.now()),
        "conversation": opened.conversation,
        "number": number,
        "refusal": refusal,
        "just_booked": request.method == "POST" and not refusal,
    }
    template = "visio/partials/_slot_card.html" if request.htmx else "visio/slot_card.html"
    return render(request, template, context, status=status)
