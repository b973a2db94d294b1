"""The demonstration, checked as if its people had always used the service."""

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Avg, Exists, F, Max, OuterRef
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, Role
from accompaniment.models import Enrolment, Jobseeker, Notification, Obligation, User
from caseload.models import Adviser, Portfolio
from config.checks import no_account_of_the_demonstration
from config.demonstration.logins import ADVISER, JOBSEEKER, LOGINS
from messaging.models import CallbackRequest, Conversation, Message
from tests.accompaniment.factories import UserFactory
from visio.models import Interview
from visio.rules import ROOM_OPENS_BEFORE


@pytest.fixture
def _demonstration(db: None) -> None:
    call_command("seed_demo", verbosity=0)
    with connection.cursor() as cursor:  # the constraints that a commit would check
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.usefixtures("_demonstration")
class TestDemonstration:
    """One load for all checks, because loading takes seconds."""

    def test_stands(self, capsys: pytest.CaptureFixture[str], mailoutbox: list[EmailMessage]) -> None:
        now = timezone.now()
        call_command("check_invariants")
        assert ", 0 breaches" in capsys.readouterr().out

        web = Portfolio.objects.filter(modality=Modality.GUIDE_WEB)
        sizes = web.aggregate(average=Avg("occupied"), largest=Max("occupied"))
        assert 68 <= sizes["average"] <= 75
        assert (sizes["largest"], web.get(occupied=249).capacity) == (249, 250)
        assert 1400 <= Jobseeker.objects.count() <= 1600
        assert set(Enrolment.objects.values_list("state", flat=True)) >= {
            EnrolmentState.ASKED,
            EnrolmentState.VALIDATED,
            EnrolmentState.REFUSED,
            EnrolmentState.ACTIVE,
            EnrolmentState.ENDED,
        }

        adviser = Adviser.objects.get(user__email=ADVISER.email)
        meeting = Interview.objects.live().get(jobseeker__email=JOBSEEKER.email)
        assert meeting.adviser == adviser
        assert meeting.starts_at - ROOM_OPENS_BEFORE <= now < meeting.starts_at
        mine = Conversation.objects.filter(
            jobseeker__placements__portfolio__adviser=adviser, jobseeker__placements__ended_at=None
        )
        last = Message.objects.filter(conversation=OuterRef("pk"), number=OuterRef("last_number"))
        wrote_last = mine.filter(Exists(last.filter(author__role=Role.JOBSEEKER)))
        # At some hours an interview or a call of the last days has settled what one of them asked.
        settled = wrote_last.filter(wait_ends__number=F("last_number")).distinct()
        assert wrote_last.count() == 40
        assert mine.awaiting_reply().count() == 40 - settled.count()
        assert settled.count() <= 4
        assert Enrolment.objects.awaiting_decision().filter(jobseeker__agency=adviser.agency).count() >= 10
        assert Obligation.objects.due().filter(due_on__lt=now.date()).exists()
        assert CallbackRequest.objects.open().filter(window_ends_at__lt=now).exists()
        for login in LOGINS:
            assert User.objects.get(email=login.email).check_password(login.password)

        assert len(mailoutbox) >= 3
        assert not Notification.objects.to_send(now).exists()

        with pytest.raises(CommandError, match="already has people"):
            call_command("seed_demo")


def test_is_not_loaded_where_people_are_real(db: None, settings: LazySettings) -> None:
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="only where"):
        call_command("seed_demo")
    assert not Jobseeker.objects.exists()


@pytest.mark.django_db
def test_accounts_of_the_demonstration_are_found_where_real_people_are(settings: LazySettings) -> None:
    """Their password is published in the source: `check --deploy --database default` reports an error."""
    settings.DEMONSTRATION = False
    UserFactory(email="someone@demo.example.org")
    assert no_account_of_the_demonstration(["default"]) == []
    UserFactory(email=LOGINS[0].email)
    (found,) = no_account_of_the_demonstration(["default"])
    assert found.id == "visio.E001"
    assert "1 account of the demonstration" in found.msg
    assert no_account_of_the_demonstration(None) == []
    settings.DEMONSTRATION = True
    assert no_account_of_the_demonstration(["default"]) == []


@pytest.mark.django_db
def test_a_check_before_the_first_migration_says_what_to_run(settings: LazySettings) -> None:
    """Kind: a traceback in place of a sentence, for an operator who takes one step too early."""
    settings.DEMONSTRATION = False
    assert no_account_of_the_demonstration(["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO not_there_yet")
    (found,) = no_account_of_the_demonstration(["default"])
    assert (found.id, found.hint) == ("visio.E002", "Run `manage.py migrate` as the owner.")
