"""Two people take the same e-mail address at once: it opens one account. With controls without the guards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction

from accompaniment.models import Jobseeker, User
from accompaniment.reads.invariants import address_opens_no_other_account
from accompaniment.rules.errors import DomainError
from accompaniment.services import addresses
from accompaniment.services.contact_details import change_details, details_of
from accompaniment.services.imports import load_jobseekers
from caseload.services.steering.staff import invite_adviser
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import ManagerFactory, follower
from tests.concurrency.guards import dropped, without_triggers
from tests.concurrency.threads import at_once, until_somebody_waits

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
    """The control: checking first lets both through."""
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


def corrected(person: Jobseeker) -> None:
    now = details_of(person)
    change_details(actor=follower(person), jobseeker=person, seen=now, typed={**now, "email": WANTED})


def loaded(person: Jobseeker) -> None:
    load_jobseekers(actor=None, source=as_file(registration(person.agency, identifiant="7654321Z", email=WANTED)))


def a_file_takes_it(person: Jobseeker) -> None:
    Jobseeker.objects.filter(pk=person.pk).update(email=WANTED)


def a_member_of_the_staff_takes_it(_: Jobseeker) -> None:
    AdviserUserFactory(email=WANTED)


def invited(person: Jobseeker) -> None:
    invite_adviser(
        actor=ManagerFactory(whole_country=True).user,
        email=WANTED,
        first_name="Ève",
        last_name="Roy",
        agency=person.agency,
        working_share=100,
        modalities=[],
    )


def staff_confirmed(_: Jobseeker) -> None:
    addresses.confirm(token=waiting(AdviserUserFactory()))


ACROSS = [
    (a_member_of_the_staff_takes_it, corrected),
    (a_member_of_the_staff_takes_it, loaded),
    (a_file_takes_it, invited),
    (a_file_takes_it, staff_confirmed),
    (loaded, invited),
]


@pytest.mark.parametrize(("first", "later"), ACROSS)
@pytest.mark.parametrize("stands", [True, False])
def test_who_writes_the_address_of_a_file_and_of_another_account_waits_for_the_one_before(
    first: Callable[[Jobseeker], None], later: Callable[[Jobseeker], None], stands: bool
) -> None:
    """Kind: an address that is in two tables.

    The later writer gets a sentence, or the address if the first one rolls back.
    """
    person = JobseekerFactory()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first(JobseekerFactory())
            result = pool.submit(at_once, partial(later, person))
            until_somebody_waits()
            transaction.set_rollback(not stands)
        [outcome] = result.result()
    assert isinstance(outcome, DomainError) is stands, outcome
    assert User.objects.filter(email=WANTED).count() + Jobseeker.objects.filter(email=WANTED).count() == 1
    assert list(address_opens_no_other_account()) == []


@pytest.mark.parametrize(("first", "later"), ACROSS)
def test_another_address_waits_for_nobody(
    first: Callable[[Jobseeker], None], later: Callable[[Jobseeker], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The success beside the refusal: a long load delays only those who want an address of its people."""
    person = JobseekerFactory()
    with transaction.atomic():
        first(JobseekerFactory())
        monkeypatch.setattr(f"{__name__}.WANTED", "une-autre@exemple.fr")
        assert at_once(partial(later, person)) == [None]


def test_without_the_triggers_a_file_opens_the_account_of_somebody_else() -> None:
    """The control: each checks whether the other has the address, and both find it free."""
    person = JobseekerFactory()
    both_have_looked = Barrier(2, timeout=5)

    def unguarded(write: Callable[[Jobseeker], None]) -> bool:
        with transaction.atomic():
            free = not (User.objects.filter(email=WANTED).exists() or Jobseeker.objects.filter(email=WANTED).exists())
            both_have_looked.wait()
            write(person)
        return free

    with without_triggers("accompaniment_user", "accompaniment_jobseeker"):
        writes = (a_file_takes_it, a_member_of_the_staff_takes_it)
        assert at_once(*[partial(unguarded, write) for write in writes]) == [True, True]
        assert len(list(address_opens_no_other_account())) == 1


def test_nothing_is_left_of_a_claim() -> None:
    """The claims that make one writer wait for the other leave no list of addresses behind."""
    AdviserUserFactory(email=WANTED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accompaniment_addressclaim")
        assert cursor.fetchone() == (0,)
