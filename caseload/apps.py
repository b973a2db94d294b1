"""Django's entry for the app: it answers the ground floor's questions."""

from django.apps import AppConfig


class CaseloadConfig(AppConfig):
    name = "caseload"
    verbose_name = "Portefeuilles"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import invariants, perimeter, track_changes  # noqa: PLC0415
        from caseload.invariants import CASELOAD_CHECKS  # noqa: PLC0415
        from caseload.perimeter import adviser_perimeter, manager_perimeter  # noqa: PLC0415
        from caseload.services.placements import follow_track_end  # noqa: PLC0415

        perimeter.staff_perimeters.extend([adviser_perimeter, manager_perimeter])
        track_changes.on_track_end.append(follow_track_end)
        invariants.checks.extend(CASELOAD_CHECKS)
