"""Two call-back requests of one person at once: one stands. With a control without the unique index."""

from threading import Barrier

import pytest
from django.db import connection, transaction

from messaging.enums import CallbackState
from messaging.models import CallbackRequest
from messaging.services.callback_steps import CallbackAlreadyOpenError
from messaging.services.callbacks import cancel_callback, close_callback
from tests.concurrency.threads import at_once
from tests.messaging.factories import ask, first_window, pair, request_row

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_requests_at_once_one_stands() -> None:
    two = pair()
    results = at_once(*[lambda: ask(two.jobseeker)] * 4)
    assert len([result for result in results if isinstance(result, CallbackRequest)]) == 1
    assert len([result for result in results if isinstance(result, CallbackAlreadyOpenError)]) == 3
    assert CallbackRequest.objects.open().count() == 1


def test_called_and_cancelled_at_once_is_one_of_the_two() -> None:
    two = pair()
    request = ask(two.jobseeker)
    results = at_once(
        lambda: close_callback(actor=two.adviser, request=request, outcome="Appelé."),
        lambda: cancel_callback(actor=two.person, request=request),
    )
    (closed,) = [result for result in results if isinstance(result, CallbackRequest)]
    request.refresh_from_db()
    assert request.state == closed.state
    assert request.events.count() == 2


def test_without_the_index_two_requests_stand() -> None:
    """The control: both check before either writes, so only the index can refuse one."""
    two = pair()
    window = first_window(two.jobseeker)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'callback_one_open'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX callback_one_open")
    both_have_looked = Barrier(2, timeout=5)

    def ask_unguarded() -> bool:
        with transaction.atomic():
            assert not CallbackRequest.objects.open().filter(jobseeker=two.jobseeker).exists()
            both_have_looked.wait()
            request_row(two.jobseeker, starts_at=window.starts_at, ends_at=window.ends_at)
            return True

    try:
        assert at_once(ask_unguarded, ask_unguarded) == [True, True]
        assert CallbackRequest.objects.filter(state=CallbackState.OPEN).count() == 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM messaging_callbackwindow; DELETE FROM messaging_callbackrequest")
            cursor.execute(definition)
