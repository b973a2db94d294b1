"""The jobseeker's interviews: choosing a slot, moving, cancelling."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.enums import Channel, Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker, Obligation
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import hour_in_words, moment_there, weekday_in_words, zone_beside, zone_in_words
from accompaniment.services.contact_details import change_phone
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.models import Adviser
from caseload.reads.moves.who_answers import away_now, follower_of
from visio.enums import InterviewState
from visio.forms import SlotForm
from visio.models import Interview, to_place
from visio.reads.availability import SlotDay, by_day, free_slots, last_day_offered
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview, cancel_interview, move_interview
from visio.views.agenda import line_of

DAYS_AT_FIRST = 5
"""Days with a free slot that the picker shows before it is asked for all."""


@role_required(Role.JOBSEEKER)
@require_safe
def my_interviews(request: AuthenticatedRequest) -> HttpResponse:
    """Show what is to choose with its deadline, what is coming, and what was decided."""
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
            "now": now,
        },
    )


@role_required(Role.JOBSEEKER)
@once
def choose_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose a slot for an obligation; one that has its interview leads to it."""
    person = own_file(request)
    obligation = get_object_or_404(Obligation.objects.visible_to(request.user), pk=pk)
    if not to_place(Obligation.objects.filter(pk=obligation.pk)).exists():
        messages.info(request, "Cet entretien est déjà prévu ou n'est plus à prendre.")
        return redirect("my_interviews")
    return _picker(request, person, obligation=obligation, moving=None)


@role_required(Role.JOBSEEKER)
@once
def take_interview(request: AuthenticatedRequest) -> HttpResponse:
    """Take an appointment of one's own accord; what is due comes first."""
    person = own_file(request)
    due = to_place(Obligation.objects.visible_to(request.user)).first()
    if due is not None and request.method != "POST":
        return redirect("choose_slot", pk=due.pk)
    return _picker(request, person, obligation=None, moving=None)


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def book_for(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Book a slot together with the person, on the telephone for one; what is due first comes first."""
    people = Jobseeker.objects.select_related("agency__departement__region", "user")
    person: Jobseeker = get_to_act(people, request.user, pk=pk)
    due = to_place(Obligation.objects.filter(jobseeker=person)).first()
    return _picker(request, person, obligation=due, moving=None)


@role_required(Role.JOBSEEKER)
@once
def move_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Choose another slot for an interview that is booked."""
    person = own_file(request)
    interview = get_object_or_404(Interview.objects.visible_to(request.user).with_people(), pk=pk)
    if interview.state != InterviewState.BOOKED or interview.starts_at <= timezone.now():
        messages.info(request, "Cet entretien ne peut plus être déplacé.")
        return redirect("my_interviews")
    return _picker(request, person, obligation=interview.obligation, moving=interview)


@role_required(Role.JOBSEEKER)
@once
def cancel_slot(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Ask whether to cancel, and cancel."""
    interview = get_object_or_404(Interview.objects.visible_to(request.user).with_people(), pk=pk)
    if request.method == "POST":
        try:
            cancel_interview(actor=request.user, interview=interview)
        except DomainError as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, "L'entretien est annulé. Vous pouvez choisir un autre créneau.")
        return redirect("my_interviews")
    return render(request, "visio/cancel.html", {"interview": interview})


def own_file(request: AuthenticatedRequest) -> Jobseeker:
    """Return the file of the jobseeker who is logged in; Http404 where there is none."""
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region", "user")
    )
    return person


@dataclass(frozen=True)
class PickerSlot:
    """One radio button: its value, the hour in words, and whether it has just gone."""

    value: str
    hour: str
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
    """How the picker speaks to who chooses: the person, or the adviser together with the person."""

    channel: str
    submit: str
    nothing: str


CHOOSING = PickerWords(
    channel="Comment souhaitez-vous échanger\u00a0?",
    submit="Réserver ce créneau",
    nothing="Aucun créneau n'est libre pour le moment. Votre conseiller est peut-être absent\u00a0: demandez à être "
    "rappelé, ou à être reçu en agence.",
)
MOVING = replace(CHOOSING, submit="Déplacer mon entretien")
PROPOSING = PickerWords(
    channel="Comment la personne souhaite-t-elle échanger\u00a0?",
    submit="Réserver ce créneau",
    nothing="Aucun créneau n'est libre pour le moment. Les heures de réservation et les absences du conseiller en "
    "décident.",
)


def _picker(
    request: AuthenticatedRequest, person: Jobseeker, *, obligation: Obligation | None, moving: Interview | None
) -> HttpResponse:
    adviser = follower_of(person)
    if adviser is None:
        return render(request, "visio/nobody_yet.html", {})
    own = request.user.is_jobseeker
    posted = request.POST if request.method == "POST" else None
    form = SlotForm(posted, person=person, initial={"channel": _channel_asked_for(person, moving)})
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
                    )
                else:
                    interview = move_interview(actor=request.user, interview=moving, starts_at=slot, channel=channel)
        except SlotTakenError as error:
            gone, refusal = error.starts_at, error.sentence
            status = 409
        except DomainError as error:
            add_refusal(form, error)
            status = 409
        else:
            told = "Vous allez recevoir une confirmation par e-mail." if own else "La convocation part par e-mail."
            messages.success(request, f"{_booked_sentence(interview, adviser)} {told}")
            return redirect("my_interviews") if own else redirect("person", pk=person.pk)
    context = {
        **_offer(request, person, adviser, obligation=obligation, moving=moving, gone=gone),
        "form": form,
        "channel": form["channel"].value(),
        "refusal": refusal,
        "obligation": obligation,
        "moving": moving,
        "person": person,
        "words": (MOVING if moving else CHOOSING) if own else PROPOSING,
    }
    template = "visio/choose_slot.html" if own else "visio/book_for.html"
    return render(request, template, context, status=status)


def _offer(
    request: HttpRequest,
    person: Jobseeker,
    adviser: Adviser,
    *,
    obligation: Obligation | None,
    moving: Interview | None,
    gone: datetime | None,
) -> dict[str, object]:
    """Return what the picker shows: days with their slots, the one that has just gone struck out among them."""
    now = timezone.now()
    zone, zones = reader_zone(), (person.agency.zone, adviser.agency.zone)
    last_day = last_day_offered(adviser=adviser, obligation=obligation, now=now)
    free = free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day, moving=moving)
    shown = sorted({*free, gone}) if gone else free
    days = by_day(shown, zone)
    chosen = request.POST.get("slot", "")
    every_day = request.GET.get("jours") == "tous"
    after = [starts for starts in free if gone and starts > gone][:3]
    return {
        "adviser": adviser,
        "away": away_now(person, now=now),
        "zone": zone,
        "zone_words": zone_in_words(zone),
        "zone_differs": bool(zone_beside(now, zone=zone, others=zones)),
        "days": [_picker_day(day, zone, gone, chosen) for day in (days if every_day else days[:DAYS_AT_FIRST])],
        "more_days": not every_day and len(days) > DAYS_AT_FIRST,
        "next_slots": [moment_there(starts, zone=zone, others=zones) for starts in after],
    }


def _picker_day(day: SlotDay, zone: ZoneInfo, gone: datetime | None, chosen: str) -> PickerDay:
    slots = [
        PickerSlot(
            value=starts.isoformat(),
            hour=hour_in_words(starts.astimezone(zone)),
            gone=starts == gone,
            chosen=starts != gone and starts.isoformat() == chosen,
        )
        for starts in day.slots
    ]
    return PickerDay(day=day.day, heading=weekday_in_words(day.day), slots=slots)


def _channel_asked_for(person: Jobseeker, moving: Interview | None) -> str:
    """Return the channel that the person chose: for the interview that moves, or once for all. Else none is chosen."""
    return str(moving.channel) if moving else person.preferred_channel


def _booked_sentence(interview: Interview, adviser: Adviser) -> str:
    when = moment_there(interview.starts_at, zone=reader_zone(), others=interview.zones)
    return f"C'est noté : {when}, {Channel(interview.channel).label.lower()}."
