"""The report that closes an interview, and what it asks of the contact plan."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import ContactPlan, PlanReview
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.plan_reviews import ask_plan_change
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio.enums import InterviewState
from visio.services import interviews, room

pytestmark = pytest.mark.django_db

PLAN_KEPT = {
    "plan": "garder",
    "plan_review_on": (timezone.localdate() + timedelta(days=60)).isoformat(),
}


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


class TestReport:
    def test_a_held_interview_is_closed_with_its_report(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        as_(client, interview.adviser.user).get(url)
        response = client.post(
            url,
            {
                "outcome": "held",
                "conclusions": "Projet confirmé.",
                "next_step": "continue",
                "seen": plan_states([person.pk])[person.pk].token,
                **PLAN_KEPT,
            },
            follow=True,
        )
        assert "Projet confirmé." in texts(response)
        assert "Projet confirmé." in texts(as_(client, person.user).get("/mes-entretiens/"))

    def test_the_plan_is_reviewed_at_the_interview(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue"}
        assert "un entretien en visio" in texts(as_(client, interview.adviser.user).get(url))
        client.post(url, {**facts, **PLAN_KEPT, "seen": plan_states([person.pk])[person.pk].token})
        review = PlanReview.objects.get(plan__jobseeker=person)
        assert review.next_review_on.isoformat() == PLAN_KEPT["plan_review_on"]

    def test_a_plan_that_is_to_change_leads_to_its_page(self, client, person):
        interview = InterviewFactory(jobseeker=person)
        room.admit(actor=interview.adviser.user, interview=interview)
        url = reverse("interview_report", args=[interview.pk])
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", "plan": "changer"}
        facts["seen"] = plan_states([person.pk])[person.pk].token
        response = as_(client, interview.adviser.user).post(url, facts)
        assert response.url == reverse("person_plan", args=[person.pk]) + "?decision=changer"
        assert not PlanReview.objects.exists()
        # If the adviser leaves that page without a decision, the plan is among those to review.
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
        seen = plan_states([person.pk])[person.pk].token
        facts = {"outcome": "held", "conclusions": "Projet confirmé.", "next_step": "continue", **PLAN_KEPT}
        ask_plan_change(actor=person.user, jobseeker=person, comment="Plutôt le matin.")
        response = as_(client, interview.adviser.user).post(url, {**facts, "seen": seen})
        assert response.status_code == 409
        assert "Plutôt le matin." in texts(response)
        assert "Projet confirmé." in texts(response)
        interview.refresh_from_db()
        assert interview.state == InterviewState.IN_PROGRESS
        now_says = plan_states([person.pk])[person.pk].token
        assert f'value="{now_says}"' in texts(response)
        # Sent with the present state, the report is stored, and the page of the plan waits for the answer.
        response = client.post(url, {**facts, "seen": now_says})
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
        interview = InterviewFactory(starts_at=timezone.now() - timedelta(minutes=5))
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
        # A plain visit says how the interview has ended, and mentions no text.
        looked = client.get(url)
        assert looked.status_code == 200
        assert "pendant que vous écriviez" not in texts(looked)

    def test_only_its_adviser_closes_it(self, client, portfolio, person):
        interview = InterviewFactory(jobseeker=person)
        url = reverse("interview_report", args=[interview.pk])
        assert as_(client, PortfolioFactory(agency=portfolio.agency).adviser.user).get(url).status_code == 404
        assert as_(client, person.user).get(url).status_code == 403
