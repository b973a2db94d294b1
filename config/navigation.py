"""The one table of what the line of navigation holds, per role.

To add a page, add its line here, in the order in which people read it. Every entry must resolve: a page that
is not there yet has no line. The first entry of a role is the page that its people see after log-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from accompaniment.enums import Role
from accompaniment.rules.french import counted, verb_of


@dataclass(frozen=True)
class Entry:
    """One page of the navigation: the name of its address and what people read."""

    url_name: str
    label: str
    beyond: tuple[str, ...] = ()
    """First parts of the addresses elsewhere that belong to this entry, too. Its own address needs no line."""
    short: str = ""
    """The word in the bar of a telephone; an entry without one is in its menu only."""
    waiting: tuple[str, str] = ("", "")
    """What waits there, as `counted` takes it, and the verb that goes with it, as `verb_of` takes it."""


NAVIGATION: dict[Role, tuple[Entry, ...]] = {
    Role.ADVISER: (
        Entry("my_day", "Ma journée"),
        Entry(
            "my_portfolio",
            "Portefeuille",
            beyond=(
                "personnes",
                "portefeuilles",
                "transferts",
                "documents",
                "notes",
                "objectifs",
                "etapes",
                "echeances",
                "acceptations",
            ),
        ),
        Entry("registrations", "Inscriptions", waiting=("une demande", "attend,attendent")),
        Entry(
            "agenda",
            "Agenda",
            beyond=("demandes-en-agence", "absences", "visio", "mes-entretiens"),
            waiting=("une demande en agence,demandes en agence", "attend,attendent"),
        ),
        Entry("conversations", "Messages", waiting=("une conversation", "attend,attendent")),
        Entry("callbacks", "Rappels", waiting=("un rappel", "attend,attendent")),
    ),
    Role.JOBSEEKER: (
        Entry("space", "Mon espace", short="Espace", beyond=("etre-recu", "rappels")),
        Entry("conversations", "Messages", short="Messages", waiting=("un message non lu,messages non lus", "")),
        Entry("my_interviews", "Rendez-vous", short="Rendez-vous", beyond=("visio",)),
        Entry("my_accompaniment", "Mon accompagnement", beyond=("mes-documents", "documents", "acceptations")),
        Entry("own_data", "Mes données", beyond=("mon-numero", "mon-moyen-prefere")),
    ),
    Role.MANAGER: (
        Entry("steering", "Pilotage"),
        Entry(
            "portfolios",
            "Portefeuilles",
            beyond=("portefeuille", "personnes", "transferts", "demandes-en-agence", "acceptations"),
            waiting=("une personne", "attend un conseiller,attendent un conseiller"),
        ),
        Entry(
            "teams",
            "Équipes",
            beyond=("absences", "agenda", "rappels", "messagerie"),
            waiting=("une réponse ou un rappel,réponses ou rappels", "attend,attendent"),
        ),
        Entry("imports", "Imports"),
        Entry("settings", "Réglages"),
    ),
}


@dataclass(frozen=True)
class Link:
    """An entry as the page shows it. `current` is the value of `aria-current`, or empty."""

    url_name: str
    url: str
    label: str
    short: str
    current: str
    count: int = 0
    said: str = ""
    """The count in words, for who does not see where it stands."""


def navigation_for(role: Role, path: str, waiting: Mapping[str, int] | None = None) -> list[Link]:
    """Return the links of a role; the page at `path` is "page", the entry that a page elsewhere belongs to "true".

    `waiting` holds how many things wait, by the name of the entry's address.
    """
    links = []
    for entry in NAVIGATION[role]:
        url = reverse(entry.url_name)
        below = (url, *(f"/{part}/" for part in entry.beyond))
        current = "page" if path == url else "true" if path.startswith(below) else ""
        count = (waiting or {}).get(entry.url_name, 0)
        said = _said(count, entry) if count else ""
        links.append(Link(entry.url_name, url, entry.label, entry.short, current, count, said))
    return links


def _said(count: int, entry: Entry) -> str:
    what, verb = entry.waiting
    return f"{counted(count, what)} {verb_of(count, verb)}".strip()


def first_page(role: Role) -> str:
    """Return the address of the page that a role sees first."""
    return reverse(NAVIGATION[role][0].url_name)
