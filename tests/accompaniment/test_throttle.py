"""Pages without a log-in: requests are limited, the answers are the same for everybody, and useless requests leave no
trace.

Kind: something that a stranger can trigger as often as they like, or whose duration gives something away.
"""

import re
from datetime import timedelta

import pytest
import time_machine
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accompaniment.jobs import answer_access_requests, forget_tallies
from accompaniment.models import AccessRequest, AuditEntry, Notification, Tally, User
from accompaniment.services import access_requests, throttle
from tests.accompaniment.factories import PASSWORD, JobseekerFactory, UserFactory

pytestmark = pytest.mark.django_db

ELSEWHERE = "192.0.2.7"
UNKNOWN = "personne@example.org"


def forgotten(email: str, place: str = "127.0.0.1") -> HttpResponse:
    return Client(REMOTE_ADDR=place).post(reverse("password_forgotten"), {"email": email})


def first_access(identifier: str, email: str, place: str = "127.0.0.1") -> HttpResponse:
    return Client(REMOTE_ADDR=place).post(reverse("first_access"), {"identifier": identifier, "email": email})


def log_in(address: str, password: str, place: str = "127.0.0.1") -> tuple[int, bool]:
    client = Client(REMOTE_ADDR=place)
    answer = client.post(reverse("login"), {"username": address, "password": password})
    return answer.status_code, SESSION_KEY in client.session


@pytest.fixture
def person() -> User:
    user: User = JobseekerFactory(with_account=True).user
    return user


# --- What a stranger can ask for ---------------------------------------------------------------------


def test_sixty_posts_by_a_stranger_send_one_letter_and_leave_one_row(person: User) -> None:
    answers = []
    for _ in range(60):
        answers.append(forgotten(person.email).status_code)
        answer_access_requests()
    most = settings.BOUNDS["password_forgotten.address"][0]
    assert answers == [302] * most + [429] * (60 - most)
    assert Notification.objects.count() <= 2  # two if a five-minute period ends in between
    assert AuditEntry.objects.count() == Notification.objects.count()
    assert all(entry.jobseeker is not None for entry in AuditEntry.objects.all())


def test_what_was_asked_in_vain_leaves_nothing(person: User) -> None:
    forgotten(UNKNOWN)
    first_access("7654321B", UNKNOWN)
    assert answer_access_requests() == 2
    assert not AccessRequest.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not Notification.objects.exists()
    forgotten(person.email)
    assert answer_access_requests() == 1
    assert AuditEntry.objects.get().jobseeker == person.jobseeker


@pytest.mark.parametrize("kind", ["password", "first access", "first access of another address"])
def test_the_request_does_the_same_work_for_known_and_unknown(person: User, kind: str) -> None:
    """Compares the statements one by one, because the time itself varies."""
    never = JobseekerFactory(with_account=True, user__password=None)

    def asked(identifier: str, email: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as statements:
            answer = forgotten(email) if kind == "password" else first_access(identifier, email)
        assert answer.status_code == 302
        return [re.sub(r"'[^']*'", "?", one["sql"]) for one in statements]

    other = kind.endswith("address")
    known = asked(person.jobseeker.identifier, UNKNOWN if other else person.email)
    unknown = asked("7654321B", "autre@example.org")
    invited = asked(never.identifier, never.user.email)
    assert known == unknown == invited
    assert any("INSERT" in one for one in known)


def test_one_place_is_bounded_over_all_addresses(settings: Settings) -> None:
    settings.BOUNDS = {**settings.BOUNDS, "password_forgotten.place": (3, 60), "first_access.place": (3, 60)}
    for ask in (
        lambda number, place: forgotten(f"x{number}@example.org", place),
        lambda number, place: first_access(f"765432{number}B", UNKNOWN, place),
    ):
        assert [ask(number, "127.0.0.1").status_code for number in range(4)] == [302, 302, 302, 429]
        assert ask(9, ELSEWHERE).status_code == 302
        with time_machine.travel(timezone.now() + timedelta(seconds=61)):
            assert ask(4, "127.0.0.1").status_code == 302


def test_nobody_uses_up_the_first_access_of_somebody_else() -> None:
    """Wrong guesses from any place do not block a person who knows both the identifier and the address."""
    person = JobseekerFactory(email="alix@example.org")
    for number in range(20):
        first_access(person.identifier, UNKNOWN, place=f"198.51.100.{number}")
        first_access("7654321B", person.email, place=f"198.51.100.{number}")
    assert first_access(person.identifier, person.email, ELSEWHERE).status_code == 302
    answer_access_requests()
    assert Notification.objects.get().email == person.email


def test_the_page_says_that_nothing_was_sent_and_when_to_try_again(person: User) -> None:
    for email in (person.email, UNKNOWN):
        for _ in range(settings.BOUNDS["password_forgotten.address"][0] + 1):
            answer = forgotten(email)
        assert "aucun e-mail n'est parti" in answer.content.decode()
        assert "dans une heure" in answer.content.decode()


def test_a_request_that_cannot_be_answered_holds_up_no_other(
    person: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Kind: one impossible request that stops the job.

    If two files share an address, one account would serve two people, so the request is refused.
    """
    second = JobseekerFactory(email="double@example.org", identifier="2222222B")
    access_requests.ask_for_first_access(identifier="2222222B", email="double@example.org")
    UserFactory(email="double@example.org")
    access_requests.ask_for_password(email=person.email)
    assert answer_access_requests() == 2
    assert second.user is None
    assert Notification.objects.filter(user=person).count() == 1
    assert not caplog.records


def test_waiting_requests_name_an_identifier_where_one_is_needed() -> None:
    for kind, identifier in (("password", "1234567A"), ("first_access", "")):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessRequest.objects.create(kind=kind, email=UNKNOWN, identifier=identifier, asked_at=timezone.now())


# --- Guessing passwords ------------------------------------------------------------------------------


def test_one_place_that_tries_many_addresses_is_stopped_and_others_are_not(settings: Settings, person: User) -> None:
    settings.BOUNDS = {**settings.BOUNDS, "log_in.place": (4, 60)}
    assert [log_in(f"x{number}@example.org", "faux")[0] for number in range(6)] == [200] * 4 + [429] * 2
    assert log_in(person.email, PASSWORD) == (429, False)
    assert log_in(person.email, PASSWORD, ELSEWHERE) == (302, True)


def test_log_ins_that_succeed_are_not_counted_so_an_agency_comes_in(settings: Settings) -> None:
    """A hundred people may share one IP address."""
    settings.BOUNDS = {**settings.BOUNDS, "log_in.place": (2, 60)}
    for _ in range(6):
        assert log_in(UserFactory().email, PASSWORD) == (302, True)


def test_one_address_is_slowed_down_over_all_places_and_its_owner_comes_in(settings: Settings, person: User) -> None:
    """A slow-down is not a lock-out: it is short, and a place that the account has used before is exempt."""
    settings.BOUNDS = {**settings.BOUNDS, "log_in.address": (3, 60)}
    assert log_in(person.email, PASSWORD, ELSEWHERE) == (302, True)
    tried = [log_in(person.email, "faux", f"198.51.100.{number}")[0] for number in range(6)]
    assert tried == [200, 200, 200, 429, 429, 429]
    assert log_in(person.email, PASSWORD, "203.0.113.5") == (429, False)
    assert log_in(person.email, PASSWORD, ELSEWHERE) == (302, True)
    assert log_in(UNKNOWN, "faux", "203.0.113.5")[0] == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert log_in(person.email, PASSWORD, "203.0.113.5") == (302, True)


def test_wrong_passwords_close_the_log_in_and_no_other_door(settings: Settings, person: User) -> None:
    """Kind: a counter that two doors share. An open session goes on, and every other limit has its own count."""
    inside = Client()
    inside.force_login(person)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(person.email, "faux")
    assert log_in(person.email, PASSWORD) == (429, False)

    with CaptureQueriesContext(connection) as statements:
        assert inside.get(reverse("home"), follow=True).status_code == 200
    assert not [one["sql"] for one in statements if "axes_" in one["sql"] or "tally" in one["sql"]]
    assert inside.post(reverse("my_phone"), {"phone": "06 12 34 56 78"}).status_code == 302
    chosen = {"password": "quatre mots sans rapport", "confirmation": "quatre mots sans rapport"}
    most = settings.BOUNDS["password_change.account"][0]
    tried = [inside.post(reverse("password_change"), {"current": "faux", **chosen}).status_code for _ in range(most)]
    assert tried == [422] * most
    most = settings.BOUNDS["password_forgotten.address"][0]
    assert [forgotten(person.email).status_code for _ in range(most + 1)] == [302] * most + [429]
    most = settings.BOUNDS["first_access.identifier"][0]
    asked = [first_access("7654321B", person.email).status_code for _ in range(most + 1)]
    assert asked == [302] * most + [429]
    # Nor do those close the log-in: another person comes in from the same place.
    assert log_in(UserFactory().email, PASSWORD) == (302, True)


def test_an_address_without_an_account_is_slowed_down_alike(settings: Settings) -> None:
    settings.BOUNDS = {**settings.BOUNDS, "log_in.address": (3, 60)}
    tried = [log_in(UNKNOWN, "faux", f"198.51.100.{number}")[0] for number in range(5)]
    assert tried == [200, 200, 200, 429, 429]


def test_the_present_password_cannot_be_guessed_by_who_sits_down_at_an_open_session(settings: Settings) -> None:
    settings.BOUNDS = {**settings.BOUNDS, "password_change.account": (2, 60)}
    user, client = UserFactory(), Client()
    client.force_login(user)
    chosen = {"password": "quatre mots sans rapport", "confirmation": "quatre mots sans rapport"}
    sent = [client.post(reverse("password_change"), {"current": "faux", **chosen}).status_code for _ in range(3)]
    assert sent == [422, 422, 429]
    assert client.post(reverse("password_change"), {"current": PASSWORD, **chosen}).status_code == 429
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert client.post(reverse("password_change"), {"current": PASSWORD, **chosen}).status_code == 302


# --- The throttle itself -----------------------------------------------------------------------------


def test_it_holds_without_redis(settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere?db=0"}
    }
    assert [forgotten(UNKNOWN).status_code for _ in range(7)] == [302] * 5 + [429] * 2


def test_nothing_readable_is_kept_and_the_time_ends_it(person: User) -> None:
    forgotten(person.email, ELSEWHERE)
    rows = list(Tally.objects.all())
    assert rows
    assert not [row for row in rows if person.email in row.digest or ELSEWHERE in row.digest]
    assert forget_tallies() == 0
    with time_machine.travel(timezone.now() + throttle.kept() + timedelta(minutes=1)):
        assert forget_tallies() == len(rows)


@pytest.mark.parametrize("late", [False, True])
def test_a_wrong_password_leaves_nothing_once_it_closes_nothing(person: User, late: bool) -> None:
    """Kind: a record that is kept until somebody else comes by."""
    log_in(person.email, "faux", ELSEWHERE)
    assert AccessAttempt.objects.filter(username=person.email, ip_address=ELSEWHERE).exists()
    with time_machine.travel(timezone.now() + get_cool_off() + timedelta(minutes=1 if late else -1)):
        forget_tallies()
    assert AccessAttempt.objects.exists() is not late


def test_the_page_on_personal_data_says_how_long(client: Client, settings: Settings) -> None:
    """Kind: a page and a job with different durations. Both read one number."""
    page = " ".join(client.get(reverse("personal_data")).text.split()).replace("\u00a0", " ")
    assert "sont gardées 30 jours au plus" in page.replace("&#x27;", "'")
    settings.BOUNDS = {**settings.BOUNDS, "log_in.known_place": (1, 45 * 24 * 60 * 60)}
    throttle.allows(("log_in.known_place", "quelqu'un"))
    with time_machine.travel(timezone.now() + timedelta(days=45) - timedelta(minutes=1)):
        assert forget_tallies() == 0
    with time_machine.travel(timezone.now() + timedelta(days=45) + timedelta(minutes=1)):
        assert forget_tallies() == 1
    settings.AXES_COOLOFF_TIME = 0.5
    page = " ".join(client.get(reverse("personal_data")).text.split()).replace("\u00a0", " ")
    assert "45 jours au plus" in page
    assert "gardées telles quelles, 30 minutes." in page.replace("&nbsp;", " ")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("", ""),
    ],
)
def test_a_place_is_a_subscriber_and_not_one_of_his_addresses(address: str, place: str) -> None:
    assert throttle.place_of(RequestFactory().get("/", REMOTE_ADDR=address)) == place
