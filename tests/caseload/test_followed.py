"""The rows with which most tests begin are the same that the services leave."""

import pytest
from asgiref.sync import sync_to_async

from accompaniment.models import AuditEntry, Jobseeker
from tests.caseload.factories import PortfolioFactory, made_by_the_services, on_web_track
from tests.messaging.desks import opened
from tests.twins import shapes


def acts_of(person: Jobseeker) -> list[str]:
    return list(AuditEntry.objects.filter(jobseeker=person).order_by("pk").values_list("action", flat=True))


@pytest.mark.django_db
def test_a_followed_person_has_the_rows_that_the_services_leave() -> None:
    portfolio = PortfolioFactory()
    written = on_web_track(portfolio, identifier="1234567A")
    made = made_by_the_services(portfolio, identifier="1234568A")
    assert shapes(written, words=True) == shapes(made, words=True)
    assert acts_of(written) == acts_of(made)
    portfolio.refresh_from_db()
    assert portfolio.occupied == 2


@pytest.mark.django_db(transaction=True)
async def test_an_open_page_of_the_day_is_told_of_the_panels_of_which_the_services_tell() -> None:
    portfolio = await sync_to_async(PortfolioFactory)()
    desk = await opened(portfolio.adviser.user)
    await sync_to_async(on_web_track)(portfolio)
    written = await desk.panels()
    assert await desk.hears_nothing()
    await sync_to_async(made_by_the_services)(portfolio)
    made: set[str] = set()
    while not made >= written:
        made |= await desk.panels()
    while not await desk.hears_nothing():
        made |= await desk.panels()
    assert written == made
    await desk.leave()
