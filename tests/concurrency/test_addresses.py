"""Two people confirm the same address at once: it opens one account; and what happens without the constraint."""

from threading import Barrier

import pytest
from django.db import transaction

from accompaniment.errors import DomainError
from accompaniment.models import Jobseeker, User
from accompaniment.services import addresses
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory
from tests.concurrency.guards import dropped
from tests.concurrency.test_messages import at_once

pytestmark = pytest.mark.django_db(transaction=True)

WANTED = "convoitee@exemple.fr"


def waiting(user: User) -> str:
    addresses.ask_change(actor=user, address=WANTED)
    return addresses.issue_link(user=user, address=WANTED)


@pytest.mark.parametrize("of", ["people", "staff", "both"])
def test_of_two_accounts_one_gets_the_address(of: str) -> None:
    one = AdviserUserFactory() if of == "staff" else JobseekerFactory(with_account=True).user
    other = JobseekerFactory(with_account=True).user if of == "people" else AdviserUserFactory()
    tokens = [waiting(one), waiting(other)]
    results = at_once(*[lambda token=token: addresses.confirm(token=token) for token in tokens])
    assert len([result for result in results if isinstance(result, DomainError)]) == 1
    assert User.objects.filter(email=WANTED).count() == 1
    files = Jobseeker.objects.filter(email=WANTED)
    assert all(person.user.email == WANTED for person in files)


def test_one_link_in_two_hands_confirms_once() -> None:
    token = waiting(AdviserUserFactory())
    results = at_once(*[lambda: addresses.confirm(token=token) for _ in range(2)])
    assert len([result for result in results if isinstance(result, DomainError)]) == 1


def test_without_the_constraint_both_get_it() -> None:
    """The control: looking first lets both through."""
    users = [AdviserUserFactory(), AdviserUserFactory()]
    both_have_looked = Barrier(2, timeout=5)

    def confirm_unguarded(user: User) -> bool:
        with transaction.atomic():
            free = not User.objects.filter(email=WANTED).exists()
            both_have_looked.wait()
            User.objects.filter(pk=user.pk).update(email=WANTED)
        return free

    with dropped("accompaniment_user", "accompaniment_user_email_key"):
        assert at_once(*[lambda user=user: confirm_unguarded(user) for user in users]) == [True, True]
        assert User.objects.filter(email=WANTED).count() == 2
