"""The audit as a person reads it: each event that a service writes has a sentence."""

import re
from pathlib import Path

import pytest

from accompaniment.enums import AuditAction, EnrolmentState, FilePart, ReaderCapacity
from accompaniment.rules.audit_words import EVENTS, FIELDS, audit_in_words, capacity_in_words
from accompaniment.services.contact_details import DETAILS
from messaging.enums import CallbackState
from visio.enums import InterviewState

SERVICES = [
    path
    for app in ("accompaniment", "caseload", "messaging", "visio")
    for path in sorted((Path(__file__).parents[2] / app / "services").rglob("*.py"))
]


@pytest.mark.parametrize("action", AuditAction)
def test_every_audit_row_has_words_whatever_its_details(action: AuditAction) -> None:
    assert audit_in_words(action, {})
    assert audit_in_words(action, {"event": "unknown", "fields": ["unknown"], "to_state": "unknown"})


@pytest.mark.parametrize(
    ("action", "event"), [(action, event) for action, events in EVENTS.items() for event in events]
)
def test_each_event_has_a_sentence_of_its_own(action: AuditAction, event: str) -> None:
    sentence = audit_in_words(action, {"event": event})
    assert sentence == EVENTS[action][event]
    others = [words for events in EVENTS.values() for words in events.values()]
    assert others.count(sentence) == 1


def test_every_event_that_a_service_writes_of_a_person_is_told() -> None:
    """The excluded events concern capacities, bounds, regions, texts, delays, absences and staff, not a person."""
    of_no_person = {
        "published",
        "created",
        "adviser_created",
        "adviser_updated",
        "withdrawn",
    }
    events = {event for path in SERVICES for event in re.findall(r'event="([a-z_]+)"', path.read_text())}
    told = {event for events in EVENTS.values() for event in events}
    of_the_house = {"absences.py", "bounds.py", "capacities.py", "imports.py", "replies.py", "staff.py"}
    elsewhere = {
        event
        for path in SERVICES
        if path.name in of_the_house
        for event in re.findall(r'event="([a-z_]+)"', path.read_text())
    }
    assert events - told - of_no_person - elsewhere == set()


@pytest.mark.parametrize(
    ("action", "states"),
    [
        (AuditAction.ENROLMENT, EnrolmentState),
        (AuditAction.INTERVIEW, InterviewState),
        (AuditAction.CALLBACK, CallbackState),
    ],
)
def test_every_state_that_an_act_leads_to_has_a_sentence(action: AuditAction, states: type[EnrolmentState]) -> None:
    assert {str(state) for state in states} <= EVENTS[action].keys()


def test_every_contact_detail_has_its_name() -> None:
    assert set(DETAILS) <= FIELDS.keys()


@pytest.mark.parametrize("part", FilePart)
def test_every_part_of_a_file_that_is_read_is_named(part: FilePart) -> None:
    assert audit_in_words(AuditAction.READ, {"part": f"{part}:12"}) == part.label


@pytest.mark.parametrize("capacity", ReaderCapacity)
def test_a_reading_says_in_which_capacity(capacity: ReaderCapacity) -> None:
    assert capacity_in_words({"part": "file", "capacity": capacity}) == capacity.label


def test_an_old_reading_says_no_capacity() -> None:
    assert capacity_in_words({"part": "file"}) == ""


@pytest.mark.parametrize(
    ("action", "details", "words"),
    [
        (AuditAction.UPDATED, {"fields": ["email", "phone"]}, "Fiche modifiée\u00a0: adresse e-mail, téléphone"),
        (AuditAction.UPDATED, {"fields": ["preferred_hours"]}, "Fiche modifiée\u00a0: heures préférées"),
        (AuditAction.ENROLMENT, {"from_state": "", "to_state": EnrolmentState.ACTIVE}, "100\u00a0% web commencé"),
        (AuditAction.CONSENT, {"version": 2}, "Acceptation du 100\u00a0% web donnée (texte version 2)"),
        (
            AuditAction.CONSENT,
            {"version": 2, "event": "withdrawn"},
            "Acceptation du 100\u00a0% web retirée (texte version 2)",
        ),
        (AuditAction.ACCOMPANIMENT, {"tier": "guide", "track": "web"}, "Accompagnement\u00a0: guidé, 100\u00a0% web"),
        (AuditAction.INTERVIEW, {"from_state": "booked", "to_state": "held"}, "Entretien terminé, décisions écrites"),
        (AuditAction.CALLBACK, {"request": 3, "state": "done"}, "Rappel effectué"),
        (AuditAction.MESSAGE, {"number": 3}, "Message envoyé"),
        (AuditAction.EXPORT, {"list": "portfolio"}, "Votre nom et votre situation figurent dans une liste téléchargée"),
        (
            AuditAction.TRANSFER,
            {"event": "done", "former": "Anne Vidal", "adviser": "Luc Petit", "keep_reading": True},
            "Luc Petit vous accompagne\u00a0; Anne Vidal peut lire le dossier pendant 30 jours",
        ),
        (
            AuditAction.TRANSFER,
            {"event": "done", "former": "Anne Vidal", "adviser": "Luc Petit", "keep_reading": False},
            "Luc Petit vous accompagne\u00a0; Anne Vidal n'a plus accès au dossier",
        ),
        (AuditAction.TRANSFER, {"event": "done", "source": 1, "target": 2}, "Changement de conseiller"),
    ],
)
def test_what_was_done_in_a_file_is_said_plainly(action: AuditAction, details: dict[str, object], words: str) -> None:
    assert audit_in_words(action, details) == words
