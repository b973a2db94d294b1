"""A real form at its own URL is sent several times at once. With a control without its token."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.forms.tokens import new_token
from accompaniment.models import AuditEntry, Note
from tests.accompaniment.factories import reference
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SENDINGS = 4


@pytest.mark.parametrize(("watched", "notes"), [(True, 1), (False, SENDINGS)])
def test_a_note_sent_at_once_is_written_once_with_its_token(watched: bool, notes: int) -> None:
    reference()
    portfolio = PortfolioFactory()
    person, adviser = on_web_track(portfolio), portfolio.adviser.user
    typed = {"body": "Appelée.", **({"once": new_token(adviser)} if watched else {})}
    senders = []
    for _ in range(SENDINGS):
        client = Client()
        client.force_login(adviser)
        senders.append(partial(client.post, reverse("add_note", args=[person.pk]), typed))
    answers = at_once(*senders)
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, f"/personnes/{person.pk}/")}
    assert Note.objects.filter(jobseeker=person).count() == notes
    assert AuditEntry.objects.filter(jobseeker=person, action="note").count() == notes
