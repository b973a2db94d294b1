"""The pure decisions of the caseload floor."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseload.enums import NeedKind, Urgency
from caseload.rules.portfolio import Hidden, Situation, needs_of, percent, suppress

PARIS = ZoneInfo("Europe/Paris")
REUNION = ZoneInfo("Indian/Reunion")
NOW = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)  # 14 h in Paris, a Wednesday


def said(**facts: Any) -> list[tuple[str, Urgency]]:
    return [
        (need.phrase.replace("\u00a0", " "), need.urgency) for need in needs_of(Situation(**facts), now=NOW, zone=PARIS)
    ]


def test_nothing_is_waited_for() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("hours", "phrase", "urgency"),
    [
        (0.5, "Sans réponse depuis 30 min", Urgency.SOON),
        (31, "Sans réponse depuis 31 h", Urgency.SOON),
        (64, "Sans réponse depuis 64 h", Urgency.TODAY),
        (71.9, "Sans réponse depuis 71 h", Urgency.TODAY),
        (72, "Sans réponse depuis 72 h", Urgency.LATE),
        (200, "Sans réponse depuis 8 jours", Urgency.LATE),
    ],
)
def test_a_message_is_due_after_72_hours(hours: float, phrase: str, urgency: Urgency) -> None:
    assert said(awaiting_reply_since=NOW - timedelta(hours=hours)) == [(phrase, urgency)]


@pytest.mark.parametrize(
    ("due_at", "phrase", "urgency"),
    [
        (NOW + timedelta(hours=2, minutes=30), "Rappel à faire avant 16 h 30", Urgency.TODAY),
        (NOW + timedelta(days=1), "Rappel à faire avant demain 14 h", Urgency.SOON),
        (NOW + timedelta(days=2), "Rappel à faire avant le 6 mars 14 h", Urgency.SOON),
        (NOW - timedelta(minutes=5), "Rappel en retard de 5 min", Urgency.LATE),
    ],
)
def test_a_call_back_names_its_hour(due_at: datetime, phrase: str, urgency: Urgency) -> None:
    assert said(callback_due_at=due_at) == [(phrase, urgency)]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW + timedelta(hours=2), [("Entretien aujourd'hui à 16 h", Urgency.TODAY)]),
        (NOW - timedelta(minutes=29), [("Entretien aujourd'hui à 13 h 31", Urgency.TODAY)]),
        (NOW - timedelta(minutes=30), [("Entretien de 13 h 30 à conclure", Urgency.LATE)]),
        (NOW - timedelta(hours=4), [("Entretien de 10 h à conclure", Urgency.LATE)]),
        (NOW - timedelta(days=1), [("Entretien du 3 mars à conclure", Urgency.LATE)]),
        (NOW + timedelta(days=1), []),
    ],
)
def test_an_interview_is_a_need_on_its_day_and_until_it_is_concluded(
    at: datetime, expected: list[tuple[str, Urgency]]
) -> None:
    assert said(next_interview_at=at) == expected


@pytest.mark.parametrize(
    ("due_on", "phrase", "urgency"),
    [
        (date(2026, 3, 1), "Échéance dépassée depuis 3 jours", Urgency.LATE),
        (date(2026, 3, 3), "Échéance dépassée depuis 1 jour", Urgency.LATE),
        (date(2026, 3, 4), "À fixer aujourd'hui", Urgency.TODAY),
        (date(2026, 3, 5), "À fixer au plus tard demain", Urgency.SOON),
        (date(2026, 3, 10), "À fixer au plus tard le 10 mars", Urgency.SOON),
        (date(2026, 4, 1), "À fixer au plus tard le 1er avril", Urgency.LATER),
        (date(2027, 1, 17), "À fixer au plus tard le 17 janvier 2027", Urgency.LATER),
    ],
)
def test_an_obligation_without_an_interview_has_to_be_placed(due_on: date, phrase: str, urgency: Urgency) -> None:
    assert said(to_place_by=due_on) == [(phrase, urgency)]


def test_an_interview_that_was_not_concluded_does_not_answer_the_obligation() -> None:
    needs = said(to_place_by=date(2026, 3, 1), next_interview_at=NOW - timedelta(days=7))
    assert [phrase for phrase, _ in needs] == ["Entretien du 25 février à conclure", "Échéance dépassée depuis 3 jours"]


def test_what_is_due_first_stands_first_and_acceptance_last() -> None:
    kinds = [
        need.kind
        for need in needs_of(
            Situation(
                awaiting_reply_since=NOW - timedelta(hours=80),
                callback_due_at=NOW + timedelta(hours=3),
                next_interview_at=NOW + timedelta(hours=1),
                validated_at=NOW,
            ),
            now=NOW,
            zone=PARIS,
        )
    ]
    assert kinds == [NeedKind.REPLY, NeedKind.INTERVIEW, NeedKind.CALLBACK, NeedKind.ACCEPTANCE]


@pytest.mark.parametrize(
    ("ago", "urgency"),
    [
        (timedelta(minutes=1), Urgency.SOON),
        (timedelta(hours=70), Urgency.TODAY),
        (timedelta(days=5), Urgency.LATE),
    ],
)
def test_a_wish_of_another_plan_is_due_like_a_message(ago: timedelta, urgency: Urgency) -> None:
    facts = Situation(plan_change_asked_at=NOW - ago, callback_due_at=NOW + timedelta(hours=3))
    needs = {need.kind: need for need in needs_of(facts, now=NOW, zone=PARIS)}
    assert needs[NeedKind.PLAN].urgency == urgency
    # What is due today comes before a request that has two more days.
    first = needs_of(facts, now=NOW, zone=PARIS)[0].kind
    assert first == (NeedKind.CALLBACK if urgency == Urgency.SOON else NeedKind.PLAN)


def test_days_are_days_of_the_agency() -> None:
    late_in_paris = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # 23 h 30 in Paris, 2 h 30 on the 5th in La Réunion
    facts = Situation(next_interview_at=late_in_paris + timedelta(minutes=15))
    assert "23\u00a0h\u00a045" in needs_of(facts, now=late_in_paris, zone=PARIS)[0].phrase
    assert "2\u00a0h\u00a045" in needs_of(facts, now=late_in_paris, zone=REUNION)[0].phrase
    due = Situation(to_place_by=date(2026, 3, 4))
    assert needs_of(due, now=late_in_paris, zone=PARIS)[0].urgency == Urgency.TODAY
    assert needs_of(due, now=late_in_paris, zone=REUNION)[0].urgency == Urgency.LATE


def test_an_hour_names_the_zone_where_the_person_reads_another_one() -> None:
    hours = {"next_interview_at": NOW + timedelta(hours=2), "callback_due_at": NOW + timedelta(hours=3)}
    across = [phrase for phrase, _ in said(**hours, timezone=REUNION.key)]
    assert across == ["Entretien aujourd'hui à 16 h (heure de Paris)", "Rappel à faire avant 17 h (heure de Paris)"]
    near = [phrase for phrase, _ in said(**hours, timezone=PARIS.key)]
    assert near == ["Entretien aujourd'hui à 16 h", "Rappel à faire avant 17 h"]


def test_an_obligation_of_the_night_of_the_clock_change_is_due_at_local_midnight() -> None:
    eve = datetime(2026, 3, 29, 21, 30, tzinfo=UTC)  # 23 h 30 in Paris, where the day had 23 hours
    need = needs_of(Situation(to_place_by=date(2026, 3, 29)), now=eve, zone=PARIS)[0]
    assert need.urgency == Urgency.TODAY
    after = needs_of(Situation(to_place_by=date(2026, 3, 29)), now=eve + timedelta(minutes=30), zone=PARIS)[0]
    assert after.urgency == Urgency.LATE


@given(
    reply=st.none() | st.timedeltas(timedelta(days=-30), timedelta(0)),
    callback=st.none() | st.timedeltas(timedelta(days=-30), timedelta(days=30)),
    interview=st.none() | st.timedeltas(timedelta(days=-30), timedelta(days=30)),
    obligation=st.none() | st.integers(-60, 60),
    accepting=st.booleans(),
)
def test_needs_are_ordered_and_each_has_a_phrase(
    reply: timedelta | None,
    callback: timedelta | None,
    interview: timedelta | None,
    obligation: int | None,
    accepting: bool,
) -> None:
    facts = Situation(
        awaiting_reply_since=None if reply is None else NOW + reply,
        callback_due_at=None if callback is None else NOW + callback,
        next_interview_at=None if interview is None else NOW + interview,
        to_place_by=None if obligation is None else NOW.date() + timedelta(days=obligation),
        validated_at=NOW if accepting else None,
    )
    needs = needs_of(facts, now=NOW, zone=PARIS)
    dated = [need.due_at for need in needs if need.due_at]
    assert dated == sorted(dated)
    assert len({need.kind for need in needs}) == len(needs)
    assert all(need.phrase for need in needs)
    assert (reply is not None) == (NeedKind.REPLY in {need.kind for need in needs})
    assert accepting == (NeedKind.ACCEPTANCE in {need.kind for need in needs})


def test_only_a_full_portfolio_is_at_100_percent() -> None:
    assert percent(249, 250) == 99
    assert percent(250, 250) == 100
    assert percent(0, 0) == 0


# --- Published figures -------------------------------------------------------------------------------------------


def test_large_counts_are_shown_with_their_total() -> None:
    shown = suppress({"a": 5, "b": 12})
    assert shown.cells == {"a": 5, "b": 12}
    assert shown.total == 17


def test_one_small_count_takes_a_second_cell_with_it() -> None:
    shown = suppress({"a": 40, "b": 3, "c": 9})
    assert shown.cells == {"a": 40, "b": Hidden.SMALL, "c": Hidden.WITHHELD}
    assert shown.total == 52


def test_where_all_are_small_so_is_the_total() -> None:
    assert suppress({"a": 1, "b": 0}).total is Hidden.SMALL
    assert suppress({"a": 4, "b": 4}).total is Hidden.WITHHELD
    assert suppress({}).total is Hidden.SMALL


@given(st.lists(st.integers(0, 500), max_size=8))
def test_no_small_count_is_ever_shown(counts: list[int]) -> None:
    shown = suppress(dict(enumerate(counts)))
    visible = [cell for cell in shown.cells.values() if not isinstance(cell, Hidden)]
    assert all(cell >= 5 for cell in visible)
    assert isinstance(shown.total, Hidden) or shown.total >= 5
    assert [key for key, cell in shown.cells.items() if cell is Hidden.SMALL] == [
        key for key, count in enumerate(counts) if count < 5
    ]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_nobody_can_work_out_a_hidden_count(width: int) -> None:
    """Every row with a total up to 24: knowing the rule leaves at least two values for each hidden count."""
    possible: defaultdict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(25), repeat=width):
        if sum(counts) <= 24:
            shown = suppress(dict(enumerate(counts)))
            possible[(tuple(shown.cells.values()), shown.total)].append(counts)
    for (cells, _), answers in possible.items():
        for place, cell in enumerate(cells):
            if cell is Hidden.SMALL:
                assert {answer[place] for answer in answers} not in ({1}, {2}, {3}, {4})
