"""One activation link used twice at once opens the account once. With a control without the second check."""

from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.models import ActivationLink, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import accounts
from tests.accompaniment.factories import AdviserUserFactory
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORDS = ("la phrase de l'un", "la phrase de l'autre")


def test_of_two_people_with_one_link_one_opens_the_account() -> None:
    user = AdviserUserFactory(password=None)
    token = accounts.issue_activation_link(user=user)
    results = at_once(*[lambda word=word: accounts.activate(token=token, password=word) for word in PASSWORDS])
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 1
    (winner,) = [result for result in results if isinstance(result, User)]
    user.refresh_from_db()
    assert user.password == winner.password


def test_without_the_second_look_the_link_works_twice() -> None:
    """The control: a check before the lock lets both through."""
    user = AdviserUserFactory(password=None)
    accounts.issue_activation_link(user=user)
    both_have_looked = Barrier(2, timeout=5)

    def activate_unguarded(password: str) -> bool:
        link = ActivationLink.objects.get(user=user, used_at=None)
        both_have_looked.wait()
        with transaction.atomic():
            locked = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
            locked.set_password(password)
            locked.save(update_fields=["password"])
            link.used_at = timezone.now()
            link.save(update_fields=["used_at"])
            return True

    assert at_once(*[lambda word=word: activate_unguarded(word) for word in PASSWORDS]) == [True, True]
