"""The navigation of each role, and the marked current page."""

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import Role
from config.navigation import NAVIGATION, navigation_for
from tests.access.house import ACTORS, build_house
from tests.access.table import TABLE
from tests.accompaniment.factories import UserFactory


@pytest.mark.parametrize(
    ("role", "address"),
    [(Role.ADVISER, "/ma-journee/"), (Role.JOBSEEKER, "/mon-espace/"), (Role.MANAGER, "/pilotage/")],
)
@pytest.mark.django_db
def test_home_is_the_first_page_of_the_role(client: Client, role: Role, address: str) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get(reverse("home"))["Location"] == address


@pytest.mark.parametrize("role", Role)
def test_every_entry_leads_to_a_page_of_its_own(role: Role) -> None:
    links = navigation_for(role, "/")
    assert len({link.url for link in links}) == len(NAVIGATION[role])
    assert not [link for link in links if link.current]


@pytest.mark.parametrize(
    ("path", "current"), [("/inscriptions/", "page"), ("/inscriptions/12/", "true"), ("/agenda/", "")]
)
def test_current_page_and_the_section_above_it_are_marked(path: str, current: str) -> None:
    (link,) = [link for link in navigation_for(Role.ADVISER, path) if link.label == "Inscriptions"]
    assert link.current == current


OF_NO_ENTRY = {
    "password_change",
    "change_address",
    "my_notices",
    "calendar_feed",
    "home",
    "interview_band",
    "session_time",
}
"""Pages of the account, and addresses that are no page of their own."""


@pytest.mark.parametrize(
    ("role", "actor"), [(Role.ADVISER, "follower"), (Role.JOBSEEKER, "owner"), (Role.MANAGER, "manager")]
)
@pytest.mark.django_db
def test_each_address_of_a_role_belongs_to_exactly_one_entry(role: Role, actor: str) -> None:
    """Transfers, requests for a meeting on site and a person's file, too. Pages that are open to all belong to none."""
    house = build_house()
    opened, wrong = 0, []
    for name, row in TABLE.items():
        answers = dict(zip(ACTORS, row.get.split(), strict=True))
        if answers[actor] != "200" or answers["anonymous"] == "200" or name in OF_NO_ENTRY:
            continue
        opened += 1
        address = reverse(name, args=row.args(house))
        current = [link.label for link in navigation_for(role, address) if link.current]
        if len(current) != 1:
            wrong.append(f"{name} {address}: {current}")
    assert opened > 10
    assert wrong == []
