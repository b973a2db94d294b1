"""What must always hold of conversations, call-backs and deliveries, looked for in the live data."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.hooks.invariants import InvariantCheck
from accompaniment.reads.invariants import rows
from accompaniment.rules.notices import alert_of
from messaging.models import Attachment

ERASED_LATE = timedelta(days=2)
"""How long the job that erases files may be away."""


def messages_are_numbered_without_gap() -> Iterator[str]:
    """Invariant 11: a conversation's messages are numbered from 1 to its `last_number`."""
    for conversation, last, count, lowest, highest in rows("""
        SELECT conversation.id, conversation.last_number, count(message.id),
               coalesce(min(message.number), 1), coalesce(max(message.number), 0)
        FROM messaging_conversation conversation
        LEFT JOIN messaging_message message ON message.conversation_id = conversation.id
        GROUP BY conversation.id
        HAVING count(message.id) <> conversation.last_number
            OR coalesce(max(message.number), 0) <> conversation.last_number
            OR coalesce(min(message.number), 1) <> 1
    """):
        yield f"conversation {conversation} says {last} messages and has {count}, from {lowest} to {highest}"


def changes_are_numbered_without_gap() -> Iterator[str]:
    """A conversation's changes are numbered from 1 to its `last_change`."""
    for conversation, last, count, highest in rows("""
        SELECT conversation.id, conversation.last_change, count(change.id), coalesce(max(change.number), 0)
        FROM messaging_conversation conversation
        LEFT JOIN messaging_messagechange change ON change.conversation_id = conversation.id
        GROUP BY conversation.id
        HAVING count(change.id) <> conversation.last_change
            OR coalesce(max(change.number), 0) <> conversation.last_change
    """):
        yield f"conversation {conversation} says {last} changes and has {count}, up to {highest}"


def changes_belong_to_their_message() -> Iterator[str]:
    """A message is changed in its own conversation, within its time, and not after it was deleted."""
    for change, message in rows("""
        SELECT change.id, message.id FROM messaging_messagechange change
        JOIN messaging_message message ON message.id = change.message_id
        WHERE change.conversation_id <> message.conversation_id
            OR change.at < message.created_at OR change.at > message.created_at + interval '15 minutes'
            OR EXISTS (
                SELECT FROM messaging_messagechange earlier
                WHERE earlier.message_id = message.id AND earlier.kind = 'deleted' AND earlier.number < change.number
            )
    """):
        yield f"change {change} of message {message} was not allowed"


def messages_have_their_attachments() -> Iterator[str]:
    """A message carries as many files as it says, in places from 1 on, all of its author and conversation.

    It names no more files of its e-mail that were left than it counts.
    """
    for conversation, number, said, count in rows("""
        SELECT message.conversation_id, message.number, message.attached, count(file.id)
        FROM messaging_message message
        LEFT JOIN messaging_attachment file ON file.message_id = message.id
            AND file.conversation_id = message.conversation_id AND file.uploader_id = message.author_id
            AND file.position <= message.attached
        WHERE message.attached > 0 OR file.id IS NOT NULL
        GROUP BY message.id HAVING count(file.id) <> message.attached
    """):
        yield f"message {number} of conversation {conversation} says {said} attachments and has {count}"
    for (key,) in rows("""
        SELECT file.id FROM messaging_attachment file JOIN messaging_message message ON message.id = file.message_id
        WHERE file.conversation_id <> message.conversation_id OR file.uploader_id <> message.author_id
            OR file.position > message.attached
    """):
        yield f"attachment {key} is carried by a message that does not say so"
    for (message,) in rows("""
        SELECT DISTINCT message.id FROM messaging_pieceleft piece JOIN messaging_message message
        ON message.id = piece.message_id WHERE piece.position > message.pieces_left
    """):
        yield f"message {message} names files of its e-mail that it does not count"


def files_of_deleted_messages_are_erased() -> Iterator[str]:
    """The file of a message is erased if the message was deleted, and at the latest two days after its time."""
    for (key,) in rows("""
        SELECT file.id FROM messaging_attachment file WHERE file.state = 'erased' AND NOT EXISTS (
            SELECT FROM messaging_messagechange WHERE message_id = file.message_id AND kind = 'deleted'
        )
    """):
        yield f"attachment {key} is erased, and its message is not deleted"
    for key in Attachment.objects.to_erase(timezone.now() - ERASED_LATE).values_list("pk", flat=True):
        yield f"attachment {key} of a deleted message is not erased"


def messages_can_be_found() -> Iterator[str]:
    """The search has the words of each message up to the last that it keeps, and none of a deleted one."""
    for (message,) in rows("""
        SELECT coalesce(message.id, search.message_id) FROM messaging_message message
        FULL JOIN messaging_messagesearch search ON search.message_id = message.id
        WHERE coalesce(message.id, search.message_id) <= (SELECT max(message_id) FROM messaging_messagesearch)
            AND (message.conversation_id IS DISTINCT FROM search.conversation_id OR (search.words <> '' AND EXISTS (
                SELECT FROM messaging_messagechange WHERE message_id = message.id AND kind = 'deleted'
            )))
    """):
        yield f"the search does not have the words of message {message} as they stand"


def waiting_since_the_first_unanswered_message() -> Iterator[str]:
    """A conversation waits since the person's first message that no answer, contact or « no reply needed » settles.

    Deleted messages neither ask nor answer. An answer by e-mail settles what its author was told of.
    """
    for conversation, said, found in rows("""
        SELECT conversation.id, conversation.awaiting_reply_since, unanswered.since
        FROM messaging_conversation conversation
        LEFT JOIN LATERAL (
            SELECT (array_agg(message.created_at ORDER BY message.number))[1] AS since
            FROM messaging_message message
            JOIN accompaniment_user author ON author.id = message.author_id
            WHERE message.conversation_id = conversation.id AND author.role = 'jobseeker'
              AND message.id NOT IN (SELECT message_id FROM messaging_messagechange WHERE kind = 'deleted')
              AND message.number > (
                SELECT coalesce(max(coalesce(answer.answers_up_to, answer.number)), 0) FROM messaging_message answer
                JOIN accompaniment_user staff ON staff.id = answer.author_id
                WHERE answer.conversation_id = conversation.id AND staff.role <> 'jobseeker'
                  AND NOT answer.collective
                  AND answer.id NOT IN (SELECT message_id FROM messaging_messagechange WHERE kind = 'deleted')
              )
              AND message.number > (
                SELECT coalesce(max(ending.number), 0) FROM messaging_waitend ending
                WHERE ending.conversation_id = conversation.id
              )
        ) unanswered ON true
        WHERE conversation.awaiting_reply_since IS DISTINCT FROM unanswered.since
    """):
        yield f"conversation {conversation} waits since {said}, its messages say {found}"


def waits_have_their_times() -> Iterator[str]:
    """Who waits for an answer has instants at which the wait rises, in order and after the message."""
    for conversation, since in rows("""
        SELECT id, awaiting_reply_since FROM messaging_conversation
        WHERE awaiting_reply_since IS NOT NULL AND (
            reply_desk_at IS NULL OR reply_desk_at <= awaiting_reply_since
            OR NOT (reply_desk_at <= reply_team_at AND reply_team_at <= reply_due_at)
        )
    """):
        yield f"conversation {conversation} waits since {since}, and has no times to answer that fit"


def rises_were_noted_in_time() -> Iterator[str]:
    """A rise that was noted for the present wait is dated with the instant that the conversation says."""
    for conversation, seen_by in rows("""
        SELECT rise.conversation_id, rise.seen_by FROM messaging_replyrise rise
        JOIN messaging_conversation conversation ON conversation.id = rise.conversation_id
        WHERE rise.since = conversation.awaiting_reply_since
            AND rise.at IS DISTINCT FROM CASE rise.seen_by WHEN 'desk' THEN reply_desk_at
                WHEN 'team' THEN reply_team_at ELSE reply_due_at END
    """):
        yield f"conversation {conversation} rose to {seen_by} at another instant than it says"


def summaries_say_what_waits() -> Iterator[str]:
    """The portfolio row agrees with the conversation and the open call-back."""
    for identifier in rows("""
        SELECT person.identifier FROM messaging_conversation conversation
        JOIN accompaniment_jobseeker person ON person.id = conversation.jobseeker_id
        LEFT JOIN caseload_casesummary summary ON summary.jobseeker_id = person.id
        WHERE summary.awaiting_reply_since IS DISTINCT FROM conversation.awaiting_reply_since
            OR (conversation.awaiting_reply_since IS NOT NULL
                AND summary.reply_due_at IS DISTINCT FROM conversation.reply_due_at)
    """):
        yield f"the summary of jobseeker {identifier[0]} is wrong about the answer that is awaited"
    for identifier in rows("""
        SELECT person.identifier FROM accompaniment_jobseeker person
        LEFT JOIN caseload_casesummary summary ON summary.jobseeker_id = person.id
        LEFT JOIN messaging_callbackrequest request
            ON request.jobseeker_id = person.id AND request.state IN ('open', 'claimed')
        WHERE summary.callback_due_at IS DISTINCT FROM request.window_ends_at
    """):
        yield f"the summary of jobseeker {identifier[0]} is wrong about the call-back"


def one_open_callback() -> Iterator[str]:
    """Invariant 13: a jobseeker has at most one open call-back request."""
    for identifier, count in rows("""
        SELECT person.identifier, count(*) FROM messaging_callbackrequest request
        JOIN accompaniment_jobseeker person ON person.id = request.jobseeker_id
        WHERE request.state IN ('open', 'claimed') GROUP BY person.id HAVING count(*) > 1
    """):
        yield f"jobseeker {identifier} has {count} open call-back requests"


def callbacks_can_be_answered() -> Iterator[str]:
    """A call-back request has a number to call, or is answered in a way that needs none."""
    for (request,) in rows(
        "SELECT id FROM messaging_callbackrequest WHERE phone = '' AND way NOT IN ('chat', 'video')"
    ):
        yield f"call-back request {request} has no number, and cannot be answered without one"


def callbacks_promise_their_windows() -> Iterator[str]:
    """The promise of a request runs from its first to its last window, and rises within it."""
    for (request,) in rows("""
        SELECT request.id FROM messaging_callbackrequest request
        LEFT JOIN LATERAL (
            SELECT min(starts_at) AS first, max(ends_at) AS last FROM messaging_callbackwindow
            WHERE request_id = request.id
        ) whole ON true
        WHERE whole.first IS DISTINCT FROM request.window_starts_at
            OR whole.last IS DISTINCT FROM request.window_ends_at
            OR NOT (request.window_starts_at <= request.team_at AND request.team_at <= request.manager_at
                    AND request.manager_at <= request.window_ends_at)
    """):
        yield f"call-back request {request} does not promise its windows"


def callbacks_are_in_one_hand() -> Iterator[str]:
    """A claimed request says who has it and since when, and no other request does."""
    for request, state in rows("""
        SELECT id, state FROM messaging_callbackrequest
        WHERE (state = 'claimed') <> (claimed_at IS NOT NULL) OR (state = 'claimed') <> (claimed_by_id IS NOT NULL)
    """):
        yield f"call-back request {request} is {state}, and its claim does not agree"


def callbacks_were_tried_enough() -> Iterator[str]:
    """A request ends as not reached only after three attempts on two days, and as done only after one that reached."""
    for request, state in rows("""
        SELECT request.id, request.state FROM messaging_callbackrequest request
        JOIN accompaniment_jobseeker person ON person.id = request.jobseeker_id
        JOIN accompaniment_agency agency ON agency.id = person.agency_id
        JOIN accompaniment_departement departement ON departement.code = agency.departement_id
        JOIN accompaniment_region region ON region.code = departement.region_id
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE outcome <> 'reached') AS missed,
                   count(*) FILTER (WHERE outcome = 'reached') AS reached,
                   count(DISTINCT (at AT TIME ZONE region.timezone)::date) AS days
            FROM messaging_callbackattempt WHERE request_id = request.id
        ) tried
        WHERE (request.state = 'unreached' AND (tried.missed < 3 OR tried.days < 2 OR tried.reached > 0))
            OR (request.state = 'done') <> (tried.reached > 0)
    """):
        yield f"call-back request {request} is {state}, which its attempts do not say"


def callbacks_have_their_history() -> Iterator[str]:
    """The state of each request is that of its last event, and a call that was made is in the journal."""
    for request, state in rows("""
        SELECT request.id, request.state FROM messaging_callbackrequest request
        WHERE request.state IS DISTINCT FROM (
            SELECT event.to_state FROM messaging_callbackevent event
            WHERE event.request_id = request.id ORDER BY event.id DESC LIMIT 1
        )
    """):
        yield f"call-back request {request} is {state}, which its events do not say"
    for (request,) in rows("""
        SELECT request.id FROM messaging_callbackrequest request
        WHERE request.state = 'done' AND NOT EXISTS (
            SELECT FROM accompaniment_contact contact WHERE contact.source = 'callback:' || request.id
        )
    """):
        yield f"call-back request {request} was done, and the journal does not say so"


def what_was_sent_has_its_proof() -> Iterator[str]:
    """Each notification that was sent has a delivery by e-mail, and each delivery by e-mail a sent notification."""
    for (key,) in rows("""
        SELECT notification.key FROM accompaniment_notification notification
        LEFT JOIN messaging_delivery delivery ON delivery.notification_id = notification.id AND channel = 'email'
        WHERE (notification.sent_at IS NULL) <> (delivery.id IS NULL)
    """):
        yield f"notification {key} and its delivery do not agree"


def alerts_have_their_proof() -> Iterator[str]:
    """The same of each alert, by its channel."""
    for delivery, alert in rows("""
        SELECT delivery.id, alert.id FROM messaging_alert alert
        FULL JOIN (SELECT * FROM messaging_delivery WHERE channel <> 'email') delivery
            ON delivery.notification_id = alert.notification_id AND delivery.channel = alert.channel
        WHERE (alert.sent_at IS NULL) <> (delivery.id IS NULL)
    """):
        yield f"alert {alert} and delivery {delivery} do not agree"


def alerts_tell_what_may_be_told() -> Iterator[str]:
    """No alert tells of a kind that goes by e-mail alone: its link is a secret of the mailbox."""
    for alert, kind in rows("""
        SELECT min(alert.id), notification.kind FROM messaging_alert alert
        JOIN accompaniment_notification notification ON notification.id = alert.notification_id
        GROUP BY notification.kind
    """):
        if not alert_of(NotificationKind(str(kind)), {}):
            yield f"alert {alert} tells of {kind}"


def nobody_without_address_was_written_to() -> Iterator[str]:
    """A notification without an address is never sent by e-mail."""
    for (key,) in rows("SELECT key FROM accompaniment_notification WHERE email = '' AND sent_at IS NOT NULL"):
        yield f"notification {key} was sent to no address"


def dispatches_were_sent_once() -> Iterator[str]:
    """What was sent of a dispatch is the message that it says: its author's, in the person's own conversation."""
    for recipient, message in rows("""
        SELECT recipient.id, message.id FROM messaging_dispatchrecipient recipient
        JOIN messaging_dispatch dispatch ON dispatch.id = recipient.dispatch_id
        JOIN messaging_message message ON message.id = recipient.message_id
        JOIN messaging_conversation conversation ON conversation.id = message.conversation_id
        WHERE message.client_id <> recipient.client_id OR message.author_id <> dispatch.author_id
            OR conversation.jobseeker_id <> recipient.jobseeker_id OR message.body <> dispatch.body
            OR NOT message.collective
    """):
        yield f"recipient {recipient} of a dispatch says message {message}, which is another one"
    for recipient, message in rows("""
        SELECT recipient.id, message.id FROM messaging_dispatchrecipient recipient
        JOIN messaging_dispatch dispatch ON dispatch.id = recipient.dispatch_id
        JOIN messaging_message message
            ON message.author_id = dispatch.author_id AND message.client_id = recipient.client_id
        WHERE recipient.message_id IS DISTINCT FROM message.id
    """):
        yield f"message {message} was sent to recipient {recipient} of a dispatch, which does not say so"


def planned_messages_were_sent_once() -> Iterator[str]:
    """A planned message that has left is the message that it says."""
    for planned, message in rows("""
        SELECT planned.id, message.id FROM messaging_plannedmessage planned
        JOIN messaging_message message
            ON message.id = planned.message_id
            OR (message.author_id = planned.author_id AND message.client_id = planned.client_id)
        WHERE planned.message_id IS DISTINCT FROM message.id OR message.client_id <> planned.client_id
            OR message.author_id <> planned.author_id OR message.conversation_id <> planned.conversation_id
    """):
        yield f"planned message {planned} and message {message} do not say that they are one"


def summaries_say_what_is_planned() -> Iterator[str]:
    """The portfolio list says when the next planned message of a person leaves."""
    for person, said, found in rows("""
        SELECT coalesce(summary.jobseeker_id, planned.jobseeker_id), summary.reply_planned_at, planned.first
        FROM caseload_casesummary summary FULL JOIN (
            SELECT jobseeker_id, min(due_at) AS first FROM messaging_plannedmessage
            JOIN messaging_conversation conversation ON conversation.id = conversation_id
            WHERE sent_at IS NULL AND given_up_at IS NULL GROUP BY jobseeker_id
        ) planned ON planned.jobseeker_id = summary.jobseeker_id
        WHERE summary.reply_planned_at IS DISTINCT FROM planned.first
    """):
        yield f"the summary of person {person} says that an answer is planned at {said}, and it is planned at {found}"


MESSAGING_CHECKS: tuple[InvariantCheck, ...] = (
    messages_are_numbered_without_gap,
    changes_are_numbered_without_gap,
    changes_belong_to_their_message,
    messages_have_their_attachments,
    files_of_deleted_messages_are_erased,
    messages_can_be_found,
    dispatches_were_sent_once,
    planned_messages_were_sent_once,
    summaries_say_what_is_planned,
    waiting_since_the_first_unanswered_message,
    waits_have_their_times,
    rises_were_noted_in_time,
    summaries_say_what_waits,
    one_open_callback,
    callbacks_can_be_answered,
    callbacks_promise_their_windows,
    callbacks_are_in_one_hand,
    callbacks_were_tried_enough,
    callbacks_have_their_history,
    what_was_sent_has_its_proof,
    alerts_have_their_proof,
    alerts_tell_what_may_be_told,
    nobody_without_address_was_written_to,
)
