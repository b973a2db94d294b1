"""Canned replies: whose they are, what fills them in, and that none leaves with an open place."""

from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AuditEntry, User
from accompaniment.rules.errors import DomainError, NoRightError
from caseload.models import Manager
from messaging.enums import Placeholder
from messaging.models import CannedReply, Message
from messaging.reads.replies import replies_for
from messaging.rules import REPLIES_AT_MOST, REPLY_LIMIT, left_to_fill, unknown_placeholder
from messaging.services.changes import change_message
from messaging.services.dispatches import start_dispatch
from messaging.services.posting import post_message
from messaging.services.replies import IS_GONE, add_reply, change_reply, delete_reply, shown_of
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.messaging.factories import Pair, pair, say
from tests.visio.factories import InterviewFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def agency(two: Pair) -> Agency:
    agency: Agency = two.portfolio.agency
    return agency


@pytest.fixture
def manager(agency: Agency) -> Manager:
    manager: Manager = ManagerFactory(regions=[agency.region])
    return manager


def own(two: Pair, name: str = "Relance", body: str = "Bonjour {prenom}") -> CannedReply:
    return add_reply(actor=two.adviser, name=name, body=body)


def said(answer: object) -> str:
    return unescape(answer.content.decode()).replace("\u00a0", " ")  # type: ignore[attr-defined]


class TestWhose:
    def test_ones_own_are_seen_by_nobody_else(self, two: Pair, agency: Agency, manager: Manager) -> None:
        own(two)
        colleague = PortfolioFactory(agency=agency).adviser.user
        seen = {user: CannedReply.objects.visible_to(user).count() for user in (two.adviser, colleague, manager.user)}
        assert list(seen.values()) == [1, 0, 0]
        assert not CannedReply.objects.visible_to(two.person).exists()

    def test_those_of_an_agency_are_its_staffs(self, two: Pair, agency: Agency, manager: Manager) -> None:
        add_reply(actor=manager.user, agency=agency, name="Horaires", body="L'agence ouvre à 9 h.")
        stranger = PortfolioFactory(agency=AgencyFactory(region=agency.region)).adviser.user
        far = ManagerFactory(regions=[RegionFactory()]).user
        readers = (two.adviser, manager.user, ManagerFactory().user, stranger, far, two.person)
        assert [CannedReply.objects.visible_to(user).exists() for user in readers] == [True] * 3 + [False] * 3
        assert not CannedReply.objects.written_by(two.adviser).exists()

    def test_an_adviser_who_moves_finds_those_of_the_new_agency(self, two: Pair, manager: Manager) -> None:
        other = AgencyFactory(region=two.portfolio.agency.region)
        add_reply(actor=manager.user, agency=other, name="Horaires", body="L'agence ouvre à 9 h.")
        assert not CannedReply.objects.visible_to(two.adviser).exists()
        two.portfolio.adviser.agency = other
        two.portfolio.adviser.save()
        assert CannedReply.objects.visible_to(two.adviser).exists()

    def test_an_adviser_opens_those_of_the_agency_without_the_right_to_change_them(
        self, client: Client, two: Pair, agency: Agency, manager: Manager
    ) -> None:
        reply = add_reply(actor=manager.user, agency=agency, name="Horaires", body="L'agence ouvre à 9 h.")
        client.force_login(two.adviser)
        assert "L'agence ouvre" in said(client.get(reverse("canned_replies")))
        refused = client.get(reverse("canned_reply", args=[reply.pk]))
        assert refused.status_code == 403
        assert "Un responsable de sa région peut la modifier." in said(refused)

    def test_a_change_of_the_agencys_leaves_a_trace_without_its_text(
        self, two: Pair, agency: Agency, manager: Manager
    ) -> None:
        own(two)
        reply = add_reply(actor=manager.user, agency=agency, name="Horaires", body="Un texte")
        change_reply(actor=manager.user, reply=reply, name="Horaires", body="Un autre", seen=shown_of(reply).state)
        for _ in range(2):
            delete_reply(actor=manager.user, reply=reply)
        entries = AuditEntry.objects.filter(action=AuditAction.CANNED_REPLY).order_by("pk")
        assert [entry.details["event"] for entry in entries] == ["reply_added", "reply_changed", "reply_deleted"]
        assert all("texte" not in str(entry.details) and entry.actor == manager.user for entry in entries)


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "what"),
        [
            ("Bonjour {prénom}", "{prénom} n'existe pas."),
            ("Bonjour {Prenom} et {}", "{Prenom} et {} n'existent pas."),
            ("Bonjour { prenom }", "{ prenom } n'existe pas."),
            ("Bonjour {prenom", "Une accolade est seule."),
            ("Bonjour prenom}", "Une accolade est seule."),
        ],
    )
    def test_what_is_no_placeholder_is_refused_with_the_list(self, two: Pair, body: str, what: str) -> None:
        with pytest.raises(DomainError) as refusal:
            own(two, body=body)
        assert refusal.value.sentence.startswith(what)
        assert all(one.written in refusal.value.sentence for one in Placeholder)
        assert not CannedReply.objects.exists()

    def test_every_placeholder_can_be_stored(self, two: Pair) -> None:
        text = " ".join(one.written for one in Placeholder)
        assert unknown_placeholder(text) == ""
        assert own(two, body=text).body == text

    def test_a_name_is_taken_once_for_each_owner(self, two: Pair, agency: Agency, manager: Manager) -> None:
        own(two)
        with pytest.raises(DomainError, match="porte déjà ce nom"):
            own(two, name="RELANCE")
        add_reply(actor=manager.user, agency=agency, name="Relance", body="Bonjour")
        add_reply(actor=PortfolioFactory().adviser.user, name="Relance", body="Bonjour")
        with pytest.raises(DomainError, match="porte déjà ce nom"):
            add_reply(actor=manager.user, agency=agency, name="relance", body="Bonjour")
        other = own(two, name="Autre")
        with pytest.raises(DomainError, match="porte déjà ce nom"):
            change_reply(actor=two.adviser, reply=other, name="relance", body="Bonjour", seen=shown_of(other).state)

    def test_one_more_than_the_most_is_refused_and_a_free_place_is_used_again(self, two: Pair) -> None:
        for number in range(REPLIES_AT_MOST):
            own(two, name=f"Texte {number}")
        with pytest.raises(DomainError, match=f"déjà {REPLIES_AT_MOST}"):
            own(two, name="Un de trop")
        delete_reply(actor=two.adviser, reply=CannedReply.objects.get(name="Texte 7"))
        assert own(two, name="À sa place").place == 8

    def test_a_text_too_long_says_by_how_much(self, client: Client, two: Pair) -> None:
        client.force_login(two.adviser)
        answer = client.post(reverse("canned_replies"), {"name": "Long", "body": "a" * (REPLY_LIMIT + 3)})
        assert answer.status_code == 422
        assert "3 caractères de trop" in said(answer)

    def test_somebody_elses_is_refused(self, two: Pair) -> None:
        reply = own(two)
        colleague = PortfolioFactory(agency=two.portfolio.agency).adviser.user
        with pytest.raises(NoRightError):
            delete_reply(actor=colleague, reply=reply)
        with pytest.raises(NoRightError):
            add_reply(actor=two.adviser, agency=two.portfolio.agency, name="Pour tous", body="Bonjour")
        with pytest.raises(NoRightError):
            add_reply(actor=two.person, name="À moi", body="Bonjour")


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"body": "Bonjour {prénom}"}, "canned_reply_known_placeholders"),
        ({"body": "Bonjour\n{prenom} {"}, "canned_reply_known_placeholders"),
        ({"body": ""}, "canned_reply_not_empty"),
        ({"name": ""}, "canned_reply_not_empty"),
        ({"place": 0}, "canned_reply_not_too_many"),
        ({"place": REPLIES_AT_MOST + 1}, "canned_reply_not_too_many"),
        ({"author": None}, "canned_reply_of_one_owner"),
        ({"name": "AUTRE"}, "canned_reply_name_of_author"),
        ({"place": 2}, "canned_reply_place_of_author"),
    ],
)
def test_the_database_refuses_it_too(two: Pair, facts: dict[str, object], constraint: str) -> None:
    reply = own(two)
    own(two, name="Autre")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CannedReply.objects.filter(pk=reply.pk).update(**facts)
    CannedReply.objects.filter(pk=reply.pk).update(body="Bonjour\n{prenom}", name="Encore", place=REPLIES_AT_MOST)


def test_the_database_holds_the_length(two: Pair) -> None:
    reply = own(two)
    with pytest.raises(DataError), transaction.atomic():
        CannedReply.objects.filter(pk=reply.pk).update(body="a" * (REPLY_LIMIT + 1))
    CannedReply.objects.filter(pk=reply.pk).update(body="a" * REPLY_LIMIT)


class TestMeanwhile:
    def test_who_saves_over_a_colleagues_change_is_told(self, client: Client, agency: Agency, manager: Manager) -> None:
        reply = add_reply(actor=manager.user, agency=agency, name="Horaires", body="9 h")
        client.force_login(manager.user)
        address = reverse("canned_reply", args=[reply.pk])
        page = client.get(address).context["form"]
        other = ManagerFactory(regions=[agency.region]).user
        change_reply(actor=other, reply=reply, name="Horaires", body="10 h", seen=shown_of(reply).state)
        sent = {"name": "Horaires", "body": "11 h", "seen": page.initial["seen"]}
        answer = client.post(address, sent)
        assert answer.status_code == 409
        assert "modifiée entre-temps" in said(answer)
        assert "10 h" in said(answer)
        assert "11 h" in said(answer)
        assert CannedReply.objects.get().body == "10 h"
        again = client.post(address, {**sent, "seen": answer.context["form"]["seen"].value()})
        assert again.status_code == 302
        assert CannedReply.objects.get().body == "11 h"

    def test_one_that_is_deleted_meanwhile_says_so(self, two: Pair) -> None:
        reply = own(two)
        delete_reply(actor=two.adviser, reply=CannedReply.objects.get())
        with pytest.raises(DomainError) as refusal:
            change_reply(actor=two.adviser, reply=reply, name="Relance", body="Bonsoir", seen=shown_of(reply).state)
        assert refusal.value.sentence == IS_GONE


class TestFilledIn:
    def test_each_placeholder_has_the_persons_value(self, two: Pair) -> None:
        Agency.objects.update(phone="+33123456789")
        two.jobseeker.refresh_from_db()
        starts_at = timezone.now() + timedelta(days=3)
        booked = InterviewFactory(
            jobseeker=two.jobseeker,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            occupies_until=starts_at + timedelta(minutes=40),
        )
        own(two, body=" | ".join(one.written for one in Placeholder))
        (found,) = replies_for(two.jobseeker, writer=two.adviser, now=timezone.now())
        assert found.missing == []
        parts = dict(zip(Placeholder, found.text.split(" | "), strict=True))
        assert parts[Placeholder.FIRST_NAME] == two.jobseeker.first_name
        assert parts[Placeholder.LAST_NAME] == two.jobseeker.last_name
        assert parts[Placeholder.WRITER] == two.adviser.full_name
        assert parts[Placeholder.ADVISER] == str(two.portfolio.adviser)
        assert parts[Placeholder.AGENCY] == two.jobseeker.agency.name
        assert parts[Placeholder.AGENCY_PHONE].replace("\u00a0", " ") == "01 23 45 67 89"
        assert str(booked.starts_at.astimezone(two.jobseeker.agency.zone).day) in parts[Placeholder.NEXT_INTERVIEW]

    def test_the_interview_is_told_on_the_persons_clock(self) -> None:
        """Kind: an adviser in Paris who sends the hour of Paris to Réunion."""
        overseas = AgencyFactory(region=RegionFactory(timezone="Indian/Reunion"))
        two = pair()
        two.jobseeker.agency = overseas
        two.jobseeker.save(update_fields=["agency"])
        starts_at = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=3)
        InterviewFactory(
            jobseeker=two.jobseeker,
            adviser=two.portfolio.adviser,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            occupies_until=starts_at + timedelta(minutes=40),
        )
        own(two, body="{prochain_entretien}")
        with timezone.override("Europe/Paris"):
            (found,) = replies_for(two.jobseeker, writer=two.adviser, now=timezone.now())
        assert "à 12 h (heure de La Réunion)" in found.text.replace("\u00a0", " ")

    def test_one_without_a_value_is_named_and_stays_in_sight(self, client: Client, two: Pair) -> None:
        reply = own(two, body="Nous nous voyons {prochain_entretien}, {prenom}.")
        client.force_login(two.adviser)
        listed = said(client.get(reverse("conversation_replies", args=[two.conversation.pk])))
        assert "À compléter : le jour et l'heure du prochain entretien" in listed
        page = client.get(reverse("conversation", args=[two.conversation.pk]), {"reponse": reply.pk})
        body = page.context["form"]["body"].value()
        assert body == f"Nous nous voyons {{prochain_entretien}}, {two.jobseeker.first_name}."
        assert "À compléter avant l'envoi : {prochain_entretien}. Écrivez" in said(page)

    def test_the_search_finds_in_name_and_text_without_accents(self, client: Client, two: Pair) -> None:
        own(two, name="Relance", body="Où en êtes-vous ?")
        own(two, name="Merci", body="Bien reçu")
        client.force_login(two.adviser)
        address = reverse("conversation_replies", args=[two.conversation.pk])
        names = {
            words: [filled.reply.name for filled, _ in client.get(address, {"q": words}).context["replies"]]
            for words in ("etes vous", "RECU", "relance ou", "rien", "")
        }
        assert names == {
            "etes vous": ["Relance"],
            "RECU": ["Merci"],
            "relance ou": ["Relance"],
            "rien": [],
            "": ["Merci", "Relance"],
        }
        assert "caractères de trop" in said(client.get(address, {"q": "a" * 90}))

    def test_the_list_leads_back_to_where_one_writes(self, client: Client, two: Pair) -> None:
        say(two.conversation, two.person)
        reply = own(two)
        client.force_login(two.adviser)
        place = f"{reverse('sequence_of', args=[two.conversation.pk])}?depuis=/ma-journee/"
        (pair_of,) = client.get(reverse("conversation_replies", args=[two.conversation.pk]), {"suite": place}).context[
            "replies"
        ]
        assert pair_of[1] == f"{place}&reponse={reply.pk}"
        page = client.get(pair_of[1])
        assert page.context["form"]["body"].value() == f"Bonjour {two.jobseeker.first_name}"
        elsewhere = client.get(
            reverse("conversation_replies", args=[two.conversation.pk]), {"suite": "https://ailleurs.example/"}
        )
        assert elsewhere.context["back"] == reverse("conversation", args=[two.conversation.pk])

    def test_one_that_is_gone_meanwhile_says_so(self, client: Client, two: Pair) -> None:
        reply = add_reply(actor=PortfolioFactory().adviser.user, name="Relance", body="Bonjour")
        client.force_login(two.adviser)
        page = client.get(reverse("conversation", args=[two.conversation.pk]), {"reponse": reply.pk})
        assert page.status_code == 200
        assert "Cette réponse type n'existe plus." in said(page)
        assert page.context["form"]["body"].value() == ""

    def test_a_jobseekers_page_knows_none(self, client: Client, two: Pair) -> None:
        reply = own(two)
        client.force_login(two.person)
        page = client.get(reverse("conversation", args=[two.conversation.pk]), {"reponse": reply.pk})
        assert page.context["form"]["body"].value() == ""
        assert "Réponses types" not in said(page)


class TestNeverLeaves:
    """Kind: a placeholder that a person reads."""

    def send(self, two: Pair, author: User, body: str) -> Message:
        return post_message(actor=author, conversation=two.conversation, client_id=uuid4(), body=body)

    @pytest.mark.parametrize("one", Placeholder)
    def test_no_placeholder_leaves_by_any_way(self, client: Client, two: Pair, one: Placeholder) -> None:
        body = f"Bonjour {one.written}"
        with pytest.raises(DomainError, match="À compléter"):
            self.send(two, two.adviser, body)
        with pytest.raises(DomainError, match="À compléter"):
            start_dispatch(actor=two.adviser, people=[two.jobseeker.pk], token=uuid4(), body=body)
        client.force_login(two.adviser)
        address = reverse("conversation", args=[two.conversation.pk])
        answer = client.post(address, {"body": body, "client_id": str(uuid4())})
        assert answer.status_code == 422
        assert answer.context["form"]["body"].value() == body
        assert left_to_fill(body) in answer.context["form"].errors["body"]
        assert not Message.objects.exists()
        sent = self.send(two, two.adviser, "Bonjour")
        with pytest.raises(DomainError, match="À compléter"):
            change_message(
                actor=two.adviser,
                conversation_id=two.conversation.pk,
                number=sent.number,
                body=body,
                seen={"change": "0"},
            )

    def test_other_braces_and_what_the_person_writes_leave(self, two: Pair) -> None:
        assert self.send(two, two.adviser, "Écrivez { et }, ou {prénom}").number == 1
        assert self.send(two, two.person, "Vous m'écrivez {prenom} !").number == 2
