"""The jobseeker's interviews: choosing a slot, moving, cancelling."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Channel, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker, Obligation
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import (
    hour_in_words,
    hour_there,
    moment_there,
    opening_hours_in_lines,
    weekday_in_words,
    zone_beside,
    zone_in_words,
)
from accompaniment.rules.parsing import number_in
from accompaniment.rules.presentation import CHANNELS
from accompaniment.services.contact_details import change_phone
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from accompaniment.views.own import own_file
from caseload.models import Adviser
from caseload.reads.moves.who_answers import away_now, follower_of
from messaging.reads.callback_windows import windows_of
from visio.enums import InterviewState
from visio.forms import BookForForm, CancelForm, SlotForm, SlotOnLineForm
from visio.models import Interview, to_place
from visio.reads.availability import SlotDay, by_day, free_slots, last_day_offered
from visio.rules.slots import EVERY_CHANNEL, only_by
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview, cancel_interview, move_interview
from visio.views.agenda import line_of

DAYS_AT_FIRST = 5
"""Days with a free slot that the picker shows at first."""

LATER_DAYS = "jours-suivants"
"""The part of the picker's page that asks for the days after these."""

NEXT_OFFERED = 3
"""Free slots that are offered as buttons in place of one that has just gone."""


@role_required(Role.JOBSEEKER)
@require_safe
def my_interviews(request: AuthenticatedRequest) -> HttpResponse:
    """Show what must be chosen by when, future interviews, and past decisions."""
    person = own_file(request)
    interviews = list(
        Interview.objects.visible_to(request.user)
        .with_people()
        .select_related("report")
        .exclude(state=InterviewState.CANCELLED)
        .order_by("-starts_at", "-pk")
    )
    now = timezone.now()
    live = [line_of(interview, now) for interview in reversed(interviews) if interview.is_live]
    return render(
        request,
        "visio/my_interviews.html",
        {
            "zone_words": zone_in_words(person.agency.zone),
            "followed": follower_of(person) is not None,
            "to_choose": list(to_place(Obligation.objects.visible_to(request.user))),
            "coming": [line for line in live if not line.to_conclude],
            "to_conclude": [line for line in live if line.to_conclude],
            "past": [interview for interview in interviews if not interview.is_live],
            "may_report": {one.pk for one in interviews if one.starts_at <= now and one.may_report_failure(now)},
            "now": now,
        },
    )


@role_required(Role.JOBSEEKER)
@once
def choose_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose a slot for an obligation. If it already has an interview, redirect to that."""
    person = own_file(request)
    obligation = get_object_or_404(Obligation.objects.visible_to(request.user), pk=pk)
    if not to_place(Obligation.objects.filter(pk=obligation.pk)).exists():
        messages.info(request, "Cet entretien est déjà prévu, ou n'est plus nécessaire.")
        return redirect("my_interviews")
    return picker(request, person, obligation=obligation, moving=None)


@role_required(Role.JOBSEEKER)
@once
def take_interview(request: AuthenticatedRequest) -> HttpResponse:
    """Book a voluntary appointment. Open obligations come first."""
    person = own_file(request)
    due = to_place(Obligation.objects.visible_to(request.user)).first()
    if due is not None and request.method != "POST":
        return redirect("choose_slot", pk=due.pk)
    return picker(request, person, obligation=None, moving=None)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def book_for(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Book a slot together with the person, for example on the telephone. Open obligations come first.

    What is sent is for the obligation that the page showed: it is refused if the person has an interview for it by now.
    """
    people = Jobseeker.objects.select_related("agency__departement__region", "user")
    person: Jobseeker = get_to_act(people, request.user, pk=pk)
    own = Obligation.objects.filter(jobseeker=person)
    shown = number_in(request.POST.get("obligation", ""))
    obligation = own.filter(pk=shown).first() if shown else to_place(own).first()
    return picker(request, person, obligation=obligation, moving=None)


@role_required(Role.JOBSEEKER)
@once
def move_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose another slot for a booked interview."""
    person = own_file(request)
    interview = get_object_or_404(Interview.objects.visible_to(request.user).with_people(), pk=pk)
    if interview.state != InterviewState.BOOKED or interview.starts_at <= timezone.now():
        messages.info(request, "Cet entretien ne peut plus être déplacé.")
        return redirect("my_interviews")
    return picker(request, person, obligation=interview.obligation, moving=interview)


@role_required(Role.JOBSEEKER)
@once
def cancel_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask for confirmation and perhaps a reason, then cancel."""
    interview = get_object_or_404(Interview.objects.visible_to(request.user).with_people(), pk=pk)
    hint = "Votre conseiller lit ce que vous écrivez ici."
    form = CancelForm(request.POST if request.method == "POST" else None, is_required=False, hint=hint)
    if request.method == "POST" and form.is_valid():
        try:
            cancel_interview(actor=request.user, interview=interview, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, "L'entretien est annulé. Vous pouvez choisir un autre créneau.")
        return redirect("my_interviews")
    status = 422 if form.is_bound else 200
    return render(request, "visio/cancel.html", {"interview": interview, "form": form}, status=status)


@dataclass(frozen=True)
class PickerSlot:
    """One slot: its value, the hour in words, the day and the hour in words, and whether it has just been taken."""

    value: str
    hour: str
    words: str
    only: str
    """The channels by which it can be had, in words, if not by all of them."""
    gone: bool
    chosen: bool


@dataclass(frozen=True)
class PickerDay:
    """One day of the picker, with a heading and an anchor."""

    day: date
    heading: str
    slots: list[PickerSlot]


@dataclass(frozen=True)
class PickerWords:
    """The wording of the picker: for the person, or for the adviser together with the person."""

    channel: str
    submit: str
    """What the button says until its script repeats the choice on it: `act`, then day, hour and channel."""
    act: str
    nothing: str


CHOOSING = PickerWords(
    channel="Comment souhaitez-vous échanger\u00a0?",
    submit="Réserver ce créneau",
    act="Réserver",
    nothing="Il n'y a pas de créneau libre dans les prochains jours. Vous pouvez demander un appel ou un rendez-vous "
    "en agence.",
)
MOVING = replace(CHOOSING, submit="Déplacer mon entretien", act="Déplacer au")
PROPOSING = PickerWords(
    channel="Comment la personne souhaite-t-elle échanger\u00a0?",
    submit="Réserver ce créneau",
    act="Réserver",
    nothing="Aucun créneau n'est libre pour le moment. Les heures de réservation et les absences du conseiller en "
    "décident.",
)
MOVING_FOR = replace(PROPOSING, submit="Déplacer l'entretien", act="Déplacer au")


def picker(
    request: AuthenticatedRequest, person: Jobseeker, *, obligation: Obligation | None, moving: Interview | None
) -> HttpResponse:
    """Show the picker, and book or move what was chosen in it."""
    adviser = follower_of(person)
    if adviser is None:
        hours = opening_hours_in_lines(person.agency.opening_hours.all())
        return render(request, "visio/nobody_yet.html", {"agency": person.agency, "hours": hours})
    own = request.user.is_jobseeker
    posted = _sent(request) if request.method == "POST" else None
    form = _slot_form(request, person, adviser, posted, moving=moving)
    on_line = isinstance(form, SlotOnLineForm)
    gone: datetime | None = None
    refusal = ""
    status = 200 if posted is None or form.is_valid() else 422
    if request.method == "POST" and form.is_valid():
        slot, channel = form.cleaned_data["slot"], form.cleaned_data["channel"]
        try:
            with transaction.atomic():
                if channel == Channel.PHONE and form.cleaned_data.get("phone"):
                    change_phone(actor=request.user, jobseeker=person, phone=form.cleaned_data["phone"])
                if moving is None:
                    interview = book_interview(
                        actor=request.user,
                        jobseeker=person,
                        adviser=adviser,
                        starts_at=slot,
                        channel=channel,
                        obligation=obligation,
                        over_hours=form.cleaned_data.get("over_hours", False),
                    )
                else:
                    interview = move_interview(actor=request.user, interview=moving, starts_at=slot, channel=channel)
        except SlotTakenError as error:
            add_refusal(form, error)
            gone, refusal = error.starts_at, error.sentence
            status = 409
        except DomainError as error:
            add_refusal(form, error)
            status = 409
        else:
            letter = "convocation" if interview.obligation_id else "confirmation"
            told = "Vous allez recevoir une confirmation par e-mail." if own else f"La {letter} part par e-mail."
            said = f"{_booked_sentence(interview, adviser)} {told}"
            if on_line:
                return render(request, "caseload/partials/_acted.html", {"sentence": f"{person}. {said}"})
            messages.success(request, said)
            return redirect("my_interviews") if own else redirect("person", pk=person.pk)
    if isinstance(form, SlotOnLineForm):
        return _book_on_line(request, form, person, adviser, obligation, status=status)
    context = {
        **_offer(request, person, adviser, obligation=obligation, moving=moving, gone=gone),
        "form": form,
        "channel": form["channel"].value(),
        "can_be_called": own and bool(windows_of(person.agency, now=timezone.now())),
        "refusal": refusal,
        "obligation": obligation,
        "moving": moving,
        "person": person,
        "own_hours": isinstance(form, BookForForm),
        "words": (MOVING if moving else CHOOSING) if own else (MOVING_FOR if moving else PROPOSING),
    }
    template = "visio/choose_slot.html" if own else "visio/book_for.html"
    return render(request, template, context, status=status)


def _slot_form(
    request: AuthenticatedRequest,
    person: Jobseeker,
    adviser: Adviser,
    posted: QueryDict | None,
    *,
    moving: Interview | None,
) -> SlotForm:
    """Return the form of the page, or of a line of a list, or that of an adviser who may book over their own hours."""
    initial = {"channel": _channel_asked_for(person, moving)}
    if not request.user.is_jobseeker and bool(request.htmx) and request.htmx.target != LATER_DAYS:
        return SlotOnLineForm(posted, person=person, initial=initial, auto_id=f"proposer-{person.pk}-%s")
    if adviser.user_id == request.user.pk and moving is None:
        return BookForForm(posted, person=person, initial=initial, zone=adviser.agency.zone)
    return SlotForm(posted, person=person, initial=initial)


def _book_on_line(
    request: AuthenticatedRequest,
    form: SlotOnLineForm,
    person: Jobseeker,
    adviser: Adviser,
    obligation: Obligation | None,
    *,
    status: int,
) -> HttpResponse:
    """Show the form in place, on the line of a page that lists who is to be met."""
    now, zone = timezone.now(), reader_zone()
    last_day = last_day_offered(adviser=adviser, obligation=obligation, now=now)
    days = by_day(free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day, urgent=True), zone)
    form.fields["channel"].label = PROPOSING.channel
    form.offer(days, zone=zone, others=(person.agency.zone, adviser.agency.zone))
    context = {
        "form": form,
        "person": person,
        "adviser": adviser,
        "obligation": obligation,
        "days": days,
        "words": PROPOSING,
    }
    return render(request, "visio/partials/_book_act.html", context, status=status)


def _sent(request: HttpRequest) -> QueryDict:
    """Return what was sent; a button with an hour of its own, shown after a conflict, counts before the radios."""
    sent = request.POST.copy()
    if "instead" in sent:
        sent.setlist("slot", sent.getlist("instead"))
    return sent


def _offer(
    request: AuthenticatedRequest,
    person: Jobseeker,
    adviser: Adviser,
    *,
    obligation: Obligation | None,
    moving: Interview | None,
    gone: datetime | None,
) -> dict[str, object]:
    """Return the picker's days with their slots; a slot that has just been taken is struck out."""
    now = timezone.now()
    zone, zones = reader_zone(), (person.agency.zone, adviser.agency.zone)
    last_day = last_day_offered(adviser=adviser, obligation=obligation, now=now)
    urgent = not request.user.is_jobseeker
    free = free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day, moving=moving, urgent=urgent)
    shown = free if gone is None else dict(sorted({gone: EVERY_CHANNEL, **free}.items()))
    days = by_day(shown, zone)
    chosen = _sent(request).get("slot", "")
    offered = [_picker_day(day, zone, zones, gone, chosen) for day in days]
    first, later = offered[:DAYS_AT_FIRST], offered[DAYS_AT_FIRST:]
    after = [one for one in free.items() if gone and one[0] > gone][:NEXT_OFFERED]
    return {
        "adviser": adviser,
        "away": away_now(person, now=now),
        "zone": zone,
        "zone_words": zone_in_words(zone),
        "zone_differs": bool(zone_beside(now, zone=zone, others=zones)),
        "days": first,
        "later_days": later,
        # What was chosen is shown again, on whichever day it is.
        "every_day": request.GET.get("jours") == "tous"
        or any(slot.chosen or slot.gone for d in later for slot in d.slots),
        "gone_words": _slot_in_words(gone, zone, zones) if gone else "",
        "next_slots": [_picker_slot(one, zone, zones, gone, chosen) for one in after],
    }


def _picker_day(
    day: SlotDay, zone: ZoneInfo, zones: Iterable[ZoneInfo], gone: datetime | None, chosen: str
) -> PickerDay:
    slots = [_picker_slot(one, zone, zones, gone, chosen) for one in day.slots.items()]
    return PickerDay(day=day.day, heading=weekday_in_words(day.day), slots=slots)


def _picker_slot(
    slot: tuple[datetime, frozenset[str]],
    zone: ZoneInfo,
    zones: Iterable[ZoneInfo],
    gone: datetime | None,
    chosen: str,
) -> PickerSlot:
    starts, channels = slot
    return PickerSlot(
        value=starts.isoformat(),
        hour=hour_in_words(starts.astimezone(zone)),
        words=_slot_in_words(starts, zone, zones),
        only=only_by(channels),
        gone=starts == gone,
        chosen=starts != gone and starts.isoformat() == chosen,
    )


def _slot_in_words(starts: datetime, zone: ZoneInfo, zones: Iterable[ZoneInfo]) -> str:
    """Return « mardi 1er décembre, 10 h 30 », with the zone if the other side reads another hour."""
    return f"{weekday_in_words(starts.astimezone(zone).date())}, {hour_there(starts, zone=zone, others=zones)}"


def _channel_asked_for(person: Jobseeker, moving: Interview | None) -> str:
    """Return the channel of the interview that moves, or else the person's preferred one; it may be empty."""
    return str(moving.channel) if moving else person.preferred_channel


def _booked_sentence(interview: Interview, adviser: Adviser) -> str:
    when = moment_there(interview.starts_at, zone=reader_zone(), others=interview.zones)
    return f"C'est noté\u00a0: {when}, {CHANNELS[Channel(interview.channel)]}."
