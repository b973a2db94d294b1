"""The pages of transfers: choosing, checking, deciding, and the report as each side reads it."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.forms.tokens import FIELD
from accompaniment.models import Jobseeker, User
from caseload.models import Absence, CaseSummary, Placement, Portfolio, ReadingRight, Transfer, TransferBatch
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, placed, planned_absence, planned_transfer

pytestmark = pytest.mark.django_db

NEW = "/transferts/nouveau/"


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE)


@pytest.fixture
def beside(portfolio: Portfolio) -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(*people: Jobseeker, targets: list[Portfolio], **facts: Any) -> dict[str, Any]:
    return {
        "people": [placement.pk for placement in Placement.objects.open().filter(jobseeker__in=people)],
        "targets": [target.pk for target in targets],
        "due_on": "",
        "reason": "Congé parental",
        "token": str(uuid4()),
        **facts,
    }


def test_the_page_names_the_people_and_proposes_the_least_loaded(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    placed(beside)
    empty = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
    PortfolioFactory(modality=Modality.SUIVI, agency=portfolio.agency)
    response = as_user(portfolio.adviser.user).get(NEW, {"personne": person.pk})
    assert [one.pk for one in response.context["proposals"]] == [empty.pk, beside.pk]
    assert person.full_name in response.content.decode()
    assert "keep_reading" not in response.context["form"].fields


def test_a_manager_gets_the_agency_first_then_the_region(portfolio: Portfolio, beside: Portfolio) -> None:
    placed(portfolio)
    placed(beside)
    platform = PortfolioFactory(modality=Modality.GUIDE, agency=AgencyFactory(departement=portfolio.agency.departement))
    PortfolioFactory(modality=Modality.GUIDE)
    manager = ManagerFactory(regions=[portfolio.agency.region])
    response = as_user(manager.user).get(NEW, {"portefeuille": portfolio.pk})
    assert [one.pk for one in response.context["proposals"]] == [beside.pk, platform.pk]
    assert "keep_reading" in response.context["form"].fields


def test_somebody_elses_people_are_not_there(portfolio: Portfolio, beside: Portfolio) -> None:
    stranger = placed(beside)
    response = as_user(portfolio.adviser.user).get(NEW, {"personne": stranger.pk, "portefeuille": beside.pk})
    assert stranger.full_name not in response.content.decode()
    assert "Aucune personne n'est choisie" in response.content.decode()


def test_old_placements_tell_a_former_adviser_nothing_of_today(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    old = typed(person, targets=[beside])
    CaseSummary.objects.create(jobseeker=person, awaiting_reply_since=timezone.now() - timedelta(hours=5))
    as_user(portfolio.adviser.user).post(NEW, {**old, "etape": "faire"})
    third = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
    now = typed(person, targets=[third])
    for client, sent, seen in (
        (as_user(beside.adviser.user), now, True),
        (as_user(portfolio.adviser.user), old, False),
    ):
        for step in ("modifier", "voir"):
            page = client.post(NEW, {**sent, "targets": [third.pk], "etape": step})
            assert (page.context["along"].replies == 1) == seen
            assert ("Sans réponse depuis" in page.content.decode()) == (seen and step == "modifier")


def test_looking_writes_nothing_and_deciding_leads_to_the_report(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    client, facts = as_user(portfolio.adviser.user), typed(person, targets=[beside])
    look = client.post(NEW, {**facts, "etape": "voir"})
    assert f"{beside.adviser} reçoit 1 personne" in look.content.decode()
    assert not TransferBatch.objects.exists()
    again = client.post(NEW, {**facts, "etape": "modifier"})
    assert again.context["selected"] == [beside.pk]
    assert 'value="Congé parental"' in again.content.decode()
    done = client.post(NEW, {**facts, "etape": "faire"})
    batch = TransferBatch.objects.get()
    assert done["Location"] == reverse("transfer", args=[batch.pk])
    twice = client.post(NEW, {**facts, "etape": "faire"})
    assert twice["Location"] == done["Location"]
    assert TransferBatch.objects.count() == 1
    assert Placement.objects.open().get(jobseeker=person).portfolio == beside


def test_what_is_missing_is_said_and_nothing_typed_is_lost(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    response = as_user(portfolio.adviser.user).post(
        NEW, {**typed(person, targets=[beside], reason=""), "etape": "voir"}
    )
    assert response.status_code == 422
    assert "Indiquez le motif" in response.content.decode()
    assert response.context["selected"] == [beside.pk]


def test_a_portfolio_that_was_filled_meanwhile_proposes_the_next(portfolio: Portfolio, beside: Portfolio) -> None:
    small = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
    person = placed(portfolio)
    facts = typed(person, targets=[small])
    placed(small)
    response = as_user(portfolio.adviser.user).post(NEW, {**facts, "etape": "faire"})
    assert response.status_code == 409
    assert response.context["selected"] == [beside.pk]
    assert "viennent de se remplir" in response.content.decode()
    assert not TransferBatch.objects.exists()


def test_a_manager_keeps_the_reading_for_the_former_adviser(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    facts = typed(person, targets=[beside], keep_reading="on")
    as_user(ManagerFactory().user).post(NEW, {**facts, "etape": "faire"})
    former = as_user(portfolio.adviser.user)
    page = former.get(reverse("person", args=[person.pk])).content.decode()
    assert "sans y écrire" in page
    assert reverse("person_tier", args=[person.pk]) not in page
    assert f"{beside.adviser} suit désormais cette personne" in page
    history = former.get("/transferts/").content.decode()
    assert "En lecture jusqu&#x27;au" in history or "En lecture jusqu'au" in history
    assert reverse("person", args=[person.pk]) in history
    report = former.get(reverse("transfer", args=[TransferBatch.objects.get().pk])).content.decode()
    assert reverse("person", args=[person.pk]) in report
    assert "Dossier fermé pour vous" not in report
    ReadingRight.objects.all().delete()
    assert reverse("person", args=[person.pk]) not in former.get("/transferts/").content.decode()
    assert former.get(reverse("person", args=[person.pk])).status_code == 404


def test_of_a_large_batch_the_rest_follows_in_the_background(
    portfolio: Portfolio, beside: Portfolio, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr("caseload.views.moves.transfers.MOVED_WHILE_ONE_WAITS", 1)
    people = [placed(portfolio) for _ in range(3)]
    client = as_user(portfolio.adviser.user)
    with django_capture_on_commit_callbacks() as after_commit:
        report = client.post(NEW, {**typed(*people, targets=[beside]), "etape": "faire"})["Location"]
        page = client.get(report).content.decode()
    assert "1 personne transférée, encore 2 à transférer" in page
    assert 'hx-trigger="every 3s"' in page
    call_a_worker = after_commit[-1]
    call_a_worker()
    page = client.get(report, headers={"HX-Request": "true"}).content.decode()
    assert "3 personnes transférées" in page
    assert "hx-trigger" not in page
    assert "<html" not in page


class TestReport:
    def test_the_receiver_sees_what_waits_and_the_sender_does_not(
        self, portfolio: Portfolio, beside: Portfolio
    ) -> None:
        person = placed(portfolio)
        CaseSummary.objects.create(jobseeker=person, callback_due_at=timezone.now() + timedelta(days=2))
        facts = typed(person, targets=[beside])
        report = as_user(portfolio.adviser.user).post(NEW, {**facts, "etape": "faire"})["Location"]
        Transfer.objects.update(carried=[{"what": "interview_kept", "at": "2030-12-02T08:00:00+00:00"}])
        received = as_user(beside.adviser.user).get(report).content.decode()
        assert "Rappel à faire avant" in received
        assert reverse("person", args=[person.pk]) in received
        assert "lundi 2 décembre" in received
        sent = as_user(portfolio.adviser.user).get(report).content.decode()
        assert person.full_name in sent
        assert "lundi 2 décembre" not in sent
        assert "Rappel à faire avant" not in sent
        assert reverse("person", args=[person.pk]) not in sent

    def test_a_receiver_sees_only_the_own_people(self, portfolio: Portfolio, beside: Portfolio) -> None:
        third = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency)
        people = [placed(portfolio) for _ in range(2)]
        facts = typed(*people, targets=[beside, third])
        report = as_user(portfolio.adviser.user).post(NEW, {**facts, "etape": "faire"})["Location"]
        page = as_user(beside.adviser.user).get(report).content.decode()
        assert [person.full_name in page for person in people].count(True) == 1

    def test_who_decided_cancels_what_is_planned(self, portfolio: Portfolio, beside: Portfolio) -> None:
        person = placed(portfolio)
        batch = planned_transfer(person, to=beside, decided_by=portfolio.adviser.user)
        client, report = as_user(portfolio.adviser.user), reverse("transfer", args=[batch.pk])
        assert "Annuler" in client.get(report).content.decode()
        cancel = reverse("cancel_transfer", args=[batch.pk])
        assert client.post(cancel)["Location"] == report
        assert client.post(cancel).status_code == 409
        assert "1 transfert annulé" in client.get(report).content.decode()

    def test_the_number_of_statements_does_not_grow(self, portfolio: Portfolio, beside: Portfolio) -> None:
        counts = []
        for size in (2, 6):
            people = [placed(portfolio) for _ in range(size)]
            client = as_user(portfolio.adviser.user)
            facts = typed(*people, targets=[beside])
            for step in ("voir", "faire"):
                with CaptureQueriesContext(connection) as captured:
                    response = client.post(NEW, {**facts, "etape": step})
                if step == "voir":
                    counts.append(len(captured))
            with CaptureQueriesContext(connection) as captured:
                as_user(beside.adviser.user).get(response["Location"])
            counts.append(len(captured))
            with CaptureQueriesContext(connection) as captured:
                client.get("/transferts/")
            counts.append(len(captured))
        assert counts[:3] == counts[3:]


class TestWhoIsProposed:
    def test_who_is_away_comes_last_and_nobody_goes_where_nobody_answers(
        self, portfolio: Portfolio, beside: Portfolio
    ) -> None:
        relayed, alone = (PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency) for _ in range(2))
        placed(beside)
        planned_absence(relayed, colleague=beside.adviser, in_days=0, lasts=3)
        away = Absence.objects.create(
            adviser=alone.adviser,
            starts_on=timezone.localdate(),
            ends_on=timezone.localdate() + timedelta(days=2),
            set_by=alone.adviser.user,
            set_at=timezone.now(),
        )
        person = placed(portfolio)
        client = as_user(portfolio.adviser.user)
        page = client.get(NEW, {"personne": person.pk})
        assert [one.pk for one in page.context["proposals"]] == [beside.pk, relayed.pk, alone.pk]
        assert page.content.decode().count("pas là jusqu'au") == 2
        assert page.content.decode().count("sans relais") == 1
        look = client.post(NEW, {**typed(person, targets=[alone]), "etape": "voir"}).content.decode()
        assert "personne ne répond à sa place" in look
        back = (away.ends_on + timedelta(days=1)).isoformat()
        for target, facts in ((relayed, {}), (alone, {"due_on": back})):
            look = client.post(NEW, {**typed(person, targets=[target], **facts), "etape": "voir"}).content.decode()
            assert f"{target.adviser} reçoit 1 personne" in look

    def test_full_today_is_chosen_for_a_day_to_come(self, portfolio: Portfolio) -> None:
        small = PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency, capacity=1)
        placed(small)
        person = placed(portfolio)
        client, tomorrow = as_user(portfolio.adviser.user), (timezone.localdate() + timedelta(days=1)).isoformat()
        assert [one.pk for one in client.get(NEW, {"personne": person.pk}).context["proposals"]] == [small.pk]
        facts = typed(person, targets=[small])
        assert client.post(NEW, {**facts, "etape": "faire"}).status_code == 409
        assert client.post(NEW, {**facts, "due_on": tomorrow, "etape": "faire"}).status_code == 302
        assert TransferBatch.objects.get().transfers.get().target == small

    def test_an_adviser_alone_in_the_agency_reads_who_can_help(self, portfolio: Portfolio) -> None:
        page = as_user(portfolio.adviser.user).get(NEW, {"personne": placed(portfolio).pk}).content.decode()
        assert "Un responsable peut transférer dans toute la région" in page


class TestASessionThatEnds:
    @pytest.mark.parametrize("step", ["voir", "faire"])
    def test_brings_the_people_and_the_text_back(self, portfolio: Portfolio, beside: Portfolio, step: str) -> None:
        person = placed(portfolio)
        client = as_user(portfolio.adviser.user)
        page = client.get(NEW, {"personne": person.pk})
        if step == "faire":
            page = client.post(page.context["address"], {**typed(person, targets=[beside]), "etape": "voir"})
        address = html.unescape(
            re.findall(r'<form[^>]* action="(/transferts/nouveau/[^"]*)"', page.content.decode())[0]
        )
        token = re.findall(f'name="{FIELD}" value="([^"]+)"', page.content.decode())[-1]
        sent = {**typed(person, targets=[beside]), FIELD: token, "etape": step}
        client.logout()
        door = client.post(address, sent)["Location"]
        client.force_login(portfolio.adviser.user)
        again = client.get(parse_qs(urlsplit(door).query)["next"][0])
        assert [one.placement.jobseeker for one in again.context["people"]] == [person]
        assert 'value="Congé parental"' in again.content.decode()
        assert again.context["selected"] == [beside.pk]
        done = client.post(again.context["address"], {**sent, "etape": "faire"})
        assert done.status_code == 302
        assert 'value="Congé parental"' not in client.get(NEW, {"personne": person.pk}).content.decode()


def test_the_person_s_page_and_the_portfolio_lead_to_what_is_planned(portfolio: Portfolio, beside: Portfolio) -> None:
    person = placed(portfolio)
    client, page = as_user(portfolio.adviser.user), reverse("person", args=[person.pk])
    assert "Transfert prévu" not in client.get(page).content.decode()
    batch = planned_transfer(person, to=beside, decided_by=portfolio.adviser.user)
    shown = client.get(page).content.decode()
    assert "Transfert prévu" in shown
    assert reverse("transfer", args=[batch.pk]) in shown
    assert reverse("transfers") in client.get("/portefeuille/").content.decode()
