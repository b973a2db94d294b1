"""A corrected e-mail address reaches the account, whoever corrects it, and links sent to the old address end."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind, Role
from accompaniment.models import AddressChange, AuditEntry, Jobseeker, Notification, User
from accompaniment.reads.invariants import account_follows_its_file, address_opens_no_other_account
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import accounts, addresses
from accompaniment.services.accounts import request_first_access
from accompaniment.services.contact_details import change_details, details_of
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.services.registration import add_email
from messaging.jobs import deliver_notifications
from messaging.services import delivery
from messaging.services.relay import Relay
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory, JobseekerFactory, UserFactory
from tests.accompaniment.files import load, registration
from tests.caseload.factories import follower, registrar

pytestmark = pytest.mark.django_db

OLD, NEW = "ancienne@exemple.fr", "nouvelle@exemple.fr"
CHOICE = {"password": "quatre mots sans rapport", "confirmation": "quatre mots sans rapport"}


def invited(email: str = OLD) -> Jobseeker:
    person: Jobseeker = JobseekerFactory(email=email, identifier="1234567A")
    accounts.give_account(actor=None, person=person)
    return person


def opened(email: str = OLD) -> Jobseeker:
    person: Jobseeker = JobseekerFactory(email=email, identifier="1234567A", with_account=True)
    return person


def by_adviser(person: Jobseeker, new: str) -> None:
    now = details_of(person)
    change_details(actor=follower(person), jobseeker=person, seen=now, typed={**now, "email": new})


def by_import(person: Jobseeker, new: str) -> None:
    load(registration(person.agency, email=new, nom=person.last_name, prenom=person.first_name))


def by_interview_without_address(person: Jobseeker, new: str) -> None:
    by_adviser(person, "")
    receiver = registrar(person)
    if not person.enrolments.exists():
        ask_enrolment(actor=receiver, jobseeker=person, at_interview=True)
    add_email(actor=receiver, jobseeker=person, email=new)


WRITERS: list[Callable[[Jobseeker, str], None]] = [by_adviser, by_import, by_interview_without_address]


def letters_to(address: str) -> list[str]:
    deliver_notifications()
    return [message.body for message in mail.outbox if message.to == [address]]


def link_in(body: str) -> str:
    (path,) = re.findall(rf"{re.escape(settings.PUBLIC_URL)}(/(?:activation|adresse|mot-de-passe)/\S+)", body)
    return str(path)


def events(person: Jobseeker) -> list[str]:
    entries = AuditEntry.objects.filter(jobseeker=person, action=AuditAction.ACCOUNT).order_by("pk")
    return [entry.details["event"] for entry in entries]


def settled() -> None:
    """Check the deferred constraints now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("write", WRITERS)
def test_an_account_that_nobody_opened_follows_its_file_and_the_link_to_the_old_mailbox_ends(
    client: Client, write: Callable[[Jobseeker, str], None]
) -> None:
    person = invited()
    accounts.invite_again(user=person.user)
    old_link = link_in(letters_to(OLD)[0])
    assert client.get(old_link).status_code == 200
    write(person, NEW)
    settled()
    person.refresh_from_db()
    assert person.user.email == person.email == NEW
    assert client.get(old_link).status_code == 410
    assert client.post(old_link, CHOICE).status_code == 410
    assert client.post(link_in(letters_to(NEW)[-1]), CHOICE)["Location"] == reverse("home")
    assert "address_followed" in events(person)
    assert not list(account_follows_its_file())


def test_a_letter_that_waits_goes_to_the_new_mailbox_and_one_on_its_way_carries_no_link() -> None:
    person = invited()
    accounts.invite_again(user=person.user)
    waiting = Notification.objects.get()
    by_adviser(person, NEW)
    assert not letters_to(OLD)
    assert len(letters_to(NEW)) == 1
    # The worker claimed the letter before the correction, so its copy of the row still has the old address.
    with pytest.raises(addresses.AddressMovedError):
        accounts.issue_activation_link(user=person.user, address=waiting.email)


def test_a_letter_of_no_use_is_given_up_at_once() -> None:
    person = opened()
    for address in ("premiere@exemple.fr", NEW):
        addresses.ask_change(actor=person.user, address=address)
    assert (len(letters_to("premiere@exemple.fr")), len(letters_to(NEW))) == (0, 1)
    useless = Notification.objects.get(email="premiere@exemple.fr")
    assert (useless.attempts, useless.given_up_at is not None, useless.sent_at) == (1, True, None)


def test_a_letter_whose_address_moved_in_a_worker_s_hands_leaves_with_its_next_try() -> None:
    moved = invited("avant@exemple.fr")
    accounts.invite_again(user=moved.user)
    (in_hands,) = delivery.claim(now=timezone.now())
    by_adviser(moved, "apres@exemple.fr")
    with Relay() as relay:
        accepted = delivery._Accepted()
        delivery._deliver(in_hands, relay, accepted)
        accepted.mark()
    assert accepted.count == 0
    in_hands.refresh_from_db()
    assert (in_hands.email, in_hands.given_up_at) == ("apres@exemple.fr", None)
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert len(letters_to("apres@exemple.fr")) == 1


def test_a_file_that_loses_its_address_sets_it_free_and_its_link_ends(client: Client) -> None:
    person = invited()
    accounts.invite_again(user=person.user)
    link = link_in(letters_to(OLD)[0])
    by_adviser(person, "")
    settled()
    assert client.get(link).status_code == 410
    accounts.request_password_reset(email=OLD)
    assert len(letters_to(OLD)) == 1
    assert accounts.give_account(actor=None, person=JobseekerFactory(email=OLD)).email == OLD


@pytest.mark.parametrize("write", WRITERS)
def test_an_account_with_a_password_changes_once_the_new_mailbox_confirms(
    client: Client, write: Callable[[Jobseeker, str], None]
) -> None:
    person = opened()
    elsewhere = Client()
    elsewhere.force_login(person.user)
    reset = accounts.issue_password_reset_link(user=person.user)
    assert Client().get(reset).status_code == 200
    write(person, NEW)
    settled()
    # Until the confirmation the password still works, and the old mailbox opens nothing.
    assert Client().post(reverse("login"), {"username": OLD, "password": PASSWORD}).status_code == 302
    assert Client().get(reset).status_code == 410
    (told,) = letters_to(OLD)
    assert "corrigée" in told
    assert f"{settings.PUBLIC_URL}/adresse/" not in told
    accounts.request_password_reset(email=OLD)
    assert len(letters_to(OLD)) == 1
    link = link_in(letters_to(NEW)[-1])
    page = client.get(link)
    assert NEW in page.content.decode()
    assert client.post(link, {"proof": "7654321B"}).status_code == 422
    person.user.refresh_from_db()
    assert person.user.email == OLD
    assert client.post(link, {"proof": "1234 567 a"})["Location"] == reverse("login")
    person.refresh_from_db()
    assert User.objects.get(pk=person.user_id).email == person.email == NEW
    assert client.get(link).status_code == 410
    assert elsewhere.get(reverse("password_change")).status_code == 302
    assert Client().post(reverse("login"), {"username": OLD, "password": PASSWORD}).status_code == 200
    assert Client().post(reverse("login"), {"username": NEW, "password": PASSWORD}).status_code == 302
    assert "n'ouvre plus rien" in letters_to(OLD)[-1]
    assert events(person)[-2:] == ["address_asked", "address_changed"]


@pytest.mark.parametrize("way", ["forgotten", "first_access"])
def test_both_ways_in_lead_to_the_confirmation_of_the_new_address(client: Client, way: str) -> None:
    """Kind: a way in that stays with the old address.

    « Mot de passe oublié » and « Première connexion » use the new one.
    """
    person = opened()
    by_adviser(person, NEW)
    assert len(letters_to(NEW)) == 1
    with time_machine.travel(timezone.now() + timedelta(days=settings.ADDRESS_LINK_DAYS + 1)):
        if way == "forgotten":
            accounts.request_password_reset(email=NEW)
        else:
            request_first_access(identifier="1234567A", email=NEW)
        assert client.post(link_in(letters_to(NEW)[-1]), {"proof": "1234567A"})["Location"] == reverse("login")
        accounts.request_password_reset(email=NEW)
        assert client.post(link_in(letters_to(NEW)[-1]), CHOICE)["Location"] == reverse("home")


def test_wrong_identifiers_end_the_link(client: Client) -> None:
    person = opened()
    by_adviser(person, NEW)
    link = link_in(letters_to(NEW)[0])
    for _ in range(settings.ADDRESS_PROOF_TRIES):
        assert client.post(link, {"proof": "7654321B"}).status_code == 422
    assert client.post(link, {"proof": "1234567A"}).status_code == 410


def test_an_address_corrected_back_gives_the_change_up(client: Client) -> None:
    person = opened()
    by_adviser(person, NEW)
    link = link_in(letters_to(NEW)[0])
    person.refresh_from_db()
    by_adviser(person, OLD)
    assert client.get(link).status_code == 410
    accounts.request_password_reset(email=OLD)
    assert Notification.objects.filter(kind=NotificationKind.PASSWORD_RESET).exists()
    assert events(person)[-3:] == ["address_asked", "address_dropped", "reset_asked"]


class TestFromOnesOwnAccount:
    def test_the_password_asks_and_the_new_mailbox_confirms(self, client: Client) -> None:
        person = opened()
        here = Client()
        here.force_login(person.user)
        client.force_login(person.user)
        url = reverse("change_address")
        assert here.post(url, {"address": NEW, "current": "faux"}).status_code == 422
        assert not AddressChange.objects.exists()
        here.post(url, {"address": " Nouvelle@Exemple.fr ", "current": PASSWORD})
        assert AddressChange.objects.get().address == NEW
        # A change asked by the owner has no effect before it is confirmed.
        accounts.request_password_reset(email=OLD)
        assert "Une autre adresse e-mail a été demandée" in letters_to(OLD)[0]
        assert "/mot-de-passe/" in letters_to(OLD)[1]
        link = link_in(letters_to(NEW)[0])
        assert here.post(link)["Location"] == url
        assert here.get(url).status_code == 200
        assert client.get(url).status_code == 302
        person.refresh_from_db()
        assert User.objects.get(pk=person.user_id).email == person.email == NEW
        fields = AuditEntry.objects.get(jobseeker=person, action=AuditAction.UPDATED).details["fields"]
        assert fields == ["email"]
        assert "Adresse de connexion changée" in here.get(reverse("own_data")).content.decode()

    def test_it_can_be_given_up(self, client: Client) -> None:
        person = opened()
        client.force_login(person.user)
        client.post(reverse("change_address"), {"address": NEW, "current": PASSWORD})
        link = link_in(letters_to(NEW)[0])
        client.post(reverse("drop_address"))
        assert Client().get(link).status_code == 410

    def test_nobody_learns_whose_an_address_is(self, client: Client) -> None:
        UserFactory(email="prise@exemple.fr")
        JobseekerFactory(email="dossier@exemple.fr")
        person = opened()
        client.force_login(person.user)
        url = reverse("change_address")
        for address in ("prise@exemple.fr", "dossier@exemple.fr", NEW):
            assert client.post(url, {"address": address, "current": PASSWORD}).status_code == 302
        with pytest.raises(NotAllowedNowError):
            addresses.ask_change(actor=person.user, address=OLD)

    @pytest.mark.parametrize("taken", ["prise@exemple.fr", "dossier@exemple.fr"])
    def test_of_an_address_that_is_somebody_else_s_the_confirmation_is_refused(
        self, client: Client, taken: str
    ) -> None:
        UserFactory(email="prise@exemple.fr")
        JobseekerFactory(email="dossier@exemple.fr")
        person = opened()
        addresses.ask_change(actor=person.user, address=taken)
        answer = client.post(link_in(letters_to(taken)[0]))
        assert answer.status_code == 422
        assert "déjà celle d&#x27;une autre personne" in answer.content.decode()
        person.refresh_from_db()
        assert User.objects.get(pk=person.user_id).email == person.email == OLD

    def test_each_new_address_sends_letters_so_a_day_has_a_bound(self, client: Client) -> None:
        user = AdviserUserFactory()
        client.force_login(user)
        answers = [
            client.post(reverse("change_address"), {"address": f"n{n}@exemple.fr", "current": PASSWORD}).status_code
            for n in range(settings.ADDRESS_CHANGES_A_DAY + 1)
        ]
        assert answers == [302] * settings.ADDRESS_CHANGES_A_DAY + [422]
        with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
            addresses.ask_change(actor=user, address="encore@exemple.fr")

    @pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-60), 200), (timedelta(seconds=60), 410)])
    def test_the_link_expires(self, client: Client, late: timedelta, status: int) -> None:
        user = AdviserUserFactory()
        addresses.ask_change(actor=user, address=NEW)
        link = link_in(letters_to(NEW)[0])
        with time_machine.travel(timezone.now() + timedelta(days=settings.ADDRESS_LINK_DAYS) + late):
            assert client.get(link).status_code == status

    def test_only_the_digest_of_the_link_is_kept(self) -> None:
        user = AdviserUserFactory()
        addresses.ask_change(actor=user, address=NEW)
        assert AddressChange.objects.get().digest is None
        token = link_in(letters_to(NEW)[0]).strip("/").split("/")[-1]
        assert token not in str(AddressChange.objects.values().get())


def test_one_address_is_one_text_whatever_its_case_or_spelling() -> None:
    person = opened("zoe@exemple.fr")
    with pytest.raises(NotAllowedNowError):
        addresses.ask_change(actor=person.user, address="  ZOE@EXEMPLE.FR ")
    by_adviser(JobseekerFactory(), NEW)
    with pytest.raises(DomainError):
        by_adviser(JobseekerFactory(), "NOUVELLE@exemple.FR".lower())


def test_the_database_holds_an_unopened_account_to_its_file() -> None:
    person = invited()
    settled()
    User.objects.filter(pk=person.user_id).update(email="ailleurs@exemple.fr")
    assert list(account_follows_its_file())
    with pytest.raises(IntegrityError, match="another address than its file"):
        settled()


def test_the_database_lets_an_opened_account_differ_from_its_file() -> None:
    """The success beside the refusal: the account has a password."""
    User.objects.filter(pk=opened().user_id).update(email="ailleurs@exemple.fr")
    settled()
    assert not list(account_follows_its_file())


def by_a_new_account(address: str) -> None:
    AdviserUserFactory(email=address)


def by_an_account_that_moves(address: str) -> None:
    User.objects.filter(pk=AdviserUserFactory().pk).update(email=address)


def by_a_person_s_account_that_moves(address: str) -> None:
    User.objects.filter(pk=JobseekerFactory(with_account=True).user_id).update(email=address)


def by_a_person_s_account_that_becomes_staff_s(address: str) -> None:
    User.objects.filter(pk=UserFactory(email=address).pk).update(role=Role.ADVISER)


def by_an_account_that_another_file_gets(address: str) -> None:
    Jobseeker.objects.filter(pk=JobseekerFactory().pk).update(user=UserFactory(email=address))


@pytest.mark.parametrize(
    "write",
    [
        by_a_new_account,
        by_an_account_that_moves,
        by_a_person_s_account_that_moves,
        by_a_person_s_account_that_becomes_staff_s,
        by_an_account_that_another_file_gets,
    ],
)
def test_the_database_gives_the_address_of_a_file_to_no_other_account(write: Callable[[str], None]) -> None:
    JobseekerFactory(email=OLD)
    write(NEW)
    with pytest.raises(IntegrityError, match="opens the account of somebody else"):
        write(OLD)


@pytest.mark.parametrize("role", [Role.ADVISER, Role.JOBSEEKER])
@pytest.mark.parametrize("new", [True, False])
def test_the_database_gives_the_address_of_an_account_to_no_other_file(role: Role, new: bool) -> None:
    if role == Role.ADVISER:
        AdviserUserFactory(email=OLD)
    else:
        JobseekerFactory(email="autre@exemple.fr", user=UserFactory(email=OLD))
    person = None if new else JobseekerFactory()
    for address in (NEW, OLD):
        refused = pytest.raises(IntegrityError, match="opens the account of somebody else")
        with refused if address == OLD else nullcontext():
            if person is None:
                JobseekerFactory(email=address)
            else:
                Jobseeker.objects.filter(pk=person.pk).update(email=address)


def test_the_database_lets_an_account_follow_its_own_file_in_either_order() -> None:
    person = opened()
    Jobseeker.objects.filter(pk=person.pk).update(email=NEW)
    User.objects.filter(pk=person.user_id).update(email=NEW)
    User.objects.filter(pk=person.user_id).update(email=OLD)
    Jobseeker.objects.filter(pk=person.pk).update(email=OLD)
    assert not list(address_opens_no_other_account())
