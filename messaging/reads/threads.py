"""What the pages of a conversation show, read with a fixed number of queries."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, F, IntegerField, Max, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce, Greatest
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, User
from accompaniment.models.search import named, words_of
from accompaniment.models.statements import Statement
from accompaniment.reads.zones import other_zones, reader_zone
from accompaniment.rules.french import (
    counted,
    delay_in_words,
    duration_in_words,
    listed,
    moment_there,
    opening_hours_in_words,
    plural,
    soon_there,
    zone_in_words,
)
from caseload.enums import Urgency
from caseload.models import Cover, Placement
from caseload.reads.moves.who_answers import away_now, relay_of
from caseload.rules.portfolio import REPLY_WITHIN, reply_urgency
from messaging.models import OF_A_MESSAGE, Conversation, ConversationQuerySet, Message, MessageChange, ReadMark
from messaging.reads.attachments import AttachmentItem, attached_to, with_left
from messaging.reads.changes import DELETED, last_text_of, with_changes
from messaging.reads.handling import kept_in_words, reminded_at
from messaging.reads.participants import Participants, opening_stretches, times_of
from messaging.reads.planned import Door, PlannedItem, answers_planned, door_of, planned_in
from messaging.rules import CHANGE_WITHIN

SHOWN = 100
"""Messages on a page; a link leads to older ones."""

MOST_SHOWN = 400
"""The most messages on a page that begins at the first unread one."""
CONTEXT = 5
"""Messages that have been read, above the first unread one."""

ANSWER_DELAY = f"Délai pour répondre\u00a0: {delay_in_words(REPLY_WITHIN)}. Sans réponse, demandez un appel."
"""What the page promises to a person who writes, and what to do if the promise is not kept."""

SPACES = re.compile(r"[ \t\n]+")
"""A no-break space is none of these: it holds an hour together."""

EXCERPT = 90
"""Characters of the last message that a list shows."""


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """One message as this reader sees it."""

    message: Message
    ours: bool
    mine: bool
    day: date | None
    """The day, if it differs from that of the message before."""
    first_unread: bool
    state: str
    """Under the reader's own last message: `Lu` or `Envoyé`."""
    can_change: bool
    """Whether the reader may still change or delete it."""

    @property
    def seconds_left(self) -> int:
        """For how long it may be changed."""
        left: timedelta = self.message.created_at + CHANGE_WITHIN - timezone.now()
        return int(left.total_seconds())

    attachments: Sequence[AttachmentItem]


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A conversation as one reader sees it."""

    conversation: Conversation
    reader: User
    zone: ZoneInfo
    bubbles: Sequence[Bubble]
    last: int
    """Number of the newest message on the page; the live part continues after it."""
    read_by_other: int
    marked: int
    older_before: int | None
    older_unread: int
    """How many unseen messages the reader has before this page."""
    newer: bool
    hint: str
    can_write: bool
    door: Door | None
    """Whether the agency is open, for an adviser who writes; None if it has no hours."""
    planned: Sequence[PlannedItem]
    """What waits until it opens, as this reader may see it."""
    answer_at: str = ""
    """Where the form without scripts leads, if not to the conversation itself."""

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The person's time zone; on a jobseeker's page also the adviser's."""
        return self.person.zones

    @property
    def clocks(self) -> tuple[ZoneInfo, ...]:
        """The time zones of both sides, for the script that shows new messages."""
        return (*self.zones, *other_zones())

    @property
    def zone_words(self) -> str:
        return zone_in_words(self.zone)

    @property
    def person(self) -> Jobseeker:
        person: Jobseeker = self.conversation.jobseeker
        return person

    @property
    def unread(self) -> int:
        return self.older_unread + sum(
            1
            for bubble in self.bubbles
            if bubble.message.number > self.marked and not bubble.mine and not bubble.message.is_deleted
        )


def thread_for(
    reader: User,
    conversation: Conversation,
    who: Participants,
    *,
    before: int | None = None,
    around: int | None = None,
    shown: int = SHOWN,
) -> Thread:
    """Return the newest messages, those before a number, or those around one.

    The newest ones begin at the first unread message, however many came since, up to `MOST_SHOWN`. Load
    `jobseeker__agency__departement__region`.
    """
    zone = reader_zone()
    marked = (
        Conversation.objects.filter(pk=conversation.pk)
        .values_list(known_to(reader, now=timezone.now()), flat=True)
        .get()
    )
    if around is not None and around + shown // 2 <= conversation.last_number:
        before = around + shown // 2
    elif around is not None:
        shown = max(shown, min(conversation.last_number - around + 1, shown // 2))
    elif before is None:
        shown = max(shown, min(conversation.last_number - marked + CONTEXT, MOST_SHOWN))
    messages = Message.objects.filter(conversation=conversation).select_related("author").order_by("-number")
    if before is not None:
        messages = messages.filter(number__lt=before)
    page = list(reversed(messages[:shown]))
    if conversation.last_change:
        page = with_changes(page)
    by_person, by_staff = read_numbers([conversation])[conversation.pk]
    read_by_other = by_staff if reader.is_jobseeker else by_person
    first = page[0].number if page else 0
    earlier = Message.objects.filter(conversation=conversation, number__gt=marked, number__lt=first)
    can_write = bool(who.staff) and reader.pk in who.writers
    return Thread(
        conversation=conversation,
        reader=reader,
        zone=zone,
        bubbles=_bubbles(
            page, reader, zone, marked=marked, read_by_other=read_by_other, writes=reader.pk in who.writers
        ),
        last=page[-1].number if page else 0,
        read_by_other=read_by_other,
        marked=marked,
        older_before=first if first > 1 else None,
        older_unread=earlier.standing().exclude(author=reader).count() if first > marked + 1 else 0,
        newer=bool(page) and page[-1].number < conversation.last_number,
        hint=_who_answers(conversation, reader, who) if who.staff != {reader.pk} else "",
        can_write=can_write,
        door=door_of(conversation.jobseeker, now=timezone.now()) if can_write and not reader.is_jobseeker else None,
        planned=planned_in(conversation, reader),
    )


def _bubbles(
    messages: list[Message], reader: User, zone: ZoneInfo, *, marked: int, read_by_other: int, writes: bool
) -> list[Bubble]:
    own_last = max((message.number for message in messages if message.author_id == reader.pk), default=0)
    files = attached_to(messages)
    with_left(messages)
    bubbles = []
    changeable_from = timezone.now() - CHANGE_WITHIN
    day: date | None = None
    unread_said = False
    for message in messages:
        mine = message.author_id == reader.pk
        its_day = message.created_at.astimezone(zone).date()
        first_unread = not unread_said and not mine and message.number > marked and not message.is_deleted
        unread_said = unread_said or first_unread
        state = ""
        if message.number == own_last:
            state = "Lu" if read_by_other >= message.number else "Envoyé"
        bubbles.append(
            Bubble(
                message=message,
                ours=message.author.is_jobseeker == reader.is_jobseeker,
                mine=mine,
                day=its_day if its_day != day else None,
                first_unread=first_unread,
                state=state,
                can_change=writes and mine and not message.is_deleted and message.created_at > changeable_from,
                attachments=files.get(message.pk, ()),
            )
        )
        day = its_day
    return bubbles


def _who_answers(conversation: Conversation, reader: User, who: Participants) -> str:
    """Return the sentence above the composer: who answers and when, or for staff who else reads."""
    people = {user.pk: user.full_name for user in User.objects.filter(pk__in=who.staff)}
    follower = people.get(who.follower or 0, "")
    covering = [people[pk] for pk in sorted(who.covering) if pk in people]
    if reader.pk in who.reading - who.writers:
        answers = f"{listed(people.values()) or 'personne ne'} {plural(len(people), 'répond,répondent')}"
        return f"Vous lisez sans pouvoir écrire\u00a0: {answers}."
    if not reader.is_jobseeker:
        others = [people[pk] for pk in sorted(who.staff - {reader.pk}) if pk in people]
        return f"Lue aussi par {listed(others)}." if others else ""
    if not people:
        return "Aucun conseiller ne vous accompagne pour le moment\u00a0: adressez-vous à votre agence."
    hours = opening_hours_in_words(opening_stretches(conversation.jobseeker.agency))
    when = f" {hours}" if hours else ""
    away = away_now(conversation.jobseeker, now=timezone.now())
    expected = _expected(conversation, now=timezone.now())
    if away is not None:
        within = f" Réponse{when}. {ANSWER_DELAY} {expected}" if covering else ""
        return f"{away.sentence}{within}"
    if not follower:
        return f"{listed(covering)} vous {plural(len(covering), 'répond,répondent')}{when}. {expected}"
    return f"{follower} vous répond{when}. {ANSWER_DELAY} {expected}"


def _expected(conversation: Conversation, *, now: datetime) -> str:
    """Return until when the person's message, or one that they write now, is to be answered, on their own clock."""
    person: Jobseeker = conversation.jobseeker
    due_at = _due(conversation)
    if due_at is not None and due_at <= now:
        return "La réponse à votre message est en retard\u00a0: vous pouvez demander un appel."
    told = moment_there(due_at or times_of(person, now).due_at, zone=reader_zone(), others=other_zones())
    if due_at is None:
        return f"Pour un message écrit maintenant, la réponse est attendue avant le {told}."
    return f"La réponse à votre message est attendue avant le {told}."


@dataclass(frozen=True, kw_only=True)
class ListLine:
    """One conversation of an adviser's list."""

    conversation: Conversation
    excerpt: str
    last_at: datetime | None
    from_person: bool
    collective: bool
    unread: int
    waits: str
    """How long the person has been waiting for an answer, or empty."""
    answer_by: str
    """Until when the answer is due, or an empty string once the 72 hours are over."""
    urgency: Urgency | None
    relay: str
    """The adviser whom the reader replaces, or an empty string."""
    planned: str
    """Which answer is planned, or an empty string."""
    kept: str
    """What the reader decided to do about it later, or an empty string."""


def list_lines(user: User, *, now: datetime, words: str = "", limit: int) -> list[ListLine]:
    """Return a member of staff's conversations that contain a message: longest wait first, then newest first."""
    conversations: ConversationQuerySet = (
        Conversation.objects.visible_to(user)
        .filter(last_number__gt=0)
        .select_related("jobseeker__agency__departement__region")
    )
    if words:
        conversations = conversations.matching(words)
    return _lines(conversations, user, now=now, limit=limit)


def waiting_lines(user: User, *, now: datetime, limit: int) -> list[ListLine]:
    """Return what waits for an adviser now: answers and reminders that are due, longest wait first."""
    waiting = Conversation.objects.all().to_handle(user, now=now, risen=True)
    return _lines(waiting.select_related("jobseeker__agency__departement__region"), user, now=now, limit=limit)


def _lines(conversations: ConversationQuerySet, user: User, *, now: datetime, limit: int) -> list[ListLine]:
    last = Message.objects.filter(conversation=OuterRef("pk"), number=OuterRef("last_number"))
    rows = conversations.annotate(
        last_body=Coalesce(
            Subquery(last.annotate(now=last_text_of("pk")).values("now")[:1]), Subquery(last.values("body")[:1])
        ),
        last_attached=Subquery(last.exclude(pk__in=MessageChange.objects.deleted()).values("attached")[:1]),
        last_at=Subquery(last.values("created_at")[:1]),
        last_role=Subquery(last.values("author__role")[:1]),
        last_collective=Subquery(last.values("collective")[:1]),
        unread=unread_by(user),
        relay=relay_of(user, now=now),
        reminded_at=reminded_at(user),
    ).order_by(F("awaiting_reply_since").asc(nulls_last=True), F("last_at").desc(nulls_last=True), "pk")[:limit]
    planned = answers_planned([row.pk for row in rows], user)
    return [
        ListLine(
            conversation=row,
            excerpt=_excerpt(row.last_body, attached=row.last_attached or 0),
            last_at=row.last_at,
            from_person=row.last_role == "jobseeker",
            collective=bool(row.last_collective),
            unread=row.unread,
            waits=duration_in_words(now - row.awaiting_reply_since) if row.awaiting_reply_since else "",
            answer_by=_answer_by(row, now),
            urgency=_urgency(row, now),
            relay=row.relay or "",
            planned=planned.get(row.pk, ""),
            kept=kept_in_words(row.reminded_at, zone=row.jobseeker.agency.zone, now=now),
        )
        for row in rows
    ]


def unread_by(user: User) -> Coalesce:
    """Return the expression that counts the messages of others that a user has not read."""
    unread = (
        Message.objects.filter(
            Q(conversation=OuterRef("pk")),
            Q(number__gt=known_to(user, now=timezone.now(), conversation=OuterRef("pk"), person=OuterRef("jobseeker"))),
            ~Q(author=user),
        )
        .standing()
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Coalesce(Subquery(unread, output_field=IntegerField()), 0)


def known_to(
    user: User, *, now: datetime, conversation: str | OuterRef = "pk", person: str | OuterRef = "jobseeker"
) -> Greatest:
    """Return the expression for the number up to which nothing of a conversation is new to a user.

    This is the user's own mark. Messages that a colleague read before the user took over are not new; messages that no
    member of staff has read are. `conversation` and `person` are where the query of conversations has them, so that
    PostgreSQL looks each fact up once per conversation, and not once per message.
    """
    here, its_person = OuterRef(OuterRef(conversation)), OuterRef(OuterRef(person))
    mark = Subquery(ReadMark.objects.filter(conversation=OuterRef(conversation), user=user).values("number")[:1])
    if user.is_jobseeker:
        return Greatest(Coalesce(mark, 0), 0)
    by_staff = (
        ReadMark.objects.filter(conversation=here)
        .exclude(user__role=Role.JOBSEEKER)
        .order_by("-number")
        .values("number")[:1]
    )
    placed = (
        Placement.objects.open()
        .filter(portfolio__adviser__user=user, jobseeker=its_person)
        .order_by("-started_at")
        .values("started_at")[:1]
    )
    covered = (
        Cover.objects.running_at(now)
        .of_person(its_person)
        .filter(colleague__user=user)
        .order_by("-starts_on")
        .values("starts_on")[:1]
    )
    before = Q(created_at__lt=Subquery(placed)) | Q(created_on__lt=Subquery(covered))
    history = Subquery(
        Message.objects.filter(conversation=OuterRef(conversation), number__lte=Subquery(by_staff))
        .annotate(created_on=Cast("created_at", DateField()))
        .filter(before)
        .order_by("-number")
        .values("number")[:1]
    )
    return Greatest(Coalesce(mark, 0), Coalesce(history, 0))


def _due(row: Conversation) -> datetime | None:
    if row.awaiting_reply_since is None:
        return None
    return row.reply_due_at or row.awaiting_reply_since + REPLY_WITHIN


def _urgency(row: Conversation, now: datetime) -> Urgency | None:
    """Return the urgency of an answer: once half of the time has passed, it is for today."""
    due_at = _due(row)
    if due_at is None:
        return None
    urgency = reply_urgency(due_at, now.astimezone(reader_zone()))
    risen = row.reply_desk_at is not None and row.reply_desk_at <= now
    return Urgency.TODAY if risen and urgency != Urgency.LATE else urgency


def _answer_by(row: Conversation, now: datetime) -> str:
    due_at, zone = _due(row), reader_zone()
    if due_at is None or due_at <= now:
        return ""
    return soon_there(due_at, zone=zone, today=now.astimezone(zone).date(), others=row.jobseeker.zones, style="D j")


def _excerpt(body: str, *, attached: int) -> str:
    line = SPACES.sub(" ", body).strip() or (
        counted(attached, "une pièce jointe,pièces jointes") if attached else DELETED
    )
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1].rstrip()}…"


def people_without_conversation(user: User, words: str, *, limit: int) -> list[Jobseeker]:
    """Return the people who match a search and have no message yet."""
    people = Jobseeker.objects.visible_to(user).filter(Q(conversation=None) | Q(conversation__last_number=0))
    people = people.filter(named(words_of(words)))
    return list(people.order_by("last_name", "first_name", "pk")[:limit])


def read_numbers(conversations: Iterable[Conversation]) -> dict[int, tuple[int, int]]:
    """Return, for each conversation, how far the person and the staff have read; load `jobseeker` with them."""
    marks = {conversation.pk: [0, 0] for conversation in conversations}
    rows = (
        ReadMark.objects.filter(conversation__in=marks)
        .values_list("conversation_id", "user__role")
        .annotate(furthest=Max("number"))
    )
    for conversation_id, role, furthest in rows:
        side = 0 if role == "jobseeker" else 1
        marks[conversation_id][side] = max(marks[conversation_id][side], furthest)
    return {pk: (by_person, by_staff) for pk, (by_person, by_staff) in marks.items()}


AFTER = Statement(
    "SELECT asked.conversation, asked.number, message.*, account.role, account.first_name, account.last_name"  # noqa: S608
    " FROM unnest(%(conversations)s::bigint[], %(numbers)s::integer[]) AS asked(conversation, number)"
    f" CROSS JOIN LATERAL (SELECT {', '.join(OF_A_MESSAGE)} FROM messaging_message"
    "  WHERE conversation_id = asked.conversation AND messaging_message.number > asked.number"
    "  ORDER BY messaging_message.number LIMIT %(most)s) message"
    " JOIN accompaniment_user account ON account.id = message.author_id"
    " ORDER BY asked.conversation, asked.number, message.number"
)


def messages_after(askings: Collection[tuple[int, int]], *, most: int) -> dict[tuple[int, int], list[Message]]:
    """Return the messages after a number of a conversation, in order and with their authors, for each such pair."""
    found: dict[tuple[int, int], list[Message]] = defaultdict(list)
    if askings:
        conversations, numbers = zip(*askings, strict=True)
        for conversation, number, *row in AFTER.send(
            conversations=list(conversations), numbers=list(numbers), most=most
        ):
            message = Message.from_db("default", OF_A_MESSAGE, row[: len(OF_A_MESSAGE)])
            role, first_name, last_name = row[len(OF_A_MESSAGE) :]
            message.author = User(pk=message.author_id, role=role, first_name=first_name, last_name=last_name)
            found[conversation, number].append(message)
    return found


@dataclass(frozen=True, kw_only=True)
class News:
    """What is new in a person's own conversation. `last_at`: when the newest message came; None without any."""

    unread: int
    last_at: datetime | None


def news_of(person: Jobseeker, reader: User) -> News:
    """Return what is new in the conversation of a person for its reader, the person."""
    newest = Message.objects.filter(conversation=OuterRef("pk"), number=OuterRef("last_number"))
    found = (
        Conversation.objects.filter(jobseeker=person)
        .annotate(unread=unread_by(reader), last_at=Subquery(newest.values("created_at")))
        .values_list("unread", "last_at")
        .first()
    )
    unread, last_at = found or (0, None)
    return News(unread=unread, last_at=last_at)
