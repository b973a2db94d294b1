"""The pages of interviews, as their two people and others see them."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import AuditEntry, Notification
from accompaniment.rules.errors import NotAllowedNowError
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import AdviserFactory, ManagerFactory, PortfolioFactory, on_web_track, planned_absence
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots, follower
from visio.enums import InterviewState
from visio.models import Interview
from visio.rules import ROOM_OPENS_BEFORE
from visio.services import closing, interviews

pytestmark = pytest.mark.django_db

AGENDA_STATEMENTS = 14


@pytest.fixture
def portfolio():
    return bookable_portfolio()


@pytest.fixture
def person(portfolio):
    return on_web_track(portfolio)


def as_(client, user):
    client.force_login(user)
    return client


def taken(other, slot):
    """Let somebody else book this slot."""
    interviews.book_interview(
        actor=other.user, jobseeker=other, adviser=follower(other), starts_at=slot, channel=Channel.VIDEO
    )


def texts(response):
    return html.unescape(response.content.decode()).replace("\u00a0", " ")


class TestMyInterviews:
    def test_an_obligation_is_shown_with_its_deadline(self, client, person):
        obligation = due_obligation(person)
        page = texts(as_(client, person.user).get("/mes-entretiens/"))
        assert f'href="/mes-entretiens/choisir/{obligation.pk}/"' in page

    def test_what_was_decided_is_shown(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        closing.interrupt_interview(actor=interview.adviser.user, interview=interview, note="")
        page = texts(as_(client, person.user).get("/mes-entretiens/"))
        assert "ce n'est pas une absence" in page

    def test_the_number_of_queries_does_not_grow(self, client, person, django_assert_max_num_queries):
        for hours in (24, 48, 72, 96):
            InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(hours=hours))
        as_(client, person.user)
        with django_assert_max_num_queries(8):
            client.get("/mes-entretiens/")

    def test_advisers_have_no_such_page(self, client, portfolio):
        assert as_(client, portfolio.adviser.user).get("/mes-entretiens/").status_code == 403

    def test_an_account_without_a_file_finds_nothing(self, client):
        stranger = JobseekerFactory(with_account=True)
        user = stranger.user
        stranger.user = None
        stranger.save(update_fields=["user"])
        assert as_(client, user).get("/mes-entretiens/").status_code == 404


class TestSlotPicker:
    def test_a_slot_is_chosen_by_its_radio_button(self, client, person):
        obligation = due_obligation(person)
        url = reverse("choose_slot", args=[obligation.pk])
        slot = first_slots(person, obligation)[0]
        assert slot.isoformat() in texts(as_(client, person.user).get(url))

        response = client.post(url, {"channel": Channel.PHONE, "slot": slot.isoformat()})

        assert response.url == "/mes-entretiens/"
        interview = Interview.objects.get(jobseeker=person)
        assert (interview.starts_at, interview.channel, interview.obligation) == (slot, Channel.PHONE, obligation)

    def test_a_slot_that_has_gone_is_struck_out_with_the_next_ones(self, client, portfolio, person):
        obligation = due_obligation(person)
        other = on_web_track(portfolio)
        slot, following = first_slots(person, obligation)[:2]
        as_(client, person.user)
        interviews.book_interview(
            actor=other.user, jobseeker=other, adviser=follower(other), starts_at=slot, channel=Channel.VIDEO
        )

        response = client.post(
            reverse("choose_slot", args=[obligation.pk]), {"channel": Channel.PHONE, "slot": slot.isoformat()}
        )

        page = texts(response)
        assert response.status_code == 409
        assert "Ce créneau vient d'être pris" in page
        assert "<s>" in page
        assert following.isoformat() in page
        assert re.search(r'value="phone"[^>]* checked', page)
        assert not Interview.objects.filter(jobseeker=person).exists()

    def test_a_button_of_the_refusal_books_the_next_slot_with_what_was_typed(self, client, portfolio, person):
        """The choice that the button names counts, whatever radio was ticked meanwhile."""
        url = reverse("choose_slot", args=[due_obligation(person).pk])
        slot, following, third = first_slots(person)[:3]
        taken(on_web_track(portfolio), slot)
        as_(client, person.user)
        answers = {"channel": Channel.PHONE, "slot": slot.isoformat(), "phone": "06 12 34 56 78"}
        page = texts(client.post(url, answers))
        assert 'value="06 12 34 56 78"' in page
        instead = re.findall(r'name="instead" value="([^"]+)"[^>]*>([^<]+)<', page)
        assert [value for value, _ in instead] == [slot.isoformat() for slot in first_slots(person)[:3]]
        assert re.fullmatch(r"Réserver \w+ \w+ \w+, \d+ h( \d\d)?, par téléphone", instead[0][1])

        client.post(url, {**answers, "slot": third.isoformat(), "instead": instead[0][0]})

        booked = Interview.objects.get(jobseeker=person)
        assert (booked.starts_at, booked.channel) == (following, Channel.PHONE)
        person.refresh_from_db()
        assert person.phone == "+33612345678"

    def test_a_choice_on_a_later_day_is_shown_again_when_something_else_is_refused(self, client, person):
        """Kind: what was chosen in a part of the page that the answer folds away again."""
        url = reverse("choose_slot", args=[due_obligation(person).pk])
        last = first_slots(person)[-1].isoformat()
        as_(client, person.user)
        assert last not in texts(client.get(url))
        assert last in texts(client.get(f"{url}?jours=tous"))
        page = texts(client.post(url, {"slot": last}))
        assert re.search(rf'value="{re.escape(last)}"[^>]*checked', page)

    def test_a_slot_of_a_later_day_that_has_gone_is_struck_out_in_its_place(self, client, portfolio, person):
        url = reverse("choose_slot", args=[due_obligation(person).pk])
        slot = first_slots(person)[-2]
        taken(on_web_track(portfolio), slot)
        page = texts(as_(client, person.user).post(url, {"channel": Channel.VIDEO, "slot": slot.isoformat()}))
        assert re.search(rf'value="{re.escape(slot.isoformat())}"[^>]*disabled', page)

    def test_the_first_link_leads_to_the_next_free_day_and_each_day_has_one(self, client, person):
        obligation = due_obligation(person)
        url = reverse("choose_slot", args=[obligation.pk])
        page = texts(as_(client, person.user).get(f"{url}?jours=tous"))
        days = list(dict.fromkeys(slot.date().isoformat() for slot in first_slots(person, obligation)))
        assert re.findall(r'href="#jour-([^"]+)"', page) == days
        assert re.findall(r'<fieldset class="slot-day" id="jour-([^"]+)"', page) == days

    @pytest.mark.parametrize("opens", [True, False])
    def test_when_no_slot_suits_the_page_leads_to_what_the_person_can_ask_for(self, client, person, opens):
        if not opens:
            person.agency.opening_hours.all().delete()
        page = texts(as_(client, person.user).get(reverse("take_interview"), follow=True))
        below = page[page.index("Aucun créneau ne convient") :]
        assert ('href="/rappels/demander/"' in below) is opens
        assert 'href="/etre-recu/"' in below

    @pytest.mark.parametrize("slot", ["", "demain", "2026-11-30T09:00:00", "9999-99-99T00:00:00+00:00"])
    def test_what_is_no_slot_is_a_form_error(self, client, person, slot):
        url = reverse("choose_slot", args=[due_obligation(person).pk])
        response = as_(client, person.user).post(url, {"channel": Channel.PHONE, "slot": slot})
        assert response.status_code == 422
        assert "Choisissez une heure." in texts(response)

    def test_somebody_elses_obligation_is_not_found(self, client, portfolio, person):
        other = due_obligation(on_web_track(portfolio))
        assert as_(client, person.user).get(reverse("choose_slot", args=[other.pk])).status_code == 404

    def test_without_an_adviser_the_page_says_so(self, client):
        lonely = JobseekerFactory(with_account=True)
        assert "Aucun conseiller" in texts(as_(client, lonely.user).get("/mes-entretiens/prendre/"))

    def test_what_is_due_comes_first(self, client, person):
        obligation = due_obligation(person)
        response = as_(client, person.user).get("/mes-entretiens/prendre/")
        assert response.url == reverse("choose_slot", args=[obligation.pk])

    def test_moving_offers_ones_own_slot_too_and_books_another(self, client, person):
        slots = first_slots(person)
        old = interviews.book_interview(
            actor=person.user, jobseeker=person, adviser=follower(person), starts_at=slots[0], channel=Channel.VIDEO
        )
        url = reverse("move_interview", args=[old.pk])
        assert slots[0].isoformat() in texts(as_(client, person.user).get(url))
        client.post(url, {"channel": Channel.VIDEO, "slot": slots[2].isoformat()})
        assert Interview.objects.live().get(jobseeker=person).starts_at == slots[2]

    def test_cancelling_asks_first(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        url = reverse("cancel_interview", args=[interview.pk])
        as_(client, person.user).get(url)
        interview.refresh_from_db()
        assert interview.state == InterviewState.BOOKED
        client.post(url)
        interview.refresh_from_db()
        assert interview.state == InterviewState.CANCELLED

    def test_somebody_elses_interview_is_not_found(self, client, portfolio, person):
        other = InterviewFactory(jobseeker=on_web_track(portfolio))
        as_(client, person.user)
        for name in ("move_interview", "cancel_interview"):
            assert client.post(reverse(name, args=[other.pk])).status_code == 404


class TestAgenda:
    def test_the_week_shows_ones_own_interviews(self, client, portfolio, person):
        InterviewFactory(jobseeker=person)
        stranger = InterviewFactory()
        page = texts(as_(client, portfolio.adviser.user).get("/agenda/"))
        assert person.full_name in page
        assert "Rejoindre" in page
        assert stranger.jobseeker.full_name not in page

    @pytest.mark.parametrize("week", ["2026-13-45", "zut", "0001-01-01", "9999-12-31"])
    def test_a_week_that_is_none_is_the_present_one(self, client, portfolio, week):
        assert as_(client, portfolio.adviser.user).get("/agenda/", {"semaine": week}).status_code == 200

    def test_the_agenda_takes_as_many_statements_for_five_interviews_as_for_one(self, client, portfolio):
        asked = []
        with time_machine.travel("2027-03-03T08:00:00Z"):
            as_(client, portfolio.adviser.user)
            for count in (1, 4):
                for _ in range(count):
                    hour = 9 + Interview.objects.count()
                    starts_at = datetime(2027, 3, 4, hour, tzinfo=UTC)
                    InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=starts_at)
                with CaptureQueriesContext(connection) as statements:
                    assert client.get("/agenda/").status_code == 200
                asked.append(len(statements))
        assert asked[0] == asked[1]
        assert asked[0] <= AGENDA_STATEMENTS

    def test_the_agenda_begins_today_and_shows_what_is_free_and_who_one_meets(self, client, portfolio, person):
        """Kind: an hour that looks free and is not. The hours of a day of absence, and those of an interview."""
        with time_machine.travel("2027-03-03T08:00:00Z"):
            as_(client, portfolio.adviser.user)
            InterviewFactory(jobseeker=person, starts_at=datetime(2027, 3, 3, 13, tzinfo=UTC))
            page = texts(client.get("/agenda/"))
            headings = re.findall(r'id="jour-([^"]+)"', page)
            assert headings[0] == "2027-03-03"
            assert headings[-1] == "2027-03-09"
            assert f'href="{reverse("person", args=[person.pk])}"' in page
            assert "agenda__hour--now" in page
            today = page[page.index("jour-2027-03-03") : page.index("jour-2027-03-04")]
            assert "Libre, 9 h – 12 h" in today
            assert "Libre, 13 h – 14 h" in today
            assert "Libre, 14 h 40 – 17 h" in today
            planned_absence(portfolio, in_days=1, lasts=1, colleague=AdviserFactory(agency=portfolio.agency))
            away = texts(client.get("/agenda/"))
            tomorrow = away[away.index("jour-2027-03-04") : away.index("jour-2027-03-05")]
            assert "Libre" not in tomorrow
            assert "agenda__hour--away" in tomorrow
            whole = texts(client.get("/agenda/", {"semaine": "2027-03-03"}))
            assert re.findall(r'id="jour-([^"]+)"', whole)[0] == "2027-03-01"

    def test_what_nobody_closed_stands_at_the_top(self, client, portfolio, person):
        InterviewFactory(jobseeker=person, starts_at=timezone.now() - timedelta(days=9))
        assert "À conclure" in texts(as_(client, portfolio.adviser.user).get("/agenda/"))

    def test_panels(self, client, portfolio, person):
        obligation = due_obligation(person)
        as_(client, portfolio.adviser.user)
        assert person.full_name in texts(client.get("/agenda/panneau/echeances/"))
        assert "Aucun entretien aujourd'hui" in texts(client.get("/agenda/panneau/aujourdhui/"))
        assert "sans créneau choisi" in texts(client.get(reverse("panel_person_interviews", args=[person.pk])))
        InterviewFactory(jobseeker=person, obligation=obligation, starts_at=timezone.now())
        assert person.full_name not in texts(client.get("/agenda/panneau/echeances/"))
        assert person.full_name in texts(client.get("/agenda/panneau/aujourdhui/"))

    def test_a_strangers_person_is_not_found(self, client, portfolio):
        stranger = on_web_track()
        response = as_(client, portfolio.adviser.user).get(reverse("panel_person_interviews", args=[stranger.pk]))
        assert response.status_code == 404


class TestBandAndNextStep:
    def test_the_band_leads_both_to_the_room(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        for user in (person.user, interview.adviser.user):
            page = texts(as_(client, user).get("/mes-entretiens/bandeau/"))
            assert f"/visio/{interview.token}/" in page
            assert "commence à" in page

    def test_it_names_the_interview_under_way_before_the_next_one(self, client, person, portfolio):
        """Kind: what is about to begin hides what lasts."""
        now = timezone.now()
        lasts = InterviewFactory(jobseeker=person, starts_at=now - timedelta(minutes=12))
        following = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=now + timedelta(minutes=29))
        band = texts(as_(client, portfolio.adviser.user).get("/mes-entretiens/bandeau/"))
        assert f"/visio/{lasts.token}/" in band
        assert f"/visio/{following.token}/" not in band
        with time_machine.travel(lasts.ends_at, tick=False):
            after = texts(client.get("/mes-entretiens/bandeau/"))
        assert f"/visio/{following.token}/" in after

    def test_it_is_empty_when_nothing_is_near(self, client, person):
        InterviewFactory(jobseeker=person, starts_at=timezone.now() + ROOM_OPENS_BEFORE + timedelta(minutes=1))
        for user in (person.user, ManagerFactory().user):
            band, _, counts = texts(as_(client, user).get("/mes-entretiens/bandeau/")).partition("<template")
            assert band.strip() == ""
            assert "data-entry=" in counts

    def test_the_next_step_is_the_interview_else_the_choice_else_nothing(self, client, person):
        as_(client, person.user)
        assert "Rien n'est à faire" in texts(client.get("/mes-entretiens/panneau/prochain/"))
        obligation = due_obligation(person)
        assert "Choisir un créneau" in texts(client.get("/mes-entretiens/panneau/prochain/"))
        InterviewFactory(jobseeker=person, obligation=obligation)
        assert "Rejoindre" in texts(client.get("/mes-entretiens/panneau/prochain/"))


class TestRoomPage:
    def test_only_the_two_find_it(self, client, portfolio, person):
        interview = InterviewFactory(jobseeker=person)
        colleague = PortfolioFactory(agency=portfolio.agency).adviser.user
        for user, status in (
            (person.user, 200),
            (portfolio.adviser.user, 200),
            (colleague, 404),
            (on_web_track(portfolio).user, 404),
            (ManagerFactory().user, 404),
        ):
            assert as_(client, user).get(f"/visio/{interview.token}/").status_code == status

    @pytest.mark.parametrize(
        ("minutes", "words"), [(31, "pas encore ouverte"), (29, "data-socket"), (-80, "data-socket"), (-91, "fermée")]
    )
    def test_it_is_open_only_around_its_time(self, client, person, minutes, words):
        interview = InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(minutes=minutes))
        assert words in texts(as_(client, person.user).get(f"/visio/{interview.token}/"))

    def test_once_closed_it_says_what_was_decided(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        closing.interrupt_interview(actor=interview.adviser.user, interview=interview, note="")
        page = texts(as_(client, person.user).get(f"/visio/{interview.token}/"))
        assert "L'entretien a été interrompu : ce n'est pas une absence" in page

    def test_an_interview_by_telephone_has_no_room(self, client, person):
        interview = InterviewFactory(jobseeker=person, channel=Channel.PHONE)
        assert "Votre conseiller vous appelle au" in texts(as_(client, person.user).get(f"/visio/{interview.token}/"))

    def test_a_technical_problem_is_noted_by_either(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        as_(client, person.user).post(f"/visio/{interview.token}/probleme/", {"note": "Pas de son"})
        interview.refresh_from_db()
        assert interview.technical_failure_note == "Pas de son"

    def test_going_on_by_telephone_shows_the_number_to_the_adviser_only(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        url = f"/visio/{interview.token}/telephone/"
        adviser = texts(as_(client, interview.adviser.user).post(url, headers={"HX-Request": "true"}))
        theirs = texts(as_(client, person.user).post(url, headers={"HX-Request": "true"}))
        assert "tel:+33639980001" in adviser
        assert "va vous appeler" in theirs

    def test_a_stranger_cannot_note_a_problem(self, client, portfolio, person):
        interview = InterviewFactory(jobseeker=person)
        as_(client, on_web_track(portfolio).user)
        for part in ("probleme", "telephone"):
            assert client.post(f"/visio/{interview.token}/{part}/").status_code == 404


class TestBookingForThePerson:
    def test_the_adviser_books_what_is_due_together_with_the_person(self, client, portfolio, person):
        obligation = due_obligation(person)
        url = reverse("book_for", args=[person.pk])
        as_(client, portfolio.adviser.user)
        panel = texts(client.get(reverse("panel_person_interviews", args=[person.pk])))
        assert f'href="{url}"' in panel
        assert "Pas encore d'invitation" in panel
        assert f'href="{url}"' in texts(client.get(reverse("panel_obligations")))
        slot = first_slots(person, obligation)[0]
        assert f'value="{slot.isoformat()}"' in client.get(url).content.decode()
        answer = client.post(url, {"channel": "phone", "slot": slot.isoformat()})
        assert answer.headers["Location"] == reverse("person", args=[person.pk])
        booked = Interview.objects.get(jobseeker=person)
        assert (booked.obligation, booked.booked_by, booked.channel) == (obligation, portfolio.adviser.user, "phone")
        assert AuditEntry.objects.filter(jobseeker=person, actor=portfolio.adviser.user, action="interview").exists()
        assert Notification.objects.filter(jobseeker=person, kind=NotificationKind.INTERVIEW_BOOKED).exists()

    def test_a_slot_that_has_gone_is_struck_out_and_nothing_is_lost(self, client, portfolio, person):
        slot = first_slots(person)[0]
        other = on_web_track(portfolio)
        interviews.book_interview(
            actor=other.user, jobseeker=other, adviser=portfolio.adviser, starts_at=slot, channel=Channel.VIDEO
        )
        answer = as_(client, portfolio.adviser.user).post(
            reverse("book_for", args=[person.pk]), {"channel": "phone", "slot": slot.isoformat()}
        )
        assert answer.status_code == 409
        assert "vient d'être pris" in texts(answer)
        assert answer.context["channel"] == "phone"
        assert not Interview.objects.filter(jobseeker=person).exists()

    def test_who_follows_the_person_no_more_books_nothing(self, portfolio, person):
        stranger = bookable_portfolio(agency=portfolio.agency).adviser.user
        facts = {"jobseeker": person, "adviser": portfolio.adviser, "starts_at": first_slots(person)[0]}
        with pytest.raises(NotAllowedNowError, match="plus dans vos portefeuilles"):
            interviews.book_interview(actor=stranger, channel=Channel.VIDEO, **facts)
        assert interviews.book_interview(actor=portfolio.adviser.user, channel=Channel.VIDEO, **facts).pk
