"""The field in which one writes a message: what it warns of, what it keeps, and which key sends."""

import pytest
from playwright.sync_api import Page, expect

from accompaniment.rules.sensitive_numbers import kinds_in
from tests.accompaniment.number_examples import EXAMPLES, made_up, telephones
from tests.e2e.browser import check_axe, check_fits, step_inside
from tests.e2e.chat import expect_shown, write
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair

pytestmark = pytest.mark.e2e

CARD = "Ma carte : 4111 1111 1111 1111"
SAME_RULES = """(texts) => import("/static/messaging/guard.js").then(({ kindsIn }) => texts.map(kindsIn))"""


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


@pytest.fixture
def person(two: Pair, new_page: NewPage) -> Page:
    page = new_page()
    step_inside(page, two.person)
    page.goto("/messagerie/")
    return page


def test_a_card_number_is_pointed_at_before_it_leaves_the_browser(person: Page) -> None:
    """Kind: a number that somebody else can use, written without need. Nothing of it is sent before the answer."""
    sent: list[str] = []
    person.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    person.on("request", lambda request: sent.append(request.post_data or ""))
    person.reload()
    write(person, CARD)
    warning = person.get_by_text("semble contenir un numéro de carte bancaire")
    expect(warning).to_be_visible()
    expect(person.get_by_label("Votre message")).to_be_focused()
    expect(person.locator(".message")).to_have_count(0)
    check_axe(person)
    person.set_viewport_size({"width": 390, "height": 844})
    check_fits(person)
    expect(person.get_by_role("button", name="Envoyer quand même")).to_be_in_viewport()
    assert not [frame for frame in sent if "4111" in frame]
    # Whoever corrects the text is not warned any more.
    write(person, "Ma carte finit par 1111")
    expect(warning).to_be_hidden()
    expect_shown(person, "Ma carte finit par 1111")
    write(person, CARD)
    person.get_by_role("button", name="Envoyer quand même").click()
    expect_shown(person, "Ma carte finit par 1111", CARD)
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    expect(warning).to_be_hidden()
    # A number of a telephone is none of these.
    write(person, "06 12 34 56 78")
    expect_shown(person, "Ma carte finit par 1111", CARD, "06 12 34 56 78")
    assert person.evaluate("JSON.stringify(localStorage)").count("4111") == 0


def test_the_browser_finds_what_the_server_finds(person: Page) -> None:
    texts = [*EXAMPLES, *made_up(3), *telephones(4, 500)]
    found = person.evaluate(SAME_RULES, texts)
    differ = {text: (here, kinds_in(text)) for text, here in zip(texts, found, strict=True) if here != kinds_in(text)}
    assert differ == {}
    assert sum(bool(kinds) for kinds in found) > 300


def test_the_key_that_sends_is_chosen_on_the_device(person: Page) -> None:
    field = person.get_by_label("Votre message")
    choose = person.get_by_role("button", name="Changer la touche qui envoie")
    choose.press("Enter")
    expect(person.get_by_text("Ctrl + Entrée pour envoyer, Entrée pour aller à la ligne.")).to_be_visible()
    person.reload()
    field.fill("Une ligne")
    field.press("Enter")
    field.press_sequentially("et une autre")
    expect(person.locator(".message")).to_have_count(0)
    field.press("Control+Enter")
    expect_shown(person, "Une ligne\net une autre")
    choose.press("Enter")
    write(person, "Entrée envoie")
    expect_shown(person, "Une ligne\net une autre", "Entrée envoie")
    check_axe(person)


def test_a_draft_of_a_conversation_is_found_again_wherever_it_is_open(two: Pair, new_page: NewPage) -> None:
    """Kind: a draft that is kept for an address, and not for the conversation."""
    page = new_page()
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    page.get_by_label("Votre message").press_sequentially("À finir")
    page.goto(f"/personnes/{two.jobseeker.pk}/")
    expect(page.get_by_label("Votre message")).to_have_value("À finir")
    page.get_by_label("Votre message").press_sequentially(" plus tard")
    page.goto(f"/messagerie/{two.conversation.pk}/?message=1")
    expect(page.get_by_label("Votre message")).to_have_value("À finir plus tard")
    page.get_by_label("Votre message").press("Enter")
    expect_shown(page, "À finir plus tard")
    page.goto(f"/personnes/{two.jobseeker.pk}/")
    expect_shown(page, "À finir plus tard")
    expect(page.get_by_label("Votre message")).to_have_value("")
