"""A covering colleague is away too: somebody else covers, or the managers are told. And absences that are extended."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, NotificationKind
from accompaniment.models import AuditEntry, Notification
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.reads import invariants
from caseload.reads.moves.who_answers import without_relay
from caseload.rules.portfolio import days_left_open
from caseload.services.moves.absences import declare_absence, end_absence, extend_absence, replace_colleague
from tests.caseload.factories import AdviserFactory, ManagerFactory, PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _a_monday() -> Any:
    with time_machine.travel("2026-03-02T09:00:00Z", tick=True):
        yield


@pytest.fixture
def portfolio() -> Portfolio:
    """A portfolio whose adviser is away from Tuesday to Friday, with one person in it."""
    made = PortfolioFactory()
    on_web_track(made)
    made.refresh_from_db()
    return made


@pytest.fixture
def own(portfolio: Portfolio) -> Portfolio:
    """The portfolio of the covering colleague."""
    return PortfolioFactory(agency=portfolio.agency)


@pytest.fixture
def third(portfolio: Portfolio) -> Adviser:
    return AdviserFactory(agency=portfolio.agency)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def declare(portfolio: Portfolio, *colleagues: Adviser, first: int = 1, last: int = 4, **facts: Any) -> Absence:
    absence, _ = declare_absence(
        actor=portfolio.adviser.user,
        adviser=portfolio.adviser,
        starts_on=day(first),
        ends_on=day(last),
        colleagues={portfolio.pk: [colleague.pk for colleague in colleagues]},
        decisions={},
        **facts,
    )
    return absence


def extend(absence: Absence, portfolio: Portfolio, *colleagues: Adviser, last: int, **facts: Any) -> list[str]:
    return extend_absence(
        **{
            "actor": absence.adviser.user,
            "absence": absence,
            "last_day": day(last),
            "colleagues": {portfolio.pk: [colleague.pk for colleague in colleagues]},
            "decisions": {},
            **facts,
        }
    )


def covers(portfolio: Portfolio) -> set[tuple[Adviser, int, int]]:
    standing = Cover.objects.filter(portfolio=portfolio, cancelled_at=None).select_related("colleague__user")
    return {(one.colleague, (one.starts_on - MONDAY).days, (one.ends_on - MONDAY).days) for one in standing}


def breaches() -> list[str]:
    return [breach for check in invariants.CASELOAD_CHECKS for breach in check()]


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        (2, 3, {(1, 1), (4, 4)}),
        (3, 6, {(1, 2)}),
        (0, 2, {(3, 4)}),
        (0, 6, set()),
    ],
    ids=["in the middle", "at the end", "at the beginning", "all along"],
)
def test_a_relay_is_handed_on_for_the_days_in_common(
    portfolio: Portfolio, own: Portfolio, third: Adviser, first: int, last: int, kept: set[tuple[int, int]]
) -> None:
    absence = declare(portfolio, own.adviser)
    cover = Cover.objects.get()
    declare(own, third, first=first, last=last, relays={cover.pk: third.pk})
    taken = (third, max(first, 1), min(last, 4))
    assert covers(portfolio) == {(own.adviser, *days) for days in kept} | {taken}
    assert breaches() == []
    told = Notification.objects.filter(kind=NotificationKind.COVER_SET, email=third.user.email)
    assert sorted(letter.context["adviser"] for letter in told) == sorted([str(portfolio.adviser), str(own.adviser)])
    entry = AuditEntry.objects.filter(action=AuditAction.ABSENCE, details__event="cover_handed_on").get()
    assert (entry.actor, entry.details["absence"]) == (own.adviser.user, absence.pk)
    assert list(without_relay(Absence.objects.all(), today=MONDAY)) == []


def test_a_relay_that_somebody_can_take_over_is_not_left(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    declare(portfolio, own.adviser)
    cover = Cover.objects.get()
    with pytest.raises(DomainError, match="Choisissez qui reprend le relais"):
        declare(own, third, first=3, last=6)
    for wrong in (portfolio.adviser, own.adviser, AdviserFactory()):
        with pytest.raises(DomainError, match="Choisissez un autre collègue"):
            declare(own, third, first=3, last=6, relays={cover.pk: wrong.pk})
    assert Absence.objects.count() == 1
    declare(own, third, first=3, last=6, relays={cover.pk: third.pk})


def test_where_another_colleague_covers_already_nobody_has_to_be_chosen(
    portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    declare(portfolio, own.adviser, third)
    declare(own, third, first=3, last=6)
    assert covers(portfolio) == {(own.adviser, 1, 2), (third, 1, 4)}
    assert not Notification.objects.filter(kind=NotificationKind.RELAY_MISSING).exists()
    assert breaches() == []


def test_where_nobody_is_found_the_managers_of_the_region_are_told(
    client: Client, portfolio: Portfolio, own: Portfolio
) -> None:
    region = portfolio.agency.departement.region
    manager, elsewhere = (
        ManagerFactory(regions=[region]),
        ManagerFactory(regions=[AdviserFactory().agency.departement.region]),
    )
    ManagerFactory()  # a national manager: the region has its own manager
    absence = declare(portfolio, own.adviser)
    declare(own, first=3, last=6)
    assert covers(portfolio) == {(own.adviser, 1, 2)}
    letter = Notification.objects.get(kind=NotificationKind.RELAY_MISSING)
    assert (letter.email, letter.context["adviser"], letter.context["people"]) == (
        manager.user.email,
        str(portfolio.adviser),
        1,
    )
    assert letter.context["path"] == reverse("absence", args=[absence.pk])
    for who, seen in ((manager, True), (elsewhere, False)):
        client.force_login(who.user)
        for page in ("steering", "absences"):
            assert ("Personne ne répond" in client.get(reverse(page)).content.decode()) is seen
    assert breaches() == []


def test_an_absence_with_no_colleague_at_all_tells_the_managers_too(portfolio: Portfolio) -> None:
    national = ManagerFactory()
    declare(portfolio)
    assert Notification.objects.get(kind=NotificationKind.RELAY_MISSING).email == national.user.email


@pytest.mark.parametrize(
    ("stretches", "left"),
    [
        ([], [(1, 4)]),
        ([(1, 4)], []),
        ([(2, 2)], [(1, 1), (3, 4)]),
        ([(0, 1), (1, 2), (4, 9)], [(3, 3)]),
        ([(5, 9)], [(1, 4)]),
    ],
)
def test_days_left_open(stretches: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    found = days_left_open(day(1), day(4), [(day(first), day(last)) for first, last in stretches])
    assert found == [(day(first), day(last)) for first, last in left]


# --- Longer ---------------------------------------------------------------------------------------


def test_an_absence_lasts_longer_with_who_answers_on_the_added_days(
    portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    absence = declare(portfolio, own.adviser)
    extend(absence, portfolio, third, last=8)
    absence.refresh_from_db()
    assert absence.ends_on == day(8)
    assert covers(portfolio) == {(own.adviser, 1, 4), (third, 5, 8)}
    assert AuditEntry.objects.filter(action=AuditAction.ABSENCE).latest("pk").details["event"] == "extended"
    assert breaches() == []
    end_absence(actor=absence.adviser.user, absence=absence, last_day=day(2))
    assert covers(portfolio) == {(own.adviser, 1, 2)}
    assert breaches() == []


def test_an_added_day_is_checked_as_a_day_of_a_new_absence(
    portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    absence = declare(portfolio, own.adviser)
    declare(own, third, first=8, last=9)
    with pytest.raises(DomainError, match="dure déjà jusqu'au"):
        extend(absence, portfolio, third, last=4)
    with pytest.raises(DomainError, match="un an au plus"):
        extend(absence, portfolio, third, last=367)
    with pytest.raises(DomainError, match="absent ces jours-là"):
        extend(absence, portfolio, own.adviser, last=8)
    with pytest.raises(DomainError, match="Choisissez qui répond"):
        extend(absence, portfolio, last=7)
    with pytest.raises(DomainError, match="vos régions"):
        extend(absence, portfolio, own.adviser, last=7, actor=own.adviser.user)
    extend(absence, portfolio, own.adviser, last=7)
    assert breaches() == []


def test_nobody_is_away_twice_on_one_day(portfolio: Portfolio, own: Portfolio) -> None:
    absence = declare(portfolio, own.adviser)
    declare(portfolio, own.adviser, first=8, last=9)
    with pytest.raises(DomainError, match="déjà prévue"):
        extend(absence, portfolio, own.adviser, last=8)
    extend(absence, portfolio, own.adviser, last=7)


def test_what_one_covers_on_the_added_days_is_handed_on(portfolio: Portfolio, own: Portfolio, third: Adviser) -> None:
    declare(portfolio, own.adviser, first=5, last=8)
    cover = Cover.objects.get()
    absence = declare(own, third, first=1, last=4)
    with pytest.raises(DomainError, match="Choisissez qui reprend le relais"):
        extend(absence, own, third, last=6)
    extend(absence, own, third, last=6, relays={cover.pk: third.pk})
    assert covers(portfolio) == {(third, 5, 6), (own.adviser, 7, 8)}
    assert breaches() == []


def test_an_absence_that_is_over_or_was_changed_meanwhile_is_not_extended(portfolio: Portfolio, third: Adviser) -> None:
    absence = declare(portfolio, third)
    seen = Absence.objects.select_related("adviser__user", "adviser__agency__departement").get()
    end_absence(actor=absence.adviser.user, absence=absence, last_day=day(2))
    with pytest.raises(NotAllowedNowError, match="vient de changer"):
        extend(seen, portfolio, third, last=6)
    absence.refresh_from_db()
    extend(absence, portfolio, third, last=6)
    end_absence(actor=absence.adviser.user, absence=absence)
    with pytest.raises(NotAllowedNowError, match="terminée ou annulée"):
        extend(absence, portfolio, third, last=8)


def test_a_replaced_cover_ends_with_the_absence_as_it_is_now(
    portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    """Kind: a caller's old copy of a row that decides. The days are read under the lock."""
    absence = declare(portfolio, own.adviser)
    read_before = Cover.objects.select_related("absence__adviser").get()
    end_absence(actor=absence.adviser.user, absence=absence, last_day=day(2))
    replace_colleague(actor=absence.adviser.user, cover=read_before, colleague=third)
    assert covers(portfolio) == {(third, 1, 2)}
    assert breaches() == []


def test_a_cover_that_has_begun_is_replaced_from_today_to_its_last_day(
    portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    """Kind: a day that is read again after it was written."""
    absence = declare(portfolio, own.adviser)
    with time_machine.travel("2026-03-04T09:00:00Z", tick=True):
        replace_colleague(actor=absence.adviser.user, cover=Cover.objects.get(), colleague=third)
    assert covers(portfolio) == {(own.adviser, 1, 1), (third, 2, 4)}
    assert breaches() == []


# --- Pages ----------------------------------------------------------------------------------------


def test_the_form_asks_who_takes_over_a_relay(
    client: Client, portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    declare(portfolio, own.adviser)
    cover = Cover.objects.get()
    client.force_login(own.adviser.user)
    facts = {"du": "05/03/2026", "au": "08/03/2026", f"relais_{own.pk}": third.pk}
    url = reverse("declare_absence")
    assert f"reprise_{cover.pk}" not in client.get(url).content.decode()
    asked = client.get(url, facts)
    assert asked.status_code == 422
    text = asked.content.decode().replace("\u00a0", " ")
    assert f"Qui reprend le relais de {portfolio.adviser}" in text
    assert "du 5 au 6 mars 2026" in text
    facts[f"reprise_{cover.pk}"] = third.pk
    assert "Relais de" in client.get(url, facts).content.decode()
    assert client.post(url, facts).status_code == 302
    assert covers(portfolio) == {(own.adviser, 1, 2), (third, 3, 4)}


def test_an_absence_is_extended_on_its_page(
    client: Client, portfolio: Portfolio, own: Portfolio, third: Adviser
) -> None:
    absence = declare(portfolio, own.adviser)
    client.force_login(portfolio.adviser.user)
    url = reverse("extend_absence", args=[absence.pk])
    assert url in client.get(reverse("absence", args=[absence.pk])).content.decode()
    text = client.get(url).content.decode()
    assert "checked" in text  # the present cover is proposed
    facts = {"au": "2026-03-10", f"relais_{portfolio.pk}": own.adviser.pk}
    assert "Prolonger" in client.get(url, facts).content.decode()
    answer = client.post(url, facts, follow=True)
    assert "L&#x27;absence est prolongée" in answer.content.decode()
    absence.refresh_from_db()
    assert absence.ends_on == day(8)
    end_absence(actor=absence.adviser.user, absence=absence)
    assert client.get(url).status_code == 409
