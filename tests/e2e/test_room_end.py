"""The call ends for both, the telephone works without a network, and the controls are in sight in every window."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accompaniment.models import Agency, AuditEntry, Jobseeker
from tests.e2e.browser import check_axe, check_fits, focused, forgive, wait_until
from tests.e2e.conftest import PATIENCE
from tests.e2e.room import CUT, KEEP_TRACKS, end_call, enter, let_in, sees_and_hears
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

BEING_WRITTEN = "L'entretien est terminé, votre conseiller rédige le compte rendu"
SIZES = [(1280, 800), (390, 844), (320, 640), (844, 390)]

NO_NEW_SOCKET = "window.WebSocket = class { constructor() { throw new Error('offline'); } }"
"""A browser may still open a socket while it is said to be offline."""
ALL_STOPPED = "window.keptTracks.length >= 2 && window.keptTracks.every((track) => track.readyState === 'ended')"
NO_PICTURE = "[...document.querySelectorAll('video')].every((video) => video.srcObject === null)"

# The position of each text and control that must be in sight: [text, left, top, right, bottom].
BOXES = """() => [...document.querySelectorAll(
  ".room__head > *, .room__bar :is(button, summary, .fr-btn), .room__signs > *, .room__self-note, [data-media-words]"
)].filter((part) => part.checkVisibility({visibilityProperty: true}) && part.textContent.trim() !== "")
  .map((part) => {
    const box = part.getBoundingClientRect();
    return [part.textContent.replace(/\\s+/g, " ").trim(), box.left, box.top, box.right, box.bottom];
  })"""
# The page has measured the height of head and bar in this window.
MEASURED = """["head", "bar"].every((part) => {
  const seen = document.documentElement.style.getPropertyValue(`--room-${part}`);
  return seen === `${document.querySelector(`.room__${part}`).offsetHeight}px`;
})"""
BEHIND = """() => [...document.querySelectorAll(".room__bar :is(button, summary, .fr-btn), .room__leave")]
  .filter((part) => part.checkVisibility())
  .filter((part) => {
    const box = part.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return !part.contains(top);
  }).map((part) => part.textContent.trim())"""


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


@pytest.fixture
def two(new_page: Any, interview: Interview) -> tuple[Page, Page]:
    """The person and the adviser in a call."""
    jobseeker, adviser = new_page(), new_page()
    for page, user in ((jobseeker, interview.jobseeker.user), (adviser, interview.adviser.user)):
        page.add_init_script(KEEP_TRACKS)
        enter(page, user, interview)
    let_in(adviser, jobseeker)
    return jobseeker, adviser


def over(page: Page) -> None:
    """Check that no frozen picture is shown, and that camera and microphone are off."""
    wait_until(page, ALL_STOPPED)
    wait_until(page, NO_PICTURE)
    for video in page.locator("video").all():
        expect(video).to_be_hidden()


@pytest.mark.parametrize("by_adviser", [True, False], ids=["by the adviser", "by the person"])
def test_ending_the_call_ends_it_for_both_and_a_reload_says_the_same(
    two: tuple[Page, Page], interview: Interview, by_adviser: bool
) -> None:
    jobseeker, adviser = two
    who = adviser if by_adviser else jobseeker
    end_call(who)
    for page, words in ((jobseeker, BEING_WRITTEN), (adviser, "L'appel est terminé")):
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        over(page)
        check_axe(page)
    assert focused(who) == ("L'appel est terminé" if by_adviser else BEING_WRITTEN)
    for page, words in ((jobseeker, BEING_WRITTEN), (adviser, "L'appel est terminé")):
        page.reload()
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        assert page.evaluate("window.keptTracks.length") == 0, "the page does not ask for the camera"
    interview.refresh_from_db()
    assert interview.call_ended_by == (interview.adviser if by_adviser else interview.jobseeker).user

    adviser.get_by_role("button", name="Reprendre l'appel").click()
    jobseeker.get_by_role("button", name="Reprendre l'appel").click()
    for page in (jobseeker, adviser):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
        sees_and_hears(page)


def test_it_is_asked_once_more_and_staying_ends_nothing(two: tuple[Page, Page], interview: Interview) -> None:
    adviser = two[1]
    adviser.get_by_role("button", name="Terminer l'appel").click()
    assert focused(adviser) == "Rester dans l'appel"
    check_axe(adviser)
    adviser.get_by_role("button", name="Rester dans l'appel").click()
    for page in two:
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
    interview.refresh_from_db()
    assert interview.call_ended_at is None


def test_who_leaves_ends_nothing_and_comes_back_without_being_let_in(
    two: tuple[Page, Page], interview: Interview
) -> None:
    jobseeker, adviser = two
    jobseeker.get_by_role("link", name="Quitter la salle").click()
    expect(adviser.locator("[data-status]")).to_contain_text("n'est plus dans la salle")
    expect(adviser.locator("[data-remote]")).to_be_hidden()
    jobseeker.goto(f"/visio/{interview.token}/")
    for page in two:
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")


FAILS_BY_ITSELF = """() => new Promise((done) => {
  const news = document.querySelector("[hx-get*=nouvelles]");
  news.addEventListener("htmx:sendError", () => setTimeout(done));
  window.htmx.trigger(news, "refresh");
})"""
"""The answers of the other side are asked for, and the request fails."""


def test_a_connection_that_breaks_is_not_the_end(two: tuple[Page, Page], interview: Interview) -> None:
    """Both sockets and the connection are cut, as by a lost network.

    Nobody reads « terminé », and no frozen picture is shown.
    """
    jobseeker, adviser = two
    for page in two:
        forgive(page, "WebSocket", "ERR_INTERNET_DISCONNECTED")
    jobseeker.context.set_offline(True)
    jobseeker.evaluate(f"{NO_NEW_SOCKET}; window.keptConnections.at(-1).close(); window.keptSockets.at(-1).close()")
    expect(jobseeker.locator("[data-status]")).to_contain_text(CUT, timeout=2 * PATIENCE)
    expect(adviser.locator("[data-remote]")).to_be_hidden(timeout=2 * PATIENCE)
    # What the page asks for by itself fails without a word.
    jobseeker.evaluate(FAILS_BY_ITSELF)
    for page in two:
        expect(page.locator("[data-ended]")).to_be_hidden()
        expect(page.locator("#toasts")).to_be_empty()
    interview.refresh_from_db()
    assert interview.call_ended_at is None


@pytest.mark.parametrize("by_adviser", [False, True], ids=["the person", "the adviser"])
def test_the_telephone_works_without_a_network_and_is_noted_once(
    new_page: Any, interview: Interview, by_adviser: bool
) -> None:
    page = new_page(width=390, height=844)
    forgive(page, "WebSocket", "ERR_INTERNET_DISCONNECTED")
    enter(page, (interview.adviser if by_adviser else interview.jobseeker).user, interview)
    expect(page.locator("[data-status]")).to_contain_text("n'est pas encore")
    expect(page.locator("[data-number]")).to_be_hidden()
    page.context.set_offline(True)
    for _ in range(3):
        page.get_by_role("button", name="Continuer par téléphone").click()
    expect(page.locator("[data-number]")).to_be_visible()
    expect(page.locator("[data-number]")).to_contain_text("06\u00a039\u00a098\u00a000\u00a001")
    expect(page.locator("[data-number]")).to_contain_text("noté dès qu'elle revient")
    interview.refresh_from_db()
    assert interview.phone_since is None

    page.context.set_offline(False)
    expect(page.locator("#room-noted")).to_contain_text("06\u00a039\u00a098\u00a000\u00a001")
    expect(page.locator("[data-number]")).to_be_hidden()
    interview.refresh_from_db()
    assert interview.phone_since is not None
    assert AuditEntry.objects.filter(jobseeker=interview.jobseeker, details__event="phone").count() == 1


@pytest.mark.parametrize("agency_phone", ["+33123456789", ""], ids=["the agency has a number", "it has none"])
def test_without_a_network_and_without_a_number_the_person_reads_whom_to_call(
    new_page: Any, interview: Interview, agency_phone: str
) -> None:
    """Kind: a promise to call a person whose number is not known.

    The page shows the agency's number, or says what happens next.
    """
    Jobseeker.objects.update(phone="")
    Agency.objects.update(phone=agency_phone)
    page = new_page(width=320, height=640)
    page.add_init_script(KEEP_TRACKS)
    forgive(page, "WebSocket", "ERR_INTERNET_DISCONNECTED")
    enter(page, interview.jobseeker.user, interview)
    expect(page.locator("[data-status]")).to_contain_text("n'est pas encore")
    expect(page.get_by_role("button", name="Caméra", exact=True)).to_be_enabled()
    page.context.set_offline(True)
    page.get_by_role("button", name="Continuer par téléphone").click()
    shown = page.locator("[data-number]")
    expect(shown).to_be_in_viewport(ratio=1)
    if agency_phone:
        expect(shown.get_by_role("link", name="01\u00a023\u00a045\u00a067\u00a089")).to_have_attribute(
            "href", "tel:+33123456789"
        )
        expect(shown).to_contain_text(interview.adviser.agency.name)
    else:
        expect(shown).to_contain_text("personne ne peut vous appeler pour le moment")
        expect(shown.get_by_role("link")).to_have_count(0)
    expect(shown).to_contain_text("jamais une absence")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        in_sight(page, width, height)
    page.evaluate("window.keptTracks.forEach((track) => { track.stop(); track.dispatchEvent(new Event('ended')); })")
    expect(page.locator("[data-media-problem]")).to_be_attached()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("[data-media-problem]")).to_be_visible()
        expect(shown).to_be_in_viewport(ratio=1)
        for name in ("Problème technique", "Continuer par téléphone", "Quitter la salle"):
            expect(page.get_by_text(name, exact=True)).to_be_in_viewport(ratio=1)


def in_sight(page: Page, width: int, height: int) -> None:
    """Check that every control is in the window and in front, and that no texts overlap."""
    wait_until(page, MEASURED)
    boxes = page.evaluate(BOXES)
    names = [box[0] for box in boxes]
    assert {"Problème technique", "Continuer par téléphone", "Continuer par écrit", "Quitter la salle"} <= set(names), (
        names
    )
    for name, left, top, right, bottom in boxes:
        inside = left >= 0 and top >= 0 and right <= width and bottom <= height
        assert inside, f"{name} is out of {width}×{height}"
    for place, (name, left, top, right, bottom) in enumerate(boxes):
        for other, x, y, end, foot in boxes[place + 1 :]:
            apart = right <= x + 1 or end <= left + 1 or bottom <= y + 1 or foot <= top + 1
            assert apart, f"« {name} » and « {other} » overlap at {width}×{height}"
    assert page.evaluate(BEHIND) == []
    check_fits(page)
    ways = page.locator(".room__help .fr-btn--tertiary:visible").all()
    shapes = {(way.evaluate("way => getComputedStyle(way).textAlign"), way.bounding_box()["y"]) for way in ways}
    rows = {y for _, y in shapes}
    assert {align for align, _ in shapes} == {"center"}
    assert len(rows) == 1 or min(abs(one - other) for one in rows for other in rows if one != other) > 20, shapes


def test_controls_are_in_sight_and_words_apart_in_every_window(two: tuple[Page, Page], interview: Interview) -> None:
    """In four windows: in the call with a raised hand, and with a lost camera."""
    jobseeker, adviser = two
    adviser.get_by_role("button", name="Lever la main").click()
    jobseeker.get_by_role("button", name="Lever la main").click()
    expect(jobseeker.locator("[data-hand]")).to_contain_text("lève la main")
    for page in two:
        expect(page.locator("[data-quality-words]")).not_to_be_empty()
    for with_problem in (False, True):
        if with_problem:
            jobseeker.evaluate(
                "window.keptTracks.forEach((track) => { track.stop(); track.dispatchEvent(new Event('ended')); })"
            )
            expect(jobseeker.locator("[data-media-problem]")).to_be_visible()
            expect(adviser.locator("[data-remote-note]")).to_contain_text("caméra coupée")
        for page in two:
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                in_sight(page, width, height)
                end = page.get_by_role("button", name="Terminer l'appel").bounding_box()
                near = [page.get_by_role("button", name=name).bounding_box() for name in ("Micro", "Partager")]
                for box in near:
                    gap = max(end["y"] - box["y"] - box["height"], end["x"] - box["x"] - box["width"])
                    assert gap >= 40, f"the button that ends the call touches another at {width}×{height}"


def test_before_the_call_controls_are_in_sight_too(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(adviser, interview.adviser.user, interview)
    expect(adviser.get_by_text("Elle ne vient pas")).to_be_visible()
    enter(jobseeker, interview.jobseeker.user, interview)
    expect(adviser.get_by_role("button", name="Faire entrer")).to_be_enabled()
    # Who waits is not said to be missing.
    expect(adviser.get_by_text("Elle ne vient pas")).to_be_hidden()
    expect(adviser.get_by_role("link", name="Conclure l'entretien")).to_be_visible()
    for page in (jobseeker, adviser):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            in_sight(page, width, height)
    adviser.get_by_role("button", name="Faire entrer").click()
    expect(adviser.locator("[data-status]")).to_be_focused()
