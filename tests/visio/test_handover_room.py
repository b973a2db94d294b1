"""A hand-over while somebody waits in the room: the former adviser's tab closes, the person's stays."""

from datetime import time

import pytest
from channels.db import database_sync_to_async

from caseload.models import Placement, Portfolio
from caseload.services.transfers import transfer_people
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.visio.factories import InterviewFactory
from tests.visio.test_consumers import Tab, meet
from visio import consumers
from visio.models import Interview, WorkingHours

pytestmark = pytest.mark.django_db(transaction=True)


def heir_at_any_hour(interview: Interview) -> Portfolio:
    """Return a colleague's portfolio whose adviser works day and night, so that the test runs at any hour."""
    heir = PortfolioFactory(agency=interview.adviser.agency)
    WorkingHours.objects.bulk_create(
        WorkingHours(adviser=heir.adviser, weekday=day, starts_at=time(0), ends_at=time(23, 59, 59)) for day in range(7)
    )
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
    heir = await database_sync_to_async(heir_at_any_hour)(interview)
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
