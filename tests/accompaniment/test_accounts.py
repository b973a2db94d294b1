"""Accounts: links that work once, passwords, and that an outsider learns nothing."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind, Role
from accompaniment.models import ActivationLink, AuditEntry, Notification, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import accounts
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory, ManagerUserFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "quatre mots sans rapport"


def invited() -> User:
    return AdviserUserFactory(password=None)


def reset_parts(user: User) -> dict[str, str]:
    _, uidb64, token = accounts.issue_password_reset_link(user=user).strip("/").split("/")
    return {"uidb64": uidb64, "token": token}


def test_activation_sets_the_password_and_leaves_a_trace() -> None:
    user = invited()
    activated = accounts.activate(token=accounts.issue_activation_link(user=user), password=NEW_PASSWORD)
    assert activated == user
    assert activated.check_password(NEW_PASSWORD)
    assert AuditEntry.objects.get(action=AuditAction.ACCOUNT).details == {"event": "activated"}


def test_only_the_digest_of_a_link_is_kept() -> None:
    token = accounts.issue_activation_link(user=invited())
    link = ActivationLink.objects.get()
    assert token not in link.digest
    assert len(link.digest) == 64


def test_link_works_once() -> None:
    token = accounts.issue_activation_link(user=invited())
    accounts.activate(token=token, password=NEW_PASSWORD)
    with pytest.raises(NotAllowedNowError):
        accounts.activate(token=token, password="un autre mot de passe")
    with pytest.raises(NotAllowedNowError):
        accounts.activation_account(token=token)


def test_looking_at_a_link_does_not_use_it_up() -> None:
    user = invited()
    token = accounts.issue_activation_link(user=user)
    assert accounts.activation_account(token=token) == user
    assert accounts.activation_account(token=token) == user


@pytest.mark.parametrize(("late", "works"), [(timedelta(seconds=-1), True), (timedelta(seconds=1), False)])
def test_link_expires(late: timedelta, works: bool) -> None:
    token = accounts.issue_activation_link(user=invited())
    with time_machine.travel(timezone.now() + timedelta(days=settings.ACTIVATION_LINK_DAYS) + late):
        if works:
            accounts.activate(token=token, password=NEW_PASSWORD)
        else:
            with pytest.raises(NotAllowedNowError):
                accounts.activate(token=token, password=NEW_PASSWORD)


def test_a_new_link_ends_the_one_before_once_its_letter_has_left() -> None:
    user = invited()
    first = accounts.issue_activation_link(user=user)
    second = accounts.issue_activation_link(user=user)
    assert accounts.activation_account(token=first) == user
    accounts.end_earlier_links(token=second)
    with pytest.raises(NotAllowedNowError):
        accounts.activate(token=first, password=NEW_PASSWORD)
    assert accounts.activate(token=second, password=NEW_PASSWORD) == user


def test_a_password_ends_the_other_links_too() -> None:
    user = invited()
    first, second, third = [accounts.issue_activation_link(user=user) for _ in range(3)]
    accounts.activate(token=second, password=NEW_PASSWORD)
    for token in (first, second, third):
        with pytest.raises(NotAllowedNowError):
            accounts.activation_account(token=token)


def test_closed_account_is_not_activated() -> None:
    user = invited()
    token = accounts.issue_activation_link(user=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(NotAllowedNowError):
        accounts.activate(token=token, password=NEW_PASSWORD)


def test_forgotten_password_goes_into_the_outbox_without_a_secret() -> None:
    person = JobseekerFactory(with_account=True)
    accounts.request_password_reset(email=person.email.upper())
    notification = Notification.objects.get()
    assert notification.kind == NotificationKind.PASSWORD_RESET
    assert notification.email == person.email
    assert notification.user == person.user
    assert notification.context == {"first_name": person.user.first_name}


def test_forgotten_password_of_nobody_writes_nothing() -> None:
    accounts.request_password_reset(email="personne@example.org")
    assert not Notification.objects.exists()
    assert not AuditEntry.objects.exists()


def test_forgotten_password_of_a_closed_account_writes_nothing() -> None:
    accounts.request_password_reset(email=UserFactory(is_active=False).email)
    assert not Notification.objects.exists()


def test_account_without_a_password_gets_its_activation_again() -> None:
    accounts.request_password_reset(email=invited().email)
    assert Notification.objects.get().kind == NotificationKind.ACCOUNT_ACTIVATION


def test_asking_again_at_once_sends_nothing_more_and_later_does() -> None:
    user = AdviserUserFactory()
    with time_machine.travel("2014-02-03 09:00:00+00:00", tick=False) as clock:
        accounts.request_password_reset(email=user.email)
        accounts.request_password_reset(email=user.email)
        assert Notification.objects.count() == 1
        clock.shift(accounts.ASK_AGAIN_AFTER)
        accounts.request_password_reset(email=user.email)
        assert Notification.objects.count() == 2


def test_reset_link_sets_a_password_once() -> None:
    user = AdviserUserFactory()
    parts = reset_parts(user)
    assert accounts.reset_password(**parts, password=NEW_PASSWORD).check_password(NEW_PASSWORD)
    with pytest.raises(NotAllowedNowError):
        accounts.reset_password(**parts, password="un autre mot de passe")


@pytest.mark.parametrize(("minutes", "works"), [(59, True), (61, False)])
def test_reset_link_is_good_for_an_hour(minutes: int, works: bool) -> None:
    user = AdviserUserFactory()
    parts = reset_parts(user)
    # A number of seconds: a datetime would change the time zone of the process, and Django counts in local time.
    with time_machine.travel(time.time() + minutes * 60):
        if works:
            assert accounts.password_reset_account(**parts) == user
        else:
            with pytest.raises(NotAllowedNowError):
                accounts.password_reset_account(**parts)


@pytest.mark.parametrize("uidb64", ["", "é", "AAAA", "MA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "-"])
def test_broken_reset_link_is_over(uidb64: str) -> None:
    with pytest.raises(NotAllowedNowError):
        accounts.password_reset_account(uidb64=uidb64, token="abc-def")


def test_reset_link_of_somebody_else_is_over() -> None:
    mine, theirs = reset_parts(AdviserUserFactory()), reset_parts(AdviserUserFactory())
    with pytest.raises(NotAllowedNowError):
        accounts.password_reset_account(uidb64=theirs["uidb64"], token=mine["token"])


def test_staff_account_is_created_with_an_invitation() -> None:
    manager = ManagerUserFactory()
    user = accounts.create_staff_account(
        actor=manager, email="Camille.Roux@Agence.example", first_name="Camille", last_name="Roux", role=Role.ADVISER
    )
    assert user.email == "camille.roux@agence.example"
    assert not user.has_usable_password()
    assert Notification.objects.get().kind == NotificationKind.ACCOUNT_ACTIVATION
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.details["user"]) == (manager, user.pk)


def test_staff_account_with_a_known_address_is_refused() -> None:
    known = AdviserUserFactory()
    with pytest.raises(DomainError):
        accounts.create_staff_account(
            actor=None, email=known.email.upper(), first_name="Camille", last_name="Roux", role=Role.ADVISER
        )
    assert not Notification.objects.exists()


def test_jobseeker_account_is_no_staff_account() -> None:
    with pytest.raises(ValueError, match="give_account"):
        accounts.create_staff_account(
            actor=None, email="a@example.org", first_name="A", last_name="B", role=Role.JOBSEEKER
        )
