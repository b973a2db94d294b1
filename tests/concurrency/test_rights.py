"""A hand-over during a write: a writer who waits for the person's lock then finds the right gone, and writes nothing.

Two real transactions. The control checks the right before the lock, as pages do, and lets the former adviser write.
"""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.locks import lock_jobseeker
from accompaniment.models import AuditEntry, Jobseeker, Note, User
from accompaniment.rules.errors import NoRightError
from accompaniment.services.rights import check_acts
from caseload.enums import PlacementEnd
from caseload.services.moves.placements import end_placement, place
from tests.concurrency.threads import PATIENCE, until_somebody_waits
from tests.rights.file_cases import FILE_CASES
from tests.rights.house import House, build_house
from tests.rights.meeting_cases import MEETING_CASES

pytestmark = pytest.mark.django_db(transaction=True)

CASES = {**FILE_CASES, **MEETING_CASES}
OF_WHO_FOLLOWS = (
    "accompaniment.services.notes.write_note",
    "caseload.services.file.contacts.note_contact",
    "accompaniment.services.action_plan.add_step",
    "accompaniment.services.documents.add_document",
    "accompaniment.services.documents.remove_document",
    "accompaniment.services.contact_details.change_details",
    "accompaniment.services.enrolments.acceptance.leave_track",
    "accompaniment.services.enrolments.tiers.change_tier",
    "accompaniment.services.on_site_requests.answer_on_site",
    "accompaniment.services.plan_reviews.decide_plan",
    "accompaniment.services.plans.change_plan",
    "accompaniment.services.plans.hold_obligation",
    "messaging.services.callbacks.close_callback",
    "visio.services.interviews.book_interview",
    "visio.services.missed.decide_absence",
)
"""One service of each kind; `tests/rights` tests all of them without the race."""


def while_handed_over(house: House, act: Callable[[], Any]) -> Exception | None:
    """Hand the person over in one transaction while `act` runs in another; return what `act` raised."""
    raised: list[Exception | None] = []

    def write() -> None:
        try:
            act()
        except NoRightError as refusal:
            raised.append(refusal)
        else:
            raised.append(None)
        finally:
            connection.close()

    other = Thread(target=write)
    with transaction.atomic():
        person = lock_jobseeker(house.person.pk)
        end_placement(actor=None, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=timezone.now())
        place(actor=None, jobseeker=person, portfolio=house.beside)
        other.start()
        until_somebody_waits()
    other.join(PATIENCE)
    return raised[0]


def written_by(actor: User) -> int:
    return AuditEntry.objects.filter(actor=actor).count()


@pytest.mark.parametrize("name", OF_WHO_FOLLOWS)
def test_who_waits_for_the_person_finds_the_right_gone(name: str) -> None:
    case = CASES[name]
    house = build_house()
    actor = house.portfolio.adviser.user
    it = case.given(house)
    before = written_by(actor)
    assert isinstance(while_handed_over(house, lambda: case.act(house, actor, it)), NoRightError)
    assert written_by(actor) == before


def test_who_looks_before_the_lock_writes_after_the_hand_over() -> None:
    """The control: the check of a page, then the lock, then the note."""
    house = build_house()
    actor = house.portfolio.adviser.user

    def look_then_lock() -> None:
        check_acts(actor, house.person)
        with transaction.atomic():
            person: Jobseeker = lock_jobseeker(house.person.pk)
            Note.objects.create(jobseeker=person, author=actor, at=timezone.now(), body="Trop tard")

    assert while_handed_over(house, look_then_lock) is None
    assert Note.objects.filter(body="Trop tard").exists()
