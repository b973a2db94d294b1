"""The number at which a person is called: asked for if missing, corrected on the page, the same in the whole file."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel
from accompaniment.models import ActBound, AuditEntry, Jobseeker, Notification
from accompaniment.rules.errors import DomainError
from accompaniment.services.contact_details import change_phone
from messaging.enums import CallbackSubject
from messaging.forms import window_value
from messaging.models import CallbackRequest
from messaging.reads.callback_windows import windows_of
from messaging.services.callbacks import ask_callback
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots, follower
from visio.models import Interview

pytestmark = pytest.mark.django_db
NEW, NEW_SHOWN = "+33612345678", "06\u00a012\u00a034\u00a056\u00a078"


@pytest.fixture
def person() -> Jobseeker:
    return on_web_track(bookable_portfolio())


@pytest.fixture
def numberless(person) -> Jobseeker:
    person.phone = ""
    person.save(update_fields=["phone"])
    return person


def corrections(person: Jobseeker):
    return AuditEntry.objects.filter(jobseeker=person, action=AuditAction.UPDATED, details__fields=["phone"])


class TestTheNumberOfTheFile:
    def test_the_person_corrects_it_with_a_trace(self, person):
        change_phone(actor=person.user, jobseeker=person, phone="06.12.34.56.78")
        person.refresh_from_db()
        assert person.phone == NEW
        assert corrections(person).get().actor == person.user

    def test_the_same_number_leaves_no_trace(self, person):
        change_phone(actor=person.user, jobseeker=person, phone=person.phone)
        assert not corrections(person).exists()

    @pytest.mark.parametrize("written", ["12", "06 12", "bonjour", "", "06 12 34 56 78 ou 06 12 34 56 79"])
    def test_what_is_no_number_is_refused(self, person, written):
        before = person.phone
        with pytest.raises(DomainError):
            change_phone(actor=person.user, jobseeker=person, phone=written)
        person.refresh_from_db()
        assert person.phone == before

    @pytest.mark.parametrize(
        ("departement", "written", "expected"),
        [
            ("974", "0692 12 34 56", "+262692123456"),
            ("972", "0696 12 34 56", "+596696123456"),
            ("974", "06 12 34 56 78", NEW),
        ],
    )
    def test_an_overseas_number_is_read_as_it_is_dialled_there(self, departement, written, expected):
        agency = AgencyFactory(region=RegionFactory(), departement__code=departement)
        person = on_web_track(bookable_portfolio(agency=agency))
        assert change_phone(actor=person.user, jobseeker=person, phone=written).phone == expected

    def test_an_adviser_of_the_person_may_and_another_may_not(self, person):
        stranger = bookable_portfolio().adviser.user
        with pytest.raises(DomainError):
            change_phone(actor=stranger, jobseeker=person, phone=NEW)
        assert change_phone(actor=follower(person).user, jobseeker=person, phone=NEW).phone == NEW

    def test_it_is_bounded(self, person):
        ActBound.objects.filter(act=BoundedAct.PHONE_CORRECTIONS).update(most=1)
        change_phone(actor=person.user, jobseeker=person, phone=NEW)
        with pytest.raises(DomainError, match="1 fois en 24\u00a0heures"):
            change_phone(actor=person.user, jobseeker=person, phone="06 12 34 56 79")

    def test_its_page_says_what_stands_and_goes_back(self, client, person):
        client.force_login(person.user)
        url = reverse("my_phone")
        wrong = client.post(url, {"phone": "12", "retour": "/mes-donnees/"})
        assert wrong.status_code == 422
        assert "pas valable" in wrong.content.decode()
        for retour, leads_to in (("/mes-donnees/", "/mes-donnees/"), ("https://ailleurs.example/", "/mes-entretiens/")):
            assert client.post(url, {"phone": NEW, "retour": retour}).url == leads_to


class TestInterviewByTelephone:
    def post(self, client, actor, url, person, **facts):
        client.force_login(actor)
        slot = first_slots(person)[0].isoformat()
        return client.post(url, {"channel": Channel.PHONE, "slot": slot, **facts})

    @pytest.mark.parametrize("by_adviser", [False, True], ids=["the person", "the adviser"])
    def test_without_a_number_it_is_asked_for_where_one_books(self, client, numberless, by_adviser):
        actor = follower(numberless).user if by_adviser else numberless.user
        url = reverse("book_for", args=[numberless.pk]) if by_adviser else reverse("take_interview")
        for phone in ({}, {"phone": ""}, {"phone": "12"}):
            response = self.post(client, actor, url, numberless, **phone)
            assert response.status_code == 422
            assert 'href="#id_phone"' in response.content.decode()
        assert not Interview.objects.exists()

        assert self.post(client, actor, url, numberless, phone="06 12 34 56 78").status_code == 302
        numberless.refresh_from_db()
        assert numberless.phone == NEW
        told = Notification.objects.get(kind="interview_booked")
        assert told.context["phone"] == NEW

    def test_a_slot_that_has_gone_changes_no_number(self, client, person):
        before = person.phone
        client.force_login(person.user)
        gone = (timezone.now() + timedelta(days=1)).replace(minute=7).isoformat()
        response = client.post(
            reverse("take_interview"), {"channel": Channel.PHONE, "slot": gone, "phone": "06 12 34 56 78"}
        )
        assert response.status_code == 409
        person.refresh_from_db()
        assert person.phone == before

    def test_another_channel_asks_for_none(self, client, numberless):
        client.force_login(numberless.user)
        slot = first_slots(numberless)[0].isoformat()
        answer = client.post(reverse("take_interview"), {"channel": Channel.VIDEO, "slot": slot, "phone": "12"})
        assert answer.status_code == 302

    def test_both_read_it_before_the_hour(self, client, person):
        change_phone(actor=person.user, jobseeker=person, phone=NEW)
        soon = timezone.now() + timedelta(hours=3)
        InterviewFactory(jobseeker=person, channel=Channel.PHONE, starts_at=soon)
        client.force_login(person.user)
        for page in ("panel_next_step", "my_interviews"):
            text = client.get(reverse(page)).content.decode()
            assert NEW_SHOWN in text
            assert reverse("my_phone") in text
        client.force_login(follower(person).user)
        week = f"?semaine={soon.astimezone(person.agency.zone).date():%Y-%m-%d}"
        assert NEW_SHOWN in client.get(reverse("agenda") + week).content.decode()

    def test_both_read_that_there_is_none(self, client, numberless):
        soon = timezone.now() + timedelta(hours=3)
        InterviewFactory(jobseeker=numberless, channel=Channel.PHONE, starts_at=soon)
        client.force_login(numberless.user)
        assert "Écrire mon numéro" in client.get(reverse("panel_next_step")).content.decode()
        client.force_login(follower(numberless).user)
        week = f"?semaine={soon.astimezone(numberless.agency.zone).date():%Y-%m-%d}"
        assert "Aucun numéro noté" in client.get(reverse("agenda") + week).content.decode()


class TestCallBack:
    def test_it_is_called_at_the_number_of_the_file(self, client, numberless):
        client.force_login(numberless.user)
        window = windows_of(numberless.agency, now=timezone.now())[0]
        facts = {"subject": CallbackSubject.OTHER, "way": "phone", "windows": window_value(window)}
        assert client.post(reverse("ask_callback"), facts | {"phone": ""}).status_code == 422
        assert client.post(reverse("ask_callback"), facts | {"phone": "06 12 34 56 78"}).status_code == 302
        numberless.refresh_from_db()
        assert numberless.phone == NEW

    def test_a_number_that_is_corrected_later_is_the_one_to_call(self, client, person):
        window = windows_of(person.agency, now=timezone.now())[0]
        request = ask_callback(
            actor=person.user, jobseeker=person, subject=CallbackSubject.OTHER, phone=person.phone, windows=[window]
        )
        change_phone(actor=person.user, jobseeker=person, phone=NEW)
        assert CallbackRequest.objects.get(pk=request.pk).number == NEW
        client.force_login(follower(person).user)
        for page in (reverse("callbacks"), reverse("callback", args=[request.pk])):
            assert NEW_SHOWN in client.get(page).content.decode()


class TestInTheRoom:
    def test_who_goes_on_by_telephone_without_a_number_writes_it_there(self, client, numberless):
        interview = InterviewFactory(jobseeker=numberless)
        client.force_login(numberless.user)
        htmx = {"HX-Request": "true"}
        page = client.post(reverse("room_phone", args=[interview.token]), headers=htmx).content.decode()
        url = reverse("room_number", args=[interview.token])
        assert f'action="{url}"' in page

        wrong = client.post(url, {"phone": "12"}, headers=htmx)
        assert wrong.status_code == 422
        assert "pas valable" in wrong.content.decode()
        given = client.post(url, {"phone": "06 12 34 56 78"}, headers=htmx).content.decode()
        assert f"va vous appeler au {NEW_SHOWN}" in given

        client.force_login(interview.adviser.user)
        asked = client.post(reverse("room_phone", args=[interview.token]), headers=htmx).content.decode()
        assert NEW_SHOWN in asked
        assert not mail.outbox
