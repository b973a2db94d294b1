"""Enrolments that nobody decides in time: the delays, the job, and who is told."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.models import AuditEntry, LapseDelay
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services.enrolments.lapses import cancel_lapse_delay, set_lapse_delay
from tests.caseload.factories import ManagerFactory

pytestmark = pytest.mark.django_db


class TestSettingADelay:
    def facts(self, **others: Any) -> dict[str, Any]:
        return {
            "actor": ManagerFactory().user,
            "state": EnrolmentState.ASKED,
            "days": 20,
            "starts_on": timezone.localdate(),
            "reason": "Entretiens sous trois semaines",
            **others,
        }

    def test_is_dated_and_audited(self) -> None:
        facts = self.facts()
        delay = set_lapse_delay(**facts)
        assert (delay.days, delay.reason, delay.set_by) == (20, facts["reason"], facts["actor"])
        row = AuditEntry.objects.get(action=AuditAction.LAPSE_DELAY)
        assert (row.actor, row.details["days"], row.details["before"]) == (facts["actor"], 20, None)

    def test_of_the_same_day_is_replaced_by_who_has_seen_it_and_the_same_again_changes_nothing(self) -> None:
        facts = self.facts()
        for days in (20, 20):
            set_lapse_delay(**{**facts, "days": days})
        with pytest.raises(ChangedMeanwhileError, match="20\u00a0jours") as refused:
            set_lapse_delay(**{**facts, "days": 15})
        assert LapseDelay.objects.get(starts_on=facts["starts_on"]).days == 20
        set_lapse_delay(**{**facts, "days": 15, "seen": refused.value.now.state})
        assert LapseDelay.objects.get(starts_on=facts["starts_on"]).days == 15
        rows = AuditEntry.objects.filter(action=AuditAction.LAPSE_DELAY).order_by("pk")
        assert [(row.details["before"], row.details["days"]) for row in rows] == [(None, 20), (20, 15)]

    def test_to_come_is_taken_back_and_one_in_force_is_not(self) -> None:
        actor = ManagerFactory().user
        later = set_lapse_delay(**self.facts(starts_on=timezone.localdate() + timedelta(days=1)))
        today = set_lapse_delay(**self.facts())
        cancel_lapse_delay(actor=actor, delay=later)
        for gone in (later, today):
            with pytest.raises(NotAllowedNowError):
                cancel_lapse_delay(actor=actor, delay=gone)
        assert LapseDelay.objects.filter(pk=today.pk).exists()
        row = AuditEntry.objects.get(action=AuditAction.LAPSE_DELAY, details__event="cancelled")
        assert (row.actor, row.details["days"]) == (actor, 20)

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"state": EnrolmentState.ACTIVE}, "Un délai de réponse concerne"),
            ({"days": 0}, "1 à 365"),
            ({"days": 366}, "1 à 365"),
            ({"reason": "  "}, "motif"),
            ({"starts_on": date(2014, 1, 1)}, "à venir"),
        ],
        ids=["state", "none", "too long", "no reason", "past"],
    )
    def test_refuses_what_makes_no_sense(self, facts: dict[str, Any], words: str) -> None:
        before = LapseDelay.objects.count()
        with pytest.raises(DomainError, match=words):
            set_lapse_delay(**self.facts(**facts))
        assert LapseDelay.objects.count() == before
        set_lapse_delay(**self.facts(starts_on=timezone.localdate() + timedelta(days=1)))
