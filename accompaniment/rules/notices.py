"""What notifications are about, and the one sentence that an SMS or an alert on a device says.

The sentence is read on a locked screen, perhaps by somebody else. It never has the text of a message, a name or a
reason: these are in the person's space.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accompaniment.enums import NoticeChannel, Topic
from accompaniment.enums import NotificationKind as Kind

TOPICS: Mapping[Kind, Topic] = {
    Kind.INVITATION: Topic.ACCOUNT,
    Kind.ACCOUNT_ACTIVATION: Topic.ACCOUNT,
    Kind.PASSWORD_RESET: Topic.ACCOUNT,
    Kind.NO_ACCOUNT_YET: Topic.ACCOUNT,
    Kind.ADDRESS_TO_CONFIRM: Topic.ACCOUNT,
    Kind.ADDRESS_CHANGING: Topic.ACCOUNT,
    Kind.ADDRESS_CHANGED: Topic.ACCOUNT,
    Kind.INTERVIEW_BOOKED: Topic.APPOINTMENTS,
    Kind.INTERVIEW_CANCELLED: Topic.APPOINTMENTS,
    Kind.INTERVIEW_REMINDER: Topic.REMINDERS,
    Kind.INTERVIEW_RESCUE: Topic.APPOINTMENTS,
    Kind.ABSENCE_NOTED: Topic.DECISIONS,
    Kind.ABSENCE_DECIDED: Topic.DECISIONS,
    Kind.ENROLMENT_REFUSED: Topic.DECISIONS,
    Kind.ENROLMENT_LAPSED: Topic.DECISIONS,
    Kind.ACCEPTANCE_ASKED: Topic.DECISIONS,
    Kind.TRACK_STARTED: Topic.DECISIONS,
    Kind.TRACK_ENDED: Topic.DECISIONS,
    Kind.TIER_CHANGED: Topic.DECISIONS,
    Kind.REGION_CHANGED: Topic.DECISIONS,
    Kind.PLAN_CHANGED: Topic.DECISIONS,
    Kind.PLAN_REQUEST_ANSWERED: Topic.DECISIONS,
    Kind.CHOOSE_SLOT: Topic.CHOICES,
    Kind.DEVICE_TEST: Topic.CHOICES,
    Kind.ON_SITE_ANSWERED: Topic.NEWS,
    Kind.ADVISER_CHANGED: Topic.NEWS,
    Kind.UNREAD_MESSAGES: Topic.MESSAGES,
    Kind.COVER_SET: Topic.RELAYS,
    Kind.RELAY_MISSING: Topic.RELAYS,
    Kind.PEOPLE_RECEIVED: Topic.PORTFOLIO,
    Kind.PEOPLE_LEFT: Topic.PORTFOLIO,
    Kind.VOLUNTEER_LAPSED: Topic.PORTFOLIO,
}
"""The topic of each kind."""

REQUIRED = frozenset({Topic.APPOINTMENTS, Topic.DECISIONS, Topic.ACCOUNT})
"""Topics that the law or the account demands: their e-mail cannot be switched off, and nothing holds it back."""

AT_ONCE_KINDS = frozenset({Kind.INTERVIEW_RESCUE})
"""Kinds that no quiet hours hold back, because minutes count and the hour was agreed upon."""

ALERTS: Mapping[Kind, str] = {
    Kind.INTERVIEW_BOOKED: "Vous avez un entretien le {day} à {hour}{beside}.",
    Kind.INTERVIEW_CANCELLED: "Votre entretien du {day} à {hour}{beside} est annulé.",
    Kind.INTERVIEW_REMINDER: "Rappel\u00a0: vous avez un entretien le {day} à {hour}{beside}.",
    Kind.INTERVIEW_RESCUE: "Votre entretien de {hour}{beside} a commencé. Dites-nous si vous arrivez.",
    Kind.ABSENCE_NOTED: "Une réponse est attendue de vous sur votre entretien du {day}.",
    Kind.ABSENCE_DECIDED: "Une décision vous attend sur votre entretien du {day}.",
    Kind.ENROLMENT_REFUSED: "Votre demande de 100\u00a0% web a reçu une réponse.",
    Kind.ENROLMENT_LAPSED: "Votre demande de 100\u00a0% web est close.",
    Kind.ACCEPTANCE_ASKED: "Le texte du 100\u00a0% web a changé\u00a0: il est à lire et à accepter.",
    Kind.TRACK_STARTED: "Votre accompagnement à distance commence.",
    Kind.TRACK_ENDED: "Votre accompagnement à distance est terminé.",
    Kind.TIER_CHANGED: "Votre accompagnement a changé.",
    Kind.REGION_CHANGED: "Votre agence change.",
    Kind.PLAN_CHANGED: "Le rythme de vos échanges a changé.",
    Kind.PLAN_REQUEST_ANSWERED: "Votre conseiller a répondu à votre demande.",
    Kind.CHOOSE_SLOT: "Choisissez l'heure de votre prochain entretien.",
    Kind.DEVICE_TEST: "Testez votre caméra et votre micro.",
    Kind.ON_SITE_ANSWERED: "Votre agence a répondu à votre demande de rendez-vous.",
    Kind.ADVISER_CHANGED: "Un autre conseiller vous accompagne désormais.",
    Kind.UNREAD_MESSAGES: "Un message vous attend.",
    Kind.COVER_SET: "Un relais vous est confié.",
    Kind.RELAY_MISSING: "Une absence est sans relais.",
    Kind.PEOPLE_RECEIVED: "Votre portefeuille reçoit des personnes.",
    Kind.PEOPLE_LEFT: "Des personnes quittent votre portefeuille.",
    Kind.VOLUNTEER_LAPSED: "Des demandes de 100\u00a0% web sont closes sans réponse.",
}
"""The sentence of each kind that may be told by SMS or on a device. Kinds of the account have none."""


def topic_of(kind: Kind) -> Topic:
    """Return the topic of a kind. A kind without one is required, so that it is never held back by mistake."""
    return TOPICS.get(kind, Topic.DECISIONS)


def alert_of(kind: Kind, context: Mapping[str, Any]) -> str:
    """Return the sentence of a notification; empty for a kind that is told by e-mail only."""
    return ALERTS.get(kind, "").format_map(defaultdict(str, context))


TOPICS_OF_PERSON = (
    Topic.APPOINTMENTS,
    Topic.REMINDERS,
    Topic.DECISIONS,
    Topic.CHOICES,
    Topic.MESSAGES,
    Topic.NEWS,
)
TOPICS_OF_STAFF = (Topic.MESSAGES, Topic.RELAYS, Topic.PORTFOLIO)
"""The topics among which somebody chooses. Those of the account are always told, by e-mail alone."""


def code_of(topic: Topic, channel: NoticeChannel) -> str:
    """Return the code under which the choice of a channel for a topic is stored."""
    return f"{topic.value}:{channel.value}"


BY_SMS = frozenset({Topic.APPOINTMENTS, Topic.REMINDERS})
"""Topics that are told by SMS as long as nobody has chosen."""

CANNOT_BE_OFF = tuple(sorted(code_of(topic, NoticeChannel.EMAIL) for topic in REQUIRED))


def is_on_by_default(topic: Topic, channel: NoticeChannel, *, is_jobseeker: bool) -> bool:
    """Return whether a topic is told by a channel as long as nobody has chosen.

    E-mail is on, except for messages to the staff, who have the pages open all day. An SMS tells only of interviews. A
    device is told of everything, once its owner has asked for that in its browser.
    """
    if channel == NoticeChannel.SMS:
        return topic in BY_SMS
    if channel == NoticeChannel.PUSH:
        return topic != Topic.ACCOUNT
    return is_jobseeker or topic != Topic.MESSAGES


def end_of_quiet(
    *, now: datetime, quiet_from: time | None, quiet_until: time | None, zone: ZoneInfo
) -> datetime | None:
    """Return when the quiet hours end that `now` lies in, or None outside of them.

    The hours are on the reader's wall clock and may span midnight; on the days of the clock change they follow it.
    """
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return None
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    spans_midnight = quiet_from > quiet_until
    inside = (at >= quiet_from or at < quiet_until) if spans_midnight else quiet_from <= at < quiet_until
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if spans_midnight and at >= quiet_from else 0)
    end = datetime.combine(day, quiet_until, zone).astimezone(UTC)
    return max(end, now)
