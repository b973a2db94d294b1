"""Django's entry for the app: it answers the ground floor's questions."""

from django.apps import AppConfig


class CaseloadConfig(AppConfig):
    name = "caseload"
    verbose_name = "Portefeuilles"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import invariants, perimeter, region_changes, track_changes  # noqa: PLC0415
        from caseload.invariants import CASELOAD_CHECKS  # noqa: PLC0415
        from caseload.perimeter import (  # noqa: PLC0415
            adviser_perimeter,
            capacities,
            former_adviser_reading,
            manager_perimeter,
        )
        from caseload.services.agencies import agencies_that_follow  # noqa: PLC0415
        from caseload.services.placements import (  # noqa: PLC0415
            follow_tier_change,
            follow_track_end,
            foresee_tier_change,
            hold_for_tier_changes,
        )
        from caseload.services.received import say_who_follows  # noqa: PLC0415
        from caseload.timeline import timeline_sources  # noqa: PLC0415
        from caseload.timeline_sources import GROUND_SOURCES  # noqa: PLC0415

        perimeter.staff_perimeters.extend([adviser_perimeter, manager_perimeter])
        perimeter.staff_readers.append(former_adviser_reading)
        perimeter.reader_capacities.append(capacities)
        track_changes.on_track_end.append(follow_track_end)
        track_changes.said_at_track_end.append(say_who_follows)
        track_changes.on_tier_change.append(
            track_changes.TierFollower(
                foresee=foresee_tier_change, follow=follow_tier_change, hold=hold_for_tier_changes
            )
        )
        region_changes.held_in_region.append(agencies_that_follow)
        invariants.checks.extend(CASELOAD_CHECKS)
        timeline_sources.extend(GROUND_SOURCES)
