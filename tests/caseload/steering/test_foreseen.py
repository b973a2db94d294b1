"""An act that ends, moves or writes to many people first shows how many and who. Then it does what was shown."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality
from accompaniment.models import Enrolment, LapseDelay, Notification, Region
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.foreseen import FIELD, names_of
from accompaniment.services.territory import shown_opening
from caseload.models import Placement, Portfolio, TransferBatch
from caseload.services.moves.absences import declare_absence
from caseload.services.registration.lapses import lapse_due
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, RegionFactory, lapse_delays, reference
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    follower,
    on_web_track,
    placed,
    volunteer,
)
from tests.confirmation import asked, confirmed
from tests.visio.factories import InterviewFactory, give_usual_hours
from visio.models import Interview

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
    """A shorter delay lets people's requests lapse."""

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
        leave_track(actor=follower(late.jobseeker), jobseeker=late.jobseeker)
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


class TestOpening:
    """An opening day makes people eligible. A later day, or none, postpones waiting requests."""

    @pytest.fixture
    def closed(self) -> Region:
        region: Region = RegionFactory(closed=True)
        return region

    def sent(self, day: str, *, step: str = "confirmer", seen: str = "", mark: str = "") -> dict[str, str]:
        return {"web_opens_on": day, "seen": seen, "step": step, FIELD: mark}

    def test_what_grew_since_the_preview_is_shown_again(self, national: Client, closed: Region) -> None:
        agency = AgencyFactory(region=closed)
        JobseekerFactory(agency=agency, last_name="Lefèvre")
        address, day = reverse("region_opening", args=[closed.code]), timezone.localdate() + timedelta(days=9)
        seen = shown_opening(closed).token
        preview = national.post(address, self.sent(day.isoformat(), step="voir", seen=seen))
        mark = preview.context["foreseen"].mark
        assert f'name="{FIELD}" value="{mark}"' in text_of(preview)
        JobseekerFactory(agency=agency, last_name="Grandjean")
        again = national.post(address, self.sent(day.isoformat(), seen=seen, mark=mark))
        assert again.status_code == 409
        assert "a changé depuis" in text_of(again)
        assert "2 personnes pourront demander" in text_of(again)
        assert "Grandjean" in text_of(again)
        closed.refresh_from_db()
        assert closed.web_opens_on is None
        mark = again.context["foreseen"].mark
        assert national.post(address, self.sent(day.isoformat(), seen=seen, mark=mark)).status_code == 302
        closed.refresh_from_db()
        assert closed.web_opens_on == day

    def test_nothing_is_opened_by_who_was_shown_nothing(self, national: Client, closed: Region) -> None:
        """The same form succeeds if nobody is concerned."""
        day = (timezone.localdate() + timedelta(days=9)).isoformat()
        agency = AgencyFactory(region=closed)
        JobseekerFactory(agency=agency, last_name="Lefèvre")
        refused = national.post(
            reverse("region_opening", args=[closed.code]), self.sent(day, seen=shown_opening(closed).token)
        )
        assert refused.status_code == 409
        assert "Rien n'est encore fait" in text_of(refused)
        empty = RegionFactory(code="74", name="Limousin", closed=True)
        sent = self.sent(day, seen=shown_opening(empty).token)
        assert national.post(reverse("region_opening", args=[empty.code]), sent).status_code == 302

    @pytest.mark.parametrize("place", ["region", "agency"])
    def test_a_day_that_is_put_off_or_taken_back_names_the_requests_that_wait(
        self, national: Client, place: str
    ) -> None:
        enrolment = volunteer(PortfolioFactory(), last_name="Lefèvre")
        agency = enrolment.jobseeker.agency
        region = agency.region
        seen = shown_opening(region if place == "region" else agency).token
        later = (timezone.localdate() + timedelta(days=9)).isoformat()
        key = region.code if place == "region" else agency.code
        address = reverse(f"{place}_opening", args=[key])
        for day in [later, ""] if place == "region" else [later]:
            preview = national.post(address, self.sent(day, step="voir", seen=seen))
            assert "1 demande en attente est touchée" in text_of(preview)
            assert "Elle ne peut plus être validée" in text_of(preview)
            assert "Lefèvre" in text_of(preview)
        mark = preview.context["foreseen"].mark
        second = volunteer(PortfolioFactory(agency=agency), last_name="Grandjean")
        again = national.post(address, self.sent(day, seen=seen, mark=mark))
        assert again.status_code == 409
        assert "2 demandes en attente sont touchées" in text_of(again)
        assert "Aucune ne peut plus être validée" in text_of(again)
        assert "Grandjean" in text_of(again)
        assert {enrolment.pk, second.pk} == {one.pk for one in again.context["put_off"]}
        mark = again.context["foreseen"].mark
        assert national.post(address, self.sent(day, seen=seen, mark=mark)).status_code == 302

    def test_a_day_that_comes_sooner_touches_no_request(self, national: Client) -> None:
        enrolment = volunteer(PortfolioFactory())
        region = enrolment.jobseeker.agency.region
        Region.objects.filter(pk=region.pk).update(web_opens_on=timezone.localdate() + timedelta(days=9))
        address = reverse("region_opening", args=[region.code])
        for days, touched in ((8, 0), (10, 1)):
            day = timezone.localdate() + timedelta(days=days)
            preview = national.post(address, self.sent(day.isoformat(), step="voir"))
            assert len(preview.context["put_off"]) == touched


class TestRelay:
    def test_replacing_a_relay_names_whose_interview_goes_to_somebody_else(self, client: Client) -> None:
        """The page asks if there is an interview, and asks again if one was added since.

        Without interviews it acts at once.
        """
        portfolio = PortfolioFactory()
        first, second, third = (AdviserFactory(agency=portfolio.agency) for _ in range(3))
        give_usual_hours([portfolio.adviser, first, second, third])
        starts, ends = timezone.localdate() + timedelta(days=1), timezone.localdate() + timedelta(days=20)
        absence, _ = declare_absence(
            actor=portfolio.adviser.user,
            adviser=portfolio.adviser,
            starts_on=starts,
            ends_on=ends,
            colleagues={portfolio.pk: [third.pk]},
            decisions={},
        )
        client.force_login(portfolio.adviser.user)

        def book(last_name: str, days: int) -> None:
            hour = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=days)
            InterviewFactory(jobseeker=on_web_track(portfolio, last_name=last_name), adviser=first, starts_at=hour)

        at_once = reverse("replace_cover", args=[absence.pk, absence.covers.get().pk])
        assert client.post(at_once, {"collegue": first.pk}).status_code == 302
        book("Lefèvre", 5)
        cover = absence.covers.get(cancelled_at=None)
        address = reverse("replace_cover", args=[absence.pk, cover.pk])
        page = asked(client, address, {"collegue": second.pk})
        assert "1 personne concernée" in text_of(page)
        assert "Lefèvre" in text_of(page)
        mark = page.context["foreseen"].mark
        assert client.post(address, {"collegue": third.pk, FIELD: mark}).status_code == 409
        book("Grandjean", 6)
        again = client.post(address, {"collegue": second.pk, FIELD: mark})
        assert again.status_code == 409
        assert "Grandjean" in text_of(again)
        assert absence.covers.get(cancelled_at=None) == cover
        assert not Interview.objects.filter(adviser=second).exists()
        sent = {"collegue": second.pk, FIELD: again.context["foreseen"].mark}
        assert client.post(address, sent).status_code == 302
        assert absence.covers.get(cancelled_at=None).colleague == second
