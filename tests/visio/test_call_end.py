"""The call of an interview ends for both sides; its outcome is recorded afterwards."""

import pytest
from django.urls import reverse

from accompaniment.enums import Channel, FilePart
from accompaniment.models import AuditEntry
from accompaniment.rules.errors import NotAllowedNowError
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState, NextStep
from visio.services import closing, room

pytestmark = pytest.mark.django_db

BEING_WRITTEN = "L'entretien est terminé, votre conseiller rédige le compte rendu"


@pytest.fixture
def interview():
    return InterviewFactory()


@pytest.fixture
def running(interview):
    return room.admit(actor=interview.adviser.user, interview=interview)


def entries(interview, event):
    return AuditEntry.objects.filter(jobseeker=interview.jobseeker, details__event=event)


@pytest.mark.parametrize("by", ["jobseeker", "adviser"])
def test_either_ends_it_once_with_a_trace_and_the_interview_stays_open(running, by):
    actor = getattr(running, by).user
    for _ in range(2):
        ended = room.end_call(actor=actor, interview=running)
    assert ended.call_ended_by == actor
    assert entries(running, "call_ended").get().actor == actor
    assert ended.state == InterviewState.IN_PROGRESS
    assert ended.technical_failure_at is None


def test_nobody_ends_a_call_that_has_not_begun(interview):
    with pytest.raises(NotAllowedNowError, match="pas commencé"):
        room.end_call(actor=interview.adviser.user, interview=interview)


def test_nobody_else_ends_it(client, running):
    stranger = on_web_track().user
    with pytest.raises(NotAllowedNowError, match="Seules les deux personnes"):
        room.end_call(actor=stranger, interview=running)
    client.force_login(stranger)
    assert client.post(reverse("room_end", args=[running.token])).status_code == 404


def test_nobody_ends_it_once_the_report_is_there(running):
    closing.close_interview(
        actor=running.adviser.user, interview=running, conclusions="Fait.", next_step=NextStep.CONTINUE
    )
    with pytest.raises(NotAllowedNowError):
        room.end_call(actor=running.jobseeker.user, interview=running)


def test_the_adviser_takes_it_up_again_with_a_trace_and_the_person_does_not(running):
    room.end_call(actor=running.jobseeker.user, interview=running)
    with pytest.raises(NotAllowedNowError):
        room.admit(actor=running.jobseeker.user, interview=running)
    again = room.admit(actor=running.adviser.user, interview=running)
    assert (again.call_ended_at, again.call_ended_by) == (None, None)
    assert entries(running, "call_resumed").count() == 1


def test_the_page_says_the_same_after_a_reload_and_not_before(client, running):
    url = reverse("room", args=[running.token])
    client.force_login(running.jobseeker.user)
    assert 'data-phase="lobby"' in client.get(url).content.decode()
    assert client.post(reverse("room_end", args=[running.token])).url == url
    assert 'data-phase="ended"' in client.get(url).content.decode()
    assert BEING_WRITTEN in client.get(url).content.decode()
    client.force_login(running.adviser.user)
    assert "L'appel est terminé" in client.get(url).content.decode()


def test_the_report_can_be_written_afterwards(running):
    room.end_call(actor=running.adviser.user, interview=running)
    report = closing.close_interview(
        actor=running.adviser.user, interview=running, conclusions="Fait.", next_step=NextStep.CONTINUE
    )
    assert report.interview.state == InterviewState.HELD


class TestTheNumberIsInThePage:
    """Both sides see who calls at which number, in case the server does not answer later."""

    def page(self, client, user, interview):
        client.force_login(user)
        return client.get(reverse("room", args=[interview.token])).content.decode()

    def test_each_side_reads_its_own(self, client, interview):
        adviser = self.page(client, interview.adviser.user, interview)
        assert f'href="tel:{interview.jobseeker.phone}"' in adviser
        theirs = self.page(client, interview.jobseeker.user, interview)
        assert "vous appelle au 06\u00a039\u00a098\u00a000\u00a001" in theirs
        assert "tel:" not in theirs

    def test_a_person_without_a_number_reads_so(self, client, interview):
        interview.jobseeker.phone = ""
        interview.jobseeker.save(update_fields=["phone"])
        assert "Nous n'avons pas votre numéro" in self.page(client, interview.jobseeker.user, interview)
        assert "n'a pas de numéro" in self.page(client, interview.adviser.user, interview)

    def test_another_channel_has_no_room(self, client):
        interview = InterviewFactory(channel=Channel.PHONE)
        assert "data-room" not in self.page(client, interview.adviser.user, interview)


def test_the_room_has_no_frame_of_the_site_and_the_page_before_it_has(client, interview):
    """Every other page has header, « Quitter le 100 % web » and footer."""
    client.force_login(interview.jobseeker.user)
    parts = ('class="frame-header', 'class="frame-rights"', 'class="fr-footer', 'class="fr-skiplinks')
    room_page = client.get(reverse("room", args=[interview.token])).content.decode()
    other_page = client.get(reverse("my_interviews")).content.decode()
    for part in parts:
        assert part not in room_page
        assert part in other_page


def test_a_colleague_who_holds_the_interview_reads_the_number_with_a_trace(client):
    """The person's own adviser leaves no audit row; any other reader does."""
    colleague = PortfolioFactory().adviser
    for interview, rows in ((InterviewFactory(), 0), (InterviewFactory(adviser=colleague), 1)):
        client.force_login(interview.adviser.user)
        client.get(reverse("room", args=[interview.token]))
        read = AuditEntry.objects.filter(jobseeker=interview.jobseeker, details__part=FilePart.CONTACT_DETAILS)
        assert read.count() == rows
