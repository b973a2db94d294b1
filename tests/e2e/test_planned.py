"""An adviser writes while the agency is closed, in a real browser, at whatever hour the test runs."""

import re
from datetime import time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.models import OpeningHours
from messaging.models import Conversation, Message, PlannedMessage
from tests.e2e.browser import check_axe, check_fits, step_inside
from tests.e2e.chat import aside, expect_shown, write
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e


@pytest.fixture
def two(transactional_db: None) -> Pair:
    """Two people whose agency is closed today and tomorrow."""
    found = pair()
    agency = found.jobseeker.agency
    today = timezone.now().astimezone(agency.zone).date()
    closed = {today.weekday(), (today + timedelta(days=1)).weekday()}
    OpeningHours.objects.bulk_create(
        OpeningHours(agency=agency, weekday=weekday, opens_at=time(9), closes_at=time(17))
        for weekday in set(range(7)) - closed
    )
    return found


@pytest.fixture
def adviser(two: Pair, new_page: NewPage) -> Page:
    page = new_page()
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    return page


def test_a_message_waits_is_shown_to_its_author_alone_and_is_sent_by_hand(
    two: Pair, adviser: Page, new_page: NewPage
) -> None:
    person = new_page(width=390)
    step_inside(person, two.person)
    person.goto("/messagerie/")
    expect(adviser.get_by_role("button", name="Envoyer", exact=True)).to_be_hidden()
    write(adviser, "Voici ma réponse.")
    part = adviser.get_by_role("region", name="Message à envoyer")
    expect(part).to_contain_text("À envoyer")
    expect(part).to_contain_text("Voici ma réponse.")
    expect(adviser.locator(".message__body")).to_have_count(0)
    expect(adviser.get_by_label("Votre message")).to_have_value("")
    for page in (adviser, person):
        check_axe(page)
        check_fits(page)
    aside(lambda: say(two.conversation, two.person, "J'ai trouvé."))
    expect(part).to_contain_text("Un message est arrivé depuis.")
    expect(person.locator("body")).not_to_contain_text("Voici ma réponse.")
    adviser.reload()
    part.get_by_role("button", name="Envoyer maintenant").click()
    expect(adviser.get_by_text("Votre message est envoyé à")).to_be_visible()
    expect(part).to_have_count(0)
    expect_shown(person, "J'ai trouvé.", "Voici ma réponse.")
    assert aside(Message.objects.count) == 2


def test_what_is_urgent_leaves_at_once(two: Pair, adviser: Page) -> None:
    adviser.get_by_label("Votre message").fill("C'est urgent")
    adviser.get_by_role("button", name="Envoyer maintenant (urgent)").click()
    expect_shown(adviser, "C'est urgent")
    expect(adviser.locator("[data-state]").last).to_have_text("Envoyé")
    assert aside(PlannedMessage.objects.count) == 0


def test_the_page_follows_the_opening_while_it_stays_open(two: Pair, new_page: NewPage) -> None:
    page = new_page()
    step_inside(page, two.adviser)
    page.clock.install()
    page.goto(f"/messagerie/{two.conversation.pk}/")
    later = page.get_by_role("button", name=re.compile("^Envoyer à l'ouverture"))
    expect(later).to_be_visible()
    opening = page.locator("[data-when]").get_attribute("data-when")
    assert opening is not None
    page.evaluate(
        "(begins) => { const clock = Date.now; const ahead = Date.parse(begins) + 60000 - clock();"
        " Date.now = () => clock() + ahead; }",
        opening.split(" ")[0],
    )
    page.clock.run_for(11_000)
    expect(page.get_by_role("button", name="Envoyer", exact=True)).to_be_visible()
    expect(later).to_be_hidden()


def test_without_scripts_the_same_form_plans_and_takes_back(two: Pair, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False, width=390)
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    page.get_by_label("Votre message").fill("Voici ma réponse.")
    page.get_by_role("button", name=re.compile("^Envoyer à l'ouverture")).click()
    part = page.get_by_role("region", name="Message à envoyer")
    expect(part).to_contain_text("Voici ma réponse.")
    check_fits(page)
    part.get_by_role("button", name="Retirer").click()
    expect(page.get_by_label("Votre message")).to_have_value("Voici ma réponse.")
    assert aside(PlannedMessage.objects.waiting().count) == 0


def test_one_after_the_other_goes_on(two: Pair, new_page: NewPage) -> None:
    second = pair(two.portfolio)
    say(two.conversation, two.person, "Première question")
    say(second.conversation, second.person, "Seconde question")
    page = new_page()
    step_inside(page, two.adviser)
    page.goto("/messagerie/a-la-suite/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(two.jobseeker.full_name)
    write(page, "Voici ma réponse.")
    expect(page.get_by_role("heading", level=1)).to_contain_text(second.jobseeker.full_name)
    assert aside(lambda: Conversation.objects.awaiting_reply().count()) == 2
    assert aside(PlannedMessage.objects.count) == 1
