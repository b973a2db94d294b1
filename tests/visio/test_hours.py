"""The hours of an adviser: by weekday or for one day, by channel, and what is booked outside them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accompaniment.enums import Channel
from accompaniment.models import Departement
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots
from visio.enums import InterviewState
from visio.models import DayHours
from visio.reads.hours import hours_of, shown_hours
from visio.reads.hours_page import outside_hours
from visio.rules.slots import EVERY_CHANNEL, Hours, Stretch, hour_in, obstacle_among
from visio.services.errors import SlotTakenError
from visio.services.hours import follow_the_week, set_day, set_weekday
from visio.services.interviews import book_interview

pytestmark = pytest.mark.django_db

MORNING = Stretch(time(9), time(12))
BY_PHONE = Stretch(time(13), time(15), frozenset({"phone"}))
WEDNESDAY = date(2026, 12, 2)


@pytest.fixture(autouse=True)
def _monday():
    """Monday 30 November 2026, 8 o'clock in Paris."""
    with travel(datetime(2026, 11, 30, 7, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def portfolio():
    return bookable_portfolio()


@pytest.fixture
def own(portfolio):
    return {"actor": portfolio.adviser.user, "adviser": portfolio.adviser, "day": WEDNESDAY}


def walls(person, day):
    zone = person.agency.zone
    return [f"{slot.astimezone(zone):%H:%M}" for slot in first_slots(person) if slot.astimezone(zone).date() == day]


def book(person, adviser, starts_at, channel):
    return book_interview(actor=person.user, jobseeker=person, adviser=adviser, starts_at=starts_at, channel=channel)


class TestHours:
    @pytest.mark.parametrize(
        ("typed", "hour"),
        [
            ("9", time(9)),
            ("9h", time(9)),
            ("9 h 30", time(9, 30)),
            ("9\u00a0h\u00a030", time(9, 30)),
            ("09:05", time(9, 5)),
            ("9,30", time(9, 30)),
            ("0930", time(9, 30)),
            ("17H45", time(17, 45)),
        ],
    )
    def test_an_hour_as_people_write_it(self, typed, hour):
        assert hour_in(typed) == hour

    @pytest.mark.parametrize("typed", ["", "x", "24", "9 h 60", "9 30 1", "-9", "١٢x"])
    def test_what_is_no_hour(self, typed):
        assert hour_in(typed) is None

    def test_a_day_of_its_own_counts_instead_of_the_weekday(self):
        hours = Hours(weekly={2: (MORNING,)}, dated={WEDNESDAY: ()})
        assert hours.on(WEDNESDAY) == ()
        assert hours.on(WEDNESDAY + timedelta(days=7)) == (MORNING,)

    def test_periods_that_cannot_be(self):
        assert obstacle_among([BY_PHONE, MORNING]) is None
        assert "chevauchent" in obstacle_among([BY_PHONE, Stretch(time(14), time(16))])
        assert "après le début" in obstacle_among([Stretch(time(12), time(9))])
        assert "cochez" in obstacle_among([Stretch(time(9), time(12), frozenset())])


class TestSetting:
    def test_a_weekday_changes_every_week(self, portfolio, own):
        person = on_web_track(portfolio)
        assert walls(person, WEDNESDAY)[-1] == "16:00"
        set_weekday(**own, stretches=[MORNING])
        for day in (WEDNESDAY, WEDNESDAY + timedelta(days=7)):
            assert walls(person, day) == ["09:00", "09:45", "10:30", "11:15"]
        assert walls(person, WEDNESDAY + timedelta(days=1))[-1] == "16:00"

    def test_a_day_changes_alone_and_can_follow_the_week_again(self, portfolio, own):
        person = on_web_track(portfolio)
        usual = walls(person, WEDNESDAY)
        set_day(**own, stretches=[])
        assert walls(person, WEDNESDAY) == []
        assert walls(person, WEDNESDAY + timedelta(days=7)) == usual
        follow_the_week(**own)
        assert walls(person, WEDNESDAY) == usual
        assert not DayHours.objects.exists()

    def test_a_weekday_that_is_set_from_a_day_counts_on_that_day(self, portfolio, own):
        set_day(**own, stretches=[])
        set_weekday(**own, stretches=[MORNING])
        assert hours_of(portfolio.adviser).on(WEDNESDAY) == (MORNING,)

    def test_a_saturday_can_be_opened_once(self, portfolio, own):
        person = on_web_track(portfolio)
        saturday = date(2026, 12, 5)
        set_day(**{**own, "day": saturday}, stretches=[MORNING])
        assert walls(person, saturday) == ["09:00", "09:45", "10:30", "11:15"]

    def test_a_public_holiday_of_the_departement_stays_closed(self, portfolio, own):
        """26 December is one in Alsace and Moselle alone."""
        boxing_day = {**own, "day": date(2026, 12, 26)}
        set_day(**boxing_day, stretches=[MORNING])
        Departement.objects.filter(agencies=portfolio.agency).update(holidays_subdivision="6AE")
        with pytest.raises(DomainError, match="férié"):
            set_day(**boxing_day, stretches=[MORNING])
        set_day(**boxing_day, stretches=[])

    @pytest.mark.parametrize("act", [set_weekday, set_day])
    def test_what_overlaps_is_refused_and_nothing_is_written(self, portfolio, own, act):
        before = hours_of(portfolio.adviser)
        with pytest.raises(DomainError, match="chevauchent"):
            act(**own, stretches=[MORNING, Stretch(time(11), time(13))])
        assert hours_of(portfolio.adviser) == before

    def test_a_day_that_is_over_is_refused_by_the_agencys_clock(self, portfolio, own):
        with pytest.raises(DomainError, match="passé"):
            set_day(**{**own, "day": date(2026, 11, 29)}, stretches=[])
        set_day(**{**own, "day": date(2026, 11, 30)}, stretches=[])

    def test_nobody_sets_a_colleagues_hours(self, portfolio, own):
        colleague = bookable_portfolio(agency=portfolio.agency).adviser
        with pytest.raises(NoRightError):
            set_weekday(**{**own, "actor": colleague.user}, stretches=[])

    def test_hours_that_changed_since_the_page_was_opened_are_not_overwritten(self, portfolio, own):
        seen = shown_hours(portfolio.adviser, WEDNESDAY, hours_of(portfolio.adviser)).state
        set_day(**own, stretches=[BY_PHONE], seen=seen)
        with pytest.raises(ChangedMeanwhileError):
            set_weekday(**own, stretches=[], seen=seen)
        assert hours_of(portfolio.adviser).on(WEDNESDAY) == (BY_PHONE,)


class TestChannels:
    def test_a_slot_is_booked_by_its_channels_only(self, portfolio, own):
        person = on_web_track(portfolio)
        set_weekday(**own, stretches=[MORNING, BY_PHONE])
        one = datetime(2026, 12, 2, 12, tzinfo=UTC)
        with pytest.raises(DomainError, match="n'est pas possible en visio, seulement par téléphone"):
            book(person, portfolio.adviser, one, Channel.VIDEO)
        assert book(person, portfolio.adviser, one, Channel.PHONE).starts_at == one

    def test_the_picker_says_which_slots_are_not_for_every_channel(self, client, portfolio, own):
        person = on_web_track(portfolio)
        set_weekday(**own, stretches=[MORNING, BY_PHONE])
        client.force_login(person.user)
        page = client.get(f"{reverse('take_interview')}?jours=tous").content.decode()
        assert page.count('class="slot__only">par téléphone<') == len(walls(person, WEDNESDAY)[4:]) * 2


class TestWhatIsBookedOutside:
    def test_it_stays_and_the_page_names_the_person_and_the_day(self, client, portfolio, own):
        person = on_web_track(portfolio)
        at = datetime(2026, 12, 2, 13, 30, tzinfo=UTC)
        booked = book(person, portfolio.adviser, at, Channel.VIDEO)
        client.force_login(portfolio.adviser.user)
        page = client.get(reverse("hours")).content.decode()
        assert "En dehors de vos horaires" not in page
        answer = client.post(
            f"{reverse('day_hours')}?jour=2026-12-02",
            {
                "seen": shown_hours(portfolio.adviser, WEDNESDAY, hours_of(portfolio.adviser)).token,
                "begin_0": "9",
                "end_0": "12",
                "channels_0": sorted(EVERY_CHANNEL),
            },
            follow=True,
        )
        page = answer.content.decode()
        assert "1 entretien pris en dehors reste prévu" in page
        assert "En dehors de vos horaires" in page
        assert person.full_name in page
        assert "Mercredi 2 décembre à 14\u00a0h\u00a030" in page
        booked.refresh_from_db()
        assert booked.state == InterviewState.BOOKED

    def test_another_channel_or_a_closed_day_is_outside_too(self, portfolio, own):
        person = on_web_track(portfolio)
        InterviewFactory(jobseeker=person, adviser=portfolio.adviser, starts_at=datetime(2026, 12, 2, 8, tzinfo=UTC))

        def outside():
            return len(outside_hours(portfolio.adviser, hours=hours_of(portfolio.adviser), now=timezone.now()))

        assert outside() == 0
        set_day(**own, stretches=[Stretch(time(9), time(12), frozenset({"phone"}))])
        assert outside() == 1
        set_day(**own, stretches=[])
        assert outside() == 1
        follow_the_week(**own)
        assert outside() == 0

    def test_nothing_is_booked_there_any_more(self, portfolio, own):
        person = on_web_track(portfolio)
        at = datetime(2026, 12, 2, 12, tzinfo=UTC)
        set_day(**own, stretches=[])
        with pytest.raises(SlotTakenError):
            book(person, portfolio.adviser, at, Channel.VIDEO)


class TestPages:
    def test_a_day_of_its_own_shows_the_way_back(self, client, portfolio, own):
        client.force_login(portfolio.adviser.user)
        address = f"{reverse('day_hours')}?jour=2026-12-02"
        assert "Reprendre les horaires des mercredis" not in client.get(address).content.decode()
        set_day(**own, stretches=[])
        assert "Ce jour seulement" in client.get(reverse("hours")).content.decode()
        assert "Reprendre les horaires des mercredis" in client.get(address).content.decode()
        seen = shown_hours(portfolio.adviser, WEDNESDAY, hours_of(portfolio.adviser)).token
        answer = client.post(address, {"seen": seen, "scope": "reprendre"})
        assert answer.status_code == 302
        assert not DayHours.objects.exists()

    @pytest.mark.parametrize("day", ["hier", "2026-02-30", "2026-11-29", "9999-12-31"])
    def test_a_day_that_cannot_be_changed_is_not_found(self, client, portfolio, day):
        client.force_login(portfolio.adviser.user)
        assert client.get(f"{reverse('day_hours')}?jour={day}").status_code == 404

    def test_half_a_line_says_what_is_missing_and_keeps_what_was_typed(self, client, portfolio):
        client.force_login(portfolio.adviser.user)
        address = f"{reverse('day_hours')}?jour=2026-12-02"
        answer = client.post(address, {"begin_0": "9 h 15", "end_1": "midi"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Écrivez aussi cette heure, ou videz la ligne." in page
        assert "Écrivez une heure comme ceci" in page
        assert 'value="9 h 15"' in page
        assert 'value="midi"' in page
