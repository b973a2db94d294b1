"""Coming in, as people do it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.e2e.browser import log_in

pytestmark = pytest.mark.e2e


def test_a_person_logs_in_and_out(page: Page) -> None:
    user = JobseekerFactory(with_account=True).user
    log_in(page, user.email.upper(), PASSWORD)
    expect(page.get_by_role("link", name=user.full_name)).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page).to_have_url(re.compile("/connexion/$"))
    expect(page.get_by_role("status")).to_have_text("Vous êtes déconnecté.")
