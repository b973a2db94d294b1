"""Django's entry for the app: it adds what lower floors must carry along."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = "Messagerie"

    def ready(self) -> None:
        # Models can be imported only now.
        from accompaniment import invariants, track_changes  # noqa: PLC0415
        from messaging.invariants import MESSAGING_CHECKS  # noqa: PLC0415
        from messaging.services.handover import follow_track_end  # noqa: PLC0415

        track_changes.on_track_end.append(follow_track_end)
        invariants.checks.extend(MESSAGING_CHECKS)
