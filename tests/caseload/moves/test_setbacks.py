"""A row that always fails waits longer each time, is shown to the operator, and delays no other row.

Kind: a job that tries the same row in every round for ever, and tells nobody.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality
from accompaniment.models import Enrolment, Jobseeker, Setback
from accompaniment.services import setbacks
from caseload.hooks.handover import Carried, Handover, on_handover
from caseload.models import Placement
from caseload.services.moves import carrying_out as moves
from caseload.services.moves.transfers import transfer_people
from caseload.services.registration import lapses
from config.status import look
from tests.accompaniment.factories import lapse_delays, reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, placed, volunteer

pytestmark = pytest.mark.django_db

WAITS = [timedelta(minutes=minutes) for minutes in settings.SETBACK_WAITS_MINUTES]


def told(now: datetime) -> tuple[bool, str]:
    (line,) = (line for line in look(now) if line.part == "setbacks")
    return line.well, line.text


@pytest.fixture
def fails_for() -> Iterator[list[int]]:
    """Let the database refuse what is written for these people, and an upper floor refuse their move."""
    people: list[int] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE failing (person bigint); "
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.jobseeker_id IN (SELECT person FROM failing) THEN RAISE 'a fault'; END IF; RETURN NEW; END $$; "
            "CREATE TRIGGER fails BEFORE UPDATE ON accompaniment_enrolment FOR EACH ROW EXECUTE FUNCTION fails()"
        )

    def fail(handover: Handover) -> Carried:
        if handover.jobseeker.pk in people:
            raise RuntimeError("a fault of an upper floor")
        return Carried()

    on_handover.append(fail)
    yield people
    on_handover.remove(fail)


def let_fail(people: list[int], person: Jobseeker) -> None:
    people.append(person.pk)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO failing VALUES (%s)", [person.pk])


def mend(people: list[int]) -> None:
    people.clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM failing")


Job = tuple[list[Jobseeker], Callable[[datetime], int], Callable[[Jobseeker], bool], datetime]


def lapsing() -> Job:
    reference()
    lapse_delays()
    portfolio = PortfolioFactory()
    people = [volunteer(portfolio).jobseeker for _ in range(3)]

    def is_done(person: Jobseeker) -> bool:
        return Enrolment.objects.get(jobseeker=person).state == EnrolmentState.LAPSED

    return people, lambda now: lapses.lapse_due(now=now), is_done, timezone.now() + timedelta(days=31)


def moving() -> Job:
    source = PortfolioFactory(modality=Modality.GUIDE)
    target = PortfolioFactory(modality=Modality.GUIDE, agency=source.agency)
    people = [placed(source) for _ in range(3)]
    transfer_people(
        actor=ManagerFactory().user,
        people=Placement.objects.open().filter(jobseeker__in=people),
        targets=[target],
        reason="Congé",
        due_on=timezone.localdate() + timedelta(days=1),
    )

    def is_done(person: Jobseeker) -> bool:
        return Placement.objects.open().get(jobseeker=person).portfolio == target

    return people, lambda now: moves.carry_out_due(now=now), is_done, timezone.now() + timedelta(days=2)


@pytest.mark.parametrize("job", [lapsing, moving])
def test_a_row_that_always_fails_waits_longer_and_the_others_go_on(
    job: Callable[[], Job], fails_for: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    people, run, is_done, now = job()
    let_fail(fails_for, people[1])
    assert run(now) == 2
    assert [is_done(person) for person in people] == [True, False, True]
    assert "failed, try 1" in caplog.text
    for failures, wait in enumerate([*WAITS, WAITS[-1], WAITS[-1]], start=1):
        setback = Setback.objects.get()
        assert (setback.failures, setback.next_try_at) == (failures, now + wait)
        assert run(now + wait - timedelta(seconds=1)) == 0
        assert Setback.objects.get().failures == failures
        now += wait
        run(now)
    mend(fails_for)
    assert run(now) == 0
    assert run(now + WAITS[-1]) == 1
    assert is_done(people[1])
    run(now + WAITS[-1])
    assert not Setback.objects.exists()


def test_who_is_decided_meanwhile_has_no_setback_any_more(fails_for: list[int]) -> None:
    people, run, _, now = lapsing()
    let_fail(fails_for, people[1])
    run(now)
    mend(fails_for)
    Enrolment.objects.filter(jobseeker=people[1]).update(state=EnrolmentState.WITHDRAWN, closed_at=now)
    run(now)
    assert not Setback.objects.exists()


def test_the_operator_sees_it_and_is_called_when_it_is_no_accident(fails_for: list[int]) -> None:
    people, run, _, now = lapsing()
    assert told(now) == (True, "no row fails")
    let_fail(fails_for, people[1])
    row = Enrolment.objects.get(jobseeker=people[1]).pk
    for failures in (1, 2, 3):
        run(now)
        well, text = told(now)
        assert well == (failures < 3)
        assert text.startswith(f"caseload.jobs.lapse_enrolments {row} (ProgrammingError, {failures} times, next ")
        now = Setback.objects.get().next_try_at


def test_jobs_do_not_hold_back_each_other_s_rows() -> None:
    now = timezone.now()

    def fail(row: int) -> bool:
        raise ValueError(row)

    assert setbacks.try_each(job="one", due=[7], act=fail, now=now) == 0
    assert setbacks.try_each(job="other", due=[7], act=lambda _: True, now=now) == 1
    assert Setback.objects.get().job == "one"


def test_the_words_of_an_error_are_not_kept() -> None:
    def fail(_: int) -> bool:
        raise ValueError("Durand")

    setbacks.try_one(job="one", row=7, act=fail, now=timezone.now())
    assert "Durand" not in str(Setback.objects.values().get())
