"""Rows of advisers, and the conditions for accepting them. No database."""

import re
from collections.abc import Callable, Mapping, Set
from typing import NamedTuple

from accompaniment.enums import Modality
from accompaniment.rules.french import counted, plural
from accompaniment.rules.imports import values
from accompaniment.rules.imports.outcome import Remark
from accompaniment.rules.imports.reader import Layout, SourceRow
from accompaniment.rules.imports.rows import (
    AGENCIES,
    JOBSEEKERS,
    RowParser,
    RowRejectedError,
    known_agency,
    person_name,
    refuse_repetition,
)
from accompaniment.rules.imports.values import InvalidValueError
from accompaniment.rules.spelling import plain
from caseload.enums import ImportKind

ADVISERS = Layout(("email", "nom", "prenom", "code_agence", "portefeuille", "quotite"))
LAYOUTS = {ImportKind.AGENCIES: AGENCIES, ImportKind.ADVISERS: ADVISERS, ImportKind.JOBSEEKERS: JOBSEEKERS}
WORKING_SHARE = re.compile(r"[0-9]{1,3}")
WORKING_SHARE_MINIMUM, WORKING_SHARE_MAXIMUM = 10, 100  # per cent
FULL_TIME = 100
MODALITIES = tuple(Modality.values)


class AdviserRow(NamedTuple):
    """One portfolio of an adviser. An adviser with several portfolios has one row for each."""

    email: str
    last_name: str
    first_name: str
    agency: str
    modality: Modality
    working_share: int


def name_in_agency(last_name: str, first_name: str, agency: str) -> str:
    """Return the key by which a colleague is recognised under another address."""
    return f"{plain(last_name)};{plain(first_name)};{agency}"


class AdviserParser:
    """Turns rows of one file into advisers with a portfolio.

    `taken` are addresses of people who are no advisers, of the next rows at least. An adviser may come again with
    another portfolio, but not as somebody else. `known` are the addresses of advisers, and `colleagues` those in use
    by `name_in_agency`: one who comes under another address is no second adviser, and only a manager says that
    the address has changed. `following` are the agencies of advisers who follow people, by address, with
    how many: they stay in their agency.
    """

    def __init__(
        self,
        *,
        agencies: frozenset[str],
        taken: Set[str],
        known: frozenset[str],
        colleagues: Mapping[str, frozenset[str]],
        following: Mapping[str, tuple[str, int]],
        warn: Callable[[Remark], None],
    ) -> None:
        self._agencies = agencies
        self._taken = taken
        self._colleagues = colleagues
        self._known = known
        self._following = following
        self._warn = warn
        self._seen: dict[str, int] = {}
        self._people: dict[str, tuple[str, str, str]] = {}

    def parse(self, row: SourceRow) -> AdviserRow:
        """Return the adviser and portfolio that the row describes. Raises RowRejectedError."""
        parser = RowParser(row, ADVISERS, self._warn)
        email = parser.must("email", self._email)
        last_name = parser.must("nom", person_name)
        first_name = parser.must("prenom", person_name)
        agency = parser.must("code_agence", self._agency)
        modality = Modality(parser.must("portefeuille", values.mandatory_choice, MODALITIES))
        share = parser.must("quotite", working_share)
        if self._people.get(email, person := (last_name, first_name, agency)) != person:
            raise RowRejectedError("email", email, "Une ligne précédente donne cette adresse à un autre conseiller.")
        self._refuse_second_address(email, name_in_agency(last_name, first_name, agency))
        self._refuse_leaving_people(email, agency)
        refuse_repetition(self._seen, f"{email} {modality}", row=row, column="portefeuille")
        self._people[email] = person
        parser.is_accepted()
        return AdviserRow(
            email=email,
            last_name=last_name,
            first_name=first_name,
            agency=agency,
            modality=modality,
            working_share=share,
        )

    def _refuse_second_address(self, email: str, name: str) -> None:
        under = self._colleagues.get(name, frozenset())
        if under and email not in self._known:
            raise RowRejectedError(
                "email",
                email,
                f"Cette agence a déjà un conseiller de ce nom, sous l'adresse {min(under)}. Si c'est lui, corrigez son "
                "adresse dans Équipes, puis chargez de nouveau. Si c'est un homonyme, invitez-le dans Équipes.",
            )

    def _refuse_leaving_people(self, email: str, agency: str) -> None:
        present, people = self._following.get(email, (agency, 0))
        if present != agency:
            raise RowRejectedError(
                "email",
                email,
                f"Ce conseiller suit encore {counted(people, 'une personne')} de l'agence {present}, qui y "
                f"{plural(people, 'reste,restent')}. Transférez d'abord, puis chargez de nouveau cette ligne.",
            )

    def _email(self, value: str) -> str:
        email = values.email(value)
        if not email:
            raise InvalidValueError("Valeur obligatoire.")
        if email in self._taken:
            raise InvalidValueError("Cette adresse est déjà celle d'une autre personne.")
        return email

    def _agency(self, value: str) -> str:
        return known_agency(value, self._agencies)


def working_share(value: str) -> int:
    """Return the working share in per cent; full time if empty. Raises InvalidValueError outside 10 to 100."""
    value = values.clean(value)
    if not value:
        return FULL_TIME
    if WORKING_SHARE.fullmatch(value) and WORKING_SHARE_MINIMUM <= int(value) <= WORKING_SHARE_MAXIMUM:
        return int(value)
    raise InvalidValueError(f"Doit être un nombre de {WORKING_SHARE_MINIMUM} à {WORKING_SHARE_MAXIMUM}.")
