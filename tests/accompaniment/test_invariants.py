"""`check_invariants` finds nothing in sound data, and finds each planted breach once its guard is disabled."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.hooks.invariants import checks
from accompaniment.models import Jobseeker
from accompaniment.services.plans import plan_obligations
from messaging.models import CallbackEvent
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from tests.caseload.factories import PortfolioFactory, on_web_track, placed, volunteer
from tests.messaging.factories import request_row

pytestmark = pytest.mark.django_db

AN_ALERT = (
    "INSERT INTO messaging_alert (notification_id, channel, in_place_of_email, created_at, next_try_at, attempts, "
    "sent_at, given_up_for, last_error) SELECT id, 'sms', false, now(), now(), 0, {sent_at}, '', '' "
    "FROM accompaniment_notification"
)

BREACHES = {
    "no current period": (
        "one_current_accompaniment",
        (),
        "UPDATE accompaniment_accompaniment SET ended_at = now() WHERE ended_at IS NULL AND track = 'classique'",
    ),
    "two current periods": (
        "one_current_accompaniment",
        ("accompaniment_accompaniment.accompaniment_never_overlaps",),
        "UPDATE accompaniment_accompaniment SET ended_at = now() + interval '1 day' WHERE ended_at IS NOT NULL",
    ),
    "web outside guidé": (
        "web_only_with_guide",
        ("accompaniment_accompaniment.accompaniment_web_only_guide",),
        "UPDATE accompaniment_accompaniment SET tier = 'suivi' WHERE track = 'web'",
    ),
    "web without acceptance": (
        "web_from_an_enrolment_that_holds",
        ("accompaniment_enrolment.enrolment_started_with_consent",),
        "UPDATE accompaniment_enrolment SET consent_id = NULL WHERE state = 'active'",
    ),
    "web with an acceptance that was withdrawn": (
        "web_from_an_enrolment_that_holds",
        (),
        "UPDATE accompaniment_consent SET withdrawn_at = accepted_at WHERE withdrawn_at IS NULL",
    ),
    "validated before the agency opened": (
        "web_from_an_enrolment_that_holds",
        (),
        "UPDATE accompaniment_agency SET web_opens_on = CURRENT_DATE + 30",
    ),
    "validated before the region opened": (
        "web_from_an_enrolment_that_holds",
        (),
        "UPDATE accompaniment_region SET web_opens_on = CURRENT_DATE + 30",
    ),
    "active without a web track": (
        "web_from_an_enrolment_that_holds",
        (),
        "UPDATE accompaniment_accompaniment SET ended_at = started_at + interval '1 s' WHERE track = 'web'",
    ),
    "an enrolment that its events do not tell": (
        "enrolment_has_its_history",
        (),
        "UPDATE accompaniment_enrolment SET state = 'withdrawn', closed_at = now() WHERE state = 'asked'",
    ),
    "obligations that overlap": (
        "obligations_never_overlap",
        ("accompaniment_obligation.obligation_one_per_period",),
        (
            "INSERT INTO accompaniment_obligation (jobseeker_id, kind, plan_id, period, due_on, state, waived_reason) "
            "SELECT jobseeker_id, kind, plan_id, period, due_on, 'due', '' FROM accompaniment_obligation"
        ),
    ),
    "a wish that somebody else has taken back": (
        "wishes_are_taken_back_by_the_person",
        (),
        (
            "INSERT INTO accompaniment_planrequest "
            "(jobseeker_id, asked_at, wished_channel, comment, answer, withdrawn_at, withdrawn_by_id) "
            "SELECT id, now(), '', '', '', now(), (SELECT max(id) FROM accompaniment_user "
            "WHERE id <> person.user_id) FROM accompaniment_jobseeker person WHERE user_id IS NOT NULL"
        ),
    ),
    "a request that was taken back and answered": (
        "wishes_are_taken_back_by_the_person",
        ("accompaniment_onsiterequest.on_site_request_withdrawn_or_answered",),
        (
            "INSERT INTO accompaniment_onsiterequest "
            "(jobseeker_id, asked_at, comment, answer, answered_at, answered_by_id, withdrawn_at, withdrawn_by_id) "
            "SELECT id, now(), '', 'Mardi', now(), user_id, now(), user_id FROM accompaniment_jobseeker "
            "WHERE user_id IS NOT NULL"
        ),
    ),
    "a noted contact that no record tells": (
        "noted_contacts_are_whole",
        (),
        (
            "INSERT INTO accompaniment_contact (jobseeker_id, at, channel, nature, author_id, summary, began_by) "
            "SELECT id, now(), 'phone', 'call', user_id, 'Stage', 'person' FROM accompaniment_jobseeker "
            "WHERE user_id IS NOT NULL"
        ),
    ),
    "a histories' guard switched off": (
        "guards_are_in_place",
        (),
        "ALTER TABLE accompaniment_auditentry DISABLE TRIGGER append_only",
    ),
    "an acceptance that could be changed": (
        "guards_are_in_place",
        (),
        "ALTER TABLE accompaniment_consent DISABLE TRIGGER consent_is_only_withdrawn",
    ),
    "a plan's reviews that could be changed": (
        "guards_are_in_place",
        (),
        "DROP TRIGGER append_only ON accompaniment_planreview",
    ),
    "a count that is wrong": (
        "portfolios_within_capacity",
        (),
        "UPDATE caseload_portfolio SET occupied = occupied + 1",
    ),
    "more people than places": (
        "portfolios_within_capacity",
        ("caseload_portfolio.portfolio_within_capacity",),
        "UPDATE caseload_portfolio SET capacity = 0",
    ),
    "two open placements": (
        "one_open_placement",
        ("caseload_placement.placement_never_overlaps", "placement_one_open"),
        (
            "INSERT INTO caseload_placement (portfolio_id, jobseeker_id, started_at, end_reason) "
            "SELECT portfolio_id, jobseeker_id, now(), '' FROM caseload_placement"
        ),
    ),
    "a portfolio of another modality": (
        "placed_where_the_modality_fits",
        ("caseload_portfolio.portfolio_one_per_modality",),
        "UPDATE caseload_portfolio SET modality = 'suivi' WHERE modality = 'guide_web'",
    ),
    "a gap in a conversation": (
        "messages_are_numbered_without_gap",
        (),
        "UPDATE messaging_message SET number = number + 1",
    ),
    "a gap in the changes of a conversation": (
        "changes_are_numbered_without_gap",
        (),
        "UPDATE messaging_conversation SET last_change = 2",
    ),
    "a message that was changed after an hour": (
        "changes_belong_to_their_message",
        (),
        (
            "INSERT INTO messaging_messagechange (conversation_id, number, message_id, kind, body, at) "
            "SELECT conversation_id, 1, id, 'edited', 'Bonsoir', created_at + interval '1 hour' FROM messaging_message"
        ),
    ),
    "a message that no search finds": (
        "messages_can_be_found",
        (),
        (
            "INSERT INTO messaging_messagesearch (message_id, conversation_id, words) "
            "SELECT id + 1, conversation_id, '' FROM messaging_message"
        ),
    ),
    "a message to several that its dispatch does not know": (
        "dispatches_were_sent_once",
        (),
        (
            "INSERT INTO messaging_dispatch (author_id, token, body, created_at) "
            "SELECT author_id, client_id, body, created_at FROM messaging_message; "
            "INSERT INTO messaging_dispatchrecipient "
            "(dispatch_id, jobseeker_id, client_id, next_try_at, attempts, given_up_for, why) "
            "SELECT dispatch.id, jobseeker_id, client_id, message.created_at, 0, '', '' FROM messaging_message message "
            "JOIN messaging_dispatch dispatch ON dispatch.token = message.client_id "
            "JOIN messaging_conversation conversation ON conversation.id = message.conversation_id"
        ),
    ),
    "a message that left without its planned message": (
        "planned_messages_were_sent_once",
        (),
        (
            "INSERT INTO messaging_plannedmessage (conversation_id, author_id, client_id, body, written_at, due_at, "
            "next_try_at, attempts, after_number, given_up_at, given_up_for, why) "
            "SELECT conversation_id, author_id, client_id, body, created_at, created_at + interval '1 hour', "
            "created_at, 0, 0, created_at, 'withdrawn', '' FROM messaging_message"
        ),
    ),
    "a summary that speaks of no planned message": (
        "summaries_say_what_is_planned",
        (),
        "UPDATE caseload_casesummary SET reply_planned_at = now()",
    ),
    "nobody waits, says the conversation": (
        "waiting_since_the_first_unanswered_message",
        (),
        "UPDATE messaging_conversation SET awaiting_reply_since = NULL",
    ),
    "a summary that is wrong": (
        "summaries_say_what_waits",
        (),
        "UPDATE caseload_casesummary SET awaiting_reply_since = NULL",
    ),
    "an address that opens somebody else's account": (
        "address_opens_no_other_account",
        (),
        (
            "UPDATE accompaniment_jobseeker SET email = (SELECT min(email) FROM accompaniment_user "
            "WHERE role = 'adviser') WHERE id = (SELECT min(id) FROM accompaniment_jobseeker)"
        ),
    ),
    "addresses that nobody keeps apart": (
        "guards_are_in_place",
        (),
        "ALTER TABLE accompaniment_jobseeker DISABLE TRIGGER new_addresses_open_no_other_account",
    ),
    "two open call-backs": (
        "one_open_callback",
        ("callback_one_open", "messaging_callbackrequest.callback_claimed_by_someone"),
        (
            "INSERT INTO messaging_callbackrequest (jobseeker_id, subject, comment, phone, window_starts_at, "
            "window_ends_at, team_at, manager_at, asked_at, state, outcome) SELECT jobseeker_id, subject, comment, "
            "phone, window_starts_at, window_ends_at, team_at, manager_at, asked_at, 'claimed', '' "
            "FROM messaging_callbackrequest"
        ),
    ),
    "a call-back that its events do not tell": (
        "callbacks_have_their_history",
        (),
        (
            "UPDATE messaging_callbackrequest SET state = 'done', closed_at = now(), closed_by_id = "
            "(SELECT min(id) FROM accompaniment_user)"
        ),
    ),
    "a call-back whose promise is not that of its windows": (
        "callbacks_promise_their_windows",
        (),
        "UPDATE messaging_callbackwindow SET ends_at = ends_at + interval '1 hour'",
    ),
    "a call-back in nobody's hand": (
        "callbacks_are_in_one_hand",
        ("messaging_callbackrequest.callback_claimed_by_someone",),
        "UPDATE messaging_callbackrequest SET state = 'claimed'",
    ),
    "a call-back that ended as not reached too early": (
        "callbacks_were_tried_enough",
        (),
        (
            "UPDATE messaging_callbackrequest SET state = 'unreached', closed_at = now(), closed_by_id = "
            "(SELECT min(id) FROM accompaniment_user)"
        ),
    ),
    "sent without a proof": (
        "what_was_sent_has_its_proof",
        (),
        "UPDATE accompaniment_notification SET sent_at = now()",
    ),
    "an SMS that was sent without a proof": ("alerts_have_their_proof", (), AN_ALERT.format(sent_at="now()")),
    "a proof of an SMS that was not sent": (
        "alerts_have_their_proof",
        (),
        (
            "INSERT INTO messaging_delivery (notification_id, channel, address, subject, reference, accepted_at) "
            "SELECT id, 'sms', '+33639980042', 'x', '', now() FROM accompaniment_notification LIMIT 1"
        ),
    ),
    "an SMS with the link of an account": (
        "alerts_tell_what_may_be_told",
        (),
        AN_ALERT.format(sent_at="NULL") + " WHERE kind IN ('account_activation', 'invitation')",
    ),
    "an e-mail to no address": (
        "nobody_without_address_was_written_to",
        (),
        "UPDATE accompaniment_notification SET sent_at = now(), email = ''",
    ),
}


@pytest.fixture
def house() -> Iterator[Jobseeker]:
    """A web-track person with a message and a call-back request, a classic one, and a waiting volunteer."""
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    placed(PortfolioFactory(agency=portfolio.agency, modality="guide"))
    volunteer(portfolio)
    plan_obligations()
    post_message(
        actor=person.user,
        conversation=open_conversation(actor=person.user, jobseeker=person),
        client_id="7f8f2c9e-7f5e-4a53-8a37-0c3d8f2a1b11",
        body="Bonjour",
    )
    now = timezone.now()
    request = request_row(person, starts_at=now, ends_at=now + timedelta(hours=2))
    CallbackEvent.objects.create(request=request, at=now, actor=person.user, to_state="open")
    person.summary.callback_due_at = request.window_ends_at
    person.summary.save(update_fields=["callback_due_at"])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return person


def test_a_sound_house_has_no_breach(house: Jobseeker, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_invariants")
    assert capsys.readouterr().out.splitlines() == [f"{len(checks)} checks, 0 breaches"]


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_found(house: Jobseeker, breach: str, capsys: pytest.CaptureFixture[str]) -> None:
    check, guards, plant = BREACHES[breach]
    with transaction.atomic(), connection.cursor() as cursor:
        for guard in guards:
            table, _, constraint = guard.rpartition(".")
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if table else f"DROP INDEX {constraint}")
        if not plant.startswith("ALTER"):
            cursor.execute("SET LOCAL session_replication_role = replica")  # this also disables the triggers that guard
        cursor.execute(plant)
        cursor.execute("SET LOCAL session_replication_role = origin")
        with pytest.raises(SystemExit) as ended:
            call_command("check_invariants")
    assert ended.value.code == 1
    assert f"{check}: " in capsys.readouterr().out
