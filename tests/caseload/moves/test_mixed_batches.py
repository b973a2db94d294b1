"""Kind: a right to a whole container because of one of its members. The right belongs to the row.

A batch, a portfolio or a staff account may hold people of several regions. A manager reads, counts and decides only for
people of the manager's own regions.
"""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError
from caseload.enums import TransferState
from caseload.models import Placement, Portfolio, Transfer, TransferBatch
from caseload.reads.moves.transfer_reports import history_of, report_of
from caseload.services.moves.transfers import cancel_transfers, transfer_people
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, placed

pytestmark = pytest.mark.django_db


class Mixed:
    """A national manager's decision about two people of two regions."""

    def __init__(self) -> None:
        self.here, self.there = (PortfolioFactory(modality=Modality.GUIDE) for _ in range(2))
        assert self.here.agency.region != self.there.agency.region
        self.mine: Jobseeker = placed(self.here, last_name="Dici")
        self.other: Jobseeker = placed(self.there, last_name="Dailleurs")
        self.targets = [
            PortfolioFactory(modality=Modality.GUIDE, agency=portfolio.agency) for portfolio in (self.here, self.there)
        ]
        self.national: User = ManagerFactory().user
        self.regional: User = ManagerFactory(regions=[self.here.agency.region]).user
        self.batch: TransferBatch = transfer_people(
            actor=self.national,
            people=Placement.objects.open().filter(jobseeker__in=[self.mine, self.other]),
            targets=self.targets,
            reason="Réorganisation",
            due_on=timezone.localdate() + timedelta(days=7),
        )

    def row(self, person: Jobseeker) -> Transfer:
        return Transfer.objects.get(batch=self.batch, jobseeker=person)


@pytest.fixture
def mixed() -> Mixed:
    return Mixed()


def shown(mixed: Mixed, reader: User) -> set[Jobseeker]:
    report = report_of(mixed.batch, reader=reader, now=timezone.now())
    lines = [*report.done, *report.running, *report.planned, *report.not_done, *report.cancelled]
    return {line.transfer.jobseeker for line in lines}


def test_a_report_names_only_the_rows_of_the_readers_regions(mixed: Mixed, client: Client) -> None:
    assert shown(mixed, mixed.national) == {mixed.mine, mixed.other}
    assert shown(mixed, mixed.regional) == {mixed.mine}
    client.force_login(mixed.regional)
    page = unescape(client.get(reverse("transfer", args=[mixed.batch.pk])).content.decode())
    assert "Dici" in page
    assert "1 transfert prévu" in page
    for name in ("Dailleurs", str(mixed.targets[1].adviser), str(mixed.there.adviser)):
        assert name not in page


def test_the_counts_of_the_history_are_those_of_the_rows(mixed: Mixed) -> None:
    assert [batch.planned for batch in history_of(mixed.national)] == [2]
    assert [batch.planned for batch in history_of(mixed.regional)] == [1]


@pytest.mark.parametrize("named", [False, True])
def test_cancelling_all_of_it_cancels_the_own_rows(mixed: Mixed, client: Client, *, named: bool) -> None:
    client.force_login(mixed.regional)
    rows = [mixed.row(mixed.mine).pk, mixed.row(mixed.other).pk] if named else []
    client.post(reverse("cancel_transfer", args=[mixed.batch.pk]), {"transfert": rows})
    assert mixed.row(mixed.mine).state == TransferState.CANCELLED
    assert mixed.row(mixed.other).state == TransferState.PLANNED
    assert cancel_transfers(actor=mixed.national, batch=mixed.batch) == 1


def test_a_row_of_another_region_is_not_cancelled_by_its_number(mixed: Mixed, client: Client) -> None:
    client.force_login(mixed.regional)
    url = reverse("cancel_transfer", args=[mixed.batch.pk])
    assert client.post(url, {"transfert": mixed.row(mixed.other).pk}).status_code == 403
    with pytest.raises(DomainError):
        cancel_transfers(actor=mixed.regional, batch=mixed.batch, only=[mixed.row(mixed.other)])
    assert mixed.row(mixed.other).state == TransferState.PLANNED
    assert client.post(url, {"transfert": mixed.row(mixed.mine).pk}).status_code == 302


def test_a_batch_without_a_row_of_the_reader_is_not_there(mixed: Mixed, client: Client) -> None:
    stranger = ManagerFactory(regions=[RegionFactory()]).user
    client.force_login(stranger)
    assert client.get(reverse("transfer", args=[mixed.batch.pk])).status_code == 404
    assert not history_of(stranger)


def test_having_decided_it_gives_no_right_over_a_region_that_is_not_the_managers_any_more(mixed: Mixed) -> None:
    mixed.national.manager.whole_country = False
    mixed.national.manager.save()
    mixed.national.manager.regions.set([mixed.there.agency.region])
    assert shown(mixed, mixed.national) == {mixed.other}


def test_a_portfolio_of_the_region_does_not_show_somebody_of_another(client: Client) -> None:
    portfolio: Portfolio = PortfolioFactory(modality=Modality.GUIDE)
    stays, moved = placed(portfolio, last_name="Dici"), placed(portfolio, last_name="Dailleurs")
    Jobseeker.objects.filter(pk=moved.pk).update(agency=AgencyFactory())
    for manager, seen in (
        (ManagerFactory(), {stays.last_name, moved.last_name}),
        (ManagerFactory(regions=[portfolio.agency.region]), {stays.last_name}),
    ):
        client.force_login(manager.user)
        page = client.get(reverse("my_portfolio"), {"portefeuille": portfolio.pk}).content.decode()
        assert {name for name in ("Dici", "Dailleurs") if name in page} == seen
