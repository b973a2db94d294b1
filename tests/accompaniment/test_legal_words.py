"""The sentences required by law are in one file. Each refusal addresses the person and says how to contest it."""

from datetime import timedelta

import pytest

from accompaniment.enums import LeavingReason, NotificationKind, RefusalReason
from accompaniment.models import Notification
from accompaniment.rules import legal_words
from accompaniment.rules.presentation import LEAVINGS_TO_YOU, REFUSALS_TO_YOU
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import refuse_enrolment
from config.checks import LEGAL_WORDS_NOT_VALIDATED, NO_MEDIATOR, law_is_said_as_validated
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import EnrolmentFactory
from tests.caseload.factories import PortfolioFactory, on_web_track, registrar


@pytest.mark.parametrize(
    ("reasons", "said"),
    [(RefusalReason, REFUSALS_TO_YOU), (LeavingReason, LEAVINGS_TO_YOU)],
    ids=["refusal", "leaving"],
)
def test_each_reason_has_a_sentence_of_its_own_for_the_person(reasons, said):
    """Not the label that the staff read, not « la personne », not a bare noun."""
    assert set(said) == set(reasons)
    for reason, sentence in said.items():
        assert sentence != reason.label
        assert "la personne" not in sentence
        assert sentence.endswith(".")


def test_every_sentence_can_be_said(settings):
    settings.MEDIATOR_NAME, settings.MEDIATOR_URL = "le médiateur national", "https://mediateur.example"
    for name in legal_words.SENTENCES:
        assert "{" not in legal_words.legal_sentence(name)
    assert "le médiateur national (https://mediateur.example)" in legal_words.legal_sentence("recourse")
    settings.MEDIATOR_URL = ""
    assert "(" not in legal_words.legal_sentence("recourse")


@pytest.mark.parametrize("validated_on", ["", str(legal_words.WRITTEN_ON - timedelta(days=1))])
def test_a_deployment_is_warned_while_they_are_not_validated_or_name_no_mediator(settings, validated_on):
    settings.MEDIATOR_URL = ""
    settings.LEGAL_WORDS_VALIDATED_ON = validated_on
    assert [found.id for found in law_is_said_as_validated()] == [LEGAL_WORDS_NOT_VALIDATED, NO_MEDIATOR]
    settings.MEDIATOR_URL = "https://mediateur.example"
    settings.LEGAL_WORDS_VALIDATED_ON = str(legal_words.WRITTEN_ON)
    assert law_is_said_as_validated() == []


@pytest.mark.django_db
@pytest.mark.parametrize("reason", [reason for reason in RefusalReason if reason != RefusalReason.NOT_WANTED])
def test_the_letter_of_a_refusal_says_why_and_how_to_contest(reason):
    enrolment = EnrolmentFactory(jobseeker__email="a@example.org")
    refuse_enrolment(actor=registrar(enrolment.jobseeker), enrolment=enrolment, reason=reason)
    body = letter_for(Notification.objects.get(kind=NotificationKind.ENROLMENT_REFUSED)).body
    assert REFUSALS_TO_YOU[reason] in body
    assert reason.label not in body
    assert legal_words.legal_sentence("recourse") in body


@pytest.mark.django_db
@pytest.mark.parametrize("alone", [True, False])
def test_who_left_alone_reads_no_reason(alone):
    """Kind: a sentence about the person in the third person.

    « À la demande de la personne » is not shown to that person.
    """
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    leave_track(actor=person.user if alone else portfolio.adviser.user, jobseeker=person)
    body = letter_for(Notification.objects.get(kind=NotificationKind.TRACK_ENDED)).body
    assert "la personne" not in body
    assert ("Vous l'avez demandé." in body) == (not alone)
