"""How fast requests for a meeting on site are answered, as managers read it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accompaniment.models import OnSiteRequest
from caseload.models import Portfolio
from caseload.reads.desk.on_site_requests import on_site_answers
from caseload.reads.steering.figures import Period
from tests.accompaniment.factories import JobseekerFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


def answered(portfolio: Portfolio, hours: float, *, days_ago: int = 1) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    OnSiteRequest.objects.create(
        jobseeker=JobseekerFactory(agency=portfolio.agency),
        asked_at=at - timedelta(hours=hours),
        answered_at=at,
        answered_by=portfolio.adviser.user,
        answer="Mardi.",
    )


def week() -> Period:
    today = timezone.localdate()
    return Period(today - timedelta(days=6), today)


def test_the_median_of_the_period_s_answers_and_who_still_waits(client: Client, portfolio: Portfolio) -> None:
    for hours in (1, 2, 5, 40, 60):
        answered(portfolio, hours)
    answered(portfolio, 900, days_ago=20)
    OnSiteRequest.objects.create(jobseeker=JobseekerFactory(agency=portfolio.agency), asked_at=timezone.now())
    manager = ManagerFactory().user
    found = on_site_answers(user=manager, period=week())
    assert (found.answered, found.median, found.waiting) == (5, timedelta(hours=5), 1)
    client.force_login(manager)
    page = client.get("/pilotage/").content.decode().replace("\u00a0", " ").replace("&#x27;", "'")
    assert "La moitié des réponses est venue en" in page
    assert '<a class="fr-link" href="/demandes-en-agence/">1 demande sans réponse</a>' in page


def test_what_was_taken_back_is_a_case_of_its_own(client: Client, portfolio: Portfolio) -> None:
    """A request that was taken back is neither answered nor open. A small count is hidden."""
    now = timezone.now()

    def taken_back() -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        request = OnSiteRequest.objects.create(jobseeker=person, asked_at=now - timedelta(hours=3))
        OnSiteRequest.objects.filter(pk=request.pk).update(withdrawn_at=now, withdrawn_by=person.user)

    manager = ManagerFactory().user
    for _ in range(4):
        taken_back()
    found = on_site_answers(user=manager, period=week())
    assert (found.answered, found.waiting, found.withdrawn) == (0, 0, 4)
    assert found.taken_back.startswith("Moins de 5 demandes retirées")
    taken_back()
    client.force_login(manager)
    page = client.get("/pilotage/").content.decode()
    assert "5 demandes retirées par la personne avant la réponse" in page
    assert ">Aucune demande sans réponse</a>" in page


@pytest.mark.parametrize(("answers", "shown"), [(4, False), (5, True)])
def test_few_answers_show_no_delay(portfolio: Portfolio, answers: int, shown: bool) -> None:
    for _ in range(answers):
        answered(portfolio, 5)
    delay = on_site_answers(user=ManagerFactory().user, period=week()).delay
    assert ("Moins de 5 réponses" not in delay) is shown
    assert ("5\u00a0h" in delay) is shown


def test_counts_in_one_s_regions_only(portfolio: Portfolio) -> None:
    answered(portfolio, 5)
    other = ManagerFactory(regions=[RegionFactory()]).user
    found = on_site_answers(user=other, period=week())
    assert (found.answered, found.median, found.waiting) == (0, None, 0)
    assert found.still_open == "Aucune demande sans réponse"
