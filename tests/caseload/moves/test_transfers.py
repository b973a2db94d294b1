"""Transfers: who may order one, who moves, who does not and why, and what moves with the person."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, NotificationKind
from accompaniment.models import AuditEntry, Jobseeker, Notification, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.enums import TransferState
from caseload.hooks.handover import Carried, Handover, on_handover
from caseload.models import Placement, Portfolio, ReadingRight, Transfer, TransferBatch
from caseload.reads.moves.transfer_reports import report_of, why_not_in_words
from caseload.services.moves.carrying_out import carry_out, carry_out_due, finish
from caseload.services.moves.transfers import TargetsFullError, cancel_transfers, move_everybody, transfer_people
from tests.accompaniment.factories import AgencyFactory, plan_defaults
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    placed,
    planned_transfer,
    standing,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    """A classic portfolio, in which people are placed quickly."""
    return PortfolioFactory(modality=Modality.GUIDE)


@pytest.fixture
def beside(portfolio: Portfolio) -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)


def decide(portfolio: Portfolio, *people: Jobseeker, targets: list[Portfolio], **facts: Any) -> TransferBatch:
    return transfer_people(
        **{
            "actor": portfolio.adviser.user,
            "people": standing(*people),
            "targets": targets,
            "reason": "Congé parental",
            **facts,
        }
    )


def where(person: Jobseeker) -> Portfolio | None:
    placement = Placement.objects.open().filter(jobseeker=person).select_related("portfolio").first()
    return placement.portfolio if placement else None


def why_not(batch: TransferBatch, person: Jobseeker) -> str:
    """Return the sentence that the report makes of the stored code."""
    (sentence,) = why_not_in_words([batch.transfers.get(jobseeker=person, state=TransferState.NOT_DONE)])
    return sentence


class TestAtOnce:
    def test_the_person_moves_and_every_side_knows(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        batch = decide(portfolio, person, targets=[beside])
        assert where(person) == beside
        portfolio.refresh_from_db()
        beside.refresh_from_db()
        assert (portfolio.occupied, beside.occupied) == (0, 1)
        transfer = batch.transfers.get()
        assert (transfer.state, transfer.source, transfer.target) == (TransferState.DONE, portfolio, beside)
        told = Notification.objects.get(kind=NotificationKind.ADVISER_CHANGED)
        assert (told.jobseeker, told.context["adviser"]) == (person, beside.adviser.user.full_name)
        received = Notification.objects.get(kind=NotificationKind.PEOPLE_RECEIVED)
        assert (received.user, received.context["received"]) == (beside.adviser.user, 1)
        assert AuditEntry.objects.filter(
            jobseeker=person, action=AuditAction.TRANSFER, actor=portfolio.adviser.user, details__event="done"
        ).exists()

    def test_done_again_nothing_happens(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        batch = decide(portfolio, person, targets=[beside])
        carry_out(batch.transfers.get())
        finish(batch)
        carry_out_due(now=timezone.now())
        assert Placement.objects.filter(jobseeker=person).count() == 2
        assert Notification.objects.filter(kind=NotificationKind.ADVISER_CHANGED).count() == 1
        assert Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).count() == 1

    def test_the_same_form_sent_twice_is_done_once(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person, token = placed(portfolio), uuid4()
        seen = standing(person)
        first = decide(portfolio, targets=[beside], people=seen, token=token)
        again = decide(portfolio, targets=[beside], people=seen, token=token)
        assert first == again
        assert TransferBatch.objects.count() == 1
        another = decide(portfolio, targets=[beside], people=seen, token=uuid4())
        assert "N'est plus dans le portefeuille" in why_not(another, person)

    def test_another_decision_of_the_same_form_is_a_new_act(self, portfolio: Portfolio, beside: Portfolio) -> None:
        """Kind: a second decision of one form that leads to the report of the first."""
        person, token = placed(portfolio), uuid4()
        seen = standing(person)
        third = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
        first = decide(portfolio, targets=[beside], people=seen, token=token)
        other = decide(portfolio, targets=[third], people=seen, token=token)
        assert other != first
        assert "N'est plus dans le portefeuille" in why_not(other, person)
        assert where(person) == beside

    def test_many_are_spread_over_the_least_loaded(self, portfolio: Portfolio, beside: Portfolio) -> None:
        placed(beside)
        third = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
        people = [placed(portfolio) for _ in range(5)]
        decide(portfolio, *people, targets=[beside, third])
        beside.refresh_from_db()
        third.refresh_from_db()
        assert (beside.occupied, third.occupied) == (3, 3)
        assert Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).count() == 2

    def test_who_finds_no_place_is_named(self, portfolio: Portfolio) -> None:
        small = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
        people = [placed(portfolio) for _ in range(2)]
        batch = decide(portfolio, *people, targets=[small])
        (left,) = [person for person in people if where(person) == portfolio]
        assert why_not(batch, left).startswith(f"Complet\u00a0: {small.adviser}")

    def test_nobody_has_a_place(self, portfolio: Portfolio) -> None:
        full = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
        placed(full)
        person = placed(portfolio)
        with pytest.raises(TargetsFullError):
            decide(portfolio, person, targets=[full])
        assert not TransferBatch.objects.exists()

    def test_the_next_portfolio_is_taken_when_one_was_filled_meanwhile(
        self, portfolio: Portfolio, beside: Portfolio
    ) -> None:
        small = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
        person = placed(portfolio)
        placed(beside)
        tomorrow = timezone.localdate() + timedelta(days=1)
        batch = decide(portfolio, person, targets=[small, beside], due_on=tomorrow)
        assert batch.transfers.get().target == small
        placed(small)
        carry_out_due(now=timezone.now() + timedelta(days=2))
        assert where(person) == beside


class TestWhoDoesNotMove:
    def test_another_tier(self, portfolio: Portfolio) -> None:
        other = PortfolioFactory(modality=Modality.SUIVI, agency=portfolio.agency)
        person = placed(portfolio)
        batch = decide(portfolio, person, targets=[other])
        assert where(person) == portfolio
        assert "modalité" in why_not(batch, person)

    def test_a_closed_account(self, portfolio: Portfolio, beside: Portfolio) -> None:
        beside.adviser.user.is_active = False
        beside.adviser.user.save()
        person = placed(portfolio)
        assert "fermé" in why_not(decide(portfolio, person, targets=[beside]), person)

    def test_already_planned(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        decide(portfolio, person, targets=[beside], due_on=timezone.localdate() + timedelta(days=3))
        assert "déjà prévu" in why_not(decide(portfolio, person, targets=[beside]), person)
        assert where(person) == portfolio

    def test_moved_meanwhile(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        seen = standing(person)
        manager = ManagerFactory().user
        decide(portfolio, person, targets=[beside], actor=manager)
        third = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
        batch = decide(portfolio, targets=[third], people=seen, actor=manager)
        assert "N'est plus" in why_not(batch, person)
        assert where(person) == beside

    def test_already_there(self, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        assert "déjà dans ce portefeuille" in why_not(decide(portfolio, person, targets=[portfolio]), person)

    def test_left_the_track_since_it_was_planned(self) -> None:
        plan_defaults()
        web = PortfolioFactory()
        other = PortfolioFactory(agency=web.agency)
        person = on_web_track(web)
        batch = decide(web, person, targets=[other], due_on=timezone.localdate() + timedelta(days=1))
        leave_track(actor=person.user, jobseeker=person)
        transfer = batch.transfers.get()
        assert (transfer.state, where(person)) == (TransferState.NOT_DONE, None)
        assert AuditEntry.objects.filter(
            jobseeker=person, action=AuditAction.TRANSFER, actor=person.user, details__event="not_done"
        ).exists()
        carry_out_due(now=timezone.now() + timedelta(days=2))
        assert where(person) is None
        batch.refresh_from_db()
        assert batch.finished_at is not None


class TestWhoMay:
    def test_an_adviser_only_within_the_agency(self, portfolio: Portfolio, beside: Portfolio) -> None:
        platform = PortfolioFactory(
            modality=Modality.GUIDE, agency=AgencyFactory(departement=portfolio.agency.departement)
        )
        person = placed(portfolio)
        with pytest.raises(DomainError, match="votre agence"):
            decide(portfolio, person, targets=[platform])
        manager = ManagerFactory(regions=[portfolio.agency.region]).user
        decide(portfolio, person, targets=[platform], actor=manager)
        assert where(person) == platform

    def test_an_adviser_only_the_own_people(self, portfolio: Portfolio, beside: Portfolio) -> None:
        mine, theirs = placed(portfolio), placed(beside)
        with pytest.raises(DomainError, match="que vous suivez"):
            decide(portfolio, mine, theirs, targets=[beside])
        assert where(mine) == portfolio

    def test_a_manager_only_in_the_own_regions(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        here, elsewhere = beside.agency.region, AgencyFactory().region
        with pytest.raises(DomainError, match="Choisissez des portefeuilles de vos régions"):
            decide(portfolio, person, targets=[beside], actor=ManagerFactory(regions=[elsewhere]).user)
        far = PortfolioFactory(modality=Modality.GUIDE)
        stranger, local = placed(far), ManagerFactory(regions=[here]).user
        with pytest.raises(DomainError, match="que vous suivez ou de vos régions"):
            decide(portfolio, person, stranger, targets=[beside], actor=local)
        assert where(person) == portfolio
        decide(portfolio, person, targets=[beside], actor=local)
        assert where(person) == beside

    def test_a_reason_is_needed(self, portfolio: Portfolio, beside: Portfolio) -> None:
        with pytest.raises(DomainError, match="motif"):
            decide(portfolio, placed(portfolio), targets=[beside], reason="  ")

    def test_no_day_that_is_past(self, portfolio: Portfolio, beside: Portfolio) -> None:
        with pytest.raises(DomainError, match="passé"):
            decide(portfolio, placed(portfolio), targets=[beside], due_on=timezone.localdate() - timedelta(days=1))

    def test_only_a_manager_keeps_the_reading(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        with pytest.raises(DomainError, match="responsable"):
            decide(portfolio, person, targets=[beside], keep_reading=True)
        manager = ManagerFactory().user
        decide(portfolio, person, targets=[beside], keep_reading=True, actor=manager)
        right = ReadingRight.objects.get()
        assert (right.adviser, right.jobseeker, right.granted_by) == (portfolio.adviser, person, manager)
        assert right.ends_at - right.starts_at == timedelta(days=30)

    def test_without_it_nothing_is_kept(self, portfolio: Portfolio, beside: Portfolio) -> None:
        decide(portfolio, placed(portfolio), targets=[beside], actor=ManagerFactory().user)
        assert not ReadingRight.objects.exists()


class TestOnADay:
    def test_the_day_does_it_and_however_late(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        day = timezone.localdate() + timedelta(days=2)
        decide(portfolio, person, targets=[beside], due_on=day)
        carry_out_due(now=timezone.now() + timedelta(days=1))
        assert where(person) == portfolio
        for _ in range(2):
            carry_out_due(now=timezone.now() + timedelta(days=9))
        assert where(person) == beside
        assert Placement.objects.filter(jobseeker=person).count() == 2
        assert Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).count() == 1

    def test_cancelled_in_time(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person, other = placed(portfolio), placed(portfolio)
        batch = decide(portfolio, person, other, targets=[beside], due_on=timezone.localdate() + timedelta(days=2))
        with pytest.raises(DomainError, match="annuler"):
            cancel_transfers(actor=AdviserFactory().user, batch=batch)
        one = batch.transfers.get(jobseeker=person)
        assert cancel_transfers(actor=portfolio.adviser.user, batch=batch, only=[one]) == 1
        carry_out_due(now=timezone.now() + timedelta(days=3))
        assert (where(person), where(other)) == (portfolio, beside)
        with pytest.raises(NotAllowedNowError):
            cancel_transfers(actor=portfolio.adviser.user, batch=batch)

    def test_a_closed_account_among_the_targets_holds_up_nobody(self, portfolio: Portfolio) -> None:
        """A closed account has a cap of zero, by which nothing may be divided."""
        small = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
        closing = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
        person = placed(portfolio)
        batch = decide(portfolio, person, targets=[small, closing], due_on=timezone.localdate() + timedelta(days=2))
        placed(small)
        User.objects.filter(pk=closing.adviser.user_id).update(is_active=False)
        Portfolio.objects.filter(pk=closing.pk).update(capacity=0)
        carry_out_due(now=timezone.now() + timedelta(days=3))
        assert why_not(batch, person).startswith("Le portefeuille de")
        batch.refresh_from_db()
        assert batch.finished_at is not None


@pytest.fixture
def fails_for() -> Iterator[list[int]]:
    """Let the move of these people fail, as by a fault of an upper floor."""
    people: list[int] = []

    def fail(handover: Handover) -> Carried:
        if handover.jobseeker.pk in people:
            raise RuntimeError("a fault of an upper floor")
        return Carried()

    on_handover.append(fail)
    yield people
    on_handover.remove(fail)


class TestAFault:
    @pytest.mark.parametrize("in_days", [0, 2])
    def test_one_person_s_leaves_the_others_moved(
        self, portfolio: Portfolio, beside: Portfolio, fails_for: list[int], in_days: int
    ) -> None:
        people = [placed(portfolio) for _ in range(3)]
        fails_for.append(people[1].pk)
        day = timezone.localdate() + timedelta(days=in_days)
        batch = decide(portfolio, *people, targets=[beside], due_on=day)
        later = timezone.now() + timedelta(days=in_days)
        carry_out_due(now=later)
        assert [where(person) for person in people] == [beside, portfolio, beside]
        assert batch.transfers.planned().get().jobseeker == people[1]
        fails_for.clear()
        carry_out_due(now=later + timedelta(minutes=settings.SETBACK_WAITS_MINUTES[0]))
        assert where(people[1]) == beside
        batch.refresh_from_db()
        assert batch.finished_at is not None

    def test_what_is_due_and_does_not_get_done_can_be_cancelled(
        self, portfolio: Portfolio, beside: Portfolio, fails_for: list[int]
    ) -> None:
        person = placed(portfolio)
        fails_for.append(person.pk)
        batch = decide(portfolio, person, targets=[beside])
        report = report_of(batch, reader=portfolio.adviser.user, now=timezone.now())
        assert (len(report.running), report.may_cancel) == (1, True)
        assert cancel_transfers(actor=portfolio.adviser.user, batch=batch) == 1
        fails_for.clear()
        carry_out_due(now=timezone.now())
        assert where(person) == portfolio


class TestEverybody:
    def test_a_portfolio_is_emptied_and_planned_ones_are_replaced(
        self, portfolio: Portfolio, beside: Portfolio
    ) -> None:
        people = [placed(portfolio) for _ in range(3)]
        decide(portfolio, people[0], targets=[beside], due_on=timezone.localdate() + timedelta(days=2))
        manager = ManagerFactory().user
        batch = move_everybody(actor=manager, portfolio=portfolio, targets=[beside], reason="Départ")
        portfolio.refresh_from_db()
        assert portfolio.occupied == 0
        assert [where(person) for person in people] == [beside] * 3
        assert batch.transfers.filter(state=TransferState.DONE).count() == 3
        assert Transfer.objects.filter(state=TransferState.CANCELLED).count() == 1

    def test_an_empty_one(self, portfolio: Portfolio, beside: Portfolio) -> None:
        with pytest.raises(DomainError):
            move_everybody(actor=ManagerFactory().user, portfolio=portfolio, targets=[beside], reason="Départ")


def test_statements_grow_by_the_same_number_per_person(portfolio: Portfolio, beside: Portfolio) -> None:
    """Kind: queries that grow with the batch. Each person's own transaction is all that is added."""
    counts = []
    for size in (2, 4, 8):
        people = [placed(portfolio) for _ in range(size)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            decide(portfolio, *people, targets=[beside])
        counts.append(len(captured))
    per_person = (counts[1] - counts[0]) / 2
    assert (counts[2] - counts[1]) / 4 == per_person
    assert per_person <= 30, captured.captured_queries[-40:]


PLANTED = {
    "planned_transfers_leave_from_where_people_are": (
        "UPDATE caseload_placement SET ended_at = clock_timestamp(), end_reason = 'left' WHERE ended_at IS NULL"
    ),
    "done_transfers_have_their_placements": "UPDATE caseload_placement SET end_reason = 'left' WHERE end_reason <> ''",
    "finished_batches_are_settled": "DELETE FROM accompaniment_notification WHERE kind = 'people_received'",
    "reading_rights_are_a_managers_and_end": "UPDATE caseload_readingright SET ends_at = starts_at + interval '1 year'",
}


@pytest.mark.parametrize("check", PLANTED)
def test_a_breach_is_found(
    check: str, portfolio: Portfolio, beside: Portfolio, capsys: pytest.CaptureFixture[str]
) -> None:
    manager = ManagerFactory().user
    decide(portfolio, placed(portfolio), targets=[beside], actor=manager, keep_reading=True)
    planned_transfer(placed(portfolio), to=beside, decided_by=manager)
    call_command("check_invariants")
    assert "0 breaches" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute(PLANTED[check])
    with pytest.raises(SystemExit):
        call_command("check_invariants")
    assert f"{check}: " in capsys.readouterr().out
