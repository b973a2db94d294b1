"""Asking to be called back, calling, and taking the request back."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature, Tier
from accompaniment.models import AuditEntry, Contact
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.tiers import change_tier
from caseload.models import CaseSummary
from messaging.enums import CallbackState, CallbackWay
from messaging.forms import window_value
from messaging.models import CallbackRequest
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.reads.participants import NobodyFollowsError
from messaging.rules import Window
from messaging.services.callback_steps import CallbackAlreadyOpenError
from messaging.services.callbacks import cancel_callback, close_callback
from tests.caseload.factories import CoverFactory, ManagerFactory, on_web_track
from tests.messaging.factories import ask, first_window, pair, say

pytestmark = pytest.mark.django_db


def breaches() -> list[str]:
    return [breach for check in MESSAGING_CHECKS for breach in check()]


def test_a_request_is_open_with_its_due_time() -> None:
    two = pair()
    request = ask(two.jobseeker, comment="  Après 10 h\x00 si possible ")
    assert (request.state, request.phone, request.comment) == ("open", "+33612345678", "Après 10 h si possible")
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).callback_due_at == request.window_ends_at
    assert [(event.from_state, event.to_state) for event in request.events.all()] == [("", "open")]
    assert AuditEntry.objects.filter(jobseeker=two.jobseeker, action=AuditAction.CALLBACK).count() == 1
    assert breaches() == []


def test_one_open_request_at_a_time() -> None:
    two = pair()
    first = ask(two.jobseeker)
    with pytest.raises(CallbackAlreadyOpenError) as refusal:
        ask(two.jobseeker)
    assert refusal.value.request == first
    cancel_callback(actor=two.person, request=first)
    assert ask(two.jobseeker).state == CallbackState.OPEN


@pytest.mark.parametrize("phone", ["", "bonjour", "06 12", "+33", "00000000000"])
def test_a_number_that_is_none_is_refused(phone: str) -> None:
    two = pair()
    with pytest.raises(DomainError):
        ask(two.jobseeker, phone=phone)
    assert ask(two.jobseeker, phone="0262 12 34 56").phone == "+262262123456"


def test_a_window_that_is_not_offered_is_refused() -> None:
    two = pair()
    offered = first_window(two.jobseeker)
    shifted = Window(starts_at=offered.starts_at + timedelta(minutes=1), ends_at=offered.ends_at)
    with pytest.raises(DomainError):
        ask(two.jobseeker, windows=[shifted])
    assert ask(two.jobseeker, windows=[offered]).window_starts_at == offered.starts_at


def test_only_the_person_asks_and_takes_back() -> None:
    two = pair()
    with pytest.raises(DomainError):
        ask(two.jobseeker, actor=two.adviser)
    request = ask(two.jobseeker)
    with pytest.raises(DomainError):
        cancel_callback(actor=two.adviser, request=request)
    assert cancel_callback(actor=two.person, request=request).state == CallbackState.CANCELLED
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).callback_due_at is None
    assert breaches() == []


def test_a_person_whom_nobody_follows_is_told_so() -> None:
    two = pair()
    change_tier(actor=two.adviser, jobseeker=two.jobseeker, tier=Tier.SUIVI, reason="Autonome")
    with pytest.raises(NobodyFollowsError):
        ask(two.jobseeker)


def test_a_call_that_was_made_stands_in_the_journal() -> None:
    two = pair()
    request = close_callback(actor=two.adviser, request=ask(two.jobseeker), outcome="Formation confirmée.")
    assert (request.state, request.closed_by, request.outcome) == ("done", two.adviser, "Formation confirmée.")
    line = Contact.objects.get(source=f"callback:{request.pk}")
    assert (line.channel, line.nature, line.author) == (Channel.PHONE, ContactNature.CALLBACK, two.adviser)
    summary = CaseSummary.objects.get(jobseeker=two.jobseeker)
    assert (summary.callback_due_at, summary.last_contact_channel) == (None, Channel.PHONE)
    assert breaches() == []


def test_a_closed_request_stays_closed() -> None:
    two = pair()
    request = ask(two.jobseeker)
    with pytest.raises(DomainError):
        close_callback(actor=two.adviser, request=request, outcome="  ")
    close_callback(actor=two.adviser, request=request, outcome="Appelé.")
    with pytest.raises(NotAllowedNowError):
        close_callback(actor=two.adviser, request=request, outcome="Encore.")
    with pytest.raises(NotAllowedNowError):
        cancel_callback(actor=two.person, request=request)


@pytest.mark.parametrize("outcome", ["Rendez-vous confirmé", ""])
def test_what_was_noted_of_a_request_closed_meanwhile_is_given_back(client: Client, outcome: str) -> None:
    two = pair()
    request = ask(two.jobseeker)
    client.force_login(two.adviser)
    cancel_callback(actor=two.person, request=request)
    answer = client.post(reverse("callback", args=[request.pk]), {"outcome": outcome})
    assert answer.status_code == 409
    text = unescape(answer.content.decode())
    assert "Cette demande a été close pendant que vous écriviez" in text
    assert text.count("readonly>Rendez-vous confirmé</textarea>") == bool(outcome)
    assert "pendant que vous écriviez" not in client.get(reverse("callback", args=[request.pk])).content.decode()
    # The success beside the refusal: this request is open, and the same words close it.
    other = pair(two.portfolio)
    assert client.post(reverse("callback", args=[ask(other.jobseeker).pk]), {"outcome": "Dit"}).status_code == 302


def test_who_may_call() -> None:
    two = pair()
    request = ask(two.jobseeker)
    for stranger in (pair().adviser, two.person, on_web_track().user):
        with pytest.raises(NotAllowedNowError):
            close_callback(actor=stranger, request=request, outcome="Appelé.")
    colleague = CoverFactory(portfolio=two.portfolio).colleague.user
    assert close_callback(actor=colleague, request=request, outcome="Appelé.").closed_by == colleague


def test_the_checks_find_what_is_broken() -> None:
    two = pair()
    say(two.conversation, two.person)
    ask(two.jobseeker)
    assert breaches() == []
    two.conversation.__class__.objects.update(last_number=5, awaiting_reply_since=timezone.now())
    CallbackRequest.objects.update(window_ends_at=timezone.now() + timedelta(days=9))
    assert len(breaches()) >= 3


def test_a_manager_does_not_close_a_request() -> None:
    two = pair()
    request = ask(two.jobseeker)
    with pytest.raises(NotAllowedNowError):
        close_callback(actor=ManagerFactory().user, request=request, outcome="Appelé.")
    assert close_callback(actor=two.adviser, request=request, outcome="Appelé.").state == CallbackState.DONE


def test_who_does_not_telephone_is_answered_in_writing(client: Client) -> None:
    """Kind: an answer that only a voice can get. Without a number the same request by telephone is refused."""
    two = pair()
    before = two.jobseeker.phone
    with pytest.raises(DomainError):
        ask(two.jobseeker, phone="")
    client.force_login(two.person)
    form = {"subject": "training", "way": "phone", "windows": window_value(first_window(two.jobseeker))}
    assert client.post(reverse("ask_callback"), form).status_code == 422
    assert client.post(reverse("ask_callback"), form | {"way": "chat"}, follow=True).status_code == 200
    request = CallbackRequest.objects.get()
    assert (request.in_writing, request.phone, request.number) == (True, "", "")
    two.jobseeker.refresh_from_db()
    assert two.jobseeker.phone == before
    page = client.get(reverse("ask_callback")).content.decode()
    assert "Votre conseiller vous écrit le" in page
    assert "vous appelle le" not in page

    client.force_login(two.adviser)
    for address in (reverse("callbacks"), reverse("callback", args=[request.pk]), reverse("panel_callbacks")):
        text = client.get(address).content.decode()
        assert "ar écrit" in text
        assert 'href="tel:' not in text
    close_callback(actor=two.adviser, request=request, outcome="Formation expliquée par message")
    contact = Contact.objects.get(nature=ContactNature.CALLBACK)
    assert contact.channel == Channel.CHAT
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).last_contact_channel == Channel.CHAT
    assert breaches() == []


def test_a_request_has_a_number_or_is_answered_in_writing() -> None:
    """The database refuses one with neither."""
    request = ask(pair().jobseeker, phone="", way=CallbackWay.CHAT)
    with pytest.raises(IntegrityError, match="callback_number_or_another_way"), transaction.atomic():
        CallbackRequest.objects.filter(pk=request.pk).update(way="phone")
    CallbackRequest.objects.filter(pk=request.pk).update(way="phone", phone="+33612345678")
