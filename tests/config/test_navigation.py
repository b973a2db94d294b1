"""Where each role goes, and where it is."""

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import Role
from config.navigation import NAVIGATION, navigation_for
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
