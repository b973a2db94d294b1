"""One appointment has one hour: each reader's own, with the zone if the other side's hour differs; days too.

All test data is of one instant. This is another hour in each zone, and another day in La Réunion, so a page that
forgets its reader shows a wrong hour.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, Notification, Region, User
from accompaniment.rules.french import NO_BREAK, hour_in_words, weekday_in_words, zone_in_words
from accompaniment.services import addresses, outbox
from caseload.reads.zones import zone_of, zone_of_recipient
from caseload.views.reader_zone import _one_account
from messaging.models import CallbackRequest, CallbackWindow
from messaging.services.delivery import letter_for
from tests.access.house import ACTORS, House, build_house
from tests.access.table import TABLE
from tests.accompaniment.factories import AgencyFactory, RegionFactory, UserFactory
from tests.caseload.factories import AdviserFactory, ManagerFactory
from tests.french_examples import wrong_words
from tests.messaging.factories import request_row, say
from tests.messaging.notifications import CONTEXTS
from tests.visio.factories import InterviewFactory
from visio.models import Interview
from visio.services.notices import (
    send_absence_decided,
    send_absence_noted,
    send_cancellation,
    send_convocation,
    send_new_adviser,
)

pytestmark = pytest.mark.django_db

PARIS, REUNION, MARTINIQUE = (ZoneInfo(key) for key in ("Europe/Paris", "Indian/Reunion", "America/Martinique"))
PLACES = (PARIS, REUNION, MARTINIQUE)
NOW = datetime(2026, 12, 1, 21, 17, tzinfo=UTC)
"""A Tuesday: 22 h 17 in Paris, 17 h 17 in Martinique, and Wednesday, 1 h 17, in La Réunion."""


def spaces(text: str) -> str:
    return text.replace(NO_BREAK, " ").replace("&nbsp;", " ")


def read(page: str) -> str:
    """Return the visible text of a page."""
    page = re.sub(r"<(script|style|template)\b.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "\n", page))


def hour(at: datetime, zone: ZoneInfo) -> str:
    return spaces(hour_in_words(at.astimezone(zone)))


def hours_elsewhere(place: ZoneInfo) -> re.Pattern[str]:
    """Return a pattern that finds the hour of `NOW`, or up to half an hour later, as other places read it."""
    others = [zone for zone in (*PLACES, ZoneInfo("UTC")) if zone != place]
    found = {hour(NOW + timedelta(minutes=more), zone) for zone in others for more in (0, 5, 35)}
    return re.compile(rf"(?<!\d)(?:{'|'.join(sorted(found))})(?!\d)")


def named(place: ZoneInfo) -> re.Pattern[str]:
    """Return a pattern that finds an hour of `NOW` without its zone; a span names the zone at its end."""
    hours = "|".join(sorted({hour(NOW + timedelta(minutes=more), place) for more in (0, 5, 35)}))
    zone = re.escape(f" ({zone_in_words(place)})")
    return re.compile(rf"(?<!\d)(?:{hours})(?!\d)(?!{zone})(?! (?:–|et) \d+ h(?: \d\d)?{zone})")


NOBODY_ELSE_S = {
    "imports",
    "import",
    "settings",
    "capacities",
    "consent_texts",
    "lapse_delays",
    "dispatch",
    "message_many",
}
"""Pages of managers without people, and what one has written oneself to people of any zone: nobody else reads their
hours."""


@dataclass(frozen=True)
class Place:
    """The zones of the people and of the staff, and the readers."""

    people: ZoneInfo
    staff: ZoneInfo
    readers: tuple[str, ...]

    def of(self, reader: str) -> ZoneInfo:
        return self.people if reader == "owner" else self.staff


PLACES_OF_THE_HOUSE = (
    Place(REUNION, REUNION, ("owner", "follower", "colleague", "manager")),
    Place(PARIS, PARIS, ("owner", "follower")),
    Place(MARTINIQUE, MARTINIQUE, ("owner", "follower")),
    Place(REUNION, PARIS, ("owner", "follower", "national")),
    Place(MARTINIQUE, REUNION, ("owner", "follower")),
)

NAMED_FOR_NOTHING = re.compile(r"\d \(heure de")


def pages_of(house: House, reader: str, files: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every page that a reader can open. A URL known to serve a file is skipped."""
    client = Client()
    client.force_login(house.users[reader])
    for name, row in TABLE.items():
        if name in files or row.get.split()[ACTORS.index(reader)] != "200":
            continue
        answer = client.get(reverse(name, args=row.args(house)))
        if answer.streaming or "html" not in answer["Content-Type"]:
            files.add(name)
        elif answer.status_code == 200:
            yield name, answer.content.decode()


def test_every_page_shows_the_reader_s_own_hour_and_day_and_names_it_where_the_other_s_differs() -> None:
    """Every URL, with people and staff in one zone, and with people far from the staff.

    The data is built once, because that takes longer than to read it.
    """
    wrong: list[str] = []
    files: set[str] = set()
    with time_machine.travel(NOW):
        house = build_house()
        here = AgencyFactory(region=RegionFactory())
        # In three hours the clock in Paris shows the present hour of La Réunion. No two places are two hours apart.
        CallbackRequest.objects.update(window_ends_at=NOW + timedelta(hours=2), manager_at=NOW + timedelta(hours=2))
        CallbackWindow.objects.update(ends_at=NOW + timedelta(hours=2))
        say(house.conversation, house.owner.user, "Bonjour")
        Interview.objects.filter(pk=house.interview.pk).update(technical_failure_at=NOW)
        for place in PLACES_OF_THE_HOUSE:
            Region.objects.update(timezone=place.staff.key)
            if place.people != place.staff:
                Region.objects.filter(pk=here.region.pk).update(timezone=place.people.key)
                Jobseeker.objects.update(agency=here)
            said = 0
            for reader in place.readers:
                own = place.of(reader)
                day = weekday_in_words(NOW.astimezone(own).date())
                other_day = "mardi 1er décembre" if day.startswith("mercredi") else "mercredi 2 décembre"
                unnamed = named(own) if place.people != place.staff else NAMED_FOR_NOTHING
                mine = hour(NOW, own)
                seen = set()
                for name, answer in pages_of(house, reader, files):
                    page = spaces(answer)
                    seen.add(name)
                    wrong += [f"{name} ({reader}): {words}" for words in wrong_words(read(answer))]
                    said += mine in page
                    looked_for = [hours_elsewhere(own)]
                    if name in NAMED_ONCE:
                        is_named = f"données à l'{zone_in_words(own)}" in html.unescape(page)
                        wrong += [f"{name} ({reader}, {own}): no zone"] * (place.people != place.staff and not is_named)
                    elif name not in NOBODY_ELSE_S | ALWAYS_NAMED:
                        looked_for.append(unnamed)
                    wrong += [
                        f"{name} ({reader}, {own}): {page[max(0, found.start() - 60) : found.end() + 25]}"
                        for pattern in looked_for
                        for found in pattern.finditer(page)
                    ]
                    if name in DAYS_OF.get(reader, ()):
                        wrong += [f"{name} ({reader}, {own}): no {day}"] * (day not in page.lower())
                        wrong += [f"{name} ({reader}, {own}): {other_day}"] * (f"{other_day} à" in page.lower())
                assert seen >= DAYS_OF.get(reader, set())
            assert said >= 10, "too few hours were read to prove anything"
    assert not wrong, "\n".join(wrong)


NAMED_ONCE = {"change_callback"}
"""A form of many hours, which names their zone before the first of them."""

ALWAYS_NAMED = {"certificate"}
"""A document that can be read anywhere."""

DAYS_OF = {"owner": {"my_interviews", "panel_next_step"}, "follower": {"panel_person_interviews"}}
"""Pages that name a day. East of Paris they once showed the day before."""

DJANGO_S_OWN = re.compile(r"\|(?:time\b|date:\s*.(?:[^'\"]*[GHhgPfis]))")
BROWSER_S_OWN = re.compile(r"toLocale(?:Time|Date)String|\.getHours\(|timeStyle")


@pytest.mark.parametrize(
    ("folder", "kind", "forbidden"),
    [("templates", "*.html", DJANGO_S_OWN), ("templates", "*.txt", DJANGO_S_OWN), ("static", "*.js", BROWSER_S_OWN)],
)
def test_hours_are_written_in_one_way_only(folder: str, kind: str, forbidden: re.Pattern[str]) -> None:
    """Neither Django's filters nor the browser's formats know the reader's zone."""
    files = list((settings.BASE_DIR / folder).rglob(kind))
    assert files
    assert [(file.name, found[0]) for file in files for found in forbidden.finditer(file.read_text())] == []


def interview_across(person_zone: ZoneInfo, adviser_zone: ZoneInfo) -> Interview:
    """Return an interview of a person in one zone with an adviser in another."""
    interview = InterviewFactory(starts_at=NOW + timedelta(minutes=5))
    Region.objects.update(timezone=adviser_zone.key)
    home = AgencyFactory(region=RegionFactory(timezone=person_zone.key))
    interview.jobseeker.agency = home
    interview.jobseeker.save(update_fields=["agency"])
    return Interview.objects.with_people().get(pk=interview.pk)


def page_of(user: User, name: str, *args: Any) -> str:
    client = Client()
    client.force_login(user)
    return spaces(client.get(reverse(name, args=args)).content.decode())


def test_each_side_reads_its_own_hour_with_the_name_of_its_zone() -> None:
    with time_machine.travel(NOW, tick=False):
        across, near = interview_across(REUNION, PARIS), InterviewFactory(starts_at=NOW + timedelta(minutes=5))
        assert "Mercredi 2 décembre à 1 h 22 (heure de La Réunion)" in page_of(across.jobseeker.user, "my_interviews")
        assert "à 1 h 22 (heure de La Réunion)" in page_of(across.jobseeker.user, "interview_band")
        assert "22 h 22 (heure de Paris)" in page_of(across.adviser.user, "panel_today")
        assert "(heure de Paris)" not in page_of(near.adviser.user, "panel_today")
        assert "22 h 22" in page_of(near.adviser.user, "panel_today")


def test_a_letter_and_its_subject_say_the_hour_of_whoever_gets_it() -> None:
    with time_machine.travel(NOW, tick=False):
        across = interview_across(REUNION, PARIS)
        send_convocation(across)
        send_cancellation(across)
        letters = [
            letter_for(row)
            for row in Notification.objects.filter(key__startswith="interview-", jobseeker=across.jobseeker)
        ]
        assert len(letters) == 2
        for letter in letters:
            assert "mercredi 2 décembre à 1 h 22 (heure de La Réunion)" in spaces(letter.subject)
            assert "22 h 22" not in spaces(letter.body)
        near = InterviewFactory(starts_at=NOW + timedelta(minutes=5))
        send_convocation(near)
        letter = letter_for(Notification.objects.get(key=f"interview-booked:{near.pk}"))
        assert spaces(letter.subject).endswith("mardi 1er décembre à 22 h 22")


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_letter_of_any_kind_says_the_hour_or_the_day_of_another_place(place: ZoneInfo) -> None:
    with time_machine.travel(NOW, tick=False):
        made = InterviewFactory(starts_at=NOW + timedelta(minutes=5))
        Region.objects.update(timezone=place.key)
        interview = Interview.objects.with_people().get(pk=made.pk)
        person, adviser = interview.jobseeker, interview.adviser.user
        addresses.ask_change(actor=person.user, address="autre@exemple.fr")
        for kind in set(NotificationKind) - {NotificationKind.ADDRESS_TO_CONFIRM}:
            outbox.notify_jobseeker(key=f"{kind}", kind=kind, jobseeker=person, context=CONTEXTS[kind])
        Notification.objects.filter(kind=NotificationKind.INTERVIEW_BOOKED).delete()
        send_convocation(interview, replaces=interview)
        send_cancellation(interview)
        send_new_adviser(interview, instead_of=interview.adviser)
        interview.noted_by, interview.answer_until = adviser, NOW + timedelta(days=15)
        send_absence_noted(interview)
        send_absence_decided(interview, decided_by=adviser, reason="Sans réponse.")
        letters = {row.key: letter_for(row) for row in Notification.objects.select_related("user", "jobseeker")}
    assert len(letters) > len(NotificationKind)
    elsewhere, at = hours_elsewhere(place), (NOW + timedelta(minutes=5)).astimezone(place)
    here, other = weekday_in_words(at.date()), ({1, 2} - {at.day}).pop()
    said = 0
    for key, letter in letters.items():
        assert not list(wrong_words(f"{letter.subject}\n{letter.body}")), key
        text = spaces(f"{letter.subject}\n{letter.body}")
        assert not elsewhere.search(text), key
        if key.startswith(("interview-", "absence-")):
            assert f"{here} à {hour(at, place)}" in text or f"Jour : {here}" in text, key
            assert not re.search(rf"\b{other}(?:er)? décembre à", text), key
            said += 1
    assert said == 5


def test_a_call_back_names_the_zone_where_the_adviser_reads_another_hour() -> None:
    with time_machine.travel(NOW, tick=False):
        across = interview_across(REUNION, PARIS).jobseeker
        request = request_row(across, starts_at=NOW + timedelta(hours=10), ends_at=NOW + timedelta(hours=11))
        follower = request.jobseeker.placements.get().portfolio.adviser.user
        assert "8 h 17 – 9 h 17 (heure de Paris)" in page_of(follower, "callbacks")
        assert "et 12 h 17 (heure de La Réunion)" in page_of(across.user, "ask_callback")
        assert "et 12 h 17 (heure de La Réunion)" in page_of(across.user, "panel_next_step")
        CallbackRequest.objects.update(state="cancelled", closed_at=NOW, closed_by=across.user)
        form = page_of(across.user, "ask_callback")
        assert "Les heures sont données à l'heure de La Réunion." in html.unescape(form)
        assert re.search(r", </span>\d+\sh(?:\s\d\d)?\s?–\s?\d+\sh(?:\s\d\d)?</label>", form)
        CallbackRequest.objects.update(state="open", closed_at=None, closed_by=None)
        Region.objects.update(timezone=PARIS.key)
        assert "(heure de" not in page_of(follower, "callbacks")
        assert "et 9 h 17<" in page_of(across.user, "ask_callback")


def test_the_clock_of_every_kind_of_account(django_assert_num_queries: Any) -> None:
    far, near = RegionFactory(timezone=REUNION.key), RegionFactory(timezone=PARIS.key)
    person = InterviewFactory().jobseeker
    person.agency = AgencyFactory(region=far)
    person.save(update_fields=["agency"])
    assert zone_of(person.user) == REUNION
    assert zone_of_recipient(jobseeker=person, user=None) == REUNION
    adviser = AdviserFactory(agency=AgencyFactory(region=far))
    assert zone_of(adviser.user) == REUNION
    assert zone_of_recipient(jobseeker=person, user=adviser.user) == REUNION
    assert zone_of(ManagerFactory(regions=[far]).user) == REUNION
    assert zone_of(ManagerFactory(regions=[far, near]).user) == PARIS
    assert zone_of(ManagerFactory().user) == PARIS
    assert zone_of(UserFactory(role="adviser")) == PARIS


def test_the_account_of_every_page_is_found_by_short_joins() -> None:
    """Kind: a statement of every page that takes much longer to plan than to run.

    What PostgreSQL weighs grows with each table of a join. A join of seven took four fifths of the time of a statement.
    """
    sql, _ = _one_account()
    joins = [select.count(" JOIN ") for select in sql.split("SELECT")]
    assert 0 < max(joins) <= 3
