"""The rules for what a jobseeker reads, over every page, refusal and letter that one can get."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from accompaniment.rules.legal_words import SENTENCES, legal_sentence
from accompaniment.services.reference import supplied_consent_text
from tests.access.house import build_house
from tests.french_examples import wrong_words
from tests.sentences import length_of, letters, lines_of, pages_in_state, pages_of_the_house, sentences_of
from tests.visio.states_of_the_space import STATES

pytestmark = pytest.mark.django_db

TESTS = Path(__file__).parent


@cache
def _read() -> tuple[tuple[str, str], ...]:
    return tuple(_lines())


def _lines() -> Iterator[tuple[str, str]]:
    for name, page in pages_of_the_house(build_house()):
        yield from ((name, line) for line in lines_of(page))
    for state, *_ in STATES:
        for name, page in pages_in_state(state):
            yield from ((name, line) for line in lines_of(page))
    for kind, letter in letters():
        yield from ((kind, line) for line in letter.split("\n") if line.strip())
    yield from (("the supplied text", line.lstrip("-# ")) for line in supplied_consent_text().split("\n"))
    yield from ((f"legal: {name}", legal_sentence(name)) for name in SENTENCES)


@pytest.fixture
def lines(db: None) -> tuple[tuple[str, str], ...]:
    """Return every line that a jobseeker can read with its place. They are read once."""
    return _read()


# --- Words of the staff ---------------------------------------------------------------------------

STAFF_WORDS = re.compile(
    r"modalité|portefeuille|classique|échéance|cadence|(?-i:relais\b)|affectation|adhésion|plan de contact|caduc"
    r"|quotité|plafond|courriel|messagerie|tchat|webcam|bande passante|\bdébit\b|\bEID\b|\bRDV\b|usager|bénéficiaire"
    r"|radiation|clôtur|sommation|manquement|présentiel|distanciel|dématérialis|Pôle emploi|recharge[zr]"
    r"|liste d'attente|suppléan|référent\b|à placer|à tenir\b|prise en charge|\blevée?s?\b|no-show|motif\b"
    r"|la personne(?! déléguée| du service)|de la personne",
    re.IGNORECASE,
)
"""Words of the glossary that a jobseeker never reads."""


def test_no_word_of_the_staff_is_shown_to_a_jobseeker(lines: tuple[tuple[str, str], ...]) -> None:
    """Kind: a label of the staff on a page, in a refusal or in a letter for a jobseeker."""
    assert len(lines) > 3000
    found = {(line, place) for place, line in lines if STAFF_WORDS.search(line.replace("\u00a0", " "))}
    assert sorted(found) == []


# --- Nothing agrees with the reader ---------------------------------------------------------------

AGREES = re.compile(
    r"\bvous (?:êtes|serez|étiez|seriez|avez été)(?: (?:pas|maintenant|déjà|toujours|bien))* "
    r"(?:\w+é|absent|inscrit|reçu|prévenu|suivi|averti|attendu|connecté|seul|sûr|certain)e?\b"
    r"|\b(?:demand\w+|voulez|pouvez|souhaitez|propose)(?: à| d'| d’)? ?être "
    r"(?:\w+é|reçu|suivi|averti|prévenu|inscrit|attendu)e?\b"
    r"|^Être \w+(?:é|u|i)\b|\bvous êtes seule?\b|\(e\)|\w·e\b",
    re.IGNORECASE,
)
"""A participle or an adjective that has a gender, about the reader."""


def test_nothing_agrees_with_the_reader(lines: tuple[tuple[str, str], ...]) -> None:
    """Kind: « Vous êtes suivi », which is wrong for half of the readers."""
    assert sorted({(line, place) for place, line in lines if AGREES.search(line.replace("\u00a0", " "))}) == []


# --- Days, hours and counts -----------------------------------------------------------------------


def test_days_hours_and_counts_are_written_in_one_way(lines: tuple[tuple[str, str], ...]) -> None:
    assert sorted({(wrong, place) for place, line in lines for wrong in wrong_words(line)}) == []


# --- One idea a sentence --------------------------------------------------------------------------

MOST_WORDS = 20


LONG_ANYWAY = {
    "Le traitement repose sur une mission d'intérêt public": "it quotes the regulation",
    "un conseiller de votre agence, pour votre inscription": "it is an item of a list, which the accepted text repeats",
    "Peuvent ouvrir votre dossier": "the accepted text names all of its readers in one sentence",
    "Peuvent ouvrir": "the same",
    "Ce site garde vos messages": "it is in the accepted text, which the legal department validates",
    "Un téléphone, une tablette ou un ordinateur": "it is an item of a list of things",
}
"""How the few longer sentences begin, with the reason."""


def test_a_sentence_has_at_most_twenty_words(lines: tuple[tuple[str, str], ...]) -> None:
    """Two ideas are two sentences. A colon and a semicolon count as an end."""
    found = {sentence: place for place, line in lines for sentence in sentences_of(line)}
    long = {one: place for one, place in found.items() if length_of(one) > MOST_WORDS}
    kept = {one for one in long if one.replace("\u00a0", " ").startswith(tuple(LONG_ANYWAY))}
    assert {one: long[one] for one in long.keys() - kept} == {}


def test_the_length_of_a_sentence() -> None:
    """Control: the test above can fail."""
    assert length_of("Vous choisissez l'heure.") == 3
    assert length_of(" ".join(["mot"] * 12) + "\u00a0: " + " ".join(["mot"] * 9)) == 12
    assert length_of(" ".join(["mot"] * 21)) > MOST_WORDS
    assert list(sentences_of("Un. Deux\u00a0? Trois")) == ["Un.", "Deux\u00a0?", "Trois"]


# --- A promise has a test -------------------------------------------------------------------------

PROMISE = re.compile(
    r"\bjamais\b|\btoujours\b|\bau plus\b(?! tard)|à tout moment|tout de suite|aucune? sanction|aucune machine"
    r"|un e-mail vous dira|vous recevrez|arrive(?:ra)? ici et par e-mail|effet immédiat|serez prévenu",
    re.IGNORECASE,
)
PROMISES = {
    r"absence|entretien manqué": "visio/test_missed.py::test_without_one_of_the_proofs_it_is_refused",
    r"\bsanction": "visio/test_constraints.py::test_nobody_confirms_an_absence_unheard",
    r"rencontrer quelqu'un|en agence": "visio/test_space_states.py::test_one_next_step_and_every_way_leads_on",
    r"quitter|l'arrêter|pourrez arrêter": "accompaniment/test_track_ends.py::test_ends_the_track_at_once",
    r"est retirée tout de suite": "accompaniment/test_acceptance.py::test_can_be_declined_at_once",
    r"Le fichier sera effacé": "accompaniment/test_documents.py::test_a_removed_document_is_erased_at_once",
    r"(?:caractères|Mo) au plus": "accompaniment/test_french.py::test_a_text_that_is_too_long_says_by_how_much",
    r"fichiers au plus": "messaging/test_attachments.py::test_at_most_five_files_come_with_a_message",
    r"heures au plus": "accompaniment/test_promises.py::test_the_page_tells_every_cookie_that_is_set",
    r"jours au plus": "accompaniment/test_throttle.py::test_the_page_on_personal_data_says_how_long",
    r"appelle toujours ce numéro": "visio/test_numbers.py::test_it_is_called_at_the_number_of_the_file",
    r"vous dira qui vous": "accompaniment/test_promises.py::test_whoever_had_nobody_reads_that_an_adviser_is_named",
    r"e-mail part toujours|part toujours par e-mail": (
        "messaging/test_alerts.py::test_nobody_s_convocation_or_decision_is_held_back"
    ),
    r"de votre compte partent toujours": "accompaniment/test_my_notices.py::test_a_person_chooses_by_topic_and_channel",
    r"sa décision": "visio/test_missed.py::test_the_letter_says_what_why_who_and_how_to_contest",
    r"une convocation": "visio/test_missed.py::test_a_mandatory_interview_is_convoked",
    r"invitation à choisir": "visio/test_services.py::test_a_due_obligation_is_planned_and_invited_once",
    r"réponse arrive ici": "visio/test_on_site.py::test_the_adviser_answers_and_the_person_reads_it",
    r"réponse arrivera ici": (
        "caseload/file/test_plan.py::test_a_wish_waits_at_the_adviser_s_desk_and_is_answered_with_the_plan"
    ),
    r"en parler avec votre conseiller": "messaging/test_posting.py::test_who_may_write",
}
"""What is promised, and the test that shows it."""

NO_PROMISE = (
    "Vous n'avez jamais ouvert votre espace",
    "Dans la démonstration",
    "Ouvertures et changements",
    "Une autre voie est toujours possible",
)
"""The word stands in a question, a title, or a sentence about the demonstration."""


def test_each_promise_has_a_test(lines: tuple[tuple[str, str], ...]) -> None:
    """Kind: « jamais », « toujours » or « au plus » that nothing in the code keeps."""
    said = {sentence.replace("\u00a0", " ") for _, line in lines for sentence in sentences_of(line)}
    promises = {one for one in said if PROMISE.search(one) and not one.startswith(NO_PROMISE)}
    assert len(promises) > 20
    kept = {one: [test for words, test in PROMISES.items() if re.search(words, one)] for one in promises}
    assert sorted(one for one, tests in kept.items() if not tests) == []
    assert sorted(words for words in PROMISES if not any(re.search(words, one) for one in promises)) == []
    for test in PROMISES.values():
        file, _, name = test.partition("::")
        assert f"def {name}" in (TESTS / file).read_text(encoding="utf-8"), test
