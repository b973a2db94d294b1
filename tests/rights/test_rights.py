"""Who may do what: every service with an `actor`, called by eleven people, some of whom have just lost the right.

The pages check rights too, but a hand-over may come between their check and the service's lock. So each service checks
by itself, and writes nothing if it refuses. A service that is missing from the tables below fails the test.
"""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from accompaniment.models import (
    User,
)
from accompaniment.rules.errors import DomainError
from tests.rights.cases import A, C, Case, M, V
from tests.rights.file_cases import FILE_CASES
from tests.rights.house import ACTORS, build_house
from tests.rights.meeting_cases import MEETING_CASES
from tests.rights.steering_cases import STEERING_CASES

CASES = {**FILE_CASES, **STEERING_CASES, **MEETING_CASES}

WITHIN = {
    # Steps of an act that has already checked the right. They run in its transaction.
    f"{A}.accounts.give_account",
    f"{A}.accounts.create_staff_account",
    f"{A}.addresses.correct_staff_address",
    f"{A}.addresses.follow_file",
    f"{A}.enrolments.acceptance.end_track",
    f"{A}.enrolments.acceptance.start_if_ready",
    f"{A}.enrolments.acceptance.withdraw_consent",
    f"{A}.enrolments.interview.invite_volunteer",
    f"{A}.enrolments.lapses.lapse",
    f"{A}.enrolments.states.end_what_hangs_on_the_track",
    f"{A}.enrolments.states.log",
    f"{A}.enrolments.states.move",
    f"{A}.enrolments.states.new_period",
    f"{A}.enrolments.tiers.close_with_the_tier",
    f"{A}.enrolments.tiers.follow_tier_change",
    f"{A}.enrolments.tiers.set_tier",
    f"{A}.plans.begin_default_plan",
    f"{A}.plans.end_plan",
    f"{A}.plans.hold",
    f"{A}.plans.lock_plan_to_change",
    f"{C}.moves.covers.hand_on",
    f"{C}.moves.follower_letters.tell_who_followed",
    f"{C}.moves.follower_letters.tell_who_receives",
    f"{C}.moves.placements.end_placement",
    f"{C}.moves.placements.follow_tier_change",
    f"{C}.moves.placements.follow_track_end",
    f"{C}.moves.placements.place",
    f"{M}.callback_steps.attempted",
    f"{M}.callback_steps.claim",
    f"{M}.callback_steps.close",
    f"{M}.callback_steps.log",
    f"{M}.callback_steps.reopen",
    f"{M}.handover.follow_track_end",
    f"{V}.adviser_absences.decide_interviews",
    f"{V}.adviser_absences.give",
    f"{V}.changes.log_state",
    f"{V}.changes.move_state",
    f"{V}.closing.lock_to_close",
    f"{V}.holding.attach_interviews",
    f"{V}.interviews.cancel_locked",
    f"{V}.interviews.follow_tier_change",
    f"{V}.interviews.follow_track_end",
}

ELSEWHERE = {
    # Acts on the actor's own account. The session is the proof.
    f"{A}.accounts.change_password",
    f"{A}.addresses.ask_change",
    f"{A}.addresses.drop_change",
    f"{A}.notice_choices.choose_notices",
    f"{A}.devices.add_device",
    f"{A}.devices.drop_device",
    f"{V}.feeds.make_feed",
    f"{V}.feeds.end_feed",
    f"{A}.sent_forms.answer_to",
    f"{A}.sent_forms.claim",
    f"{A}.sent_forms.sent_at",
    # Records of what was read or exported, after a page has checked the right.
    f"{A}.audit.record",
    f"{A}.audit.record_each",
    f"{A}.audit.record_reading",
    f"{A}.audit.record_readings",
    f"{C}.desk.exports.record_export",
    f"{C}.desk.exports.record_opening",
    f"{C}.steering.imports.record",
    f"{C}.steering.imports.record_values_shown",
    f"{M}.conversations.record_excerpts",
    f"{M}.conversations.record_reading",
    f"{V}.on_site_answers.record_wishes",
    # It takes what the actor may answer, and nothing else: `tests/messaging/test_callback_queue.py`.
    f"{M}.callbacks.claim_next",
    # Previews and checks: nothing is written.
    f"{M}.callback_steps.check_answers",
    f"{M}.callback_steps.check_not_in_other_hands",
    f"{A}.enrolments.publishing.foresee_publication",
    f"{A}.territory.foresee_opening",
    f"{C}.desk.selections.followed_among",
    f"{C}.moves.absences.may_declare",
    f"{C}.moves.transfers.foresee",
    f"{C}.moves.transfers.may_decide",
    # Files: the right is checked when a file is handed in and when it is confirmed. A worker loads it.
    f"{A}.imports.agencies.load_agencies",
    f"{A}.imports.jobseekers.load_jobseekers",
    f"{C}.steering.adviser_files.load_advisers",
}

FIXED = {"django_content_type", "django_session"}
DIGEST = "SELECT {0}, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {1} t"


class UndoError(Exception):
    """Leaves a savepoint and discards what was written in it."""


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is written inside. Like the transaction around a test, it does not count as an act's transaction."""
    around = transaction.atomic()
    around._from_testcase = True
    try:
        with around:
            yield
            raise UndoError
    except UndoError:
        pass


def contents() -> list[tuple[Any, ...]]:
    """Return a digest of all rows of each table that the service writes."""
    tables = [name for name in connection.introspection.django_table_names(only_existing=False) if name not in FIXED]
    with connection.cursor() as cursor:
        digests = [sql.SQL(DIGEST).format(sql.Literal(name), sql.Identifier(name)) for name in tables]
        cursor.execute(sql.SQL(" UNION ALL ").join(digests).as_string(cursor.connection))
        return sorted(cursor.fetchall())


def services_with_an_actor() -> dict[str, Any]:
    """Return the public functions of all services that take an `actor`, by dotted name."""
    found = {}
    for package in (A, C, M, V):
        root = import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
                own = function.__module__ == module.name and not name.startswith("_")
                if own and "actor" in inspect.signature(function).parameters:
                    found[f"{module.name}.{name}"] = function
    return found


def test_every_service_with_an_actor_is_in_a_table() -> None:
    rights = {name for name in services_with_an_actor() if name.startswith(f"{A}.rights.")}
    takes_part = {f"{V}.changes.check_takes_part"}
    assert set(services_with_an_actor()) - rights - takes_part == set(CASES) | WITHIN | ELSEWHERE
    assert len(CASES) + len(WITHIN) + len(ELSEWHERE) == len(set(CASES) | WITHIN | ELSEWHERE)


@pytest.mark.django_db
@pytest.mark.parametrize("cases", [FILE_CASES, STEERING_CASES, MEETING_CASES], ids=["file", "steering", "meetings"])
def test_who_has_no_right_is_refused_and_writes_nothing(cases: dict[str, Case]) -> None:
    house = build_house()
    wrong = {}
    for name, case in cases.items():
        with undone():
            it = case.given(house)
            allowed, wrote = set(), set()
            before = contents()
            for actor in ACTORS:
                user = User.objects.get(pk=house.users[actor].pk)
                with undone():
                    try:
                        case.act(house, user, it)
                    except DomainError:
                        pass
                    else:
                        allowed.add(actor)
                    if actor in case.allowed or actor in case.named:
                        continue
                    if contents() != before:
                        wrote.add(actor)
            if allowed - set(case.named) != set(case.allowed) or wrote:
                wrong[name] = (sorted(allowed ^ set(case.allowed)), sorted(wrote))
    assert wrong == {}


def test_what_looks_up_no_right_is_called_by_services_alone() -> None:
    """Kind: a page, job or socket that calls such a step, and so writes without a right."""
    calls = []
    for app in ("accompaniment", "caseload", "messaging", "visio"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            module = path.relative_to(settings.BASE_DIR).with_suffix("").as_posix().replace("/", ".")
            if ".services." in module or ".migrations." in module:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    calls += [
                        f"{module}: {node.module}.{alias.name}"
                        for alias in node.names
                        if f"{node.module}.{alias.name}" in WITHIN
                    ]
                elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    calls += [f"{module}: {step}" for step in WITHIN if step.endswith(f".{node.value.id}.{node.attr}")]
    assert calls == []
