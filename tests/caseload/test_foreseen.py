"""What ends, moves or writes to many says first how many and who, and then does what was shown, or asks again."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality
from accompaniment.foreseen import FIELD, names_of
from accompaniment.models import Enrolment, LapseDelay, Notification
from accompaniment.services import enrolments
from caseload.models import Placement, Portfolio, TransferBatch
from caseload.services.lapses import lapse_due
from tests.accompaniment.factories import lapse_delays, reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, placed, volunteer
from tests.confirmation import asked, confirmed

pytestmark = pytest.mark.django_db

DELAYS = "/reglages/delais/"


@pytest.fixture(autouse=True)
def _reference() -> None:
    reference()


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(ManagerFactory().user)
    return client


def text_of(page: Any) -> str:
    return unescape(page.content.decode()).replace("\u00a0", " ")


def delay(days: int, *, in_days: int = 0) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=in_days)
    return {"state": EnrolmentState.ASKED, "days": days, "starts_on": day.isoformat(), "reason": "Été"}


class TestLapseDelay:
    """The first of the kind: a shorter delay lets people's requests lapse."""

    @pytest.fixture(autouse=True)
    def _delays(self) -> None:
        lapse_delays(30)

    @pytest.fixture
    def old(self) -> Enrolment:
        """A request of twenty days ago."""
        portfolio = PortfolioFactory()
        with time_machine.travel(timezone.now() - timedelta(days=20)):
            return volunteer(portfolio, last_name="Lefèvre")

    def test_a_shorter_one_names_who_and_asks_and_nothing_lapses_before(self, national: Client, old: Enrolment) -> None:
        page = text_of(asked(national, DELAYS, delay(10)))
        assert "1 personne concernée" in page
        assert "Lefèvre" in page
        assert "Rien n'est encore fait" in page
        assert not LapseDelay.objects.filter(days=10).exists()
        assert lapse_due(now=timezone.now()) == 0
        assert not Notification.objects.exists()
        assert confirmed(national, DELAYS, delay(10)).status_code == 302
        assert lapse_due(now=timezone.now()) == 1

    @pytest.mark.usefixtures("old")
    def test_a_longer_one_concerns_nobody_and_is_set_at_once(self, national: Client) -> None:
        assert national.post(DELAYS, delay(45)).status_code == 302
        assert LapseDelay.objects.filter(days=45).exists()

    def test_who_came_meanwhile_is_asked_about_again(self, national: Client, old: Enrolment) -> None:
        mark = asked(national, DELAYS, delay(10)).context["foreseen"].mark
        with time_machine.travel(timezone.now() - timedelta(days=18)):
            late = volunteer(PortfolioFactory(), last_name="Grandjean")
        again = national.post(DELAYS, {**delay(10), FIELD: mark})
        assert again.status_code == 409
        assert "a changé depuis" in text_of(again)
        assert "2 personnes concernées" in text_of(again)
        assert "Grandjean" in text_of(again)
        assert not LapseDelay.objects.filter(days=10).exists()
        enrolments.leave_track(actor=ManagerFactory().user, jobseeker=late.jobseeker)
        assert national.post(DELAYS, {**delay(10), FIELD: mark}).status_code == 302

    def test_the_mark_of_another_delay_is_not_enough(self, national: Client, old: Enrolment) -> None:
        mark = asked(national, DELAYS, delay(10)).context["foreseen"].mark
        assert national.post(DELAYS, {**delay(5), FIELD: mark}).status_code == 409
        assert not LapseDelay.objects.filter(days=5).exists()

    def test_taking_back_a_longer_one_to_come_asks_too(self, national: Client, old: Enrolment) -> None:
        national.post(DELAYS, delay(60, in_days=2))
        cancel = reverse("cancel_lapse_delay", args=[LapseDelay.objects.get(days=60).pk])
        assert "Lefèvre" in text_of(asked(national, cancel, {}))
        assert LapseDelay.objects.filter(days=60).exists()
        assert confirmed(national, cancel, {}).status_code == 302
        assert not LapseDelay.objects.filter(days=60).exists()


class TestHandOver:
    @pytest.fixture
    def leaving(self) -> Portfolio:
        return PortfolioFactory(modality=Modality.GUIDE)

    def test_a_whole_portfolio_is_named_before_it_moves(self, national: Client, leaving: Portfolio) -> None:
        person = placed(leaving, last_name="Lefèvre")
        target = PortfolioFactory(modality=Modality.GUIDE, agency=leaving.agency)
        address = reverse("hand_over", args=[leaving.adviser.user_id, leaving.pk])
        facts = {"targets": [target.pk], "reason": "Départ"}
        page = asked(national, address, facts)
        assert "Lefèvre" in text_of(page)
        assert f"{target.adviser} reçoit 1 personne." in text_of(page)
        assert not TransferBatch.objects.exists()
        assert not Notification.objects.exists()
        late = placed(leaving, last_name="Grandjean")
        mark = page.context["foreseen"].mark
        again = national.post(address, {**facts, FIELD: mark})
        assert again.status_code == 409
        assert "Grandjean" in text_of(again)
        assert Placement.objects.open().get(jobseeker=person).portfolio == leaving
        national.post(address, {**facts, FIELD: again.context["foreseen"].mark})
        assert {Placement.objects.open().get(jobseeker=one).portfolio for one in (person, late)} == {target}

    def test_names_are_those_of_the_perimeter(self, leaving: Portfolio) -> None:
        placed(leaving, last_name="Lefèvre")
        elsewhere = placed(PortfolioFactory(modality=Modality.GUIDE), last_name="Ailleurs")
        regional = ManagerFactory(regions=[leaving.agency.region]).user
        assert names_of([elsewhere.pk, *leaving.placements.values_list("jobseeker", flat=True)], reader=regional) == [
            f"Lefèvre {leaving.placements.get().jobseeker.first_name} ({leaving.placements.get().jobseeker.identifier})"
        ]
