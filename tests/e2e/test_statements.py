"""What each page of the demonstration asks of the database, counted as it is there: every person has a past.

No browser is needed, but the copy of the demonstration that the tests beside this one use. Tests with a page of their
own in `tests/caseload` and elsewhere show that no page asks more for more rows.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accompaniment.models import User
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER, DemonstrationLogin
from tests.e2e.demonstration_pages import adviser_pages, jobseeker_pages, manager_pages

pytestmark = pytest.mark.e2e

MOST = 15
MOST_OF_A_PAGE = {
    "person": 20,
    "person_tier": 18,
    "conversation": 18,
    "my_accompaniment": 17,
    "member": 17,
    "steering": 16,
    "sequence_of": 40,  # a conversation, a file and the panel of interviews in one page
}
"""Pages that ask more: the file of a person as it may, the others as they do today. None may grow unseen."""

Pages = Callable[[], dict[str, str]]


@pytest.mark.parametrize(
    ("login", "pages"),
    [(ADVISER, adviser_pages), (JOBSEEKER, jobseeker_pages), (MANAGER, manager_pages)],
    ids=["adviser", "jobseeker", "manager"],
)
@pytest.mark.usefixtures("demonstration")
def test_no_page_asks_the_database_too_often(client: Client, login: DemonstrationLogin, pages: Pages) -> None:
    """In real transactions, as in production: within the one of a test, many begin and end unseen."""
    client.force_login(User.objects.get(email=login.email))
    too_many: list[str] = []
    for name, address in pages().items():
        client.get(address)  # the first reading of somebody else leaves its row
        with CaptureQueriesContext(connection) as statements:
            answer = client.get(address)
        assert answer.status_code in (200, 302), name  # « À la suite » leads to a conversation
        most = MOST_OF_A_PAGE.get(name, MOST)
        if len(statements) > most:
            too_many.append(f"{name}: {len(statements)} statements, at most {most}")
    assert too_many == []
