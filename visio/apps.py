"""Django's entry for the app: it adds what lower floors must carry along."""

from django.apps import AppConfig


class VisioConfig(AppConfig):
    name = "visio"
    verbose_name = "Entretiens"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import deadlines, invariants, track_changes  # noqa: PLC0415
        from caseload.absences import AbsenceFollower, on_absence  # noqa: PLC0415
        from caseload.arrivals import on_adviser_created  # noqa: PLC0415
        from caseload.departures import before_departure  # noqa: PLC0415
        from caseload.handover import on_handover  # noqa: PLC0415
        from caseload.timeline import timeline_sources  # noqa: PLC0415
        from messaging.deliveries import on_delivered  # noqa: PLC0415
        from visio import checks  # noqa: F401, PLC0415
        from visio.invariants import VISIO_CHECKS  # noqa: PLC0415
        from visio.services.absences import (  # noqa: PLC0415
            ask_about_interviews,
            decide_interviews,
            follow_covers,
            people_of_returning,
        )
        from visio.services.departures import interviews_left  # noqa: PLC0415
        from visio.services.handover import follow_handover  # noqa: PLC0415
        from visio.services.hours import give_usual_hours  # noqa: PLC0415
        from visio.services.interviews import (  # noqa: PLC0415
            booked_among,
            follow_tier_change,
            follow_track_end,
            foresee_tier_change,
        )
        from visio.services.missed import note_told  # noqa: PLC0415
        from visio.services.proofs import note_convocation  # noqa: PLC0415
        from visio.services.summaries import refresh_summary  # noqa: PLC0415
        from visio.timeline import VISIO_SOURCES  # noqa: PLC0415

        on_adviser_created.append(give_usual_hours)
        on_delivered.extend((note_convocation, note_told))
        track_changes.on_track_end.append(follow_track_end)
        track_changes.on_tier_change.append(
            track_changes.TierFollower(foresee=foresee_tier_change, follow=follow_tier_change, hold=booked_among)
        )
        before_departure.append(interviews_left)
        on_handover.append(follow_handover)
        on_absence.append(
            AbsenceFollower(
                ask=ask_about_interviews, decide=decide_interviews, follow=follow_covers, concerns=people_of_returning
            )
        )
        deadlines.on_deadlines_changed.append(refresh_summary)
        invariants.checks.extend(VISIO_CHECKS)
        timeline_sources.extend(VISIO_SOURCES)
