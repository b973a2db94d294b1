"""Two people write to each other, each in their own browser."""

import pytest
from playwright.sync_api import Page, expect

from accompaniment.services.reference import give_default_hours
from messaging.models import CallbackRequest, Message
from tests.accompaniment.factories import PASSWORD
from tests.e2e.browser import check_axe, check_fits, forgive, step_inside, tick
from tests.e2e.chat import CUT, aside, expect_shown, write
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, ask, pair, say

pytestmark = pytest.mark.e2e


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


@pytest.fixture
def person(two: Pair, new_page: NewPage) -> Page:
    page = new_page()
    step_inside(page, two.person)
    page.goto("/messagerie/")
    return page


@pytest.fixture
def adviser(two: Pair, new_page: NewPage) -> Page:
    page = new_page()
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    return page


def stored() -> list[str]:
    """Return the stored messages in the order of their numbers."""
    return list(Message.objects.order_by("number").values_list("body", flat=True))


# What a screen reader hears of a conversation: each element that is added to it, and each text that changes.
HEAR = """() => {
  const log = document.querySelector("[data-log]");
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) window.heard.push(...[...addedNodes].map((node) => node.textContent));
  }).observe(log, { childList: true, subtree: true, characterData: true });
}"""


def times_heard(page: Page, words: str) -> int:
    return sum(words in each for each in page.evaluate("window.heard"))


def test_a_message_is_read_out_once_to_each_of_the_two(person: Page, adviser: Page) -> None:
    """Kind: a live region that says one change twice. One's own message is shown at once, and then stored."""
    for page in (person, adviser):
        page.evaluate(HEAR)
    for words in ("Une question", "Et une autre"):
        write(person, words)
    expect_shown(adviser, "Une question", "Et une autre")
    expect(person.locator("[data-client]")).to_have_count(0)
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    for words in ("Une question", "Et une autre"):
        assert times_heard(person, words) == 1
        assert times_heard(adviser, words) == 1
    assert times_heard(person, "Envoyé") <= 2
    # The control: a row that is replaced by another one is heard twice.
    person.evaluate("""() => {
      const row = document.querySelector("[data-number='2']");
      row.replaceWith(row.cloneNode(true));
    }""")
    assert times_heard(person, "Et une autre") == 2


def test_each_sees_the_others_message_without_reloading(person: Page, adviser: Page) -> None:
    write(person, "Bonjour <b>Madame</b>, voir https://exemple.fr/offre.")
    expect_shown(adviser, "Bonjour <b>Madame</b>, voir https://exemple.fr/offre.")
    expect(adviser.locator(".message__body a")).to_have_attribute("href", "https://exemple.fr/offre")
    expect(person.get_by_label("Votre message")).to_be_focused()
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    adviser.bring_to_front()
    adviser.get_by_label("Votre message").focus()
    expect(person.locator("[data-state]")).to_have_text(["Lu"])
    adviser.get_by_label("Votre message").fill("Bonjour,")
    adviser.get_by_label("Votre message").press("Shift+Enter")
    adviser.get_by_label("Votre message").press_sequentially("je regarde.")
    adviser.get_by_role("button", name="Envoyer").click()
    expect_shown(person, "Bonjour <b>Madame</b>, voir https://exemple.fr/offre.", "Bonjour,\nje regarde.")
    assert len(stored()) == 2
    for page in (person, adviser):
        check_axe(page)


def test_a_message_is_changed_and_deleted_for_both_without_reloading(person: Page, adviser: Page) -> None:
    write(person, "Bonjor")
    expect_shown(adviser, "Bonjor")
    row = person.locator("#message-1")
    expect(row.get_by_role("link")).to_have_text(["Modifier", "Supprimer"])
    plan = "Ajouter au plan d'action\u00a0: message 1"
    expect(adviser.locator("#message-1").get_by_role("link")).to_have_text([plan])
    row.get_by_role("link", name="Modifier").click()
    field = row.get_by_label("Nouveau texte du message")
    expect(field).to_be_focused()
    expect(field).to_have_value("Bonjor")
    check_axe(person)
    field.fill("Bonjour, voir https://exemple.fr/a")
    field.press("Control+Enter")
    expect_shown(adviser, "Bonjour, voir https://exemple.fr/a")
    expect(adviser.locator("#message-1 .message__changed")).to_have_text("modifié")
    expect(adviser.locator("#message-1 .message__body a")).to_have_attribute("href", "https://exemple.fr/a")
    expect(row.get_by_role("link", name="Modifier")).to_be_focused()
    # What was missed while cut off comes with the next connection.
    forgive(adviser, "ERR_INTERNET_DISCONNECTED", "WebSocket")
    adviser.context.set_offline(True)
    adviser.evaluate("document.querySelector('conversation-thread').link.line.socket.close()")
    row.get_by_role("link", name="Supprimer").click()
    expect(row.get_by_role("button", name="Garder ce message")).to_be_focused()
    check_axe(person)
    row.get_by_role("button", name="Garder ce message").click()
    expect(row.get_by_role("link", name="Modifier")).to_be_focused()
    row.get_by_role("link", name="Supprimer").click()
    row.get_by_role("button", name="Supprimer le message").click()
    expect(row.locator(".message__body")).to_have_text("Message supprimé")
    expect(person.locator("[data-log]")).to_be_focused()
    expect(row.get_by_role("link")).to_have_count(0)
    adviser.context.set_offline(False)
    expect_shown(adviser, "Message supprimé")
    expect(adviser.locator(".message__changed")).to_have_count(0)
    for page in (person, adviser):
        check_axe(page)


def test_what_the_other_side_does_is_shown_and_not_read_out(person: Page, adviser: Page, two: Pair) -> None:
    adviser.reload()
    other = adviser.locator(".thread__other")
    expect(other).to_have_text(f"{two.jobseeker.first_name} est en ligne.")
    before = adviser.locator("[data-log]").bounding_box()
    person.get_by_label("Votre message").press_sequentially("Une qu")
    expect(other).to_have_text(f"{two.person.full_name} écrit…")
    assert adviser.locator("[data-log]").bounding_box() == before
    expect(other).not_to_have_attribute("role", "status")
    write(person, "Une question")
    expect_shown(adviser, "Une question")
    expect(other).to_have_text(f"{two.jobseeker.first_name} est en ligne.")
    check_axe(adviser)


def test_who_has_just_been_answered_waits_no_longer_on_the_list_beside(person: Page, adviser: Page) -> None:
    """Kind: two parts of one page that contradict each other after an act."""
    write(person, "Une question")
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    adviser.reload()
    waits = adviser.locator("#talks-found .talk__waits")
    expect(waits).to_have_count(1)
    write(adviser, "La réponse")
    # Long before the list is refreshed by itself.
    expect(waits).to_have_count(0, timeout=10000)
    expect(adviser.locator("#talks-found [aria-current]")).to_contain_text("La réponse")
    expect(adviser.get_by_label("Votre message")).to_be_focused()


def test_the_keyboard_need_not_cross_the_list_to_write(adviser: Page) -> None:
    """Kind: dozens of links between the beginning of a page and the one field that one came for."""
    adviser.locator("#contenu").focus()
    adviser.keyboard.press("Tab")
    over = adviser.get_by_role("link", name="Passer la liste des conversations")
    expect(over).to_be_focused()
    expect(over).to_be_in_viewport(ratio=1)
    adviser.keyboard.press("Enter")
    expect(adviser.get_by_label("Votre message")).to_be_focused()


def test_what_was_typed_and_missed_while_cut_off_comes_once(person: Page, adviser: Page) -> None:
    forgive(person, "ERR_INTERNET_DISCONNECTED", "WebSocket")
    write(person, "Avant")
    expect_shown(adviser, "Avant")
    person.context.set_offline(True)
    person.evaluate("document.querySelector('conversation-thread').link.line.socket.close()")
    write(person, "Pendant, un")
    write(person, "Pendant, deux")
    expect(person.get_by_text(CUT)).to_be_visible()
    write(adviser, "Vous êtes là ?")
    expect_shown(person, "Avant", "Pendant, un", "Pendant, deux")
    # The adviser's own screen shows a message before the server has stored it.
    expect(adviser.locator("[data-state]").last).to_have_text("Envoyé")
    person.context.set_offline(False)
    expect_shown(person, "Avant", "Vous êtes là ?", "Pendant, un", "Pendant, deux")
    expect(person.get_by_text(CUT)).to_have_count(0)
    expect_shown(adviser, "Avant", "Vous êtes là ?", "Pendant, un", "Pendant, deux")
    assert stored() == ["Avant", "Vous êtes là ?", "Pendant, un", "Pendant, deux"]


def test_what_was_typed_survives_a_reload(two: Pair, person: Page, adviser: Page) -> None:
    forgive(person, "ERR_INTERNET_DISCONNECTED", "WebSocket", "ERR_FAILED")
    person.route(
        "**/messagerie/**", lambda route: route.abort() if route.request.method == "POST" else route.fallback()
    )
    person.route_web_socket("**/ws/**", lambda socket: None)
    person.reload()
    write(person, "Ne pas perdre")
    expect(person.locator("[data-state]")).to_have_text(["Envoi…"])
    person.unroute_all()
    person.route_web_socket("**/ws/**", lambda socket: socket.connect_to_server())
    person.reload()
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    expect_shown(adviser, "Ne pas perdre")
    assert stored() == ["Ne pas perdre"]


def test_with_the_websocket_blocked_the_form_posts_over_http(two: Pair, new_page: NewPage, adviser: Page) -> None:
    page = new_page()
    forgive(page, "WebSocket")
    page.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } };")
    step_inside(page, two.person)
    page.goto("/messagerie/")
    write(page, "Par HTTP")
    expect_shown(adviser, "Par HTTP")
    expect(page.locator("[data-state]")).to_have_text(["Envoyé"])
    write(adviser, "Reçu")
    expect(page.locator(".message__body")).to_have_text(["Par HTTP", "Reçu"])
    assert stored() == ["Par HTTP", "Reçu"]


def test_without_scripts_it_is_a_page_with_a_form(two: Pair, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/connexion/")
    page.get_by_label("Adresse e-mail", exact=False).fill(two.person.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.goto("/messagerie/")
    page.get_by_label("Votre message").fill("Sans script")
    page.get_by_role("button", name="Envoyer").click()
    expect_shown(page, "Sans script")
    assert stored() == ["Sans script"]


def test_a_refusal_is_said_where_it_belongs_and_can_be_taken_back(two: Pair, person: Page) -> None:
    aside(
        lambda: two.jobseeker.placements.update(
            ended_at=two.jobseeker.created_at, started_at=two.jobseeker.created_at, end_reason="left"
        )
    )
    write(person, "Quelqu'un ?")
    expect(person.get_by_text("Non envoyé – Aucun conseiller ne vous accompagne")).to_be_visible()
    person.get_by_role("button", name="Reprendre le texte").click()
    expect(person.get_by_label("Votre message")).to_have_value("Quelqu'un ?")
    expect(person.locator(".message")).to_have_count(0)


def test_after_a_refusal_of_the_server_a_text_is_still_counted_and_sent(two: Pair, person: Page) -> None:
    """The form is sent before the scripts listen.

    The server's error goes with the next keystroke, and the script's own error stays.
    """
    forgive(person, "422")
    with person.expect_navigation():
        person.evaluate("HTMLFormElement.prototype.submit.call(document.querySelector('[data-composer]'))")
    refused = person.locator(".fr-messages-group > .fr-message--error")
    expect(refused).to_be_visible()
    write(person, "a" * 5001)
    expect(refused).to_have_count(0)
    expect(person.get_by_text("1 caractère de trop")).to_be_visible()
    write(person, "Me voici")
    expect_shown(person, "Me voici")
    expect(person.locator("[data-client]")).to_have_count(0)
    assert stored() == ["Me voici"]


def test_the_page_of_the_day_and_the_persons_page_lead_to_it(two: Pair, adviser: Page) -> None:
    aside(lambda: say(two.conversation, two.person, "Une question urgente"))
    aside(lambda: ask(two.jobseeker))
    adviser.goto("/ma-journee/")
    expect(adviser.get_by_role("heading", name="Messages à traiter (1)")).to_be_visible()
    expect(adviser.get_by_role("heading", name="Rappels à faire (1)")).to_be_visible()
    adviser.get_by_role("link", name=two.jobseeker.full_name).first.click()
    expect_shown(adviser, "Une question urgente")
    adviser.goto(f"/personnes/{two.jobseeker.pk}/")
    write(adviser, "Je réponds d'ici")
    expect_shown(adviser, "Une question urgente", "Je réponds d'ici")
    expect(adviser.locator("[data-state]")).to_have_text(["Envoyé"])
    check_axe(adviser)
    check_fits(adviser)


def test_the_composer_is_in_sight_among_two_hundred_messages(two: Pair, new_page: NewPage) -> None:
    def talk() -> None:
        for number in range(200):
            say(two.conversation, two.person if number % 8 == 0 else two.adviser, "a" * (number + 1))

    aside(talk)
    for user, address in ((two.person, "/messagerie/"), (two.adviser, f"/messagerie/{two.conversation.pk}/")):
        for width in (390, 1280):
            page = new_page(width=width)
            step_inside(page, user)
            page.goto(address)
            # It begins at the first unread one, and opening it has read some.
            expect(page.locator(".message").nth(150)).to_be_attached()
            expect(page.get_by_role("button", name="Envoyer")).to_be_in_viewport()
            check_fits(page)
            check_axe(page)
            page.close()


def test_a_call_back_is_asked_seen_and_done(two: Pair, person: Page, adviser: Page) -> None:
    aside(lambda: give_default_hours([two.jobseeker.agency]))
    person.goto("/mon-espace/")
    person.locator("#contenu").get_by_role("link", name="Demander un appel", exact=True).click()
    tick(person.get_by_role("radio", name="Une formation"))
    tick(person.get_by_role("group", name="Quand vous joindre").get_by_role("checkbox").first)
    person.get_by_label("Numéro à appeler").fill("06 12 34 56 78")
    person.get_by_label("Précision").fill("Après 10 h")
    person.get_by_role("button", name="Demander cet appel").click()
    expect(person.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    person.get_by_role("link", name="Modifier ma demande").click()
    expect(person.get_by_role("checkbox", checked=True)).to_have_count(1)
    check_axe(person)
    check_fits(person)
    person.get_by_role("link", name="Ne rien changer").click()
    adviser.goto("/rappels/")
    expect(adviser.get_by_text("Après 10 h")).to_be_visible()
    adviser.get_by_role("link", name="Rappeler").click()
    adviser.get_by_label("Ce qui a été dit ou convenu").fill("La formation est confirmée.")
    adviser.get_by_role("button", name="Rappel effectué").click()
    expect(adviser.get_by_text("La formation est confirmée.")).to_be_visible()
    assert CallbackRequest.objects.get().state == "done"
    for page in (person, adviser):
        check_axe(page)
        check_fits(page)
