"""Contact plans and the obligations planned from them."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature, Modality, ObligationState, Tier, Track
from accompaniment.models import AuditEntry, Contact, ContactPlan, Jobseeker, Obligation
from accompaniment.reads.contact_plans import default_plan
from accompaniment.reads.invariants import obligations_never_overlap
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import journal, plans
from tests.accompaniment.factories import (
    AgencyFactory,
    JobseekerFactory,
    PlanDefaultFactory,
    RegionFactory,
    plan_defaults,
)
from tests.caseload.factories import follower

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 5)


def begin(person: Jobseeker, day: date = DAY, track: Track = Track.WEB) -> ContactPlan:
    with transaction.atomic():
        plan = plans.begin_default_plan(
            actor=None,
            jobseeker=person,
            tier=Tier.GUIDE,
            track=track,
            at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        )
    assert plan is not None
    return plan


def contact(person: Jobseeker, source: str = "test:1", nature: ContactNature = ContactNature.INTERVIEW) -> Contact:
    return journal.write_contact(
        jobseeker=person,
        at=timezone.now(),
        channel=Channel.VIDEO,
        nature=nature,
        author=None,
        summary="",
        source=source,
    )


@pytest.fixture
def person() -> Jobseeker:
    plan_defaults()
    return JobseekerFactory()


class TestPeriodsOfAPlan:
    @pytest.mark.parametrize(("days", "begun"), [(-1, 0), (0, 1), (27, 1), (28, 2), (100, 4), (365, 14)])
    def test_depend_on_the_plan_alone_and_begin_on_their_day(self, person: Jobseeker, days: int, begun: int) -> None:
        plan = begin(person)
        plans.plan_obligations(today=DAY + timedelta(days=days))
        written = [(row.period.lower, row.period.upper) for row in Obligation.objects.order_by("due_on")]
        period = timedelta(days=plan.interval_days)
        assert period == timedelta(days=28)
        assert written == [(DAY + number * period, DAY + (number + 1) * period) for number in range(begun)]


class TestPlanning:
    def test_again_and_late_writes_the_same_rows(self, person: Jobseeker) -> None:
        begin(person)
        assert plans.plan_obligations(today=DAY) == 1
        assert plans.plan_obligations(today=DAY) == 0
        assert plans.plan_obligations(today=DAY + timedelta(days=60)) == 2
        assert plans.plan_obligations(today=DAY) == 0
        assert list(obligations_never_overlap()) == []

    def test_leaves_an_audit_row_for_each_obligation(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY + timedelta(days=60))
        plans.plan_obligations(today=DAY + timedelta(days=60))
        rows = AuditEntry.objects.filter(jobseeker=person, actor=None, details__event="begun", action="obligation")
        written = Obligation.objects.filter(jobseeker=person).values_list("pk", flat=True)
        assert sorted(row.details["obligation"] for row in rows) == sorted(written)
        assert len(written) == 3

    def test_begins_on_the_day_of_the_agency(self) -> None:
        PlanDefaultFactory()
        # At 23:00 UTC on the 4th, the 5th has begun in Réunion, but not in Martinique.
        here = {
            zone: JobseekerFactory(agency=AgencyFactory(region=RegionFactory(timezone=zone)))
            for zone in ("Indian/Reunion", "America/Martinique")
        }
        for someone in here.values():
            begin(someone)
        with time_machine.travel(datetime(2026, 1, 4, 23, tzinfo=UTC)):
            plans.plan_obligations()
        assert Obligation.objects.get().jobseeker == here["Indian/Reunion"]

    def test_leaves_out_a_plan_that_has_ended(self, person: Jobseeker) -> None:
        begin(person)
        with transaction.atomic():
            plans.end_plan(actor=None, jobseeker=person, day=DAY, at=timezone.now(), reason="Fin")
        assert plans.plan_obligations(today=DAY + timedelta(days=60)) == 0


class TestDefaults:
    def test_the_latest_that_has_begun_counts(self) -> None:
        PlanDefaultFactory(starts_on=date(2013, 1, 1), interval_days=28)
        PlanDefaultFactory(starts_on=date(2026, 2, 1), interval_days=14)
        before = default_plan(modality=Modality.GUIDE_WEB, day=date(2026, 1, 31))
        after = default_plan(modality=Modality.GUIDE_WEB, day=date(2026, 2, 1))
        assert before is not None
        assert after is not None
        assert (before.interval_days, after.interval_days) == (28, 14)

    def test_a_modality_without_one_ends_the_plan_and_begins_none(self) -> None:
        PlanDefaultFactory(modality=Modality.GUIDE_WEB)
        person = JobseekerFactory()
        begin(person)
        at = datetime(2026, 1, 20, 12, tzinfo=UTC)
        with transaction.atomic():
            none = plans.begin_default_plan(actor=None, jobseeker=person, tier=Tier.SUIVI, track=Track.CLASSIC, at=at)
        assert none is None
        assert not ContactPlan.objects.current().exists()


class TestReplacing:
    def test_waives_what_is_due(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY)
        begin(person, DAY + timedelta(days=7), track=Track.CLASSIC)
        waived = Obligation.objects.get()
        assert (waived.state, waived.waived_reason) == (ObligationState.WAIVED, "Changement d'accompagnement")
        assert plans.plan_obligations(today=DAY + timedelta(days=7)) == 1

    def test_begins_after_a_period_that_was_held(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY)
        held = plans.hold_obligation(
            actor=follower(person), obligation=Obligation.objects.get(), contact=contact(person)
        )
        plan = begin(person, DAY + timedelta(days=7))
        assert plan.starts_on == held.period.upper
        plans.plan_obligations(today=DAY + timedelta(days=60))
        assert list(obligations_never_overlap()) == []

    @pytest.mark.parametrize("days", [1, 3, 27])
    def test_on_the_same_day_or_soon_after_never_overlaps(self, person: Jobseeker, days: int) -> None:
        begin(person)
        plans.plan_obligations(today=DAY)
        for day in (DAY, DAY + timedelta(days=days)):
            begin(person, day)
            plans.plan_obligations(today=day)
        assert Obligation.objects.due().count() == 1
        assert list(obligations_never_overlap()) == []


class TestChanging:
    def change(self, person: Jobseeker, **facts: Any) -> ContactPlan:
        return plans.change_plan(
            **{
                "actor": follower(person),
                "jobseeker": person,
                "channel": Channel.PHONE,
                "interval_days": 14,
                "reason": "Convenu avec la personne",
                "review_on": timezone.localdate() + timedelta(days=90),
                **facts,
            }
        )

    def test_keeps_the_history(self, person: Jobseeker) -> None:
        first = begin(person)
        second = self.change(person)
        first.refresh_from_db()
        assert first.ended_on is not None
        assert ContactPlan.objects.current().get() == second

    def test_is_reviewed_on_a_day_to_come(self, person: Jobseeker) -> None:
        with pytest.raises(DomainError, match="à venir"):
            self.change(person, review_on=timezone.localdate())
        assert self.change(person, review_on=timezone.localdate() + timedelta(days=1))


class TestHolding:
    def test_is_done_once_and_by_a_line_of_the_journal(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY)
        obligation = Obligation.objects.get()
        line = contact(person)
        held = plans.hold_obligation(actor=follower(person), obligation=obligation, contact=line)
        assert (held.state, held.contact, held.held_at) == (ObligationState.HELD, line, line.at)
        with pytest.raises(NotAllowedNowError):
            plans.hold_obligation(actor=follower(person), obligation=obligation, contact=line)

    def test_is_not_done_of_what_was_waived(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY)
        with transaction.atomic():
            plans.end_plan(actor=None, jobseeker=person, day=DAY, at=timezone.now(), reason="Fin")
        with pytest.raises(NotAllowedNowError):
            plans.hold_obligation(actor=follower(person), obligation=Obligation.objects.get(), contact=contact(person))

    @pytest.mark.parametrize(
        ("nature", "channel"), [(ContactNature.MESSAGE, Channel.CHAT), (ContactNature.CALLBACK, Channel.PHONE)]
    )
    def test_is_not_done_by_less_than_the_plan_asks_for(
        self, person: Jobseeker, nature: ContactNature, channel: Channel
    ) -> None:
        """Kind: a rule that only the page knew. The service too refuses to count a message as a mandatory interview."""
        plan = begin(person)
        plans.plan_obligations(today=DAY)
        line = contact(person, nature=nature)
        with pytest.raises(DomainError, match="demande un autre contact"):
            plans.hold_obligation(actor=follower(person), obligation=Obligation.objects.get(), contact=line)
        ContactPlan.objects.filter(pk=plan.pk).update(nature=nature, channel=channel)
        assert plans.hold_obligation(actor=follower(person), obligation=Obligation.objects.get(), contact=line)

    def test_is_done_by_a_contact_that_holds_no_other(self, person: Jobseeker) -> None:
        begin(person)
        plans.plan_obligations(today=DAY + timedelta(days=40))
        first, second = Obligation.objects.order_by("due_on")
        line = contact(person)
        plans.hold_obligation(actor=follower(person), obligation=first, contact=line)
        with pytest.raises(DomainError, match="déjà comme un autre entretien"):
            plans.hold_obligation(actor=follower(person), obligation=second, contact=line)
        facts = {"state": ObligationState.HELD, "held_at": line.at, "contact": line}
        with pytest.raises(IntegrityError, match="obligation_one_per_contact"), transaction.atomic():
            Obligation.objects.filter(pk=second.pk).update(**facts)
        assert plans.hold_obligation(actor=follower(person), obligation=second, contact=contact(person, "test:2"))


def test_what_one_contact_held_beside_another_is_waived_when_the_rule_comes(person: Jobseeker) -> None:
    """Kind: a constraint that existing rows of a running service may break."""
    migration = import_module("accompaniment.migrations.0024_one_obligation_per_contact")
    begin(person)
    plans.plan_obligations(today=DAY + timedelta(days=40))
    line = contact(person)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accompaniment_obligation DROP CONSTRAINT obligation_one_per_contact")
        Obligation.objects.update(state=ObligationState.HELD, held_at=line.at, contact=line)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        # As in the migration: one transaction, with the constraint last.
        cursor.execute(migration.WAIVE)
        cursor.execute(
            "ALTER TABLE accompaniment_obligation ADD CONSTRAINT obligation_one_per_contact UNIQUE (contact_id)"
        )
    assert list(Obligation.objects.order_by("due_on").values_list("state", "contact")) == [
        (ObligationState.HELD, line.pk),
        (ObligationState.WAIVED, None),
    ]


def test_the_same_source_writes_one_line_of_the_journal(person: Jobseeker) -> None:
    assert contact(person) == contact(person)
    assert contact(person, "test:2") != contact(person)
