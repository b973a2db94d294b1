"""Every ROME code on a screen comes with its name. Kind: a bare code of the information system."""

from collections import Counter

import pytest
from django.test import Client

from accompaniment.rules.imports.rows import ROME_CODE
from accompaniment.rules.trades import _names, trade_in_words
from config.demonstration.texts import ROME_CODES
from tests.caseload.factories import on_web_track


def test_a_code_is_written_with_its_name() -> None:
    assert trade_in_words("M1607") == "Secrétariat (M1607)"
    assert trade_in_words("K2204") == "Nettoyage de locaux (K2204)"


def test_a_code_of_another_edition_and_none_at_all_stand_as_they_are() -> None:
    assert trade_in_words("M1999") == "M1999"
    assert trade_in_words("") == ""


def test_the_list_is_whole_and_knows_the_codes_of_the_demonstration() -> None:
    """Each of the fourteen families has as many codes as the reference, in order, with unique names."""
    names = _names()
    assert all(ROME_CODE.fullmatch(code) and name.strip() == name != "" for code, name in names.items())
    assert list(names) == sorted(names)
    assert len(set(names.values())) == len(names) == 532
    families = {"A": 30, "B": 19, "C": 25, "D": 39, "E": 23, "F": 38, "G": 30}
    families |= {"H": 94, "I": 28, "J": 32, "K": 71, "L": 22, "M": 44, "N": 37}
    assert Counter(code[0] for code in names) == families
    assert set(ROME_CODES) <= set(names)


@pytest.mark.django_db
def test_a_person_reads_the_trade_in_words(client: Client) -> None:
    person = on_web_track(rome="F1702")
    client.force_login(person.user)
    assert "Construction de routes et voies (F1702)" in client.get("/mes-donnees/").content.decode()
