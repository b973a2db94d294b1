"""The one table of what the line of navigation holds, per role.

To add a page, add its line here, in the order in which people read it. Every entry must resolve: a page that
is not there yet has no line. The first entry of a role is the page that its people see after log-in.
"""

from dataclasses import dataclass

from django.urls import reverse

from accompaniment.enums import Role


@dataclass(frozen=True)
class Entry:
    """One page of the navigation: the name of its address and what people read."""

    url_name: str
    label: str


NAVIGATION: dict[Role, tuple[Entry, ...]] = {
    Role.ADVISER: (
        Entry("my_day", "Ma journée"),
        Entry("my_portfolio", "Portefeuille"),
        Entry("registrations", "Inscriptions"),
        Entry("agenda", "Agenda"),
        Entry("conversations", "Messagerie"),
        Entry("callbacks", "Rappels"),
    ),
    Role.JOBSEEKER: (
        Entry("space", "Mon espace"),
        Entry("conversations", "Messagerie"),
        Entry("my_interviews", "Mes entretiens"),
        Entry("my_accompaniment", "Mon accompagnement"),
        Entry("own_data", "Mes données"),
    ),
    Role.MANAGER: (
        Entry("steering", "Pilotage"),
        Entry("portfolios", "Portefeuilles"),
        Entry("teams", "Équipes"),
        Entry("imports", "Imports"),
        Entry("settings", "Réglages"),
    ),
}


@dataclass(frozen=True)
class Link:
    """An entry as the page shows it. `current` is the value of `aria-current`, or empty."""

    url: str
    label: str
    current: str


def navigation_for(role: Role, path: str) -> list[Link]:
    """Return the links of a role; the page at `path` is "page", the section above it "true"."""
    links = []
    for entry in NAVIGATION[role]:
        url = reverse(entry.url_name)
        current = "page" if path == url else "true" if path.startswith(url) else ""
        links.append(Link(url, entry.label, current))
    return links


def first_page(role: Role) -> str:
    """Return the address of the page that a role sees first."""
    return reverse(NAVIGATION[role][0].url_name)
