"""Files in a conversation: chosen, dropped, pasted, taken away again, cut off, and seen by the other side."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from messaging.models import Attachment, Message
from tests.e2e.browser import check_axe, check_fits, forgive, step_inside
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair
from tests.messaging.files import PDF, picture

pytestmark = pytest.mark.e2e

DROP = """(target, { name, kind }) => {
  const bytes = Uint8Array.from(atob(window.dropped), (character) => character.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "image/png" }));
  const how = kind === "paste" ? { clipboardData: carried } : { dataTransfer: carried };
  const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
  target.dispatchEvent(new Kind(kind, { ...how, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


def opened(two: Pair, new_page: NewPage, *, side: str) -> Page:
    page = new_page()
    step_inside(page, two.person if side == "person" else two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    return page


def pdf(name: str, content: bytes = PDF) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def choose(page: Page, *files: dict[str, Any]) -> None:
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Joindre des fichiers").click()
    asked.value.set_files(list(files))


def test_files_are_chosen_dropped_or_pasted_and_reach_the_other_side(two: Pair, new_page: NewPage) -> None:
    person, adviser = opened(two, new_page, side="person"), opened(two, new_page, side="adviser")
    forgive(person, "409")
    chosen = person.locator(".chosen")
    choose(person, pdf("cv.pdf"), pdf("de trop.pdf"))
    expect(chosen).to_have_count(2)
    expect(chosen.nth(1)).to_contain_text("1\u00a0Ko")
    person.get_by_role("button", name="Retirer de trop.pdf").press("Enter")
    expect(chosen).to_have_count(1)
    expect(person.get_by_role("button", name="Retirer cv.pdf")).to_be_focused()
    for kind, name in (("drop", "dépôt.png"), ("paste", "image.png")):
        person.evaluate(
            "(bytes) => { window.dropped = bytes; }", __import__("base64").b64encode(picture("PNG")).decode()
        )
        person.get_by_label("Votre message").evaluate(DROP, {"name": name, "kind": kind})
    expect(chosen).to_have_count(3)
    choose(person, {"name": "page.html", "mimeType": "text/html", "buffer": b"<html>"})
    expect(person.locator(".chosen--refused")).to_contain_text("Ce fichier ne peut pas être joint.")
    person.get_by_role("button", name="Envoyer").click()
    expect(person.get_by_text("Retirez d'abord le fichier qui n'est pas parti.")).to_be_visible()
    check_axe(person)
    check_fits(person)
    person.get_by_role("button", name="Retirer page.html").press("Enter")
    person.get_by_role("button", name="Envoyer").click()
    expect(chosen).to_have_count(0)
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    for page in (person, adviser):
        expect(page.locator(".message .file__name")).to_have_text(["cv.pdf", "dépôt.png", "image.png"])
        expect(page.locator(".message .file__preview")).to_have_count(2)
        expect(page.locator(".message__body")).to_be_hidden()
    with adviser.expect_download() as begun:
        adviser.get_by_role("link", name="cv.pdf", exact=True).click()
    assert Path(begun.value.path()).read_bytes() == PDF
    assert begun.value.suggested_filename == "cv.pdf"
    adviser.reload()
    expect(adviser.locator(".message .file__name")).to_have_text(["cv.pdf", "dépôt.png", "image.png"])
    check_axe(adviser)
    assert sorted(Attachment.objects.values_list("name", "message__number")) == [
        ("cv.pdf", 1),
        ("dépôt.png", 1),
        ("image.png", 1),
    ]


def test_a_sending_that_is_cut_goes_on_and_comes_to_one_message(two: Pair, new_page: NewPage) -> None:
    """Kind: a second message, or a second file, after a cut."""
    person = opened(two, new_page, side="person")
    cuts = []

    def cut_after_it_was_stored(route: Route) -> None:
        if not cuts:
            cuts.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    person.route("**/pieces/", cut_after_it_was_stored)
    forgive(person, "ERR_CONNECTION_RESET")
    choose(person, pdf("cv.pdf"))
    person.get_by_label("Votre message").fill("Voici mon CV.")
    person.get_by_role("button", name="Envoyer").click()
    expect(person.get_by_text("Le message partira dès que les fichiers seront envoyés.")).to_be_visible()
    expect(person.get_by_text("Envoi coupé")).to_be_visible()
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"], timeout=15000)
    assert cuts == [200]
    assert list(Message.objects.values_list("body", "attached")) == [("Voici mon CV.", 1)]
    assert Attachment.objects.count() == 1


def test_a_message_waits_for_its_file_while_the_script_for_files_is_late(two: Pair, new_page: NewPage) -> None:
    """Kind: a message that leaves without the file that was chosen before it."""
    person = opened(two, new_page, side="person")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    person.route("**/messaging/attachments*.js*", hold)
    forgive(person, "ERR_CONNECTION_RESET")
    choose(person, pdf("cv.pdf"))
    person.get_by_label("Votre message").fill("Voici mon CV.")
    person.get_by_role("button", name="Envoyer").click()
    expect(person.get_by_text("Le message partira dès que les fichiers seront envoyés.")).to_be_visible()
    late.pop().abort("connectionreset")  # the script is asked for again
    while not late:
        person.wait_for_timeout(50)
    assert not Message.objects.exists()
    late.pop().continue_()
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    assert list(Message.objects.values_list("body", "attached")) == [("Voici mon CV.", 1)]


def test_a_file_that_is_too_large_is_not_even_sent(two: Pair, new_page: NewPage) -> None:
    person = opened(two, new_page, side="person")
    choose(person, pdf("film.pdf", PDF.ljust(10 * 1024 * 1024 + 3000)))
    expect(person.locator(".chosen--refused")).to_contain_text(
        "3\u00a0Ko de trop\u00a0: 10\u00a0Mo au plus par fichier."
    )
    assert not Attachment.objects.exists()
