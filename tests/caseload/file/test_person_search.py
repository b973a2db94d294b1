"""The search of a person from every page: only whom one may open, and nothing about anybody else."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, User
from caseload.models import Portfolio
from caseload.reads.perimeter import readable_people, steered_agencies
from caseload.views.file.search import OFFERED
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    former_adviser,
    on_web_track,
)

pytestmark = pytest.mark.django_db

URL = reverse("person_search")
QUERIES = 10
"""Session, account, the manager twice and the agencies (a manager's regions) or an adviser's people, and who is found
in five ways, from the most exact one on, until the list is full."""


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio, first_name="Zoé", last_name="Lefèvre", identifier="7654321K", phone="+33612345678")


def offered(client: Client, user: User, typed: str) -> str:
    """Return what appears under the field while somebody types."""
    client.force_login(user)
    answer = client.get(URL, {"q": typed}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("typed", ["lefevre", "Lefévre zoe", "lefevvre", "7654321k", "76543", "06 12 34", "0612345678"])
def test_a_person_is_found_as_one_remembers_them_and_the_line_leads_to_the_file(
    client: Client, portfolio: Portfolio, person: Jobseeker, typed: str
) -> None:
    answer = offered(client, portfolio.adviser.user, typed)
    assert "Zoé Lefèvre" in answer
    assert f'data-href="{reverse("person", args=[person.pk])}"' in answer
    assert "1 personne trouvée" in answer


@pytest.mark.parametrize("typed", ["lefevre", "7654321k", "0612345678"])
def test_nobody_else_is_found_nor_counted(client: Client, portfolio: Portfolio, person: Jobseeker, typed: str) -> None:
    """Kind: a count is a hint. Each stranger has a person of their own, and the answer is that of nobody."""
    colleague, elsewhere = PortfolioFactory(agency=portfolio.agency), PortfolioFactory()
    for other in (colleague, elsewhere):
        on_web_track(other, last_name="Martin")
    nobody = offered(client, colleague.adviser.user, "personne-de-ce-nom")
    strangers = [colleague.adviser.user, ManagerFactory(regions=[elsewhere.agency.region]).user, AdviserFactory().user]
    for stranger in strangers:
        assert offered(client, stranger, typed) == nobody
    for reader in (ManagerFactory(regions=[portfolio.agency.region]).user, ManagerFactory().user):
        assert "Zoé Lefèvre" in offered(client, reader, typed)
    cover = CoverFactory(portfolio=portfolio, colleague=colleague.adviser)
    assert "Zoé Lefèvre" in offered(client, cover.colleague.user, typed)


def test_no_number_is_learned_digit_after_digit(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    """Kind: details that open on demand only, with a row, on a page that tells them by another way."""
    cover = CoverFactory(portfolio=portfolio)
    manager = ManagerFactory(regions=[portfolio.agency.region]).user
    assert "Zoé Lefèvre" in offered(client, portfolio.adviser.user, "06 12 34 56 7")
    for reader in (cover.colleague.user, manager, former_adviser(person)):
        assert "Zoé Lefèvre" not in offered(client, reader, "06 12 34 56 7")
        assert "Zoé Lefèvre" in offered(client, reader, "06 12 34 56 78")


def test_the_few_people_of_an_adviser_are_all_whom_they_may_read(portfolio: Portfolio, person: Jobseeker) -> None:
    """Kind: one perimeter that is written twice."""
    cover = CoverFactory(portfolio=portfolio)
    on_web_track(PortfolioFactory(adviser=cover.colleague))
    for reader in (portfolio.adviser.user, cover.colleague.user, former_adviser(person), AdviserFactory().user):
        readable = Jobseeker.objects.readable_by(reader).order_by("pk").values_list("pk", flat=True)
        assert sorted(readable_people(reader)) == list(readable)


def test_the_agencies_of_a_manager_hold_all_whom_they_may_read(portfolio: Portfolio, person: Jobseeker) -> None:
    """Kind: one perimeter that is written twice."""
    elsewhere = on_web_track(PortfolioFactory())
    regions = [portfolio.agency.region, elsewhere.agency.region]
    for reader in (ManagerFactory(regions=regions[:1]), ManagerFactory(regions=regions), ManagerFactory()):
        readable = Jobseeker.objects.readable_by(reader.user)
        assert set(Jobseeker.objects.filter(steered_agencies(reader.user))) == set(readable) != set()


def test_a_jobseeker_finds_nobody(client: Client, person: Jobseeker) -> None:
    client.force_login(person.user)
    assert client.get(URL, {"q": "lefevre"}).status_code == 403
    assert "data-search" not in client.get(reverse("space")).content.decode()


def test_without_scripts_it_is_a_page(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    on_web_track(portfolio, last_name="Lefèvre")
    client.force_login(portfolio.adviser.user)
    page = client.get(URL, {"q": "lefevre"}).content.decode()
    assert f'<a href="{reverse("person", args=[person.pk])}">Zoé Lefèvre</a>' in page
    assert "2 personnes trouvées" in page
    nobody = client.get(URL, {"q": "personne-de-ce-nom"}).content.decode()
    assert "Aucun résultat" in nobody
    for typed in ("", " ", "?!"):
        assert "Zoé Lefèvre" not in client.get(URL, {"q": typed}).content.decode()
    too_long = client.get(URL, {"q": "l" * 200}).content.decode()
    assert "La recherche est trop longue" in too_long
    assert "Zoé Lefèvre" not in too_long


@pytest.mark.parametrize(("typed", "opens"), [("lefevre zoe", True), ("lefevre", False), ("personne-de-ce-nom", False)])
def test_enter_opens_the_only_one(
    client: Client, portfolio: Portfolio, person: Jobseeker, typed: str, opens: bool
) -> None:
    """Kind: a list of one line, which asks for one more press."""
    on_web_track(portfolio, first_name="Ali", last_name="Lefèvre")
    on_web_track(PortfolioFactory(), first_name="Zoé", last_name="Lefèvre")
    client.force_login(portfolio.adviser.user)
    answer = client.get(URL, {"q": typed})
    assert answer.status_code == (302 if opens else 200)
    assert not opens or answer["Location"] == reverse("person", args=[person.pk])
    # While somebody types nothing opens.
    assert client.get(URL, {"q": typed}, headers={"HX-Request": "true"}).status_code == 200


def test_more_than_fit_are_said_to_be_more(client: Client, portfolio: Portfolio) -> None:
    for _ in range(OFFERED + 2):
        on_web_track(portfolio, last_name="Lefèvre")
    answer = offered(client, portfolio.adviser.user, "lefevre")
    assert answer.count('role="option"') == OFFERED
    assert f"Plus de {OFFERED} personnes trouvées" in answer


@pytest.mark.parametrize("people", [1, 5])
@pytest.mark.parametrize("role", [Role.ADVISER, Role.MANAGER])
def test_it_costs_the_same_however_many_are_found(
    client: Client, portfolio: Portfolio, django_assert_max_num_queries: Any, role: Role, people: int
) -> None:
    for _ in range(people):
        JobseekerFactory(agency=portfolio.agency, last_name="Lefèvre")
        on_web_track(portfolio, last_name="Lefèvre")
    user = portfolio.adviser.user if role == Role.ADVISER else ManagerFactory(regions=[portfolio.agency.region]).user
    client.force_login(user)
    with django_assert_max_num_queries(QUERIES):
        client.get(URL, {"q": "lefevre"}, headers={"HX-Request": "true"})
