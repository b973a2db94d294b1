"""What waits for somebody, as the frame of every page says it: true for each role, and never of other people."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, Role
from accompaniment.models import Enrolment, User
from accompaniment.services.on_site_requests import ask_on_site
from caseload.models import Portfolio
from config.waiting import Relay, _statement, what_waits
from messaging.services.conversations import mark_read
from tests.accompaniment.factories import UserFactory
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, volunteer
from tests.messaging.factories import Pair, ask, pair, say

pytestmark = pytest.mark.django_db


def counts(user: User) -> dict[str, int]:
    """Return what waits, without what is nothing."""
    return {name: count for name, count in what_waits(user, now=timezone.now()).counts.items() if count}


def everything_waits(portfolio: Portfolio) -> Pair:
    """Let a person of the portfolio write, ask to be called back and to be received, and another one volunteer."""
    one = pair(portfolio)
    say(one.conversation, one.person)
    ask(one.jobseeker)
    ask_on_site(actor=one.person, jobseeker=one.jobseeker)
    volunteer(portfolio)
    return one


def test_an_adviser_reads_what_waits_in_the_own_portfolio_and_agency() -> None:
    portfolio = PortfolioFactory()
    one = everything_waits(portfolio)
    assert counts(portfolio.adviser.user) == {"conversations": 1, "callbacks": 1, "registrations": 1, "agenda": 1}
    say(one.conversation, portfolio.adviser.user)
    assert "conversations" not in counts(portfolio.adviser.user)


def test_nothing_of_others_is_counted() -> None:
    """Kind: a count is a hint. A colleague of the agency who keeps a web portfolio sees its volunteers, who belong to
    nobody yet."""
    portfolio = PortfolioFactory()
    everything_waits(portfolio)
    colleague, stranger = PortfolioFactory(agency=portfolio.agency), PortfolioFactory()
    everything_waits(stranger)
    assert counts(colleague.adviser.user) == {"registrations": 1}
    receives_nobody = PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI)
    assert counts(receives_nobody.adviser.user) == {}
    assert counts(UserFactory(role=Role.ADVISER)) == {}
    assert counts(UserFactory(role=Role.JOBSEEKER)) == {}
    assert counts(UserFactory(role=Role.MANAGER)) == {}


def test_who_covers_counts_the_people_covered_and_both_read_who_relays_whom() -> None:
    portfolio = PortfolioFactory()
    everything_waits(portfolio)
    colleague = PortfolioFactory(agency=portfolio.agency).adviser
    assert "conversations" not in counts(colleague.user)
    cover = CoverFactory(portfolio=portfolio, colleague=colleague)
    assert counts(colleague.user) == counts(portfolio.adviser.user)
    assert what_waits(colleague.user, now=timezone.now()).relayed == [
        Relay(portfolio.adviser.user.full_name, cover.ends_on)
    ]
    assert what_waits(portfolio.adviser.user, now=timezone.now()).relaying == [
        Relay(colleague.user.full_name, cover.ends_on)
    ]
    after = timezone.now() + timedelta(days=3)
    assert what_waits(colleague.user, now=after).relayed == []


def test_a_jobseeker_reads_how_many_messages_are_new_and_not_of_whom_else() -> None:
    one, other = pair(), pair()
    for _ in range(2):
        say(one.conversation, one.adviser)
    say(one.conversation, one.person)
    say(other.conversation, other.adviser)
    assert counts(one.person) == {"conversations": 2}
    mark_read(actor=one.person, conversation_id=one.conversation.pk, number=3)
    assert counts(one.person) == {}


def test_a_manager_reads_who_waits_for_an_adviser_in_the_own_regions() -> None:
    portfolio = PortfolioFactory()
    refused = volunteer(portfolio)
    manager = ManagerFactory(regions=[portfolio.agency.region]).user
    assert counts(manager) == {}
    Enrolment.objects.filter(pk=refused.pk).update(
        state=EnrolmentState.REFUSED, closed_at=timezone.now(), closed_by=portfolio.adviser.user, refusal_reason="other"
    )
    assert counts(manager) == {"portfolios": 1}
    assert counts(ManagerFactory().user) == {"portfolios": 1}
    assert counts(ManagerFactory(regions=[PortfolioFactory().agency.region]).user) == {}


@pytest.mark.parametrize("role", Role)
def test_what_waits_is_one_statement_however_much_it_is(role: Role, django_assert_num_queries: Any) -> None:
    portfolio = PortfolioFactory()
    one = everything_waits(portfolio)
    everything_waits(portfolio)
    users = {Role.ADVISER: portfolio.adviser.user, Role.JOBSEEKER: one.person, Role.MANAGER: ManagerFactory().user}
    user = User.objects.get(pk=users[role].pk)
    with django_assert_num_queries(1):
        what_waits(user, now=timezone.now())


def test_the_page_says_the_count_in_words_too(client: Client) -> None:
    portfolio = PortfolioFactory()
    for _ in range(2):
        everything_waits(portfolio)
    client.force_login(portfolio.adviser.user)
    page = client.get(reverse("callbacks")).content.decode()
    assert '<span class="frame-count" aria-hidden="true">2</span>' in page
    assert "2 rappels attendent" in page
    assert "2 demandes en agence attendent" in page


@pytest.mark.parametrize("role", Role)
def test_the_statement_of_a_role_holds_no_day_and_no_reader(role: Role) -> None:
    """Kind: it is built once, so what it holds of one reader and one day would be told to everybody for ever."""
    before = _statement(role)
    _statement.cache_clear()
    with time_machine.travel(timezone.now() + timedelta(days=400), tick=False):
        later = _statement(role)
        instants = {one for one in later[1] if isinstance(one, date)}
        assert instants <= {timezone.now()}
    _statement.cache_clear()
    assert before[0] == later[0]
    assert [one for one in before[1] if not isinstance(one, date)] == [one for one in later[1] if one not in instants]
