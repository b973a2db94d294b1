"""A hand-over while somebody waits in the room: the former adviser's tab closes, the person's stays."""

from collections.abc import Iterator

import pytest
import time_machine
from channels.db import database_sync_to_async

from caseload.models import Placement, Portfolio
from caseload.services.moves.transfers import transfer_people
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.visio.factories import InterviewFactory
from tests.visio.tabs import Tab, meet
from visio import consumers
from visio.models import Interview
from visio.services.hours import give_usual_hours

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    """An hour at which the new adviser works too."""
    with time_machine.travel("2026-03-02T09:00:00Z", tick=True):
        yield


def heir_who_works(interview: Interview) -> Portfolio:
    """Return a colleague's portfolio whose adviser has the usual working hours."""
    heir = PortfolioFactory(agency=interview.adviser.agency)
    give_usual_hours([heir.adviser])
    return heir


def hand_over(interview: Interview, heir: Portfolio) -> None:
    transfer_people(
        actor=ManagerFactory().user,
        people=Placement.objects.open().filter(jobseeker=interview.jobseeker),
        targets=[heir],
        reason="Départ",
    )


async def test_the_former_advisers_tab_closes_and_the_new_adviser_comes_in() -> None:
    interview = await database_sync_to_async(InterviewFactory)()
    heir = await database_sync_to_async(heir_who_works)(interview)
    person, former = Tab(interview.jobseeker.user, interview), Tab(interview.adviser.user, interview)
    await meet(person, former)
    await database_sync_to_async(hand_over)(interview, heir)
    assert await former.closed() == consumers.CLOSE_REFUSED
    gone = await person.hear("peer")
    assert gone["present"] is False
    new = Tab(heir.adviser.user, interview)
    assert (await new.join())["role"] == "adviser"
    assert (await person.hear("peer"))["present"] is True
    for tab in (person, former, new):
        await tab.leave()
