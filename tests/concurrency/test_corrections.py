"""Two advisers correct one address at once, or the account is opened meanwhile. With a control without the lock."""

from threading import Barrier

import pytest
from django.db import transaction

from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services.accounts import request_first_access
from accompaniment.services.contact_details import change_details
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import follower
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

WRONG, RIGHT = "inconnu@example.org", "alix@example.org"


@pytest.fixture
def person() -> Jobseeker:
    found: Jobseeker = JobseekerFactory(email=WRONG)
    follower(found)
    return found


def correct(person: Jobseeker, email: str) -> frozenset[str]:
    return change_details(actor=follower(person), jobseeker=person, seen={"email": WRONG}, typed={"email": email})


def test_the_second_of_two_is_told(person: Jobseeker) -> None:
    one, other = at_once(lambda: correct(person, RIGHT), lambda: correct(person, "alice@example.org"))
    assert {type(one), type(other)} == {frozenset, ChangedMeanwhileError}


def test_an_account_never_opens_with_another_address_than_the_file_s(person: Jobseeker) -> None:
    result, _ = at_once(
        lambda: correct(person, RIGHT),
        lambda: request_first_access(identifier=person.identifier, email=WRONG),
    )
    person.refresh_from_db()
    if isinstance(result, DomainError):
        assert (person.email, User.objects.get(jobseeker=person).email) == (WRONG, WRONG)
    else:
        assert person.email == RIGHT
        assert person.user is None or person.user.email == RIGHT


def test_without_the_lock_the_second_overwrites_the_first(person: Jobseeker) -> None:
    """The control: both have read the wrong address and both write, and the first is not told."""
    both_have_read = Barrier(2, timeout=5)

    def correct_unguarded(email: str) -> bool:
        with transaction.atomic():
            read = Jobseeker.objects.get(pk=person.pk)
            both_have_read.wait()
            read.email = email
            read.save(update_fields=["email"])
            return True

    assert at_once(lambda: correct_unguarded(RIGHT), lambda: correct_unguarded("alice@example.org")) == [True, True]
