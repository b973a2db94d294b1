"""Django's entry for the app: it adds what lower floors must carry along."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "Messagerie"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import desk_events, invariants, track_changes  # noqa: PLC0415
        from accompaniment.session_ends import on_sessions_end  # noqa: PLC0415
        from caseload.absences import AbsenceFollower, on_absence  # noqa: PLC0415
        from caseload.handover import on_handover  # noqa: PLC0415
        from caseload.timeline import timeline_sources  # noqa: PLC0415
        from messaging import desks, live  # noqa: PLC0415
        from messaging.invariants import MESSAGING_CHECKS  # noqa: PLC0415
        from messaging.services.handover import (  # noqa: PLC0415
            follow_covers,
            follow_handover,
            follow_track_end,
            foresee_tier_change,
        )
        from messaging.timeline import MESSAGING_SOURCES  # noqa: PLC0415

        track_changes.on_track_end.append(follow_track_end)
        track_changes.on_tier_change.append(
            track_changes.TierFollower(foresee=foresee_tier_change, follow=follow_track_end)
        )
        on_handover.append(follow_handover)
        on_absence.append(AbsenceFollower(follow=follow_covers))
        on_absence.append(AbsenceFollower(follow=desks.follow_covers))
        on_sessions_end.append(live.tell_sessions_ended)
        desk_events.on_file_change.append(desks.follow_file_change)
        invariants.checks.extend(MESSAGING_CHECKS)
        timeline_sources.extend(MESSAGING_SOURCES)
