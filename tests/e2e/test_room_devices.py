"""A camera or microphone that is refused, missing or lost: the page says so beside the controls, in every phase.

« Réessayer » works without a reload, and a person without a device can go on.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import WHOLE_CHROMIUM, check_axe, focused, step_inside, wait_until
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.room import KEEP_TRACKS, enter, let_in, refuse, sees_and_hears
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

ASKS = "--use-fake-ui-for-media-stream"
INVENTED = "--use-fake-device-for-media-stream"
MEDIA = ["camera", "microphone"]


# The browser's first question stays open until the test answers it.
ASKS_FOR_LONG = """
window.asked = 0;
const answered = new Promise((resolve) => { window.answer = resolve; });
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  window.asked += 1;
  await answered;
  return ask(wish);
};
"""


@pytest.fixture
def browser(request: Any, browser: Browser) -> Iterator[Browser]:
    """The package's Chromium; with a parameter, a whole one without the named arguments."""
    without = getattr(request, "param", None)
    if without is None:
        yield browser
        return
    arguments = [argument for argument in ARGUMENTS if argument not in without]
    chromium = browser.browser_type.launch(executable_path=WHOLE_CHROMIUM, args=arguments)
    yield chromium
    chromium.close()


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def problem(page: Page) -> Any:
    return page.locator("[data-media-problem]")


def beside_the_controls(page: Page) -> None:
    """Check that the sentence is in sight in the bar of the controls."""
    expect(problem(page)).to_be_visible()
    expect(problem(page)).to_be_in_viewport(ratio=1)
    assert page.locator(".room__bar [data-media-problem] [data-retry]").count() == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "est bloqué. Autorisez-"),
        ("NotFoundError", "n'a été trouvé"),
        ("NotReadableError", "Fermez ce logiciel"),
        ("OverconstrainedError", "plus là"),
    ],
)
def test_each_refusal_says_what_to_do_and_a_new_try_needs_no_reload(
    new_page: Any, interview: Interview, name: str, words: str
) -> None:
    page = new_page(width=390, height=844, permissions=MEDIA)
    refuse(page, audio=name, video=name)
    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_role("alert")).to_contain_text("Réessayer")
    beside_the_controls(page)
    check_axe(page)

    page.evaluate("window.refusals = {video: window.refusals.video}; window.stillHere = true")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("alert")).to_contain_text("on vous entend sans vous voir")
    expect(page.get_by_role("button", name="Micro")).to_be_enabled()

    page.evaluate("window.refusals = {}")
    page.get_by_role("button", name="Réessayer").click()
    expect(problem(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Caméra")).to_be_enabled()
    assert focused(page) == "Micro M", "the focus moved on when the button disappeared"
    assert page.evaluate("window.stillHere"), "nothing was reloaded"


def test_an_address_that_is_not_safe_is_named(new_page: Any, interview: Interview) -> None:
    page = new_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false});")
    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_role("alert")).to_contain_text("https")
    expect(page.locator("[data-status]")).to_contain_text("n'est pas encore dans la salle")


@pytest.mark.parametrize("browser", [(ASKS,)], indirect=True)
def test_a_permission_that_is_given_in_parts_is_used_in_parts(new_page: Any, interview: Interview) -> None:
    page = new_page()
    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_role("alert")).to_contain_text("L'accès à la caméra et au micro est bloqué")
    page.context.grant_permissions(["microphone"])
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("alert")).to_contain_text("L'accès à la caméra est bloqué")
    page.context.grant_permissions(MEDIA)
    page.get_by_role("button", name="Réessayer").click()
    expect(problem(page)).to_be_hidden()


@pytest.mark.parametrize("browser", [(INVENTED, ASKS)], indirect=True)
def test_a_computer_without_camera_and_microphone(new_page: Any, interview: Interview) -> None:
    page = new_page(permissions=MEDIA)
    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_role("alert")).to_contain_text("Aucun micro ni caméra n'a été trouvé")
    beside_the_controls(page)


def test_it_stays_said_while_waiting_and_in_the_call_and_one_goes_on_without(
    new_page: Any, interview: Interview
) -> None:
    """In the preview, in the waiting room and in the call."""
    jobseeker, adviser = new_page(width=320, height=640), new_page()
    refuse(jobseeker, audio="NotFoundError", video="NotFoundError")
    enter(jobseeker, interview.jobseeker.user, interview)
    beside_the_controls(jobseeker)
    enter(adviser, interview.adviser.user, interview)
    expect(jobseeker.locator("[data-status]")).to_have_text("Vous êtes dans la salle d'attente.")
    beside_the_controls(jobseeker)
    adviser.get_by_role("button", name="Faire entrer").click()
    for page in (jobseeker, adviser):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
    beside_the_controls(jobseeker)
    expect(adviser.locator("[data-remote-note]")).to_contain_text("caméra coupée, micro coupé")
    jobseeker.evaluate("window.refusals = {}")
    jobseeker.get_by_role("button", name="Réessayer").click()
    expect(problem(jobseeker)).to_be_hidden()
    expect(adviser.locator("[data-remote-note]")).to_be_empty()


LOST = {
    "video": ("La caméra s'est arrêtée", "L'accès à la caméra est bloqué", "caméra coupée", "Caméra", "Micro"),
    "audio": ("Le micro s'est arrêté", "L'accès au micro est bloqué", "micro coupé", "Micro", "Caméra"),
}


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("by_adviser", [False, True], ids=["the person", "the adviser"])
def test_a_device_lost_in_the_call_is_said_and_asked_for_again(
    new_page: Any, interview: Interview, by_adviser: bool, kind: str
) -> None:
    """The camera is unplugged or the microphone stops. The first new try is refused, and the next one works."""
    lost, blocked, told, control, other_control = LOST[kind]
    jobseeker, adviser = new_page(width=390, height=844), new_page(width=390, height=844)
    who, other = (adviser, jobseeker) if by_adviser else (jobseeker, adviser)
    refuse(who)
    who.add_init_script(KEEP_TRACKS)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)

    who.evaluate(
        "(kind) => window.keptTracks.filter((track) => track.kind === kind)"
        ".forEach((track) => { track.stop(); track.dispatchEvent(new Event('ended')); })",
        kind,
    )
    beside_the_controls(who)
    expect(who.get_by_role("alert")).to_contain_text(lost)
    expect(who.get_by_role("button", name=control, exact=True)).to_be_disabled()
    expect(other.locator("[data-remote-note]")).to_contain_text(told)
    check_axe(who)

    who.evaluate("(kind) => { window.refusals = {[kind]: 'NotAllowedError'}; }", kind)
    who.get_by_role("button", name="Réessayer").click()
    expect(who.get_by_role("alert")).to_contain_text(blocked)
    beside_the_controls(who)
    expect(who.get_by_role("button", name=other_control, exact=True)).to_be_enabled()
    for page in (who, other):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")

    who.evaluate("window.refusals = {}")
    who.get_by_role("button", name="Réessayer").click()
    expect(problem(who)).to_be_hidden()
    expect(who.get_by_role("button", name=control, exact=True)).to_be_enabled()
    expect(other.locator("[data-remote-note]")).to_be_empty()
    sees_and_hears(other)


@pytest.mark.parametrize("browser", [(ASKS,)], indirect=True)
def test_a_permission_that_is_taken_back_is_said_in_the_waiting_room_too(new_page: Any, interview: Interview) -> None:
    """The browser itself stops the tracks when the permission is taken back."""
    page = new_page(permissions=MEDIA)
    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_role("button", name="Caméra", exact=True)).to_be_enabled()
    page.context.clear_permissions()
    beside_the_controls(page)
    expect(page.get_by_role("alert")).to_contain_text("se sont arrêtés")
    page.context.grant_permissions(MEDIA)
    page.get_by_role("button", name="Réessayer").click()
    expect(problem(page)).to_be_hidden()


def test_who_uses_no_microphone_says_so_once(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    refuse(jobseeker, audio="NotFoundError")
    enter(jobseeker, interview.jobseeker.user, interview)
    expect(jobseeker.get_by_role("alert")).to_contain_text("Aucun micro n'a été trouvé")
    jobseeker.get_by_label("Je n'utilise pas le micro").check()
    expect(problem(jobseeker)).to_be_hidden()
    enter(adviser, interview.adviser.user, interview)
    adviser.get_by_role("button", name="Faire entrer").click()
    expect(adviser.locator("[data-remote-note]")).to_contain_text("sans micro, par choix")


def test_who_says_so_while_the_browser_still_asks_is_not_heard(new_page: Any, interview: Interview) -> None:
    """Kind: an answer that arrives after its question was taken back."""
    page = new_page()
    page.add_init_script(KEEP_TRACKS)
    page.add_init_script(ASKS_FOR_LONG)
    enter(page, interview.jobseeker.user, interview)
    wait_until(page, "window.asked === 1")
    page.get_by_label("Je n'utilise pas le micro").check()
    page.evaluate("window.answer()")
    expect(page.get_by_role("button", name="Caméra", exact=True)).to_be_enabled()
    expect(page.get_by_role("button", name="Micro", exact=True)).to_be_disabled()
    live = "window.keptTracks.filter((track) => track.readyState === 'live').map((track) => track.kind)"
    assert page.evaluate(live) == ["video"]
    page.get_by_label("Je n'utilise pas le micro").uncheck()
    expect(page.get_by_role("button", name="Micro", exact=True)).to_be_enabled()


def test_without_a_microphone_and_with_no_camera_nobody_is_said_to_be_heard(
    new_page: Any, interview: Interview
) -> None:
    """In the room and in the device test. A person who uses a microphone does read that it is heard."""
    page = new_page()
    refuse(page, video="NotFoundError")
    step_inside(page, interview.jobseeker.user)
    for address in (f"/visio/{interview.token}/", "/visio/test/"):
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("on vous entend sans vous voir")
        page.get_by_label("Je n'utilise pas le micro").check()
        expect(page.get_by_role("alert")).to_contain_text("vous pouvez tout de même voir et entendre")
        expect(page.get_by_role("alert")).not_to_contain_text("on vous entend")


def test_what_is_on_has_one_name_and_a_shortcut_is_said(new_page: Any, interview: Interview) -> None:
    """The name of a control never changes; `aria-pressed` gives its state.

    The page announces a shortcut that is pressed elsewhere.
    """
    page = new_page(width=320, height=640)
    enter(page, interview.jobseeker.user, interview)
    microphone = page.get_by_role("button", name="Micro", exact=True)
    expect(microphone).to_have_attribute("aria-pressed", "true")
    page.locator("body").press("m")
    expect(microphone).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-own]")).to_have_text("Micro coupé")
    microphone.click()
    expect(microphone).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-own]")).to_have_text("Micro coupé", timeout=1)

    page.get_by_label("Raccourcis clavier").uncheck()
    page.locator("body").press("m")
    expect(microphone).to_have_attribute("aria-pressed", "true")


def test_the_notes_have_a_name_and_a_hint(new_page: Any, interview: Interview) -> None:
    page = new_page()
    step_inside(page, interview.adviser.user)
    page.goto(f"/visio/{interview.token}/")
    notes = page.get_by_role("textbox", name="Mes notes", exact=True)
    expect(notes).to_have_accessible_description(
        "Elles sont reprises dans le compte rendu, et restent dans cet onglet jusque-là."
    )
