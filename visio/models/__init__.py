"""Tables of the top floor: when advisers can be booked, interviews, and what becomes of them."""

from visio.models.calendars import ADDRESS_LENGTH, OutsideBusy, OutsideCalendar
from visio.models.hours import BookingSettings, DayHours, WorkingHours, every_channel
from visio.models.interviews import REASON_LENGTH, Interview, InterviewQuerySet, nearest_to_place, to_place
from visio.models.letters import CalendarFeed, InterviewReminder
from visio.models.offers import SLOTS_OFFERED_AT_MOST, OfferBooking, SlotInvitation, SlotOffer
from visio.models.outcomes import ANSWER_LENGTH, AbsenceAnswer, InterviewEvent, InterviewReport
from visio.models.rescues import RescueAnswer, RescueCall

__all__ = [
    "ADDRESS_LENGTH",
    "ANSWER_LENGTH",
    "REASON_LENGTH",
    "SLOTS_OFFERED_AT_MOST",
    "AbsenceAnswer",
    "BookingSettings",
    "CalendarFeed",
    "DayHours",
    "Interview",
    "InterviewEvent",
    "InterviewQuerySet",
    "InterviewReminder",
    "InterviewReport",
    "OfferBooking",
    "OutsideBusy",
    "OutsideCalendar",
    "RescueAnswer",
    "RescueCall",
    "SlotInvitation",
    "SlotOffer",
    "WorkingHours",
    "every_channel",
    "nearest_to_place",
    "to_place",
]
