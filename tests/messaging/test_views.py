"""The pages of conversations and call-backs: for the people concerned, and for nobody else."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, FilePart
from accompaniment.models import AuditEntry, User
from accompaniment.rules.french import since_in_words
from accompaniment.services.bounds import set_bound
from messaging.enums import CallbackState
from messaging.forms import window_value
from messaging.models import CallbackRequest, Conversation, Message, ReadMark
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track
from tests.messaging.factories import Pair, ask, first_window, pair, say

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


def as_(user: User | AnonymousUser) -> Client:
    """Return a client in which this person is logged in."""
    client = Client()
    if isinstance(user, User):
        client.force_login(user, backend="caseload.views.reader_zone.Backend")
    return client


@pytest.fixture
def two() -> Pair:
    return pair()


def addresses(two: Pair) -> list[str]:
    return [
        reverse("conversation", args=[two.conversation.pk]),
        reverse("conversation_messages", args=[two.conversation.pk]),
        reverse("conversation_with", args=[two.jobseeker.pk]),
    ]


def test_the_two_people_and_the_covering_colleague_read_nobody_else(two: Pair) -> None:
    say(two.conversation, two.person, "Un secret")
    colleague = CoverFactory(portfolio=two.portfolio).colleague.user
    stranger = pair()
    for address in addresses(two):
        for user in (two.person, two.adviser, colleague):
            assert as_(user).get(address, follow=True).status_code == 200, address
        for user in (stranger.person, stranger.adviser):
            assert as_(user).get(address).status_code == 404, address
        assert as_(ManagerFactory().user).get(address).status_code == 403
        assert as_(AnonymousUser()).get(address).headers["Location"].startswith("/connexion/")


def test_a_reading_by_a_colleague_is_audited_once(two: Pair) -> None:
    colleague = CoverFactory(portfolio=two.portfolio).colleague.user
    address = reverse("conversation", args=[two.conversation.pk])
    for user in (two.person, two.adviser, colleague, colleague):
        as_(user).get(address)
    readings = AuditEntry.objects.filter(jobseeker=two.jobseeker, action=AuditAction.READ)
    assert [row.actor for row in readings] == [colleague]


def test_a_jobseeker_goes_straight_to_the_only_conversation() -> None:
    jobseeker = on_web_track()
    browser = as_(jobseeker.user)
    page = browser.get(reverse("conversations"), follow=True)
    conversation = Conversation.objects.get(jobseeker=jobseeker)
    assert page.redirect_chain[-1][0] == reverse("conversation", args=[conversation.pk])
    assert '<h1 class="thread-head__title">Messages</h1>' in page.content.decode()
    assert browser.get(reverse("conversations"), follow=True).status_code == 200
    assert Conversation.objects.count() == 1


def test_the_form_works_without_scripts(two: Pair) -> None:
    browser = as_(two.person)
    address = reverse("conversation", args=[two.conversation.pk])
    facts = {"body": "Bonjour <script>", "client_id": str(uuid4())}
    for _ in range(2):
        answer = browser.post(address, facts)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"{address}#fin"
    assert Message.objects.count() == 1
    assert "Bonjour &lt;script&gt;" in browser.get(address).content.decode()


@pytest.mark.parametrize(
    "facts",
    [
        {"body": "", "client_id": str(uuid4())},
        {"body": "\u200b", "client_id": str(uuid4())},
        {"body": "Bonjour", "client_id": "no"},
        {"body": "a" * 5001, "client_id": str(uuid4())},
        {},
    ],
)
def test_a_form_that_is_wrong_says_so_and_keeps_the_text(two: Pair, facts: dict[str, str]) -> None:
    browser = as_(two.person)
    address = reverse("conversation", args=[two.conversation.pk])
    answer = browser.post(address, facts)
    assert answer.status_code == 422
    assert facts.get("body", "") in answer.content.decode()
    answer = browser.post(address, facts, headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["sentence"]
    assert not Message.objects.exists()


def test_a_script_without_a_socket_sends_reads_and_marks(two: Pair) -> None:
    address = reverse("conversation", args=[two.conversation.pk])
    sent = as_(two.person).post(address, {"body": "Bonjour", "client_id": str(uuid4())}, headers=JSON)
    assert sent.json()["number"] == 1
    adviser = as_(two.adviser)
    page = adviser.get(reverse("conversation_messages", args=[two.conversation.pk]), {"apres": 0}).json()
    assert [item["body"] for item in page["items"]] == ["Bonjour"]
    assert adviser.get(reverse("conversation_messages", args=[two.conversation.pk]), {"apres": 1}).json()["items"] == []
    read = reverse("conversation_read", args=[two.conversation.pk])
    assert adviser.post(read, {"number": 1}, headers=JSON).status_code == 204
    assert ReadMark.objects.get().user == two.adviser
    assert adviser.post(read, {"number": 1}).status_code == 302
    for wrong in ("", "x", "-1", "99999999999"):
        assert adviser.post(read, {"number": wrong}, headers=JSON).status_code == 400
        assert adviser.get(f"{page_of(two)}?apres={wrong or 'x'}").status_code == 400


def page_of(two: Pair) -> str:
    return reverse("conversation_messages", args=[two.conversation.pk])


def test_a_stranger_writes_and_marks_nothing(two: Pair) -> None:
    stranger = pair()
    for user in (stranger.person, stranger.adviser):
        browser = as_(user)
        facts = {"body": "Bonjour", "client_id": str(uuid4())}
        assert browser.post(reverse("conversation", args=[two.conversation.pk]), facts).status_code == 404
        assert browser.post(reverse("conversation_read", args=[two.conversation.pk]), {"number": 1}).status_code == 404
    assert not Message.objects.exists()


def test_the_list_shows_who_waits_longest_first_and_finds_people(two: Pair) -> None:
    other = pair(two.portfolio, first_name="Zélie", last_name="Ménard")
    silent = pair(two.portfolio, first_name="Ali", last_name="Haddad")
    say(other.conversation, other.person, "Moi d'abord")
    say(two.conversation, two.person, "Et moi ensuite")
    browser = as_(two.adviser)
    text = browser.get(reverse("conversations")).content.decode()
    assert text.index("Moi d&#x27;abord") < text.index("Et moi ensuite")
    assert "(2) Messages" in text
    found = browser.get(reverse("conversations"), {"q": "menard ZELIE"}).content.decode()
    assert "Moi d&#x27;abord" in found
    assert "Et moi ensuite" not in found
    stranger = browser.get(reverse("conversations"), {"q": "haddad"}).content.decode()
    assert reverse("conversation_with", args=[silent.jobseeker.pk]) in stranger
    assert "Personne de ce nom" in browser.get(reverse("conversations"), {"q": "introuvable"}).content.decode()


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(django_assert_num_queries: Any) -> None:
    portfolio = PortfolioFactory()
    browser = as_(portfolio.adviser.user)
    for size in (3, 30):
        while Conversation.objects.count() < size:
            two = pair(portfolio)
            say(two.conversation, two.person)
        with django_assert_num_queries(6):
            browser.get(reverse("conversations"))


def test_a_conversation_takes_as_many_queries_for_two_hundred_messages(django_assert_num_queries: Any) -> None:
    two = pair()
    today = timezone.localdate()
    set_bound(actor=None, act=BoundedAct.MESSAGES, most=200, starts_on=today, within_minutes=1)
    browser = as_(two.adviser)
    for size in (2, 200):
        for number in range(Message.objects.count(), size):
            say(two.conversation, two.person if number % 99 == 1 else two.adviser)
        with django_assert_num_queries(19):
            page = browser.get(reverse("conversation", args=[two.conversation.pk]))
    text = page.content.decode()
    assert text.count('data-number="') == 200  # it begins at the first unread one
    older = browser.get(reverse("conversation", args=[two.conversation.pk]), {"avant": 101}).content.decode()
    assert 'id="message-1"' in older
    assert "Revenir aux derniers messages" in older


def test_read_is_said_under_ones_own_last_message(two: Pair) -> None:
    say(two.conversation, two.person, "un")
    say(two.conversation, two.person, "deux")
    browser = as_(two.person)
    address = reverse("conversation", args=[two.conversation.pk])
    assert browser.get(address).content.decode().count("data-state>Envoyé<") == 1
    as_(two.adviser).post(reverse("conversation_read", args=[two.conversation.pk]), {"number": 2})
    assert browser.get(address).content.decode().count("data-state>Lu<") == 1


def test_links_are_made_of_secure_addresses_only(two: Pair) -> None:
    body = 'Voir https://exemple.fr/a?b=1&c="2". Puis javascript:alert(1) et http://exemple.fr'
    say(two.conversation, two.adviser, body)
    text = as_(two.person).get(reverse("conversation", args=[two.conversation.pk])).content.decode()
    assert '<a href="https://exemple.fr/a?b=1&amp;c=" target="_blank" rel="noopener noreferrer nofollow">' in text
    assert 'href="javascript' not in text
    assert 'href="http://exemple' not in text


# --- Panels -----------------------------------------------------------------------------------------


def test_panels_of_the_adviser(two: Pair) -> None:
    browser = as_(two.adviser)
    assert "Aucun message n'attend" in browser.get(reverse("panel_to_answer")).content.decode()
    assert "Personne n'attend de rappel" in browser.get(reverse("panel_callbacks")).content.decode()
    say(two.conversation, two.person, "Une question")
    ask(two.jobseeker)
    stranger = pair()
    say(stranger.conversation, stranger.person, "Ailleurs")
    ask(stranger.jobseeker)
    waiting = browser.get(reverse("panel_to_answer")).content.decode()
    assert "Messages à traiter (1)" in waiting
    assert "Une question" in waiting
    assert "Ailleurs" not in waiting
    assert "Rappels à faire (1)" in browser.get(reverse("panel_callbacks")).content.decode()
    thread = browser.get(reverse("panel_person_conversation", args=[two.jobseeker.pk])).content.decode()
    assert "Une question" in thread
    assert browser.get(reverse("panel_person_conversation", args=[stranger.jobseeker.pk])).status_code == 404


def test_the_space_of_the_jobseeker(two: Pair) -> None:
    browser = as_(two.person)

    def space() -> str:
        return browser.get(reverse("panel_next_step")).content.decode()

    assert "Écrire à mon conseiller" in space()
    assert "Demander un appel" in space()
    say(two.conversation, two.adviser)
    say(two.conversation, two.adviser)
    ask(two.jobseeker)
    assert "2 nouveaux messages" in space()
    assert "Voir, modifier ou annuler" in space()
    browser.post(reverse("conversation_read", args=[two.conversation.pk]), {"number": 2})
    assert "Aucun nouveau message" in space()


@pytest.mark.parametrize("name", ["panel_to_answer", "panel_callbacks"])
def test_panels_of_advisers_are_for_advisers(two: Pair, name: str) -> None:
    assert as_(two.adviser).get(reverse(name)).status_code == 200
    assert as_(two.person).get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["panel_next_step", "ask_callback"])
def test_panels_of_jobseekers_are_for_jobseekers(two: Pair, name: str) -> None:
    assert as_(two.person).get(reverse(name)).status_code == 200
    assert as_(two.adviser).get(reverse(name)).status_code == 403


# --- Call-backs --------------------------------------------------------------------------------------


def wish(two: Pair, **facts: str) -> dict[str, str]:
    return {
        "subject": "training",
        "phone": "06 12 34 56 78",
        "way": "phone",
        "windows": window_value(first_window(two.jobseeker)),
        "comment": "",
        **facts,
    }


def test_a_person_asks_to_be_called_back_and_takes_it_back(two: Pair) -> None:
    browser = as_(two.person)
    page = browser.post(reverse("ask_callback"), wish(two), follow=True).content.decode()
    request = CallbackRequest.objects.get()
    assert "Votre demande est enregistrée" in page
    assert "06\u00a012\u00a034\u00a056\u00a078" in page
    again = browser.post(reverse("ask_callback"), wish(two), follow=True).content.decode()
    since = since_in_words(request.asked_at, zone=two.jobseeker.agency.zone, now=timezone.now())
    assert f"déjà une demande de rappel en cours, {since}." in again
    stranger = pair()
    for user in (stranger.person, two.adviser):
        assert as_(user).post(reverse("cancel_callback", args=[request.pk])).status_code in {403, 404}
    gone = browser.post(reverse("cancel_callback", args=[request.pk]), follow=True).content.decode()
    assert "annulée" in gone
    request.refresh_from_db()
    assert request.state == CallbackState.CANCELLED
    assert "déjà close" in browser.post(reverse("cancel_callback", args=[request.pk]), follow=True).content.decode()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"phone": "06 12"}, "Ce numéro de téléphone"),
        ({"windows": "20200101T080000Z-20200101T090000Z"}, "plus proposée"),
        ({"subject": "x"}, "Sujet"),
    ],
)
def test_a_wish_that_is_wrong_says_why(two: Pair, facts: dict[str, str], sentence: str) -> None:
    answer = as_(two.person).post(reverse("ask_callback"), wish(two, **facts))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not CallbackRequest.objects.exists()


def test_the_adviser_sees_the_request_and_marks_it_done(two: Pair) -> None:
    request = ask(two.jobseeker, comment="Après 10 h")
    browser = as_(two.adviser)
    assert two.jobseeker.full_name in browser.get(reverse("callbacks")).content.decode()
    assert "Après 10 h" in browser.get(reverse("callback", args=[request.pk])).content.decode()
    empty = browser.post(reverse("callback", args=[request.pk]), {"outcome": ""})
    assert empty.status_code == 422
    done = browser.post(reverse("callback", args=[request.pk]), {"outcome": "Formation confirmée."}, follow=True)
    text = done.content.decode()
    assert "noté dans le journal" in text
    assert "Formation confirmée." in text
    assert browser.post(reverse("callback", args=[request.pk]), {"outcome": "Encore"}).status_code == 409


def test_a_strangers_request_does_not_exist(two: Pair) -> None:
    request = ask(two.jobseeker)
    other = pair()
    assert as_(other.adviser).get(reverse("callback", args=[request.pk])).status_code == 404
    assert as_(two.person).get(reverse("callback", args=[request.pk])).status_code == 403
    assert two.jobseeker.full_name not in as_(other.adviser).get(reverse("callbacks")).content.decode()
    assert as_(two.person).get(reverse("callbacks")).headers["Location"] == reverse("ask_callback")


def test_nothing_of_a_message_is_in_the_audit(two: Pair) -> None:
    say(two.conversation, two.person, "Un secret")
    details = json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))
    assert "secret" not in details


def test_the_number_opens_at_once_to_the_adviser_and_to_a_colleague_by_an_audited_act() -> None:
    two = pair(phone="+33639980001")
    callback = ask(two.jobseeker)
    colleague = CoverFactory(portfolio=two.portfolio).colleague.user
    own = number = "06 12 34 56 78"  # requested with this number, which is now in the file

    def shows(user: User, address: str, phone: str) -> bool:
        return phone in as_(user).get(address).content.decode().replace("\u00a0", " ")

    def revealed(user: User) -> int:
        readings = AuditEntry.objects.filter(jobseeker=two.jobseeker, actor=user, action=AuditAction.READ)
        return readings.filter(details__part=FilePart.CONTACT_DETAILS).count()

    conversation = reverse("conversation", args=[two.conversation.pk])
    assert shows(two.adviser, conversation, own)
    assert not shows(colleague, conversation, own)
    assert reverse("person_details", args=[two.jobseeker.pk]) in as_(colleague).get(conversation).content.decode()
    assert shows(two.adviser, reverse("callbacks"), number)
    assert not shows(colleague, reverse("callbacks"), number)
    assert revealed(colleague) == 0
    for user in (two.adviser, colleague):
        assert shows(user, reverse("callback", args=[callback.pk]), number)
    assert (revealed(two.adviser), revealed(colleague)) == (0, 1)


@pytest.mark.parametrize("warned", [False, True])
def test_without_scripts_a_number_is_pointed_at_once_and_stored_by_nobody(two: Pair, warned: bool) -> None:
    client, address = as_(two.person), reverse("conversation", args=[two.conversation.pk])
    facts = {"body": "Ma carte\u00a0: 4111 1111 1111 1111", "client_id": str(uuid4())}
    answer = client.post(address, facts | ({"despite": "on"} if warned else {}))
    assert answer.status_code == (302 if warned else 422)
    assert Message.objects.exists() == warned
    if not warned:
        html = answer.content.decode()
        assert "semble contenir un numéro de carte bancaire" in html
        assert "Envoyer quand même" in html
        assert facts["body"] in html
