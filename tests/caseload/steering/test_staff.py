"""Équipes: colleagues are invited, moved, closed after a hand-over, and reopened."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, NotificationKind, Role
from accompaniment.forms.tokens import FIELD
from accompaniment.models import AuditEntry, Notification, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import accounts, addresses
from caseload.hooks.handover import Carried, Handover, on_handover
from caseload.models import Adviser, Manager, Placement, Portfolio, TransferBatch
from caseload.services.moves.absences import end_absence
from caseload.services.moves.carrying_out import carry_out_due
from caseload.services.moves.transfers import cancel_transfers, transfer_people
from caseload.services.steering import staff
from caseload.services.steering.capacities import apply_capacities
from tests.accompaniment.factories import PASSWORD, AgencyFactory, JobseekerFactory, RegionFactory
from tests.caseload.factories import (
    AdviserFactory,
    CapacityFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    placed,
    planned_absence,
)
from tests.confirmation import confirmed
from tests.visio.factories import InterviewFactory
from visio.models import Interview, WorkingHours

pytestmark = pytest.mark.django_db

WEB = Modality.GUIDE_WEB


@pytest.fixture
def manager() -> User:
    user: User = ManagerFactory().user
    return user


@pytest.fixture(autouse=True)
def _cap() -> None:
    CapacityFactory(value=250, by_working_share=True)


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def typed(**facts: Any) -> dict[str, Any]:
    return {
        "role": Role.ADVISER,
        "first_name": "Maëlle",
        "last_name": "Dupont-Lafargue",
        "email": "maelle.dupont@exemple.fr",
        "working_share": 80,
        "modalities": [WEB],
        **facts,
    }


class TestInvitation:
    def test_an_adviser_gets_a_link_a_portfolio_and_hours(self, client: Client) -> None:
        agency = AgencyFactory()
        client.force_login(ManagerFactory(regions=[agency.region]).user)
        page = client.post(reverse("invite"), typed(agency=agency.code), follow=True)
        assert "Invitation envoyée" in words(page)
        assert "(temps partiel 80 %)" in words(page)
        adviser = Adviser.objects.get(user__email="maelle.dupont@exemple.fr")
        portfolio = adviser.portfolios.get()
        assert (portfolio.capacity, portfolio.capacity_share) == (200, 80)
        assert WorkingHours.objects.filter(adviser=adviser).exists()
        assert Notification.objects.filter(user=adviser.user, kind=NotificationKind.ACCOUNT_ACTIVATION).count() == 1
        secret = accounts.issue_activation_link(user=adviser.user)
        accounts.activate(token=secret, password="Une-phrase-longue-7")
        assert "Compte actif" in words(client.get(reverse("member", args=[adviser.user_id])))

    @pytest.mark.parametrize("taken_by", ["staff", "jobseeker"])
    def test_an_address_in_use_is_refused_and_nothing_is_lost(self, client: Client, taken_by: str) -> None:
        agency = AgencyFactory()
        client.force_login(ManagerFactory().user)
        if taken_by == "staff":
            AdviserFactory(user__email="maelle.dupont@exemple.fr")
        else:
            JobseekerFactory(email="maelle.dupont@exemple.fr")
        before = Adviser.objects.count()
        page = client.post(reverse("invite"), typed(agency=agency.code, email="Maelle.Dupont@exemple.fr"))
        assert page.status_code == 422
        assert "maelle.dupont@exemple.fr" in words(page)
        assert 'value="Dupont-Lafargue"' in page.content.decode()
        assert Adviser.objects.count() == before

    def test_a_regional_manager_invites_for_their_regions_only(self, client: Client) -> None:
        here, elsewhere = RegionFactory(), RegionFactory()
        far = AgencyFactory(region=elsewhere)
        client.force_login(ManagerFactory(regions=[here]).user)
        assert client.post(reverse("invite"), typed(agency=far.code)).status_code == 422
        for regions, status in (([elsewhere.code], 422), ([], 422), ([here.code], 302)):
            assert client.post(reverse("invite"), typed(role=Role.MANAGER, regions=regions)).status_code == status
        assert list(Manager.objects.get(user__email="maelle.dupont@exemple.fr").regions.all()) == [here]

    def test_only_the_country_s_managers_invite_another_one(self, manager: User) -> None:
        facts = {"first_name": "Anne", "last_name": "Roux", "whole_country": True, "regions": []}
        regional = ManagerFactory(regions=[RegionFactory()]).user
        with pytest.raises(DomainError, match="tout le pays"):
            staff.invite_manager(actor=regional, email="anne.roux@exemple.fr", **facts)
        assert staff.invite_manager(actor=manager, email="anne.roux@exemple.fr", **facts).whole_country

    def test_is_sent_again_until_the_account_is_active(self, manager: User) -> None:
        user = staff.invite_adviser(
            actor=manager,
            email="a.b@exemple.fr",
            first_name="A",
            last_name="B",
            agency=AgencyFactory(),
            working_share=100,
            modalities=[],
        ).user
        staff.invite_again(actor=manager, user=user)
        assert Notification.objects.filter(user=user).count() == 2
        user.set_password("Une-phrase-longue-7")
        user.save()
        with pytest.raises(NotAllowedNowError, match="déjà activé"):
            staff.invite_again(actor=manager, user=user)


class TestChange:
    def test_the_share_moves_the_cap_and_never_below_who_is_there(self, manager: User) -> None:
        portfolio = PortfolioFactory()
        on_web_track(portfolio)
        cap = CapacityFactory(agency=portfolio.agency, value=4, by_working_share=True, reason="Petit", set_by=manager)
        apply_capacities(now=timezone.now())
        facts = {"actor": manager, "adviser": portfolio.adviser, "agency": portfolio.agency}
        staff.change_adviser(working_share=50, **facts)
        portfolio.refresh_from_db()
        assert (portfolio.capacity, portfolio.capacity_share) == (cap.value // 2, 50)
        staff.change_adviser(working_share=10, **facts)
        portfolio.refresh_from_db()
        assert portfolio.capacity == portfolio.occupied == 1
        assert AuditEntry.objects.filter(action=AuditAction.STAFF, details__event="changed").count() == 2

    def test_the_agency_changes_once_nobody_is_there(self, client: Client, manager: User) -> None:
        portfolio = PortfolioFactory()
        other = AgencyFactory(region=portfolio.agency.region)
        on_web_track(portfolio)
        client.force_login(manager)
        address = reverse("member", args=[portfolio.adviser.user_id])
        refused = client.post(address, {"agency": other.code, "working_share": 100})
        assert refused.status_code == 422
        assert "suit encore 1 personne" in words(refused)
        Placement.objects.all().delete()
        assert client.post(address, {"agency": other.code, "working_share": 100}).status_code == 302
        portfolio.refresh_from_db()
        portfolio.adviser.refresh_from_db()
        assert portfolio.agency == portfolio.adviser.agency == other


class TestClosing:
    def test_hands_everybody_over_then_ends_the_session_at_once(self, client: Client, manager: User) -> None:
        leaving = PortfolioFactory()
        receiving = PortfolioFactory(agency=leaving.agency)
        person = on_web_track(leaving)
        InterviewFactory(jobseeker=person, adviser=leaving.adviser)
        adviser_client = Client()
        adviser_client.force_login(leaving.adviser.user)
        assert adviser_client.get("/ma-journee/").status_code == 200
        client.force_login(manager)
        address = reverse("member", args=[leaving.adviser.user_id])
        close = reverse("member_account", args=[leaving.adviser.user_id, "fermer"])
        assert client.post(close).status_code == 409
        assert "confiez les personnes" in words(client.get(address))
        done = confirmed(
            client,
            reverse("hand_over", args=[leaving.adviser.user_id, leaving.pk]),
            {"targets": [receiving.pk], "reason": "Départ"},
        )
        assert done.status_code == 302
        assert Placement.objects.open().get(jobseeker=person).portfolio == receiving
        assert "est fermé" in words(client.post(close, follow=True))
        assert adviser_client.get("/ma-journee/").status_code == 302
        leaving.refresh_from_db()
        assert leaving.capacity == 0
        assert client.post(close).status_code == 409

    def test_a_hand_over_sent_twice_is_done_once_and_the_rest_follows(
        self, client: Client, manager: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("caseload.views.steering.members.MOVED_WHILE_ONE_WAITS", 1)
        leaving = PortfolioFactory()
        receiving = PortfolioFactory(agency=leaving.agency)
        for _ in range(2):
            on_web_track(leaving)
        client.force_login(manager)
        ((_, form),) = client.get(reverse("member", args=[leaving.adviser.user_id])).context["handovers"]
        facts = {"targets": [receiving.pk], "reason": "Départ", "token": str(form["token"].value())}
        hand_over = reverse("hand_over", args=[leaving.adviser.user_id, leaving.pk])
        done = confirmed(client, hand_over, facts)
        assert "1 personne transférée, encore 1 à transférer" in words(client.get(done["Location"]))
        carry_out_due(now=timezone.now())
        assert client.post(hand_over, facts)["Location"] == done["Location"]
        assert TransferBatch.objects.count() == 1
        leaving.refresh_from_db()
        assert leaving.occupied == 0

    def test_a_portfolio_that_was_filled_meanwhile_leaves_a_choice(self, client: Client, manager: User) -> None:
        leaving = PortfolioFactory()
        small = PortfolioFactory(agency=leaving.agency, capacity=1)
        on_web_track(leaving)
        client.force_login(manager)
        client.get(reverse("member", args=[leaving.adviser.user_id]))
        on_web_track(small)
        beside = PortfolioFactory(agency=leaving.agency)
        hand_over = reverse("hand_over", args=[leaving.adviser.user_id, leaving.pk])
        page = client.post(hand_over, {"targets": [small.pk], "reason": "Départ"})
        assert page.status_code == 409
        assert "viennent de se remplir" in words(page)
        ((_, form),) = page.context["handovers"]
        assert beside in form.proposals
        assert form.selected == []
        assert not TransferBatch.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_each_person_moves_in_a_transaction_of_their_own(self, client: Client, manager: User) -> None:
        """No outer transaction keeps the locks of moved people until the last one has moved."""
        leaving = PortfolioFactory()
        receiving = PortfolioFactory(agency=leaving.agency)
        people = [on_web_track(leaving) for _ in range(2)]
        around: list[int] = []

        def look(handover: Handover) -> Carried:
            around.append(len(connection.savepoint_ids))
            return Carried()

        client.force_login(manager)
        page = client.get(reverse("member", args=[leaving.adviser.user_id]))
        token = {FIELD: re.findall(f'name="{FIELD}" value="([^"]+)"', page.content.decode())[-1]}
        on_handover.append(look)
        try:
            confirmed(
                client,
                reverse("hand_over", args=[leaving.adviser.user_id, leaving.pk]),
                {"targets": [receiving.pk], "reason": "Départ", **token},
            )
        finally:
            on_handover.remove(look)
        assert around == [0] * len(people)

    def test_a_planned_transfer_that_may_come_here_is_named(self, manager: User) -> None:
        source = PortfolioFactory(modality=Modality.GUIDE)
        second = PortfolioFactory(modality=Modality.GUIDE, agency=source.agency)
        first = PortfolioFactory(modality=Modality.GUIDE, agency=source.agency)
        batch = transfer_people(
            actor=manager,
            people=[Placement.objects.open().get(jobseeker=placed(source))],
            targets=[first, second],
            reason="Renfort",
            due_on=timezone.localdate() + timedelta(days=3),
        )
        for portfolio in (first, second):
            assert "1 transfert vers ses portefeuilles à annuler." in staff.left_to_settle(portfolio.adviser)
        cancel_transfers(actor=manager, batch=batch)
        assert staff.left_to_settle(second.adviser) == []

    def test_what_is_left_to_settle_is_named(self, manager: User) -> None:
        portfolio = PortfolioFactory()
        colleague = PortfolioFactory(agency=portfolio.agency).adviser
        absence = planned_absence(portfolio, colleague=colleague)
        with pytest.raises(DomainError, match="relais pour"):
            staff.close_account(actor=manager, user=colleague.user)
        with pytest.raises(DomainError, match="absence"):
            staff.close_account(actor=manager, user=portfolio.adviser.user)
        end_absence(actor=manager, absence=absence, last_day=None)
        staff.close_account(actor=manager, user=portfolio.adviser.user)
        staff.close_account(actor=manager, user=colleague.user)
        assert not User.objects.filter(pk__in=[colleague.user_id, portfolio.adviser.user_id], is_active=True).exists()

    def test_an_interview_to_come_holds_the_account_open(self, manager: User) -> None:
        portfolio = PortfolioFactory()
        beside = PortfolioFactory(agency=portfolio.agency)
        interview = InterviewFactory(jobseeker=on_web_track(beside), adviser=portfolio.adviser)
        with pytest.raises(DomainError, match="1 entretien prévu"):
            staff.close_account(actor=manager, user=portfolio.adviser.user)
        Interview.objects.filter(pk=interview.pk).update(adviser=beside.adviser)
        staff.close_account(actor=manager, user=portfolio.adviser.user)

    def test_nobody_closes_their_own_account_nor_the_country_s_last(self, manager: User) -> None:
        regional = ManagerFactory(regions=[RegionFactory()]).user
        with pytest.raises(DomainError, match="propre compte"):
            staff.close_account(actor=manager, user=manager)
        with pytest.raises(DomainError, match="dernier responsable"):
            staff.close_account(actor=regional, user=manager)
        second = ManagerFactory().user
        with pytest.raises(DomainError, match="dans vos régions"):
            staff.close_account(actor=regional, user=manager)
        staff.close_account(actor=second, user=manager)

    def test_a_manager_closes_within_their_regions_only(self) -> None:
        here, far = AdviserFactory(), AdviserFactory()
        regional = ManagerFactory(regions=[here.agency.region]).user
        with pytest.raises(DomainError, match="dans vos régions"):
            staff.close_account(actor=regional, user=far.user)
        staff.close_account(actor=regional, user=here.user)

    def test_opens_again_with_a_new_link_and_its_places(self, manager: User) -> None:
        portfolio = PortfolioFactory()
        user = portfolio.adviser.user
        staff.close_account(actor=manager, user=user)
        staff.reopen_account(actor=manager, user=user)
        portfolio.refresh_from_db()
        user.refresh_from_db()
        assert portfolio.capacity == 250
        assert user.is_active
        assert not user.has_usable_password()
        assert Notification.objects.filter(user=user, kind=NotificationKind.ACCOUNT_ACTIVATION).count() == 1
        with pytest.raises(NotAllowedNowError, match="déjà ouvert"):
            staff.reopen_account(actor=manager, user=user)


def test_the_lists_show_closed_accounts_apart(client: Client, manager: User) -> None:
    portfolio = PortfolioFactory()
    staff.close_account(actor=manager, user=portfolio.adviser.user)
    client.force_login(manager)
    assert "Compte fermé" in words(client.get("/equipes/"))
    assert list(client.get("/portefeuilles/").context["page"].object_list) == []
    assert Portfolio.objects.count() == 1
    assert timezone.now() - portfolio.adviser.user.created_at < timedelta(days=1)


class TestAddress:
    """A colleague's address is corrected in the account, and the old mailbox opens nothing any more."""

    def correct(self, client: Client, adviser: Adviser, **facts: str) -> Any:
        url = reverse("member_address", args=[adviser.user_id])
        return client.post(url, {"email": "Neuve@exemple.fr", **facts}, follow=True)

    def test_an_invited_colleague_follows_at_once(self, client: Client, manager: User) -> None:
        adviser = AdviserFactory(user__password=None)
        old = accounts.issue_activation_link(user=adviser.user)
        client.force_login(manager)
        assert "un autre part à la nouvelle adresse" in words(self.correct(client, adviser))
        adviser.user.refresh_from_db()
        assert adviser.user.email == "neuve@exemple.fr"
        with pytest.raises(NotAllowedNowError):
            accounts.activation_account(token=old)
        assert Notification.objects.get(kind=NotificationKind.ACCOUNT_ACTIVATION).email == "neuve@exemple.fr"

    def test_a_colleague_with_a_password_confirms_with_it(self, client: Client, manager: User) -> None:
        adviser = AdviserFactory()
        before = adviser.user.email
        client.force_login(manager)
        page = words(self.correct(client, adviser))
        assert "attend d'être confirmée" in page
        token = addresses.issue_link(user=adviser.user, address="neuve@exemple.fr")
        url = reverse("confirm_address", args=[token])
        assert Client().post(url, {"proof": "faux"}).status_code == 422
        adviser.user.refresh_from_db()
        assert adviser.user.email == before
        assert Client().post(url, {"proof": PASSWORD}).status_code == 302
        adviser.user.refresh_from_db()
        assert adviser.user.email == "neuve@exemple.fr"
        assert AuditEntry.objects.filter(action=AuditAction.STAFF, details__event="address_corrected").exists()

    def test_who_has_neither_mailbox_nor_password_is_invited_anew(self, client: Client, manager: User) -> None:
        adviser = AdviserFactory()
        inside = Client()
        inside.force_login(adviser.user)
        client.force_login(manager)
        self.correct(client, adviser, forget_password="on")
        adviser.user.refresh_from_db()
        assert adviser.user.email == "neuve@exemple.fr"
        assert not adviser.user.has_usable_password()
        assert inside.get(reverse("password_change")).status_code == 302

    @pytest.mark.parametrize("taken_by", ["staff", "jobseeker", "nobody"])
    def test_an_address_in_use_is_refused(self, client: Client, manager: User, taken_by: str) -> None:
        if taken_by == "staff":
            AdviserFactory(user__email="neuve@exemple.fr")
        elif taken_by == "jobseeker":
            JobseekerFactory(email="neuve@exemple.fr")
        client.force_login(manager)
        status = self.correct(client, AdviserFactory()).status_code
        assert status == (200 if taken_by == "nobody" else 409)

    def test_nobody_corrects_their_own_address_here(self, manager: User) -> None:
        with pytest.raises(DomainError, match="depuis votre compte"):
            staff.change_address(actor=manager, user=manager, email="neuve@exemple.fr", forget_password=False)
