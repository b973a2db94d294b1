"""Absences and their covers: who may declare one, who may cover, and what ends with it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, NotificationKind
from accompaniment.models import AuditEntry, Jobseeker, Notification
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.reads import invariants
from caseload.reads.moves.who_answers import away_now
from caseload.services.moves.absences import add_cover, declare_absence, end_absence
from caseload.services.moves.placements import NobodyAnswersError
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    validated,
)

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)
NOW = "2026-03-02T09:00:00Z"


@pytest.fixture(autouse=True)
def _a_monday() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def colleague(portfolio: Portfolio) -> Adviser:
    return AdviserFactory(agency=portfolio.agency)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def declare(portfolio: Portfolio, *colleagues: Adviser, first: int = 1, last: int = 4, **facts: Any) -> Absence:
    given: Mapping[int, Sequence[int]] = {portfolio.pk: [colleague.pk for colleague in colleagues]}
    absence, _ = declare_absence(
        **{
            "actor": portfolio.adviser.user,
            "adviser": portfolio.adviser,
            "starts_on": day(first),
            "ends_on": day(last),
            "colleagues": given,
            "decisions": {},
            **facts,
        }
    )
    return absence


def sees(adviser: Adviser, person: Jobseeker) -> bool:
    return Jobseeker.objects.visible_to(adviser.user).filter(pk=person.pk).exists()


def breaches() -> list[str]:
    return [breach for check in invariants.CASELOAD_CHECKS for breach in check()]


def test_the_cover_begins_and_ends_by_its_days(portfolio: Portfolio, colleague: Adviser) -> None:
    person = on_web_track(portfolio)
    declare(portfolio, colleague)
    seen = {}
    for number in (0, 1, 4, 5):
        with time_machine.travel(f"2026-03-0{2 + number}T09:00:00Z"):
            away = away_now(person, now=timezone.now())
            seen[number] = (sees(colleague, person), away.sentence if away else "")
    sentence = f"{portfolio.adviser} n'est pas là jusqu'au 6 mars inclus\u00a0; {colleague} vous répond."
    assert seen == {0: (False, ""), 1: (True, sentence), 4: (True, sentence), 5: (False, "")}
    assert breaches() == []


def test_a_cover_takes_no_place_in_the_colleague_s_cap(portfolio: Portfolio) -> None:
    full = PortfolioFactory(agency=portfolio.agency, capacity=1)
    on_web_track(full)
    on_web_track(portfolio)
    declare(portfolio, full.adviser)
    full.refresh_from_db()
    assert (full.occupied, full.capacity) == (1, 1)


def test_several_colleagues_answer_and_each_is_told_once(portfolio: Portfolio, colleague: Adviser) -> None:
    other = AdviserFactory(agency=AgencyFactory(region=portfolio.agency.departement.region))
    classic = PortfolioFactory(adviser=portfolio.adviser, modality=Modality.GUIDE)
    on_web_track(portfolio)
    absence = declare(portfolio, colleagues={portfolio.pk: [colleague.pk, other.pk], classic.pk: [colleague.pk]})
    assert Cover.objects.filter(absence=absence).count() == 3
    told = Notification.objects.filter(kind=NotificationKind.COVER_SET)
    assert sorted(told.values_list("email", flat=True)) == sorted([colleague.user.email, other.user.email])
    entry = AuditEntry.objects.get(action=AuditAction.ABSENCE)
    assert (entry.actor, entry.details["event"]) == (portfolio.adviser.user, "declared")


def test_who_has_people_names_somebody(portfolio: Portfolio, colleague: Adviser) -> None:
    on_web_track(portfolio)
    with pytest.raises(DomainError, match="Choisissez qui répond"):
        declare(portfolio)
    declare(portfolio, colleague)


def test_where_nobody_is_left_the_absence_stands_alone(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    declare(portfolio, first=0)
    away = away_now(person, now=timezone.now())
    assert away
    assert away.sentence.endswith("votre agence vous répond.")


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [(3, 2, "vérifiez les dates"), (-1, 2, "aujourd'hui au plus tôt"), (1, 367, "un an au plus")],
)
def test_days_that_cannot_be(portfolio: Portfolio, colleague: Adviser, first: int, last: int, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence):
        declare(portfolio, colleague, first=first, last=last)
    assert not Absence.objects.exists()
    assert not Cover.objects.exists()


def test_two_absences_have_no_day_in_common(portfolio: Portfolio, colleague: Adviser) -> None:
    declare(portfolio, colleague, first=1, last=4)
    with pytest.raises(DomainError, match="déjà prévue"):
        declare(portfolio, colleague, first=4, last=6)
    declare(portfolio, colleague, first=5, last=6)


def test_who_is_absent_covers_nobody(portfolio: Portfolio, colleague: Adviser) -> None:
    third = AdviserFactory(agency=portfolio.agency)
    own = PortfolioFactory(adviser=colleague)
    declare(own, third, first=4, last=6)
    with pytest.raises(DomainError, match="absent ces jours-là"):
        declare(portfolio, colleague, first=1, last=4)
    declare(portfolio, colleague, first=1, last=3)


@pytest.mark.parametrize("kind", ["closed", "elsewhere", "oneself"])
def test_who_cannot_answer(portfolio: Portfolio, colleague: Adviser, kind: str) -> None:
    wrong = {
        "closed": AdviserFactory(agency=portfolio.agency),
        "elsewhere": AdviserFactory(),
        "oneself": portfolio.adviser,
    }[kind]
    if kind == "closed":
        wrong.user.is_active = False
        wrong.user.save()
    with pytest.raises(DomainError, match="choisissez quelqu'un d'autre"):
        declare(portfolio, wrong)
    declare(portfolio, colleague)


def test_a_manager_declares_for_their_region_only(portfolio: Portfolio, colleague: Adviser) -> None:
    elsewhere = ManagerFactory(regions=[AgencyFactory().departement.region])
    for stranger in (elsewhere.user, colleague.user):
        with pytest.raises(DomainError, match="vos régions"):
            declare(portfolio, colleague, actor=stranger)
    absence = declare(portfolio, colleague, actor=ManagerFactory(regions=[portfolio.agency.departement.region]).user)
    for stranger in (elsewhere.user, colleague.user):
        with pytest.raises(DomainError, match="vos régions"):
            end_absence(actor=stranger, absence=absence)


def test_called_off_before_it_began(portfolio: Portfolio, colleague: Adviser) -> None:
    person = on_web_track(portfolio)
    absence = declare(portfolio, colleague)
    end_absence(actor=portfolio.adviser.user, absence=absence)
    with time_machine.travel("2026-03-03T09:00:00Z"):
        assert not sees(colleague, person)
        assert away_now(person, now=timezone.now()) is None
    with pytest.raises(NotAllowedNowError):
        end_absence(actor=portfolio.adviser.user, absence=absence)
    declare(portfolio, colleague)
    assert breaches() == []


def test_back_earlier_than_said(portfolio: Portfolio, colleague: Adviser) -> None:
    person = on_web_track(portfolio)
    absence = declare(portfolio, colleague)
    with time_machine.travel("2026-03-04T09:00:00Z"):
        end_absence(actor=portfolio.adviser.user, absence=absence)
        assert not sees(colleague, person)
    absence.refresh_from_db()
    assert (absence.ends_on, absence.cancelled_at) == (day(1), None)
    assert Cover.objects.get().ends_on == day(1)
    assert breaches() == []


def test_shortened_to_a_day(portfolio: Portfolio, colleague: Adviser) -> None:
    absence = declare(portfolio, colleague)
    for wrong in (0, 4, 6):
        with pytest.raises(DomainError, match="plus tôt"):
            end_absence(actor=portfolio.adviser.user, absence=absence, last_day=day(wrong))
    end_absence(actor=portfolio.adviser.user, absence=absence, last_day=day(2))
    assert Cover.objects.get().ends_on == day(2)
    assert breaches() == []


def add(absence: Absence, portfolio: Portfolio, colleague: Adviser, **facts: Any) -> list[str]:
    return add_cover(
        **{
            "actor": absence.adviser.user,
            "absence": absence,
            "portfolio": portfolio,
            "colleague": colleague,
            **facts,
        }
    )


def test_an_added_colleague_answers_from_today_to_the_end(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    absence = declare(portfolio, first=0)  # this absence has no cover
    newcomer = PortfolioFactory(agency=portfolio.agency).adviser
    with time_machine.travel("2026-03-04T09:00:00Z"):
        with pytest.raises(NobodyAnswersError, match="ajoutez un relais"):
            validated(portfolio)
        assert not sees(newcomer, person)
        add(absence, portfolio, newcomer)
        assert sees(newcomer, person)
        validated(portfolio)
    cover = Cover.objects.get()
    assert (cover.starts_on, cover.ends_on, cover.set_by) == (day(2), day(4), portfolio.adviser.user)
    told = Notification.objects.get(kind=NotificationKind.COVER_SET)
    assert (told.email, told.context["people"]) == (newcomer.user.email, 1)
    entry = AuditEntry.objects.filter(action=AuditAction.ABSENCE).latest("pk")
    assert (entry.actor, entry.details["event"]) == (portfolio.adviser.user, "cover_added")
    assert entry.details["covers"] == [cover.pk]
    assert breaches() == []


def test_before_the_absence_an_added_colleague_has_all_its_days(portfolio: Portfolio, colleague: Adviser) -> None:
    absence = declare(portfolio, colleague)
    other = AdviserFactory(agency=portfolio.agency)
    add(absence, portfolio, other)
    assert set(Cover.objects.values_list("colleague", "starts_on", "ends_on")) == {
        (one.pk, day(1), day(4)) for one in (colleague, other)
    }


def test_who_is_away_on_a_day_that_is_left_is_not_added(portfolio: Portfolio, colleague: Adviser) -> None:
    third, back_in_time = (AdviserFactory(agency=portfolio.agency) for _ in range(2))
    absence = declare(portfolio, third, first=0, last=4)
    declare(PortfolioFactory(adviser=colleague), third, first=4, last=6)
    declare(PortfolioFactory(adviser=back_in_time), third, first=0, last=1)
    with time_machine.travel("2026-03-04T09:00:00Z"):
        with pytest.raises(DomainError, match="absent ces jours-là"):
            add(absence, portfolio, colleague)
        add(absence, portfolio, back_in_time)


def test_who_covers_already_is_not_added_to_the_same_portfolio(portfolio: Portfolio, colleague: Adviser) -> None:
    classic = PortfolioFactory(adviser=portfolio.adviser, modality=Modality.GUIDE)
    absence = declare(portfolio, colleague)
    with pytest.raises(DomainError, match="déjà ce relais"):
        add(absence, portfolio, colleague)
    add(absence, classic, colleague)
    assert Cover.objects.filter(colleague=colleague).count() == 2


def test_nobody_is_added_once_the_absence_is_over(portfolio: Portfolio, colleague: Adviser) -> None:
    absence, called_off = declare(portfolio), declare(portfolio, first=6, last=8)
    end_absence(actor=portfolio.adviser.user, absence=called_off)
    with pytest.raises(NotAllowedNowError):
        add(called_off, portfolio, colleague)
    with time_machine.travel("2026-03-07T09:00:00Z"), pytest.raises(NotAllowedNowError):
        add(absence, portfolio, colleague)
    with time_machine.travel("2026-03-06T09:00:00Z"):
        add(absence, portfolio, colleague)


def test_only_a_portfolio_of_the_absent_adviser_by_who_may_declare(portfolio: Portfolio, colleague: Adviser) -> None:
    absence = declare(portfolio)
    with pytest.raises(DomainError, match="Choisissez un portefeuille de"):
        add(absence, PortfolioFactory(agency=portfolio.agency), colleague)
    with pytest.raises(DomainError, match="vos régions"):
        add(absence, portfolio, colleague, actor=colleague.user)
    add(absence, portfolio, colleague, actor=ManagerFactory(regions=[portfolio.agency.departement.region]).user)


def test_each_breach_is_found(portfolio: Portfolio, colleague: Adviser) -> None:
    absence = declare(portfolio, colleague)
    Cover.objects.update(ends_on=day(5))
    assert len(list(invariants.covers_within_their_absence())) == 1
    Cover.objects.update(ends_on=day(4), colleague=portfolio.adviser)
    assert len(list(invariants.covered_by_somebody_else())) == 1
    assert len(list(invariants.nobody_covers_while_absent())) == 1
    Cover.objects.update(colleague=colleague)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE caseload_absence DROP CONSTRAINT absence_never_overlaps")
    Absence.objects.create(
        adviser=absence.adviser, starts_on=day(2), ends_on=day(8), set_by=absence.set_by, set_at=timezone.now()
    )
    assert len(list(invariants.absences_never_overlap())) == 1


# --- Pages ---------------------------------------------------------------------------------------


def test_an_absence_is_declared_in_two_steps(client: Client, portfolio: Portfolio, colleague: Adviser) -> None:
    on_web_track(portfolio)
    client.force_login(portfolio.adviser.user)
    facts = {"du": "2026-03-03", "au": "2026-03-06", f"relais_{portfolio.pk}": [colleague.pk]}
    text = client.get("/absences/declarer/", facts).content.decode()
    assert "Aucun entretien n'est prévu" in text
    answer = client.post("/absences/declarer/", facts, follow=True)
    assert str(colleague) in answer.content.decode()
    absence = Absence.objects.get()
    assert f"/absences/{absence.pk}/" in client.get("/absences/").content.decode()
    client.force_login(colleague.user)
    text = client.get(f"/absences/{absence.pk}/").content.decode()
    assert "Raccourcir" not in text
    assert client.post(f"/absences/{absence.pk}/fin/").status_code == 403


def test_a_refused_form_keeps_what_was_typed(client: Client, portfolio: Portfolio, colleague: Adviser) -> None:
    on_web_track(portfolio)
    client.force_login(portfolio.adviser.user)
    answer = client.get("/absences/declarer/", {"du": "2026-03-06", "au": "2026-03-03"})
    assert answer.status_code == 422
    assert 'value="2026-03-06"' in answer.content.decode()
    assert "vérifiez les dates" in answer.content.decode()
    answer = client.get("/absences/declarer/", {"du": "hier", "au": ""})
    assert answer.status_code == 422


def test_a_manager_changes_the_colleague_and_shortens(client: Client, portfolio: Portfolio, colleague: Adviser) -> None:
    third = AdviserFactory(agency=portfolio.agency)
    client.force_login(ManagerFactory(regions=[portfolio.agency.departement.region]).user)
    absence = declare(portfolio, colleague)
    cover = Cover.objects.get()
    client.post(f"/absences/{absence.pk}/relais/{cover.pk}/", {"collegue": third.pk})
    assert Cover.objects.get(cancelled_at=None).colleague == third
    assert client.post(f"/absences/{absence.pk}/fin/", {"raccourcir": "1", "au": "x"}).status_code == 422
    refused = client.post(f"/absences/{absence.pk}/fin/", {"raccourcir": "1", "au": "2026-04-03"})
    assert refused.status_code == 409
    assert 'value="2026-04-03"' in refused.content.decode()
    assert client.post(f"/absences/{absence.pk}/fin/", {"raccourcir": "1", "au": "2026-03-04"}).status_code == 302
    absence.refresh_from_db()
    assert absence.ends_on == day(2)


def test_a_relay_is_added_on_the_page(client: Client, portfolio: Portfolio, colleague: Adviser) -> None:
    classic = PortfolioFactory(adviser=portfolio.adviser, modality=Modality.GUIDE)
    absence = declare(portfolio, colleague)
    third = AdviserFactory(agency=portfolio.agency)
    client.force_login(portfolio.adviser.user)
    url = f"/absences/{absence.pk}/relais/"
    assert "Ajouter un relais" in client.get(f"/absences/{absence.pk}/").content.decode()
    incomplete = client.post(url, {"portefeuille": classic.pk, "collegue": ""})
    assert incomplete.status_code == 422
    assert f'<option value="{classic.pk}" selected>' in incomplete.content.decode()
    refused = client.post(url, {"portefeuille": portfolio.pk, "collegue": colleague.pk})
    assert refused.status_code == 409
    assert "assure déjà ce relais" in refused.content.decode()
    assert f'<option value="{portfolio.pk}" selected>' in refused.content.decode()
    answer = client.post(url, {"portefeuille": classic.pk, "collegue": third.pk}, follow=True)
    assert f"{third} assure aussi le relais" in answer.content.decode().replace("&#x27;", "'")
    assert Cover.objects.get(portfolio=classic).colleague == third
    client.force_login(third.user)
    assert "Ajouter un relais" not in client.get(f"/absences/{absence.pk}/").content.decode()
    assert client.post(url, {"portefeuille": classic.pk, "collegue": third.pk}).status_code == 403
    client.force_login(PortfolioFactory().adviser.user)
    assert client.post(url, {"portefeuille": classic.pk, "collegue": third.pk}).status_code == 404


def test_the_page_says_that_nobody_is_there(client: Client, portfolio: Portfolio) -> None:
    absence = declare(portfolio)
    client.force_login(portfolio.adviser.user)
    assert "Aucun collègue de la région n'est là" in client.get(f"/absences/{absence.pk}/").content.decode()
    AdviserFactory(agency=portfolio.agency)
    assert "Aucun collègue de la région n'est là" not in client.get(f"/absences/{absence.pk}/").content.decode()


def test_a_cover_without_an_absence_also_says_who_answers(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    cover = CoverFactory(portfolio=portfolio)
    away = away_now(person, now=timezone.now())
    assert away
    assert away.colleagues == (cover.colleague,)
