"""What an account wants to be told outside the pages."""

from collections.abc import Collection, Mapping
from datetime import time

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, NoticeChannel, Topic
from accompaniment.locks import lock_notice_settings
from accompaniment.models import NoticeSettings, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.notices import REQUIRED, code_of, is_on_by_default
from accompaniment.services import audit
from accompaniment.services.account_rows import file_of

IS_REQUIRED = "Cet e-mail part toujours\u00a0: il ne peut pas être désactivé."
BOTH_HOURS = "Choisissez l'heure de début et l'heure de fin, ou aucune des deux."


def notice_settings_of(user: User) -> NoticeSettings:
    """Return what an account has chosen, or the defaults."""
    return NoticeSettings.objects.filter(user=user).select_related("user").first() or NoticeSettings(user=user)


def choose_notices(
    *,
    actor: User,
    wanted: Mapping[Topic, Collection[NoticeChannel]],
    offered: Collection[NoticeChannel],
    quiet_from: time | None,
    quiet_until: time | None,
    quiet_for_emails: bool,
) -> None:
    """Store the actor's own choice: for each topic, which of the offered channels tell of it, and the quiet hours.

    Channels that were not offered keep their earlier choice. Raises DomainError if a required e-mail is left out.
    """
    if (quiet_from is None) != (quiet_until is None):
        raise DomainError(BOTH_HOURS, about="quiet_until")
    for topic, channels in wanted.items():
        if topic in REQUIRED and NoticeChannel.EMAIL in offered and NoticeChannel.EMAIL not in channels:
            raise DomainError(IS_REQUIRED)
    now = timezone.now()
    with transaction.atomic():
        NoticeSettings.objects.get_or_create(user=actor, defaults={"changed_at": now})
        kept = lock_notice_settings(actor)
        on, off = set(kept.switched_on), set(kept.switched_off)
        for topic, channels in wanted.items():
            for channel in offered:
                code = code_of(topic, channel)
                on.discard(code)
                off.discard(code)
                if (channel in channels) != is_on_by_default(topic, channel, is_jobseeker=actor.is_jobseeker):
                    (on if channel in channels else off).add(code)
        kept.switched_on, kept.switched_off = sorted(on), sorted(off)
        kept.quiet_from, kept.quiet_until = quiet_from, quiet_until
        kept.quiet_for_emails = quiet_for_emails
        kept.changed_at = now
        kept.save()
        audit.record(actor=actor, jobseeker=file_of(actor), action=AuditAction.ACCOUNT, event="notices_chosen")
