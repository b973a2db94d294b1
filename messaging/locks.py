"""The locks of messaging, in the order of `accompaniment.locks`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accompaniment.enums import NoticeChannel
from accompaniment.locks import Rank, lock_few, lock_first, lock_row, lock_rows, note
from accompaniment.models import Jobseeker, NoticeSettings, Notification, User
from accompaniment.models.statements import Statement
from caseload.rules.reply_clock import ReplyTimes, reply_times
from messaging.models import (
    OF_AN_ATTACHMENT,
    Alert,
    Attachment,
    CallbackRequest,
    CannedReply,
    Conversation,
    Dispatch,
    DispatchRecipient,
    PlannedMessage,
    UnreadRound,
)


@dataclass(kw_only=True)
class LockedConversation:
    """A conversation whose row is locked, and what is needed of its person."""

    pk: int
    last_number: int
    last_change: int
    awaiting_reply_since: datetime | None
    jobseeker_pk: int
    user_pk: int | None
    zone: ZoneInfo
    times: ReplyTimes | None
    weekdays: list[int]
    """The weekdays on which the agency opens (0 = Monday)."""
    holidays_subdivision: str

    def begin_wait(self, at: datetime) -> None:
        """Let the person wait for an answer, unless they wait already."""
        if self.awaiting_reply_since is None:
            self.awaiting_reply_since = at
            self.times = reply_times(
                at, weekdays=self.weekdays, zone=self.zone, holidays_subdivision=self.holidays_subdivision
            )

    def end_wait(self) -> None:
        self.awaiting_reply_since = self.times = None


LOCK = (
    "SELECT conversation.id, last_number, last_change, awaiting_reply_since, person.id, person.user_id, timezone,"
    " reply_desk_at, reply_team_at, reply_due_at, holidays_subdivision,"
    " ARRAY(SELECT DISTINCT weekday::integer FROM accompaniment_openinghours WHERE agency_id = agency.id)"
    " FROM messaging_conversation conversation"
    " JOIN accompaniment_jobseeker person ON person.id = conversation.jobseeker_id"
    " JOIN accompaniment_agency agency ON agency.id = person.agency_id"
    " JOIN accompaniment_departement departement ON departement.code = agency.departement_id"
    " JOIN accompaniment_region region ON region.code = departement.region_id"
    " WHERE conversation.id = ANY(%(conversations)s::bigint[]) ORDER BY conversation.id FOR UPDATE OF conversation"
)
WAITING, NOT_WAITING = Statement(LOCK), Statement(f"{LOCK} SKIP LOCKED")


class ConversationLocks:
    """Lock conversations, so that the messages of each are numbered one by one; sent with other statements of one trip.

    Without `waits`, conversations that another transaction has locked are left out.
    """

    def __init__(self, pks: Collection[int], *, waits: bool) -> None:
        self._rows = (WAITING if waits else NOT_WAITING).send(conversations=list(pks))

    def read(self) -> dict[int, LockedConversation]:
        """Return the locked conversations by their key, once the trip is over."""
        found = {
            pk: LockedConversation(
                pk=pk,
                last_number=last,
                last_change=change,
                awaiting_reply_since=since,
                jobseeker_pk=person,
                user_pk=user,
                zone=ZoneInfo(zone),
                times=ReplyTimes(desk_at=desk, team_at=team, due_at=due) if since is not None and due else None,
                weekdays=weekdays,
                holidays_subdivision=holidays,
            )
            for pk, last, change, since, person, user, zone, desk, team, due, holidays, weekdays in self._rows
        }
        note(Rank.REST, Conversation._meta.db_table, found)
        return found


def lock_conversation(pk: int) -> Conversation:
    """Lock a conversation, and before the row of the portfolio list, which a message writes after it."""
    with_agency = Conversation.objects.select_related("jobseeker__agency__departement__region")
    locked: Conversation = lock_row(Rank.REST, with_agency.filter(pk=pk))
    return locked


ATTACHMENTS = (
    f"SELECT {', '.join(OF_AN_ATTACHMENT)} FROM messaging_attachment"  # noqa: S608  (our own names)
    " WHERE id = ANY(%(attachments)s::bigint[]) AND conversation_id = ANY(%(conversations)s::bigint[])"
    " ORDER BY id FOR UPDATE"
)
ALL_ATTACHMENTS, FREE_ATTACHMENTS = Statement(ATTACHMENTS), Statement(f"{ATTACHMENTS} SKIP LOCKED")


class AttachmentLocks:
    """Lock files that messages are to carry, so that each is carried once; sent with other statements of one trip.

    Without `waits`, files that another transaction has locked are left out.
    """

    def __init__(self, pks: Collection[int], *, conversations: Collection[int], waits: bool) -> None:
        statement = ALL_ATTACHMENTS if waits else FREE_ATTACHMENTS
        self._rows = statement.send(attachments=list(pks), conversations=list(conversations))

    def read(self) -> dict[int, Attachment]:
        """Return the locked files by their key, once the trip is over."""
        found = {file.pk: file for file in (Attachment.from_db("default", OF_AN_ATTACHMENT, row) for row in self._rows)}
        note(Rank.REST, Attachment._meta.db_table, found)
        return found


def lock_attachment(pk: int) -> Attachment | None:
    """Lock a file; return None if it is gone."""
    return lock_first(Rank.REST, Attachment.objects.filter(pk=pk))


def lock_reply(pk: int) -> CannedReply | None:
    """Lock a canned reply; return None if it is gone. Its owner's account or agency is locked before."""
    return lock_first(Rank.REST, CannedReply.objects.filter(pk=pk))


def lock_callback(pk: int) -> CallbackRequest:
    """Lock a call-back request. Its person is locked before."""
    request: CallbackRequest = lock_row(Rank.REST, CallbackRequest.objects.filter(pk=pk))
    return request


def take_next_person(people: QuerySet[Jobseeker]) -> Jobseeker | None:
    """Lock the first of these people whom no other transaction has locked. The person's call-back is locked after."""
    return lock_first(Rank.PERSON, people, no_key=True, skip_locked=True)


def take_people(people: QuerySet[Jobseeker]) -> list[Jobseeker]:
    """Lock those of these people whom no other transaction has locked."""
    return lock_rows(Rank.PERSON, people, no_key=True, skip_locked=True)


def take_notifications(now: datetime, *, most: int) -> list[Notification]:
    """Take the oldest due notifications in hand; return nothing if none is due or other workers have them."""
    due = Notification.objects.to_send(now).select_related("user", "jobseeker__agency__departement__region")
    return lock_few(Rank.IN_HAND, due, most=most)


def take_alerts(now: datetime, channels: Collection[NoticeChannel], *, most: int) -> list[Alert]:
    """Take the first due alerts of these channels in hand; return nothing if there is none for this worker."""
    due = Alert.objects.to_send(now).filter(channel__in=channels)
    due = due.select_related("notification__user", "notification__jobseeker__agency__departement__region")
    return lock_few(Rank.IN_HAND, due, most=most)


def take_recipients(now: datetime, most: int) -> list[DispatchRecipient]:
    """Take the first due messages of dispatches in hand; return nothing if none waits for this worker."""
    return lock_few(Rank.IN_HAND, DispatchRecipient.objects.to_send(now), most=most)


def lock_waiting_recipient(pk: int) -> DispatchRecipient | None:
    """Lock one message of a dispatch, to send it; return None if it has left or was given up."""
    waiting = DispatchRecipient.objects.waiting().select_related("dispatch__author", "jobseeker")
    return lock_first(Rank.IN_HAND, waiting.filter(pk=pk))


def lock_waiting_recipients(dispatch: Dispatch) -> list[DispatchRecipient]:
    """Lock what of a dispatch has not left. A message that is being sent is waited for, and then is not among them."""
    return lock_rows(Rank.IN_HAND, DispatchRecipient.objects.waiting().filter(dispatch=dispatch))


def take_planned(now: datetime, most: int) -> list[PlannedMessage]:
    """Take the first planned messages whose time has come in hand; return nothing if none waits for this worker."""
    return lock_few(Rank.IN_HAND, PlannedMessage.objects.to_send(now), most=most)


def lock_waiting_planned(pk: int) -> PlannedMessage | None:
    """Lock a planned message; return None if it has left or was given up. Its conversation is locked after."""
    waiting = PlannedMessage.objects.waiting().select_related("author", "conversation__jobseeker")
    return lock_first(Rank.IN_HAND, waiting.filter(pk=pk))


def share_notice_settings(users: Iterable[User]) -> dict[int, NoticeSettings]:
    """Lock what accounts have chosen, if they have chosen anything. A choice that is being stored comes first."""
    accounts = {user.pk: user for user in users}
    chosen = lock_rows(Rank.REST, NoticeSettings.objects.filter(user__in=accounts), no_key=True) if accounts else []
    for one in chosen:
        one.user = accounts[one.user_id]
    return {one.user_id: one for one in chosen}


def take_unread_round() -> UnreadRound | None:
    """Take the round of unread messages in hand; return None if another worker has it."""
    return lock_first(Rank.IN_HAND, UnreadRound.objects.filter(pk=1), skip_locked=True)


def lock_alert(pk: int) -> Alert:
    """Lock an alert, to store what became of it."""
    return lock_row(Rank.REST, Alert.objects.filter(pk=pk))


def lock_notifications(pks: Iterable[int]) -> list[Notification]:
    """Lock notifications. The people that they concern are locked before."""
    return lock_rows(Rank.REST, Notification.objects.filter(pk__in=list(pks)))
