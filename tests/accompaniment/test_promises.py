"""Each promise that a page makes is compared with what the code does."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accompaniment.enums import NotificationKind, ReaderCapacity
from accompaniment.models import ConsentText, Notification
from accompaniment.rules import operator
from accompaniment.rules.audit_words import FIELDS
from accompaniment.rules.french import listed
from accompaniment.rules.presentation import READERS_TO_YOU
from accompaniment.services.contact_details import DETAILS
from accompaniment.services.imports.statements import PERSON_COLUMNS
from accompaniment.services.reference import load_reference, supplied_consent_text
from accompaniment.views import browser
from caseload.reads.perimeter import capacities
from caseload.services.moves.carrying_out import READING_RIGHT_LASTS
from caseload.services.moves.waiting_list import place_waiting
from messaging.reads.threads import ANSWER_DELAY
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import JobseekerFactory, UserFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from visio.views.on_site_requests import ANSWER_COMES

pytestmark = pytest.mark.django_db

SCRIPTS = sorted(path for path in Path(settings.BASE_DIR, "static").rglob("*.js"))
TEXTS_OF_STAFF = ("visio-notes-", "portefeuille-choisis", "portefeuille-ouvert", "journee-en-pause", "arrivee:")
"""What pages of the staff keep until the tab is closed or until the log-out: notes of an interview, what is ticked in a
list, whether the page of the day stands still, and which arrivals have been rung."""
SOURCES = [
    path for app in ("accompaniment", "caseload", "messaging", "visio", "config") for path in Path(app).rglob("*.py")
]


def words(response: Any) -> str:
    """Return the text of a page, without tags and with single spaces."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u00a0", " ").split())


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


# --- What the browser keeps -----------------------------------------------------------------------


def test_the_page_tells_every_cookie_that_is_set(client: Client) -> None:
    """A whole visit: the log-in, a form that is sent once, the choice of a theme."""
    person = JobseekerFactory(with_account=True)
    client.force_login(person.user)
    form = client.get(reverse("ask_on_site")).content.decode()
    token = re.search(r'name="once" value="([^"]+)"', form)
    assert token is not None
    client.post(reverse("ask_on_site"), {"once": token[1], "comment": ""})
    client.post(reverse("display"), {"theme": "dark"})
    told = {kept.name for kept in browser.cookies()}
    assert set(client.cookies) == told
    page = words(client.get(reverse("personal_data")))
    for kept in browser.cookies():
        assert plain(kept.sentence) in page


def test_no_other_code_sets_a_cookie() -> None:
    setting = [str(path) for path in SOURCES if ".set_cookie(" in (Path(settings.BASE_DIR) / path).read_text()]
    assert sorted(setting) == ["accompaniment/views/display.py", "accompaniment/views/kept_forms.py"]
    assert not [path for path in SCRIPTS if re.search(r"document\.cookie\s*=[^=]", path.read_text())]


def test_every_script_that_keeps_something_keeps_what_is_told(client: Client) -> None:
    """Kind: a key in the browser's storage that no page mentions."""
    told = [kept.name for kept in browser.TEXTS] + list(TEXTS_OF_STAFF)
    for path in SCRIPTS:
        text = path.read_text()
        if re.search(r"(local|session)Storage\.setItem", text):
            assert any(re.search(f"[\"'`]{name}", text) for name in told), path
    used = "".join(path.read_text() for path in SCRIPTS)
    assert all(name in used for name in told)
    page = words(client.get(reverse("personal_data")))
    assert all(plain(kept.sentence) in page for kept in browser.TEXTS)


def test_the_log_out_clears_what_is_told_to_be_cleared(client: Client) -> None:
    """Over HTTPS by a header, and everywhere by a script."""
    client.force_login(UserFactory())
    assert '"storage"' in client.post(reverse("log_out"))["Clear-Site-Data"]
    script = Path(settings.BASE_DIR, "static/frame/frame.js").read_text()
    assert all(f'"{kept.name}"' in script for kept in browser.TEXTS)
    assert "sessionStorage.clear()" in script


# --- Who may read, who corrects -------------------------------------------------------------------


def test_everybody_whom_the_perimeter_lets_in_is_named(client: Client) -> None:
    """The expected capacities come from the audit of readings, not from a list of the page's own."""
    assert set(READERS_TO_YOU) == set(ReaderCapacity)
    given = {
        when.result.value for user in (UserFactory(role="adviser"), ManagerFactory().user) for when in capacities(user)
    }
    assert given <= set(READERS_TO_YOU)
    page = words(client.get(reverse("personal_data")))
    text = plain(supplied_consent_text())
    for sentence in READERS_TO_YOU.values():
        assert plain(sentence) in page
        assert plain(sentence) in text
    assert f"{READING_RIGHT_LASTS.days} jours" in plain(READERS_TO_YOU[ReaderCapacity.FORMER])


def test_own_data_says_who_corrects_what(client: Client) -> None:
    """The page names the adviser for what an adviser's form can write, and the file for what the file brings."""
    person = JobseekerFactory(with_account=True)
    client.force_login(person.user)
    page = words(client.get(reverse("own_data")))
    assert f"Votre conseiller peut corriger : {listed(FIELDS[name] for name in DETAILS)}." in page
    rest = [name for name in FIELDS if name not in DETAILS]
    assert f"Le reste vient de votre inscription : {listed(FIELDS[name] for name in rest)}." in page
    assert {name.removesuffix("_id") for name in PERSON_COLUMNS} >= set(rest)


# --- The operator ---------------------------------------------------------------------------------


def test_the_pages_without_log_in_say_who_runs_the_service(client: Client) -> None:
    said = operator.operator()
    notice = words(client.get(reverse("legal_notice")))
    for part in (said.name, said.address, said.email, said.phone, said.publication_director, said.hosting):
        assert part in notice
    assert settings.MEDIATOR_URL in notice
    data = words(client.get(reverse("personal_data")))
    kept = (said.files_kept, said.space_kept, said.deleted_files_kept)
    for part in (said.controller, said.legal_basis, said.dpo, *map(plain, kept)):
        assert part in data
    access = words(client.get(reverse("accessibility")))
    for part in (said.accessibility_email, said.accessibility_phone, "09 69 39 00 00", "28 novembre 2026"):
        assert part in access


def test_another_operator_is_said_everywhere(client: Client, settings: Any) -> None:
    settings.OPERATOR_NAME = "l'Office d'ailleurs"
    settings.FILES_KEPT_YEARS = 7
    assert "édité par l'Office d'ailleurs" in words(client.get(reverse("legal_notice")))
    assert "7 ans après votre dernière inscription" in words(client.get(reverse("personal_data")))
    assert "l'Office d'ailleurs" in supplied_consent_text()
    assert "7\u00a0ans" in supplied_consent_text()
    person = JobseekerFactory(with_account=True)
    letter = letter_for(
        Notification(kind=NotificationKind.DEVICE_TEST, user=person.user, context={"first_name": "", "adviser": "A"})
    )
    assert letter.body.endswith("l'Office d'ailleurs\n")


def test_what_is_missing_is_left_out_and_named_by_the_check(client: Client, settings: Any) -> None:
    for name in operator.REQUIRED:
        setattr(settings, name, "")
    assert operator.missing() == list(operator.REQUIRED)
    for name in ("legal_notice", "personal_data", "accessibility"):
        assert ": ." not in words(client.get(reverse(name)))


# --- The text to accept ---------------------------------------------------------------------------


def test_the_text_to_accept_has_headings_and_lists_on_its_page_and_no_marks(client: Client) -> None:
    load_reference()
    text = ConsentText.objects.get()
    assert text.body == supplied_consent_text()
    person = on_web_track()
    client.force_login(person.user)
    html = client.get(reverse("acceptance")).content.decode()
    assert "<h3>Ce qui change</h3>" in html
    assert re.search(r"<ul>\s*<li>Vos entretiens ont lieu", html)
    assert "## " not in words(client.get(reverse("acceptance")))


def test_the_text_to_accept_names_no_operator_by_hand_and_keeps_the_slots_on_site() -> None:
    text = plain(supplied_consent_text())
    assert "Pôle emploi" not in text
    assert "durée prévue par la loi" not in text
    assert "et non plus en agence" not in text
    assert "20 ans après votre dernière inscription" in text


# --- Delays, and who follows ----------------------------------------------------------------------


def test_a_delay_is_told_as_a_delay_and_not_as_a_promise(client: Client) -> None:
    """Kind: « au plus », which nobody can guarantee. The page says what to do if there is no answer."""
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    client.force_login(person.user)
    panel = words(client.get(reverse("space_adviser_panel")))
    assert "Votre conseiller a 72 heures pour vous répondre. Pas de réponse ? Demandez un appel" in panel
    client.post(reverse("ask_on_site"), {"comment": ""})
    waiting = words(client.get(reverse("ask_on_site")))
    for said in (panel, waiting, plain(ANSWER_DELAY), plain(ANSWER_COMES)):
        assert "72 heures" in said
        assert "au plus" not in said.replace("au plus tard", "")


def test_whoever_had_nobody_reads_that_an_adviser_is_named() -> None:
    """« Votre conseiller change » is only for people who had an adviser."""
    portfolio = PortfolioFactory(modality="guide")
    person = JobseekerFactory(agency=portfolio.agency, with_account=True)
    place_waiting(actor=ManagerFactory(whole_country=True).user, jobseeker=person, portfolio=portfolio)
    letter = letter_for(Notification.objects.get(kind=NotificationKind.ADVISER_CHANGED))
    assert plain(letter.subject) == f"Votre conseiller est désigné : {portfolio.adviser.user.full_name}"
