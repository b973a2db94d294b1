"""What the pages of the call-back queue show, to the person, the adviser, a colleague and a manager."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, FilePart
from accompaniment.models import AuditEntry, User
from config.waiting import what_waits
from messaging.enums import AttemptOutcome, CallbackState, CallbackWay
from messaging.forms import window_value
from messaging.models import CallbackRequest
from messaging.services.callbacks import cancel_callback, claim_callback, miss_callback
from tests.caseload.factories import AdviserFactory, ManagerFactory
from tests.messaging.callback_days import MONDAY, asked, at, in_window, offered
from tests.messaging.factories import Pair, ask, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def colleague(two: Pair) -> User:
    user: User = AdviserFactory(agency=two.jobseeker.agency).user
    return user


def read(user: User, name: str, *args: int) -> str:
    """Return the main part of a page, as its reader reads it."""
    client = Client()
    client.force_login(user)
    html = client.get(reverse(name, args=args)).content.decode()
    html = html[html.index("<main") : html.index("</main>")] if "<main" in html else html
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def press(user: User, name: str, *args: int, **data: str) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.post(reverse(name, args=args), data, follow=True)
    return answer.status_code, unescape(answer.content.decode())


def test_the_person_reads_where_the_request_stands(two: Pair) -> None:
    first, second = offered(two)[:2]
    request = asked(two, first, second)
    with at(MONDAY):
        waiting = read(two.person, "ask_callback")
    assert "Votre demande est enregistrée" in waiting
    assert "ou le lundi 19 novembre" in waiting
    with at(in_window(first)):
        claim_callback(actor=two.adviser, request=request)
        assert "Quelqu'un s'occupe de votre demande en ce moment" in read(two.person, "ask_callback")
        assert "Modifier ma demande" not in read(two.person, "ask_callback")
        assert "Quelqu'un s'occupe de votre demande" in read(two.person, "panel_next_step")
        miss_callback(actor=two.adviser, request=request, outcome=AttemptOutcome.WRONG_NUMBER)
        tried = read(two.person, "ask_callback")
    assert "Nous réessayons lundi 19 novembre" in tried
    assert "ce numéro n'était pas le vôtre" in tried
    assert "Le numéro de votre dossier semble faux" in tried
    with at(second.ends_at):
        assert "Votre demande attend toujours" in read(two.person, "ask_callback")
    with at(second.ends_at - timedelta(minutes=1)):
        cancel_callback(actor=two.person, request=request)
        assert "Demande annulée le 19 novembre" in read(two.person, "ask_callback")


def test_a_lapsed_claim_is_no_call_under_way(two: Pair) -> None:
    request = asked(two)
    with at(in_window(offered(two)[0])):
        claim_callback(actor=two.adviser, request=request)
    with at(in_window(offered(two)[0], 20)):
        assert "en ce moment" not in read(two.person, "ask_callback")
        assert "en main" not in read(two.adviser, "callbacks")


def test_the_person_changes_the_request_on_a_page_that_shows_it(two: Pair) -> None:
    request = asked(two)
    third = offered(two)[2]
    with at(MONDAY):
        client = Client()
        client.force_login(two.person)
        address = reverse("change_callback", args=[request.pk])
        page = client.get(address).content.decode()
        assert f'value="{window_value(offered(two)[0])}"' in page
        assert len(re.findall(r'name="windows"[^>]*checked', page)) == 1
        form = {"subject": "file", "way": "video", "windows": window_value(third), "comment": ""}
        assert client.post(address, form | {"windows": []}).status_code == 422
        assert client.post(address, form, follow=True).redirect_chain[-1][0] == reverse("ask_callback")
        claim_callback(actor=two.adviser, request=request)
        assert "Attendez quelques minutes" in unescape(client.post(address, form).content.decode())
    request.refresh_from_db()
    assert (request.way, request.phone, request.window_starts_at) == (CallbackWay.VIDEO, "", third.starts_at)


def test_the_way_of_the_last_request_is_proposed_again(two: Pair) -> None:
    """Kind: who cannot telephone, and has to say so each time."""
    with at(MONDAY):
        cancel_callback(actor=two.person, request=ask(two.jobseeker, way=CallbackWay.RELAY_TEXT))
        client = Client()
        client.force_login(two.person)
        page = client.get(reverse("ask_callback")).content.decode()
    assert re.search(r'value="relay_text"[^>]*checked', page)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (CallbackWay.CHAT, "par écrit"),
        (CallbackWay.VIDEO, "en visio"),
        (CallbackWay.RELAY_TEXT, "avec transcription écrite"),
        (CallbackWay.RELAY_SIGNS, "avec interprète en langue des signes"),
    ],
)
def test_the_adviser_reads_the_way_on_the_line_and_in_the_file(two: Pair, way: CallbackWay, words: str) -> None:
    with at(MONDAY):
        request = ask(two.jobseeker, way=way)
        for name, args in (
            ("panel_callbacks", ()),
            ("panel_person_conversation", (two.jobseeker.pk,)),
            ("conversation", (two.conversation.pk,)),
        ):
            assert words in read(two.adviser, name, *args).lower(), name
        assert words in read(two.adviser, "callbacks").lower()
        assert words in read(two.adviser, "callback", request.pk).lower()


def test_a_call_is_taken_and_noted_in_one_press_each(two: Pair, colleague: User) -> None:
    request = asked(two)
    with at(request.team_at):
        assert "Je m'en charge" in read(two.adviser, "callback", request.pk)
        status, page = press(two.adviser, "claim_callback", request.pk)
        assert status == 200
        assert "Vous avez ce rappel en main jusqu'à" in page
        refused = press(colleague, "claim_callback", request.pk)[1]
        assert f"{two.adviser.full_name} a pris ce rappel" in refused
        assert f"{two.adviser.full_name} a ce rappel en main" in refused
        assert 'name="outcome"' not in refused
        assert "Je m'en charge" in press(two.adviser, "release_callback", request.pk)[1]
        status, page = press(two.adviser, "callback", request.pk, result="voicemail", outcome="")
        assert status == 200
        assert "Essai noté" in page
        assert "1 essai" in page.replace("\u00a0", " ")
        assert press(two.adviser, "callback", request.pk, result="reached", outcome="")[0] == 422
        assert press(two.adviser, "callback", request.pk, result="bof", outcome="")[0] == 422
    request.refresh_from_db()
    assert request.state == CallbackState.OPEN


def test_a_colleague_reads_the_line_without_the_file(two: Pair, colleague: User) -> None:
    request = asked(two)
    name = two.jobseeker.full_name
    with at(request.team_at - timedelta(seconds=1)):
        assert name not in read(colleague, "callbacks")
        assert name not in read(colleague, "panel_callbacks")
        assert press(colleague, "callback", request.pk, outcome="Dit.")[0] == 404
        assert what_waits(colleague, now=request.team_at - timedelta(seconds=1)).counts.get("callbacks", 0) == 0
    with at(request.team_at):
        for page in (read(colleague, "callbacks"), read(colleague, "panel_callbacks")):
            assert name in page
            assert two.adviser.full_name in page
        client = Client()
        client.force_login(colleague)
        assert f"/personnes/{two.jobseeker.pk}/" not in client.get(reverse("callbacks")).content.decode()
        assert what_waits(colleague, now=request.team_at).counts["callbacks"] == 1
        assert what_waits(two.adviser, now=request.team_at).counts["callbacks"] == 1
        readings = AuditEntry.objects.filter(actor=colleague, action=AuditAction.READ)
        assert {entry.details["part"] for entry in readings} == {FilePart.CALLBACK}
        status, page = press(colleague, "callback", request.pk, outcome="Dit.")
        assert status == 200
        assert "Dit." in page
    assert CallbackRequest.objects.get().closed_by == colleague
    assert name in read(colleague, "callbacks")


def test_a_manager_reads_what_is_nearly_late_in_the_regions(two: Pair) -> None:
    request = asked(two)
    manager = ManagerFactory(regions=[two.jobseeker.agency.region]).user
    elsewhere = ManagerFactory(regions=[pair().jobseeker.agency.region]).user
    with at(request.manager_at - timedelta(seconds=1)):
        assert two.jobseeker.full_name not in read(manager, "callbacks")
        assert what_waits(manager, now=request.manager_at - timedelta(seconds=1)).counts.get("teams", 0) == 0
    with at(request.manager_at):
        assert two.jobseeker.full_name in read(manager, "callbacks")
        assert what_waits(manager, now=request.manager_at).counts["teams"] == 1
        assert "Rappels qui attendent" in read(manager, "teams")
        assert two.jobseeker.full_name not in read(elsewhere, "callbacks")
        assert "Vous avez ce rappel en main" in press(manager, "claim_callback", request.pk)[1]


def test_the_next_one_opens_at_once(two: Pair) -> None:
    request = asked(two)
    with at(MONDAY):
        assert "Prendre le plus pressant" not in read(two.adviser, "callbacks")
        assert "Personne n'est à rappeler en ce moment" in press(two.adviser, "next_callback")[1]
    with at(in_window(offered(two)[0])):
        assert "Prendre le plus pressant" in read(two.adviser, "callbacks")
        page = press(two.adviser, "next_callback")[1]
    assert "Vous avez ce rappel en main" in page
    request.refresh_from_db()
    assert request.claimed_by == two.adviser


def test_every_page_of_a_person_leads_to_the_request(two: Pair) -> None:
    client = Client()
    client.force_login(two.person)
    for name in ("space", "conversations", "my_interviews", "my_accompaniment", "own_data", "ask_on_site"):
        page = client.get(reverse(name), follow=True).content.decode()
        header = page[: page.index("<main")]
        assert header.count(f'href="{reverse("ask_callback")}"') == 2, name
