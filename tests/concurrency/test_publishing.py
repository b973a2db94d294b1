"""Two managers publish a new text at once: there is one new version. With a control without the lock."""

from functools import partial
from threading import Barrier

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.models import ConsentText, Notification
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.enrolments.publishing import publish_consent_text
from tests.accompaniment.factories import reference
from tests.caseload.factories import ManagerFactory, on_web_track
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _reference() -> None:
    reference()


def test_one_is_published_and_the_other_is_told() -> None:
    on_web_track()
    actors = [ManagerFactory().user for _ in range(4)]
    results = at_once(
        *(
            partial(
                publish_consent_text,
                actor=actor,
                title="Votre accompagnement 100 % web",
                body=f"De {actor.email}.",
                needs_acceptance=True,
                seen={"version": "1"},
            )
            for actor in actors
        )
    )
    assert len([result for result in results if isinstance(result, ConsentText)]) == 1
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 3
    assert ConsentText.objects.latest().version == 2
    assert Notification.objects.filter(kind="acceptance_asked").count() == 1


def test_without_the_lock_the_second_meets_the_constraint() -> None:
    """The control: all have read the same last version, and only the unique index stops the second."""
    all_have_looked = Barrier(2)

    def unguarded() -> bool:
        with transaction.atomic():
            after = ConsentText.objects.latest().version
            all_have_looked.wait(timeout=PATIENCE)
            ConsentText.objects.create(version=after + 1, title="x", body="x", published_at=timezone.now())
            return True

    results = at_once(unguarded, unguarded)
    assert [isinstance(result, IntegrityError) for result in results].count(True) == 1
    assert results.count(True) == 1
