"""Fill the lists that lower floors own with functions of upper floors, all in one place.

Each line adds functions to one list, lowest floor first. The lists are called in this order, so portfolios are locked
before conversations and interviews.
"""

from accompaniment.enums import NotificationKind
from accompaniment.hooks import (
    contacts,
    deadlines,
    desk_events,
    invariants,
    perimeter,
    region_changes,
    session_ends,
    step_sources,
    track_changes,
)
from accompaniment.hooks.track_changes import TierFollower
from accompaniment.reads.invariants import GROUND_CHECKS
from caseload.hooks import adviser_absences, arrivals, coming, departures, handover, timeline
from caseload.hooks.adviser_absences import AbsenceFollower
from caseload.reads import perimeter as caseload_perimeter
from caseload.reads.file.timeline_sources import CASELOAD_SOURCES
from caseload.reads.invariants import CASELOAD_CHECKS
from caseload.services.moves import follower_letters, placements
from caseload.services.steering.agencies import agencies_that_follow
from messaging.hooks import deliveries, past_events
from messaging.hooks.deliveries import DeliveryFollower
from messaging.hooks.past_events import PastEvent
from messaging.reads import unread
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.reads.steps import written_from_messages
from messaging.reads.timeline_sources import MESSAGING_SOURCES
from messaging.services import desks, handling, live
from messaging.services import handover as conversations_handed_over
from visio.reads import past_notices
from visio.reads.coming import booked_in_words, coming_in_words, next_in_words
from visio.reads.invariants import VISIO_CHECKS
from visio.reads.timeline_sources import VISIO_SOURCES
from visio.services import adviser_absences as interviews_in_absences
from visio.services import handover as interviews_handed_over
from visio.services import interviews, missed, proofs
from visio.services.departures import interviews_left
from visio.services.feeds import forget_feed
from visio.services.hours import give_usual_hours
from visio.services.summaries import refresh_summary


def fill_hooks() -> None:
    """Fill every list. Called once per process, after all models are loaded."""
    perimeter.staff_perimeters += (caseload_perimeter.adviser_perimeter, caseload_perimeter.manager_perimeter)
    perimeter.registrars += (caseload_perimeter.registrar_perimeter,)
    perimeter.on_site_answerers += (caseload_perimeter.answered_on_site,)
    perimeter.steered_regions += (caseload_perimeter.manager_territory,)
    perimeter.country_stewards += (caseload_perimeter.steers_whole_country,)
    perimeter.staff_readers += (caseload_perimeter.former_adviser_reading,)
    perimeter.reader_capacities += (caseload_perimeter.capacities,)
    desk_events.on_file_change += (desks.follow_file_change,)
    track_changes.on_track_end += (
        placements.follow_track_end,
        conversations_handed_over.follow_track_end,
        interviews.follow_track_end,
    )
    track_changes.foreseen_at_track_end += (interviews.foresee_track_end,)
    track_changes.said_at_track_end += (follower_letters.say_who_follows,)
    track_changes.on_tier_change += (
        TierFollower(
            foresee=placements.foresee_tier_change,
            follow=placements.follow_tier_change,
            hold=placements.hold_for_tier_changes,
        ),
        TierFollower(
            foresee=conversations_handed_over.foresee_tier_change,
            follow=conversations_handed_over.follow_track_end,
        ),
        TierFollower(
            foresee=interviews.foresee_tier_change,
            follow=interviews.follow_tier_change,
            hold=interviews.booked_among,
        ),
    )
    region_changes.held_in_region += (agencies_that_follow,)
    contacts.on_contact += (handling.follow_contact,)
    deadlines.on_deadlines_changed += (refresh_summary,)
    step_sources.from_messages += (written_from_messages,)
    session_ends.on_sessions_end += (live.tell_sessions_ended,)
    session_ends.on_password_ends += (forget_feed,)
    invariants.checks += (*GROUND_CHECKS, *CASELOAD_CHECKS, *MESSAGING_CHECKS, *VISIO_CHECKS)

    arrivals.on_adviser_created += (give_usual_hours,)
    adviser_absences.on_absence += (
        AbsenceFollower(follow=conversations_handed_over.follow_covers),
        AbsenceFollower(follow=desks.follow_covers),
        AbsenceFollower(
            ask=interviews_in_absences.ask_about_interviews,
            decide=interviews_in_absences.decide_interviews,
            follow=interviews_in_absences.follow_covers,
            concerns=interviews_in_absences.people_of_returning,
        ),
    )
    departures.before_departure += (interviews_left,)
    handover.on_handover += (conversations_handed_over.follow_handover, interviews_handed_over.follow_handover)
    coming.coming_interviews += (coming_in_words,)
    coming.booked += (booked_in_words,)
    coming.next_interview += (next_in_words,)
    timeline.timeline_sources += (*CASELOAD_SOURCES, *MESSAGING_SOURCES, *VISIO_SOURCES)

    deliveries.on_delivered += (
        DeliveryFollower(kinds=(NotificationKind.INTERVIEW_BOOKED,), told=proofs.note_convocation),
        DeliveryFollower(kinds=(NotificationKind.ABSENCE_NOTED,), told=missed.note_told),
    )
    past_events.past_events += (
        PastEvent(kinds=unread.ABOUT_MESSAGES, past_among=unread.read_among),
        PastEvent(kinds=past_notices.ABOUT_AN_INTERVIEW, past_among=past_notices.without_interview),
        PastEvent(kinds=past_notices.RESCUES, past_among=past_notices.rescued),
        PastEvent(kinds=past_notices.REMINDERS, past_among=past_notices.overtaken),
        PastEvent(kinds=past_notices.TO_CHOOSE, past_among=past_notices.without_choice),
    )
