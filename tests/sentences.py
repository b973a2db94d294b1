"""What a jobseeker reads: each page, refusal and letter as sentences, without what people have typed."""

import re
from collections.abc import Callable, Iterator
from html import unescape

from django.test import Client
from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, Notification, User
from accompaniment.services import addresses, outbox
from messaging.services.delivery import letter_for
from tests.access.house import ACTORS, House
from tests.access.table import TABLE
from tests.accompaniment.factories import JobseekerFactory
from tests.messaging.notifications import CONTEXTS

TO_STAFF = frozenset(
    {
        NotificationKind.COVER_SET,
        NotificationKind.PEOPLE_LEFT,
        NotificationKind.PEOPLE_RECEIVED,
        NotificationKind.RELAY_MISSING,
        NotificationKind.VOLUNTEER_LAPSED,
    }
)
"""Letters that no jobseeker gets."""

OTHER_ADDRESS = "autre@exemple.fr"

OF_A_PERSON = (
    "space",
    "panel_next_step",
    "space_adviser_panel",
    "my_interviews",
    "my_accompaniment",
    "acceptance",
    "leave_track",
    "ask_callback",
    "take_interview",
    "ask_on_site",
    "conversations",
    "own_data",
)
"""Pages that change with the state of the person."""

UNSEEN = re.compile(r"<(script|style|template|code|kbd)\b.*?</\1>|<!--.*?-->", re.DOTALL)
ASIDE = re.compile(r"</?(?:b|strong|a|span|bdi|em|time|abbr|s|q|small)\b[^>]*>")
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
SPACES = re.compile(r"[ \t\r\f]+")
END = re.compile(r"(?<=[.!?…])[^\S\u00a0]+|\n+")
WORD = re.compile(r"[^\W\d_][\w'’.@-]*|\d[\d\u00a0,.]*")


def lines_of(page: str) -> Iterator[str]:
    """Yield each visible or spoken line of a page, with single spaces."""
    page = UNSEEN.sub(" ", page)
    yield from (unescape(spoken) for spoken in SPOKEN.findall(page))
    for line in re.sub(r"<[^>]*>", "\n", ASIDE.sub("", page.replace("\n", " "))).split("\n"):
        said = SPACES.sub(" ", unescape(line)).strip()
        if said:
            yield said


def sentences_of(text: str) -> Iterator[str]:
    """Yield the sentences of a text."""
    yield from (sentence.strip() for sentence in END.split(text) if sentence.strip())


def length_of(sentence: str) -> int:
    """Return the number of words. A colon or a semicolon parts two ideas, as a full stop does."""
    return max(len(WORD.findall(part)) for part in re.split(r"\s[:;](?=\s|$)", sentence))


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def pages_of_the_house(house: House) -> Iterator[tuple[str, str]]:
    """Yield every page that a jobseeker can open, and what each form answers to nothing at all, by name."""
    client = client_of(house.owner.user)
    for name, row in TABLE.items():
        for method, statuses in (("GET", row.get), ("POST", row.post)):
            status = statuses.split()[ACTORS.index("owner")]
            if name in {"certificate", "own_document"} or status not in {"200", "403", "404", "409", "410", "422"}:
                continue
            answer = client.generic(
                method, reverse(name, args=row.args(house)), content_type="application/x-www-form-urlencoded"
            )
            if not answer.streaming and "html" in answer["Content-Type"]:
                yield f"{method} {name}", answer.content.decode()


def pages_in_state(state: Callable[[], Jobseeker]) -> Iterator[tuple[str, str]]:
    """Yield the pages of a person in one state, by name."""
    client = client_of(state().user)
    for name in OF_A_PERSON:
        answer = client.get(reverse(name), follow=True)
        if answer.status_code == 200:
            yield f"{state.__name__}: {name}", answer.content.decode()


def letters() -> Iterator[tuple[str, str]]:
    """Yield every letter that a jobseeker can get, with both sides of each condition, by kind."""
    person = JobseekerFactory(with_account=True, first_name="Awa")
    addresses.ask_change(actor=person.user, address=OTHER_ADDRESS)
    for kind in sorted(set(CONTEXTS) - TO_STAFF):
        context = CONTEXTS[kind]
        turned = [name for name, value in context.items() if isinstance(value, bool)]
        for changed in ({}, *({name: not context[name]} for name in turned)):
            key = f"{kind} {', '.join(changed)}".strip()
            outbox.notify(
                key=key,
                kind=kind,
                email=OTHER_ADDRESS if kind == NotificationKind.ADDRESS_TO_CONFIRM else person.email,
                user=person.user,
                jobseeker=person,
                context={**context, **changed},
            )
            letter = letter_for(Notification.objects.get(key=key))
            yield key, f"{letter.subject}\n{letter.body}"
