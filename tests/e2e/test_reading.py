"""Only what was in sight counts as read; and a browser that says "offline" is not believed for ever."""

import re

import pytest
from playwright.sync_api import Page, expect

from messaging.models import ReadMark
from tests.e2e.browser import step_inside, wait_until
from tests.e2e.chat import CUT, aside, expect_shown, write
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e

LONG = "\n".join(f"ligne {number}" for number in range(60))


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


def open_at(two: Pair, new_page: NewPage, *, as_person: bool, clock: bool = False) -> Page:
    page = new_page()
    if clock:
        page.clock.install()
    step_inside(page, two.person if as_person else two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    wait_until(page, "document.querySelector('conversation-thread')?.link?.live")
    return page


def show(page: Page, state: str) -> None:
    """Make the page believe that its tab is hidden or shown: a browser without a window has no tabs to change."""
    page.evaluate(
        """state => {
          Object.defineProperty(document, "visibilityState", { configurable: true, value: state });
          Object.defineProperty(document, "hidden", { configurable: true, value: state === "hidden" });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def read_to() -> list[int]:
    return list(ReadMark.objects.order_by("pk").values_list("number", flat=True))


def test_a_hidden_tab_reads_nothing_until_it_is_seen(two: Pair, new_page: NewPage) -> None:
    """Kind: a message marked as read that was never in sight."""
    adviser = open_at(two, new_page, as_person=False, clock=True)
    show(adviser, "hidden")
    person = open_at(two, new_page, as_person=True)
    write(person, "Vous me lisez ?")
    expect_shown(adviser, "Vous me lisez ?")
    expect(adviser).to_have_title(re.compile(r"^\(1\)"))
    adviser.clock.run_for(5000)
    assert aside(read_to) == []
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    show(adviser, "visible")
    expect(person.locator("[data-state]")).to_have_text(["Lu"])


def test_a_message_below_the_fold_is_read_once_its_end_was_in_sight(two: Pair, new_page: NewPage) -> None:
    aside(lambda: [say(two.conversation, two.person, text) for text in ("Bonjour", LONG, "Fin")])
    adviser = open_at(two, new_page, as_person=False)
    person = open_at(two, new_page, as_person=True)
    # Reading starts at the first unread message. The short messages are in sight at once, the last one after scrolling.
    wait_until(adviser, "document.querySelector('conversation-thread').reading.marked === 1")
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])
    assert aside(read_to) == [1]
    adviser.locator("[data-log]").evaluate("log => { log.scrollTop = log.scrollHeight; }")
    expect(person.locator("[data-state]")).to_have_text(["Lu"])
    assert aside(read_to) == [3]


def test_the_navigation_counts_a_message_no_longer_once_it_is_read(two: Pair, new_page: NewPage) -> None:
    """Kind: a count that is true again only a minute later. It is asked for anew when one's mark is stored."""
    aside(lambda: say(two.conversation, two.adviser))
    page = new_page()
    step_inside(page, two.person)
    page.goto("/mon-espace/")
    counts = page.locator("[data-count-of=conversations]")
    expect(counts.first).to_contain_text("1")
    page.goto(f"/messagerie/{two.conversation.pk}/")
    for place in counts.all():
        expect(place).to_have_text("")


def test_cut_off_is_taken_back_when_the_socket_survived(two: Pair, new_page: NewPage) -> None:
    """Kind: a warning that stays after its cause is gone."""
    person = open_at(two, new_page, as_person=True)
    person.evaluate("window.first = document.querySelector('conversation-thread').link.line.socket")
    # Whatever is heard takes the doubt back, so nothing of the beginning may still be on its way.
    wait_until(person, "document.querySelector('conversation-thread').other.present !== null")
    person.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(person.get_by_text(CUT)).to_be_visible()
    person.evaluate("window.dispatchEvent(new Event('online'))")
    expect(person.get_by_text(CUT)).to_have_count(0)
    assert person.evaluate("document.querySelector('conversation-thread').link.line.socket === window.first")
    write(person, "Toujours là")
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])


def test_the_page_of_the_day_asks_its_socket_when_the_network_is_back(two: Pair, new_page: NewPage) -> None:
    day = new_page()
    step_inside(day, two.adviser)
    sent: list[str] = []
    heard: list[str] = []
    day.on(
        "websocket",
        lambda socket: (
            socket.on("framesent", lambda frame: sent.append(str(frame))),
            socket.on("framereceived", lambda frame: heard.append(str(frame))),
        ),
    )
    day.goto("/ma-journee/")
    expect(day.locator("[data-desk][data-live]")).to_be_attached()
    day.evaluate("window.dispatchEvent(new Event('online'))")
    for _ in range(100):
        if any("pong" in frame for frame in heard):
            break
        day.evaluate("new Promise(requestAnimationFrame)")
    assert any("ping" in frame for frame in sent)
    assert any("pong" in frame for frame in heard)
    expect(day.locator("[data-desk][data-live]")).to_be_attached()


def test_a_text_that_is_too_long_stays_whole_and_says_by_how_much(two: Pair, new_page: NewPage) -> None:
    """Kind: a text that the browser cuts without saying so."""
    person = open_at(two, new_page, as_person=True)
    field = person.get_by_label("Votre message")
    field.fill("x" * 5212)
    field.press("Enter")
    expect(person.get_by_text("212 caractères de trop")).to_be_visible()
    assert len(field.input_value()) == 5212
    field.fill("x" * 5000)
    expect(person.locator("[data-too-long]")).to_be_hidden()
    field.press("Enter")
    expect(person.locator("[data-state]")).to_have_text(["Envoyé"])


def test_links_are_the_same_in_what_arrives_live(two: Pair, new_page: NewPage) -> None:
    adviser = open_at(two, new_page, as_person=False)
    person = open_at(two, new_page, as_person=True)
    write(person, "voir (https://exemple.fr/a_(b)) et javascript:alert(1)")
    for page in (adviser, person):
        expect(page.locator(".message__body a")).to_have_attribute("href", "https://exemple.fr/a_(b)")
        expect(page.locator(".message__body")).to_have_attribute("dir", "auto")
