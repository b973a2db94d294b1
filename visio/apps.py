"""Django's entry for the app: it adds what lower floors must carry along."""

from django.apps import AppConfig


class VisioConfig(AppConfig):
    name = "visio"
    verbose_name = "Entretiens"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import invariants, track_changes  # noqa: PLC0415
        from caseload.arrivals import on_adviser_created  # noqa: PLC0415
        from messaging.deliveries import on_delivered  # noqa: PLC0415
        from visio.invariants import VISIO_CHECKS  # noqa: PLC0415
        from visio.services.hours import give_usual_hours  # noqa: PLC0415
        from visio.services.interviews import follow_track_end  # noqa: PLC0415
        from visio.services.proofs import note_convocation  # noqa: PLC0415

        on_adviser_created.append(give_usual_hours)
        on_delivered.append(note_convocation)
        track_changes.on_track_end.append(follow_track_end)
        invariants.checks.extend(VISIO_CHECKS)
