"""The pages of interviews, as their two people and others see them."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import AuditEntry, ContactPlan, Notification, PlanReview
from accompaniment.reads.contact_plans import plan_states
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.plan_reviews import ask_plan_change
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots, follower
from visio.enums import InterviewState
from visio.models import Interview
from visio.services import closing, interviews, room

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio():
    return bookable_portfolio()


@pytest.fixture
def person(portfolio):
    return on_web_track(portfolio)


def as_(client, user):
    client.force_login(user)
    return client


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
        assert 'value="phone"\n                     checked' in page or 'value="phone" checked' in page
        assert not Interview.objects.filter(jobseeker=person).exists()

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

    def test_it_is_empty_when_nothing_is_near(self, client, person):
        InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(minutes=16))
        for user in (person.user, ManagerFactory().user):
            assert texts(as_(client, user).get("/mes-entretiens/bandeau/")).strip() == ""

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
        ("minutes", "words"), [(20, "pas encore ouverte"), (14, "data-socket"), (-80, "data-socket"), (-91, "fermée")]
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


PLAN_KEPT = {
    "plan": "garder",
    "plan_review_on": (timezone.localdate() + timedelta(days=60)).isoformat(),
}


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


class TestReport:
    def test_a_held_interview_is_closed_with_its_report(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        as_(client, interview.adviser.user).get(url)
        response = client.post(
            url,
            {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", **PLAN_KEPT},
            follow=True,
        )
        assert "Projet confirmé." in texts(response)
        assert "Projet confirmé." in texts(as_(client, person.user).get("/mes-entretiens/"))

    def test_the_plan_is_reviewed_at_the_interview(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue"}
        assert "Un entretien en visio" in texts(as_(client, interview.adviser.user).get(url))
        client.post(url, {**facts, **PLAN_KEPT})
        review = PlanReview.objects.get(plan__jobseeker=person)
        assert review.next_review_on.isoformat() == PLAN_KEPT["plan_review_on"]

    def test_a_plan_that_is_to_change_leads_to_its_page(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", "plan": "changer"}
        response = as_(client, interview.adviser.user).post(url, facts)
        assert response.url == reverse("person_plan", args=[person.pk]) + "?decision=changer"
        assert not PlanReview.objects.exists()
        # Whoever leaves that page without a decision finds the plan among those to review.
        plan = ContactPlan.objects.current().get(jobseeker=person)
        assert plan.review_on == plan.first_review_day
        page = client.get(response.url).content.decode()
        assert re.search(r'value="changer"[^>]*checked', page)

    def test_nothing_is_ticked_before_the_adviser_says_so(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        page = (
            as_(client, interview.adviser.user).get(reverse("interview_report", args=[interview.pk])).content.decode()
        )
        assert re.search(r'name="plan" value="garder"', page)
        assert not re.search(r'name="plan"[^>]*checked', page)

    def test_a_wish_is_seen_before_the_plan_is_kept(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        seen = plan_states([person.pk])[person.pk]
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", **PLAN_KEPT}
        ask_plan_change(actor=person.user, jobseeker=person, comment="Plutôt le matin.")
        response = as_(client, interview.adviser.user).post(url, {**facts, "plan_seen": seen})
        assert response.status_code == 409
        assert "Plutôt le matin." in texts(response)
        assert "Projet confirmé." in texts(response)
        interview.refresh_from_db()
        assert interview.state == InterviewState.IN_PROGRESS
        now_says = plan_states([person.pk])[person.pk]
        assert f'value="{now_says}"' in texts(response)
        # Seen, it is kept, and the page of the plan waits for the answer.
        response = client.post(url, {**facts, "plan_seen": now_says})
        assert response.url == reverse("person_plan", args=[person.pk])
        interview.refresh_from_db()
        assert interview.state == InterviewState.HELD

    @pytest.mark.parametrize("missing", ["conclusions", "next_step", "outcome", "plan", "plan_review_on"])
    def test_what_is_missing_is_asked_for(self, client, person, missing):
        interview = InterviewFactory(jobseeker=person)
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", **PLAN_KEPT}
        facts.pop(missing)
        response = as_(client, interview.adviser.user).post(reverse("interview_report", args=[interview.pk]), facts)
        assert response.status_code == 422
        interview.refresh_from_db()
        assert interview.state == InterviewState.BOOKED

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [
            ("interrupted", InterviewState.INTERRUPTED),
            ("cancelled", InterviewState.CANCELLED),
            ("excused", InterviewState.EXCUSED),
        ],
    )
    def test_other_endings(self, client, outcome, state):
        interview = InterviewFactory()
        as_(client, interview.adviser.user).post(
            reverse("interview_report", args=[interview.pk]), {"outcome": outcome, "note": "Pas de son"}
        )
        interview.refresh_from_db()
        assert interview.state == state

    @pytest.mark.parametrize("facts", [{"outcome": "held", "next_step": "continue"}, {"outcome": "held"}])
    def test_a_report_that_comes_after_the_end_is_given_back(self, client, person, facts):
        interview = InterviewFactory(jobseeker=person)
        url = reverse("interview_report", args=[interview.pk])
        as_(client, interview.adviser.user)
        interviews.cancel_interview(actor=person.user, interview=interview)
        answer = client.post(url, {"conclusions": "Projet confirmé.", **facts})
        assert answer.status_code == 409
        assert "L'entretien a été clos pendant que vous écriviez" in texts(answer)
        assert "readonly>Projet confirmé.</textarea>" in texts(answer)
        # Who only looks is told how it has ended, and nothing of a text.
        looked = client.get(url)
        assert looked.status_code == 200
        assert "pendant que vous écriviez" not in texts(looked)

    def test_only_its_adviser_closes_it(self, client, portfolio, person):
        interview = InterviewFactory(jobseeker=person)
        url = reverse("interview_report", args=[interview.pk])
        assert as_(client, PortfolioFactory(agency=portfolio.agency).adviser.user).get(url).status_code == 404
        assert as_(client, person.user).get(url).status_code == 403
