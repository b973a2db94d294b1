"""What every act leaves behind: entries of the journal, audit rows, notifications and proofs of delivery."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accompaniment.enums import AuditAction, Channel, ContactNature, NoticeChannel, NotificationKind
from accompaniment.models import AuditEntry, Contact, Jobseeker, Notification, User
from messaging.models import Delivery

BATCH = 2000
DELIVERED_AFTER = timedelta(seconds=4)

SUBJECTS = {
    NotificationKind.INVITATION: "Votre accompagnement 100\u00a0% web\u00a0: activez votre espace",
    NotificationKind.ENROLMENT_REFUSED: "Votre demande d'accompagnement 100\u00a0% web",
    NotificationKind.TRACK_STARTED: "Votre accompagnement 100\u00a0% web commence",
    NotificationKind.TRACK_ENDED: "Votre accompagnement 100\u00a0% web est terminé",
    NotificationKind.CHOOSE_SLOT: "Choisissez l'heure de votre prochain entretien",
    NotificationKind.INTERVIEW_BOOKED: "Convocation à votre entretien",
    NotificationKind.INTERVIEW_CANCELLED: "Votre entretien est annulé",
    NotificationKind.INTERVIEW_REMINDER: "Rappel\u00a0: votre entretien",
    NotificationKind.ABSENCE_NOTED: "Votre entretien\u00a0: dites-nous ce qui s'est passé",
    NotificationKind.ABSENCE_DECIDED: "Votre entretien\u00a0: la décision sur votre absence",
    NotificationKind.ON_SITE_ANSWERED: "Votre agence a répondu à votre demande de rendez-vous",
    NotificationKind.ADVISER_CHANGED: "Votre conseiller est désigné",
    NotificationKind.TIER_CHANGED: "Votre accompagnement a changé",
    NotificationKind.ACCOUNT_ACTIVATION: "Activez votre compte",
}


@dataclass
class Papers:
    """Rows that are collected and then written all at once."""

    contacts: list[Contact] = field(default_factory=list)
    audits: list[AuditEntry] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)

    def note(self, at: datetime, actor: User | None, person: Jobseeker, action: AuditAction, **details: Any) -> None:
        """Leave an audit row of an act in the past."""
        self.audits.append(AuditEntry(at=at, actor=actor, jobseeker=person, action=action, details=details))

    def journal(
        self,
        *,
        at: datetime,
        person: Jobseeker,
        channel: Channel,
        nature: ContactNature,
        author: User,
        source: str,
        summary: str = "",
    ) -> None:
        """Leave an entry of the journal."""
        self.contacts.append(
            Contact(
                at=at, jobseeker=person, channel=channel, nature=nature, author=author, summary=summary, source=source
            )
        )

    def tell(self, *, at: datetime, person: Jobseeker, kind: NotificationKind, key: str) -> None:
        """Leave a delivered notification. Its context is left out, because nothing is rendered again."""
        if person.email is None:
            return
        self.notifications.append(
            Notification(
                key=key,
                kind=kind,
                user=person.user,
                jobseeker=person,
                email=person.email,
                created_at=at,
                next_try_at=at,
                attempts=1,
                sent_at=at + DELIVERED_AFTER,
            )
        )

    def write(self) -> None:
        """Write everything, and the deliveries of what was sent."""
        Contact.objects.bulk_create(self.contacts, batch_size=BATCH)
        AuditEntry.objects.bulk_create(self.audits, batch_size=BATCH)
        Notification.objects.bulk_create(self.notifications, batch_size=BATCH)
        Delivery.objects.bulk_create(
            (
                Delivery(
                    notification=notification,
                    channel=NoticeChannel.EMAIL,
                    address=notification.email,
                    subject=SUBJECTS[NotificationKind(notification.kind)],
                    accepted_at=notification.sent_at or notification.created_at,
                )
                for notification in self.notifications
            ),
            batch_size=BATCH,
        )
