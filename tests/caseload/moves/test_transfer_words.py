"""A transfer stores codes and facts; its sentences are made when they are shown.

Kind: a stored sentence that code reads to decide, or that shows hours of another time zone.
"""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accompaniment.enums import Modality
from caseload.enums import CarriedAlong, TransferObstacle, TransferState
from caseload.models import Transfer
from caseload.reads.moves.transfer_reports import carried_in_words, why_not_in_words
from caseload.services.moves.transfers import transfer_people
from tests.caseload.factories import ManagerFactory, PortfolioFactory, placed, standing

pytestmark = pytest.mark.django_db
migration = import_module("caseload.migrations.0012_why_not_as_codes")


@pytest.fixture
def transfer() -> Transfer:
    """A person who was not moved."""
    here = PortfolioFactory(modality=Modality.GUIDE, adviser__user__first_name="Odile", adviser__user__last_name="Roy")
    there = PortfolioFactory(agency=here.agency, adviser__user__first_name="Yann", adviser__user__last_name="Le Goff")
    people = standing(placed(here))
    return transfer_people(actor=ManagerFactory().user, people=people, targets=[there], reason="Congé").transfers.get()


FACTS: dict[TransferObstacle, tuple[dict[str, Any], str]] = {
    TransferObstacle.GONE: ({}, "N'est plus dans le portefeuille d'Odile Roy."),
    TransferObstacle.LEFT: ({"reason": "tier_changed"}, "N'est plus dans le portefeuille : changement de modalité."),
    TransferObstacle.NOT_YOURS: (
        {},
        "N'est pas dans l'un de vos portefeuilles : demandez à son conseiller ou à un responsable.",
    ),
    TransferObstacle.ALREADY_PLANNED: (
        {},
        "Un transfert est déjà prévu pour cette personne. Annulez-le pour en décider un autre.",
    ),
    TransferObstacle.ALREADY_THERE: ({}, "Est déjà dans ce portefeuille."),
    TransferObstacle.FULL: ({}, "Complet : Yann Le Goff."),
    TransferObstacle.FILLED: (
        {"occupied": 250, "cap": 250},
        "Le portefeuille de Yann Le Goff est complet (250 / 250). Choisissez-en un autre.",
    ),
    TransferObstacle.NOBODY_ANSWERS: (
        {"until": "2031-03-01"},
        (
            "Yann Le Goff n'est pas là jusqu'au 1er mars 2031 inclus et personne ne répond à sa place. Choisissez un "
            "autre portefeuille, ou ajoutez un relais à son absence."
        ),
    ),
    TransferObstacle.ACCOUNT_CLOSED: ({}, "Le compte de Yann Le Goff est fermé."),
    TransferObstacle.OTHER_MODALITY: (
        {"modality": "guide"},
        "La modalité de la personne (Guidé) n'est pas celle du portefeuille choisi (Guidé 100 % web).",
    ),
    TransferObstacle.OTHER_REGION: ({}, "Le portefeuille de Yann Le Goff est dans une autre région."),
    TransferObstacle.TOLD: ({"told": "Ce que la version précédente a dit."}, "Ce que la version précédente a dit."),
}
NAMED = {"full", "filled", "nobody_answers", "account_closed", "other_modality", "other_region"}


def test_what_is_stored_is_a_code_with_the_keys_of_its_names(transfer: Transfer) -> None:
    there = transfer.batch.targets.get()
    assert (transfer.why_not, transfer.why_not_facts) == (
        TransferObstacle.OTHER_MODALITY,
        {"portfolios": [there.pk], "modality": "guide"},
    )


@pytest.mark.parametrize("code", TransferObstacle)
def test_each_code_has_its_sentence(transfer: Transfer, code: TransferObstacle) -> None:
    facts, sentence = FACTS[code]
    transfer.why_not = code
    transfer.why_not_facts = {**facts, **({"portfolios": [transfer.batch.targets.get().pk]} if code in NAMED else {})}
    transfer.save()
    assert [said.replace("\u00a0", " ") for said in why_not_in_words([transfer])] == [sentence]


def test_an_unknown_code_is_refused(transfer: Transfer) -> None:
    with pytest.raises(IntegrityError, match="transfer_not_done_for_a_known_reason"), transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(why_not="autre")
    Transfer.objects.filter(pk=transfer.pk).update(why_not=TransferObstacle.FULL)


@pytest.mark.parametrize("what", CarriedAlong)
def test_each_thing_that_moves_along_has_its_sentence(transfer: Transfer, what: CarriedAlong) -> None:
    transfer.target = transfer.batch.targets.get()
    along = {"what": what, "at": "2030-12-02T08:00:00+00:00", **({"told": "Dit."} if what == "told" else {})}
    said = carried_in_words(along, transfer)
    if what in {CarriedAlong.INTERVIEW_KEPT, CarriedAlong.INTERVIEW_CANCELLED}:
        assert said.startswith("L'entretien du lundi 2 décembre à 9\u00a0h ")
        assert "Yann Le Goff" in said


def test_an_hour_is_told_on_the_clock_of_whoever_reads_it(transfer: Transfer) -> None:
    transfer.target = transfer.batch.targets.get()
    along = {"what": "interview_kept", "at": datetime(2030, 12, 2, 8, tzinfo=UTC).isoformat()}
    with timezone.override("Indian/Reunion"):
        assert "à 12\u00a0h (heure de La Réunion)" in carried_in_words(along, transfer)
    assert "à 9\u00a0h passe" in carried_in_words(along, transfer)


@pytest.mark.parametrize("code", TransferObstacle)
def test_the_sentences_of_the_earlier_release_become_codes(transfer: Transfer, code: TransferObstacle) -> None:
    """They are shown as before: from the code, or as stored if they contain a name."""
    sentence = FACTS[code][1]
    if code in {"left", "full", "not_yours"}:
        sentence = sentence.replace(" : ", " : " if code == "left" else "\u00a0: ")
    carried = ["Un rappel est à faire : il passe au nouveau conseiller.", "L'entretien du lundi passe à X.", "Autre."]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE caseload_transfer DROP CONSTRAINT transfer_not_done_for_a_known_reason, "
            "ALTER why_not TYPE varchar(300)"
        )
    Transfer.objects.filter(pk=transfer.pk).update(
        why_not=sentence, why_not_facts={}, carried=carried, state=TransferState.NOT_DONE
    )
    migration.to_codes(apps, None)
    transfer.refresh_from_db()
    assert transfer.why_not == code
    assert [said.replace("\u00a0", " ") for said in why_not_in_words([transfer])] == [FACTS[code][1]]
    assert transfer.carried == [
        {"what": "callback"},
        {"what": "interview_kept", "told": carried[1]},
        {"what": "told", "told": carried[2]},
    ]
