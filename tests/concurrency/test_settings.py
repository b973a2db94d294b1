"""Two managers change a setting at once: one change is written, the other manager is told.

With a control without the guard.
"""

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.utils import timezone

from accompaniment.models import AuditEntry, LapseDelay, Region
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services.enrolments.lapses import set_lapse_delay
from accompaniment.services.territory import set_region_opening, shown_opening
from tests.accompaniment.factories import RegionFactory
from tests.caseload.factories import ManagerFactory
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_day_is_written_and_the_others_are_told() -> None:
    region = RegionFactory(closed=True)
    actors = [ManagerFactory().user for _ in range(4)]
    days = [timezone.localdate() + timedelta(days=10 + number) for number in range(4)]
    results = at_once(
        *(
            partial(set_region_opening, actor=actor, region=region, opens_on=day, seen=shown_opening(region).state)
            for actor, day in zip(actors, days, strict=True)
        )
    )
    (written,) = [result for result in results if isinstance(result, Region)]
    told = [result for result in results if isinstance(result, ChangedMeanwhileError)]
    assert [one.now for one in told] == [shown_opening(written)] * 3
    region.refresh_from_db()
    assert region.web_opens_on == written.web_opens_on
    assert AuditEntry.objects.filter(action="region").count() == 1


def test_one_delay_is_written_and_the_others_are_told() -> None:
    actors = [ManagerFactory().user for _ in range(4)]
    starts_on = timezone.localdate() + timedelta(days=3)
    results = at_once(
        *(
            partial(
                set_lapse_delay,
                actor=actor,
                state="asked",
                days=20 + number,
                starts_on=starts_on,
                reason="Été",
            )
            for number, actor in enumerate(actors)
        )
    )
    (written,) = [result for result in results if isinstance(result, LapseDelay)]
    assert len([result for result in results if isinstance(result, ChangedMeanwhileError)]) == 3
    assert LapseDelay.objects.get(starts_on=starts_on).days == written.days


def test_without_the_guard_the_last_one_wins_silently() -> None:
    """The control: both have checked, both write, and nobody is told."""
    region = RegionFactory(closed=True)
    both_have_looked = Barrier(2)

    def unguarded(days: int) -> bool:
        seen = Region.objects.get(pk=region.pk)
        both_have_looked.wait(timeout=PATIENCE)
        seen.web_opens_on = timezone.localdate() + timedelta(days=days)
        seen.save(update_fields=["web_opens_on"])
        return True

    assert at_once(partial(unguarded, 10), partial(unguarded, 20)) == [True, True]
