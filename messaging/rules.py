"""Pure decisions of the messaging floor: no database, no clock."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, grouped, listed, plural
from accompaniment.rules.public_holidays import is_public_holiday
from messaging.enums import AttemptOutcome, CallbackState, CallbackWay, LeftFor, Placeholder

BODY_LIMIT = 5000
"""Characters of one message."""


CHANGE_WITHIN = timedelta(minutes=15)
"""How long the author of a message may change or delete it."""
SETTLED_AFTER = timedelta(minutes=2)
"""How long after that a change is committed for certain: longer than any transaction of a page."""
CHANGES_AT_MOST = 20
"""How often one message may be changed."""

ATTACHMENTS_AT_MOST = 5
"""Files of one message."""


PIECES_NAMED_AT_MOST = 10
"""Files of one e-mail that are named if they were not taken over. The others are counted."""


class RefusedFileError(DomainError):
    """A file is not stored, because of what it is or how many there are; nothing is kept of it."""

    def __init__(self, sentence: str, why: LeftFor) -> None:
        super().__init__(sentence, about="uploads")
        self.why = why


def email_note(pieces_left: int, named: Sequence[tuple[str, LeftFor]] = ()) -> str:
    """Return what stands under a message that came by e-mail.

    `pieces_left`: how many of its files were not taken over; `named`: those of them that are known, with the reason.
    """
    if named:
        listed_ones = [f"«\u00a0{name}\u00a0» ({why.label})" for name, why in named]
        if pieces_left > len(named):
            listed_ones.append(f"{counted(pieces_left - len(named), 'un autre,autres')}")
        return (
            f"Par e-mail. {plural(pieces_left, 'Fichier non repris,Fichiers non repris')}\u00a0: {listed(listed_ones)}."
        )
    match pieces_left:
        case 0:
            return "Par e-mail"
        case 1:
            return "Par e-mail. La pièce jointe n'a pas été reprise."
        case _:
            return f"Par e-mail. Les {grouped(pieces_left)} pièces jointes n'ont pas été reprises."


# --- Canned replies -------------------------------------------------------------------------------

REPLIES_AT_MOST = 50
"""Canned replies of one adviser, or of one agency."""
REPLY_NAME_LIMIT = 60
REPLY_LIMIT = 2000
"""Characters of a canned reply, before it is filled in."""

KNOWN_PLACEHOLDERS = re.compile("|".join(re.escape(one.written) for one in Placeholder))
ONLY_KNOWN_PLACEHOLDERS = rf"^([^{{}}]|\{{({'|'.join(Placeholder.values)})\}})*$"
"""What the text of a canned reply must match: no brace but those of known placeholders (also a CHECK)."""


def unknown_placeholder(text: str) -> str:
    """Return the sentence about what stands between braces and is no placeholder; empty if there is none."""
    left = KNOWN_PLACEHOLDERS.sub("", text)
    if not re.search("[{}]", left):
        return ""
    unknown = list(dict.fromkeys(re.findall(r"\{[^{}]*\}", left)))
    exist = plural(len(unknown), "n'existe pas,n'existent pas")
    what = f"{listed(unknown)} {exist}." if unknown else "Une accolade est seule."
    return f"{what} Entre accolades, vous pouvez écrire\u00a0: {', '.join(one.written for one in Placeholder)}."


def filled_in(text: str, values: Mapping[Placeholder, str]) -> str:
    """Return the text with the values of its placeholders. A placeholder without a value stays."""
    return KNOWN_PLACEHOLDERS.sub(lambda found: values.get(Placeholder(found[0][1:-1]), "") or found[0], text)


def placeholders_in(text: str) -> list[Placeholder]:
    """Return the placeholders that stand in a text, each once."""
    return [Placeholder(name[1:-1]) for name in dict.fromkeys(KNOWN_PLACEHOLDERS.findall(text))]


def left_to_fill(text: str) -> str:
    """Return the sentence about placeholders that a message still holds; empty if there is none.

    `static/messaging/field.js` says the same.
    """
    names = [one.written for one in placeholders_in(text)]
    if not names:
        return ""
    instead = plural(len(names), "à sa place ou retirez-le,à leur place ou retirez-les")
    return f"À compléter avant l'envoi\u00a0: {', '.join(names)}. Écrivez ce qui convient {instead}."


# --- Opening hours --------------------------------------------------------------------------------


@dataclass(frozen=True, order=True, kw_only=True)
class Stretch:
    """A stretch of a weekday (0 = Monday) in which an agency answers, in wall-clock time."""

    weekday: int
    opens_at: time
    closes_at: time


@dataclass(frozen=True, order=True, kw_only=True)
class Opening:
    """A time in which an agency is open without a break: [starts_at, ends_at), instants in UTC."""

    starts_at: datetime
    ends_at: datetime


OPENINGS_AHEAD = timedelta(days=60)
"""How far the next opening is looked for. No agency closes for longer, and a later one is not promised."""


def openings_from(
    stretches: Iterable[Stretch], *, zone: ZoneInfo, holidays_subdivision: str, now: datetime
) -> Iterator[Opening]:
    """Yield the opening that runs at `now`, if there is one, and those after it, in the order of time.

    Hours are wall-clock times in the agency's zone; on a public holiday of its département it stays closed. An agency
    without hours has no opening.
    """
    by_day: dict[int, list[Stretch]] = {}
    for stretch in sorted(stretches):
        by_day.setdefault(stretch.weekday, []).append(stretch)
    day = now.astimezone(zone).date()
    last = day + OPENINGS_AHEAD
    while by_day and day <= last:
        if not is_public_holiday(day, holidays_subdivision):
            for stretch in by_day.get(day.weekday(), ()):
                starts, ends = (
                    datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
                    for at in (stretch.opens_at, stretch.closes_at)
                )
                if starts < ends and now < ends:
                    yield Opening(starts_at=starts, ends_at=ends)
        day += timedelta(days=1)


# --- Call-backs -----------------------------------------------------------------------------------

CALLBACK_TRANSITIONS: dict[CallbackState, frozenset[CallbackState]] = {
    CallbackState.OPEN: frozenset(CallbackState),
    CallbackState.CLAIMED: frozenset(CallbackState) - {CallbackState.CLAIMED},
    CallbackState.DONE: frozenset(),
    CallbackState.UNREACHED: frozenset(),
    CallbackState.CANCELLED: frozenset(),
}
"""An open request stays open when the person changes it, and after an attempt that did not reach the person."""

OPEN_CALLBACKS = frozenset({CallbackState.OPEN, CallbackState.CLAIMED})

CLAIM_LASTS = timedelta(minutes=15)
"""A claim lapses this long after it was made if no attempt was recorded."""

ATTEMPTS_BEFORE_CLOSING = 3
DAYS_OF_ATTEMPTS = 2
"""A request is closed as not reached after so many attempts on so many different days."""

TEAM_SHARE = 0.5
MANAGER_SHARE = 0.8
"""The shares of the promised time after which the team, then the managers of the region see a request."""

WAYS_WITH_NUMBER = frozenset({CallbackWay.PHONE, CallbackWay.RELAY_TEXT, CallbackWay.RELAY_SIGNS})

OUTCOMES: dict[CallbackWay, tuple[AttemptOutcome, ...]] = {
    CallbackWay.PHONE: tuple(AttemptOutcome),
    CallbackWay.RELAY_TEXT: tuple(AttemptOutcome),
    CallbackWay.RELAY_SIGNS: tuple(AttemptOutcome),
    CallbackWay.VIDEO: (AttemptOutcome.REACHED, AttemptOutcome.NO_ANSWER),
    CallbackWay.CHAT: (AttemptOutcome.REACHED,),
}
"""What can come of an attempt, by the way in which it is made. A written answer is always received."""

WINDOW_AT_MOST = timedelta(hours=2)
NOTICE = timedelta(minutes=30)
"""A window can be chosen until this long before it begins."""

OFFERED_DAYS = 5
"""Number of opening days for which call-backs can be requested, today included while a window is left."""

LOOK_AHEAD_DAYS = 30


@dataclass(frozen=True, order=True, kw_only=True)
class Window:
    """A time in which a person can be called back: [starts_at, ends_at), instants in the agency's zone."""

    starts_at: datetime
    ends_at: datetime


def callback_windows(
    stretches: Iterable[Stretch], *, zone: ZoneInfo, holidays_subdivision: str, now: datetime
) -> list[Window]:
    """Return the windows in which a call-back can be asked for now, in the order of time.

    They lie in the agency's opening hours of the next `OFFERED_DAYS` days on which it opens; public holidays are
    those of its département. A long stretch is cut into equal windows of `WINDOW_AT_MOST`.
    """
    stretches = sorted(stretches)
    today = now.astimezone(zone).date()
    offered: list[Window] = []
    days = 0
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if is_public_holiday(day, holidays_subdivision):
            continue
        of_day = [
            window
            for stretch in stretches
            if stretch.weekday == day.weekday()
            for window in _cut(day, stretch, zone)
            if window.starts_at >= now + NOTICE
        ]
        if of_day:
            offered += of_day
            days += 1
        if days == OFFERED_DAYS:
            break
    return offered


def risen_at(windows: Iterable[Window], share: float) -> datetime:
    """Return the instant at which a share of the windows' whole time has passed.

    Only the time inside the windows counts, so it runs in the agency's opening hours and never on a public holiday.
    Raises ValueError without a window.
    """
    windows = sorted(windows)
    if not windows:
        raise ValueError("a request has at least one window")
    left = sum((window.ends_at - window.starts_at for window in windows), timedelta()) * share
    for window in windows:
        length = window.ends_at - window.starts_at
        if left <= length:
            return window.starts_at + left
        left -= length
    return windows[-1].ends_at


def windows_after_attempt(
    windows: Iterable[Window], *, offered: Iterable[Window], zone: ZoneInfo, now: datetime
) -> list[Window]:
    """Return the windows in which to try again after an attempt that did not reach the person.

    They are the chosen ones that have not begun yet. If there is none, it is the window of the agency's next opening
    day with the same hour; if that day has none with this hour, its first one. If the agency offers nothing any more,
    the windows stay as they are.
    """
    windows = sorted(windows)
    later = [window for window in windows if window.starts_at > now]
    if later:
        return later
    today = now.astimezone(zone).date()
    days = sorted(window for window in offered if window.starts_at.astimezone(zone).date() > today)
    if not days:
        return windows
    hour = windows[-1].starts_at.astimezone(zone).time()
    next_day = days[0].starts_at.astimezone(zone).date()
    of_day = [window for window in days if window.starts_at.astimezone(zone).date() == next_day]
    same = [one for one in of_day if _hour(one.starts_at, zone) <= hour < _hour(one.ends_at, zone)]
    return [(same or of_day)[0]]


def _hour(at: datetime, zone: ZoneInfo) -> time:
    return at.astimezone(zone).time()


def closes_unreached(attempts: Iterable[datetime], *, zone: ZoneInfo) -> bool:
    """Tell whether these attempts, none of which reached the person, are enough to close the request."""
    days = [at.astimezone(zone).date() for at in attempts]
    return len(days) >= ATTEMPTS_BEFORE_CLOSING and len(set(days)) >= DAYS_OF_ATTEMPTS


def _cut(day: date, stretch: Stretch, zone: ZoneInfo) -> list[Window]:
    """Cut a stretch into equal windows, on whole minutes of the wall clock; the clock change may shorten one."""
    opens = datetime.combine(day, stretch.opens_at)
    length = datetime.combine(day, stretch.closes_at) - opens
    parts = -(-length // WINDOW_AT_MOST)
    edges = [opens + (length * part // parts) for part in range(parts + 1)]
    instants = [edge.replace(second=0, microsecond=0, tzinfo=zone).astimezone(UTC).astimezone(zone) for edge in edges]
    return [Window(starts_at=start, ends_at=end) for start, end in pairwise(instants) if end > start]


@dataclass
class Bucket:
    """A token bucket: a socket may send `burst` frames at once, then `per_second`, counted from `at`."""

    burst: int
    per_second: float
    at: float

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Take a token at `now` (seconds of a monotonic clock); return False if there is none."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
