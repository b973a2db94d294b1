"""A message that becomes a step of the action plan, and who finds back to it."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.models import AuditEntry, Objective, Step
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.services.action_plan import StepFacts, add_objective, close_objective, remove_step
from messaging.models import Message, MessageStep
from messaging.services.changes import delete_message
from messaging.services.steps import CHOOSE_OBJECTIVE, IS_DELETED, add_step_of_message
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db

SECRET = "Je dois envoyer mon CV, mais ma fille est malade."


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def message(two: Pair) -> Message:
    return say(two.conversation, two.person, SECRET)


@pytest.fixture
def objective(two: Pair) -> Objective:
    return add_objective(actor=two.adviser, jobseeker=two.jobseeker, title="Passer le permis")


def added(two: Pair, **facts: Any) -> Step:
    return add_step_of_message(
        **{
            "actor": two.adviser,
            "conversation": two.conversation,
            "number": 1,
            "objective": None,
            "new_objective": "Trouver un emploi",
            "facts": StepFacts(title="Envoyer le CV"),
            **facts,
        }
    )


def said(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\u00a0", " ")


def test_the_form_has_the_whole_text_and_the_step_leads_back(
    client: Client, two: Pair, message: Message, objective: Objective
) -> None:
    client.force_login(two.adviser)
    address = reverse("message_step", args=[two.conversation.pk, message.number])
    form = client.get(address).context["form"]
    assert form["title"].value() == SECRET
    assert form["objective"].value() == objective.pk
    answer = client.post(address, {"title": "Envoyer le CV", "due_on": "2026-12-15", "objective": objective.pk})
    assert answer["Location"].endswith(f"?message={message.number}#message-{message.number}")
    step = Step.objects.get()
    assert (step.title, step.due_on.isoformat(), step.objective) == ("Envoyer le CV", "2026-12-15", objective)
    source = reverse("step_source", args=[step.pk])
    assert source in said(client.get(reverse("action_plan", args=[two.jobseeker.pk])))
    assert client.get(source)["Location"] == answer["Location"]
    assert "« <bdi>Envoyer le CV</bdi> »" in said(client.get(address))
    client.force_login(two.person)
    assert source in said(client.get(reverse("my_accompaniment")))
    assert client.get(source)["Location"] == answer["Location"]


def test_a_text_too_long_is_there_whole_and_says_by_how_much(client: Client, two: Pair, objective: Objective) -> None:
    text = "mot " * 60
    say(two.conversation, two.person, text)
    client.force_login(two.adviser)
    address = reverse("message_step", args=[two.conversation.pk, 1])
    page = client.get(address)
    assert page.context["form"]["title"].value() == text.strip()
    assert "39 caractères de trop" in said(page)
    refused = client.post(address, {"title": text, "objective": objective.pk})
    assert refused.status_code == 422
    assert "39 caractères de trop" in said(refused)
    assert not Step.objects.exists()


def test_without_an_objective_a_new_one_is_written_with_it(two: Pair, message: Message) -> None:
    with pytest.raises(DomainError) as refusal:
        added(two, new_objective=" ")
    assert refusal.value.sentence == CHOOSE_OBJECTIVE
    assert not Objective.objects.exists()
    assert added(two).objective.title == "Trouver un emploi"


def test_an_objective_and_a_new_one_are_not_both_taken(
    client: Client, two: Pair, message: Message, objective: Objective
) -> None:
    """Kind: something typed that is dropped without a word."""
    client.force_login(two.adviser)
    address = reverse("message_step", args=[two.conversation.pk, 1])
    facts = {"title": "Envoyer le CV", "new_objective": "Trouver un emploi"}
    refused = client.post(address, facts | {"objective": objective.pk})
    assert refused.status_code == 422
    assert "Gardez l'objectif choisi" in said(refused)
    assert not Step.objects.exists()
    assert client.post(address, facts).status_code == 302
    assert Step.objects.get().objective.title == "Trouver un emploi"


def test_nothing_of_the_message_goes_where_others_read(client: Client, two: Pair, message: Message) -> None:
    """Kind: a text of the conversation in the journal of accesses, or on a page of a manager."""
    step = added(two)
    assert not [entry for entry in AuditEntry.objects.all() if "ma fille" in str(entry.details)]
    manager = ManagerFactory(regions=[two.jobseeker.agency.region]).user
    client.force_login(manager)
    page = said(client.get(reverse("person", args=[two.jobseeker.pk])))
    assert "Envoyer le CV" in page
    assert "ma fille" not in page
    assert client.get(reverse("step_source", args=[step.pk])).status_code == 403
    client.force_login(PortfolioFactory(agency=two.portfolio.agency).adviser.user)
    assert client.get(reverse("step_source", args=[step.pk])).status_code == 404


def test_what_is_lost_meanwhile_is_refused(two: Pair, message: Message, objective: Objective) -> None:
    stranger = PortfolioFactory(agency=two.portfolio.agency).adviser.user
    for user in (stranger, two.person, ManagerFactory().user):
        with pytest.raises(NoRightError):
            added(two, actor=user)
    close_objective(actor=two.adviser, objective=objective)
    with pytest.raises(DomainError):
        added(two, objective=objective)
    delete_message(actor=two.person, conversation_id=two.conversation.pk, number=1)
    with pytest.raises(DomainError) as refusal:
        added(two)
    assert refusal.value.sentence == IS_DELETED
    assert not Step.objects.exists()


def test_a_deleted_message_keeps_the_text_that_was_typed(client: Client, two: Pair, message: Message) -> None:
    client.force_login(two.adviser)
    address = reverse("message_step", args=[two.conversation.pk, 1])
    delete_message(actor=two.person, conversation_id=two.conversation.pk, number=1)
    answer = client.post(address, {"title": "Envoyer le CV", "new_objective": "Trouver un emploi"})
    assert answer.status_code == 409
    assert IS_DELETED.replace("\u00a0", " ") in said(answer)
    assert "Envoyer le CV" in said(answer)
    assert "ma fille" not in said(answer)
    assert client.get(address).status_code == 404


def test_a_step_that_is_removed_takes_its_way_back_along(client: Client, two: Pair, message: Message) -> None:
    step = added(two)
    remove_step(actor=two.adviser, step=step)
    assert not MessageStep.objects.exists()
    assert Message.objects.get() == message
