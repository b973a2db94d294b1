"""An adviser's absence and the interviews: none is booked on its days, and each existing one is decided by somebody."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import Jobseeker, Notification
from caseload.hooks.adviser_absences import CANCEL, MOVE, RELAY, Decision, UndecidedError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.services.moves.absences import (
    declare_absence,
    end_absence,
    extend_absence,
    foresee_absence,
    replace_colleague,
)
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import AdviserFactory, on_web_track
from tests.confirmation import asked, confirmed
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots
from visio.enums import InterviewState
from visio.models import Interview
from visio.reads.invariants import VISIO_CHECKS, nothing_booked_in_an_absence
from visio.services.adviser_absences import ask_about_interviews
from visio.services.errors import SlotTakenError
from visio.services.hours import give_usual_hours
from visio.services.interviews import book_interview

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _a_monday() -> Any:
    with time_machine.travel("2026-03-02T09:00:00Z", tick=True):
        yield


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def colleague(portfolio: Portfolio) -> Adviser:
    adviser = AdviserFactory(agency=portfolio.agency)
    give_usual_hours([adviser])
    return adviser


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio, email="awa@example.org")


@pytest.fixture
def interview(person: Jobseeker) -> Interview:
    return InterviewFactory(jobseeker=person, starts_at=at(2, 10))


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, 2 + day, hour, tzinfo=timezone.get_current_timezone())


def declare(
    portfolio: Portfolio, colleague: Adviser, decisions: Mapping[str, Decision] | None = None, *, last: int = 4
) -> Absence:
    absence, _ = declare_absence(
        actor=portfolio.adviser.user,
        adviser=portfolio.adviser,
        starts_on=MONDAY + timedelta(days=1),
        ends_on=MONDAY + timedelta(days=last),
        colleagues={portfolio.pk: [colleague.pk]},
        decisions=decisions or {},
    )
    return absence


def to(choice: str, interview: Interview, message: str = "") -> dict[str, Decision]:
    return {f"entretien-{interview.pk}": Decision(choice=choice, message=message)}


def relay(interview: Interview, colleague: Adviser) -> dict[str, Decision]:
    return to(f"{RELAY}:{colleague.pk}", interview)


def letters(kind: NotificationKind) -> list[Notification]:
    return list(Notification.objects.filter(kind=kind).order_by("pk"))


def breaches() -> list[str]:
    return [breach for check in VISIO_CHECKS for breach in check()]


def test_no_slot_is_offered_during_the_absence(portfolio: Portfolio, colleague: Adviser, person: Jobseeker) -> None:
    free = [slot for slot in first_slots(person) if slot.date() == MONDAY + timedelta(days=2)]
    declare(portfolio, colleague)
    assert {slot.date() for slot in first_slots(person)} & {MONDAY + timedelta(days=n) for n in range(1, 5)} == set()
    with pytest.raises(SlotTakenError):
        book_interview(
            actor=person.user, jobseeker=person, adviser=portfolio.adviser, starts_at=free[0], channel=Channel.VIDEO
        )


def test_nothing_is_written_before_every_interview_is_decided(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    second = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(3, 10))
    with pytest.raises(UndecidedError):
        declare(portfolio, colleague, relay(interview, colleague))
    interview.refresh_from_db()
    assert (Absence.objects.count(), Cover.objects.count()) == (0, 0)
    assert (interview.adviser, interview.state) == (portfolio.adviser, InterviewState.BOOKED)
    declare(portfolio, colleague, {**relay(interview, colleague), **to(MOVE, second)})
    assert breaches() == []


def test_an_interview_is_given_to_a_colleague_who_is_free(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    declare(portfolio, colleague, relay(interview, colleague))
    interview.refresh_from_db()
    assert (interview.adviser, interview.starts_at) == (colleague, at(2, 10))
    (letter,) = letters(NotificationKind.INTERVIEW_BOOKED)
    assert letter.context["instead_of"] == str(portfolio.adviser)
    assert breaches() == []


@pytest.mark.parametrize("why", ["busy", "off", "on_site"])
def test_a_colleague_who_is_not_free_gets_none(
    portfolio: Portfolio, colleague: Adviser, interview: Interview, why: str
) -> None:
    if why == "busy":
        InterviewFactory(jobseeker=on_web_track(portfolio), adviser=colleague, starts_at=at(2, 10))
    elif why == "off":
        colleague.working_hours.all().delete()
    else:
        Interview.objects.filter(pk=interview.pk).update(channel=Channel.ON_SITE)
        colleague.agency = AgencyFactory(region=portfolio.agency.departement.region)
        colleague.save()
    with pytest.raises(UndecidedError, match="plus libre"):
        declare(portfolio, colleague, relay(interview, colleague))
    assert not Absence.objects.exists()
    declare(portfolio, colleague, to(MOVE, interview))


@pytest.mark.parametrize("size", [1, 3])
def test_the_number_of_queries_grows_neither_with_interviews_nor_with_colleagues(
    portfolio: Portfolio, django_assert_num_queries: Any, size: int
) -> None:
    for number in range(size):
        InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(2, 9 + number))
    colleagues = [AdviserFactory(agency=portfolio.agency) for _ in range(size)]
    give_usual_hours(colleagues)
    planned = foresee_absence(
        adviser=portfolio.adviser,
        starts_on=MONDAY + timedelta(days=1),
        ends_on=MONDAY + timedelta(days=4),
        colleagues={portfolio.pk: [one.pk for one in colleagues]},
    )
    with django_assert_num_queries(5):  # interviews, portfolios; absences, hours and interviews of the colleagues
        questions = ask_about_interviews(planned)
    assert [len(question.choices) for question in questions] == [size + 2] * size


def test_a_person_is_asked_to_choose_another_slot(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    declare(portfolio, colleague, to(MOVE, interview))
    interview.refresh_from_db()
    assert interview.state == InterviewState.CANCELLED
    (letter,) = letters(NotificationKind.INTERVIEW_CANCELLED)
    assert letter.context["choose"] is True


def test_an_interview_is_cancelled_with_a_message(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    with pytest.raises(UndecidedError, match="pourquoi"):
        declare(portfolio, colleague, to(CANCEL, interview, " "))
    declare(portfolio, colleague, to(CANCEL, interview, "Je vous appelle à mon retour."))
    interview.refresh_from_db()
    assert interview.state == InterviewState.CANCELLED
    (letter,) = letters(NotificationKind.INTERVIEW_CANCELLED)
    assert letter.context["message"] == "Je vous appelle à mon retour."


def test_what_was_given_comes_back_with_the_adviser(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    absence = declare(portfolio, colleague, relay(interview, colleague))
    end_absence(actor=portfolio.adviser.user, absence=absence)
    interview.refresh_from_db()
    assert (interview.adviser, interview.state) == (portfolio.adviser, InterviewState.BOOKED)
    assert breaches() == []


def test_ending_an_absence_names_whose_interviews_move_and_asks_first(
    client: Client, portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    absence = declare(portfolio, colleague, relay(interview, colleague))
    client.force_login(portfolio.adviser.user)
    address = f"/absences/{absence.pk}/fin/"
    page = asked(client, address, {})
    assert interview.jobseeker.identifier in page.content.decode()
    interview.refresh_from_db()
    absence.refresh_from_db()
    assert (interview.adviser, absence.cancelled_at) == (colleague, None)
    assert confirmed(client, address, {}).status_code == 302
    interview.refresh_from_db()
    assert interview.adviser == portfolio.adviser


def test_what_was_given_stays_on_days_that_are_still_covered(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    absence = declare(portfolio, colleague, relay(interview, colleague))
    end_absence(actor=portfolio.adviser.user, absence=absence, last_day=MONDAY + timedelta(days=2))
    interview.refresh_from_db()
    assert interview.adviser == colleague
    assert breaches() == []


def test_another_colleague_takes_the_interviews_over_or_they_are_to_be_moved(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    later = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(3, 10))
    absence = declare(portfolio, colleague, {**relay(interview, colleague), **relay(later, colleague)})
    third = AdviserFactory(agency=portfolio.agency)
    give_usual_hours([third])
    third.working_hours.filter(weekday=3).delete()
    replace_colleague(
        actor=portfolio.adviser.user,
        cover=Cover.objects.select_related("absence__adviser").get(absence=absence),
        colleague=third,
    )
    interview.refresh_from_db()
    later.refresh_from_db()
    assert (interview.adviser, interview.state) == (third, InterviewState.BOOKED)
    assert later.state == InterviewState.CANCELLED
    assert breaches() == []


def test_the_page_asks_of_each_interview_and_keeps_what_was_typed(
    client: Client, portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    client.force_login(portfolio.adviser.user)
    facts: dict[str, Any] = {"du": "2026-03-03", "au": "2026-03-06", f"relais_{portfolio.pk}": [colleague.pk]}
    key = f"entretien-{interview.pk}"
    text = client.get("/absences/declarer/", facts).content.decode()
    assert f"Confié à {colleague}" in text
    answer = client.post("/absences/declarer/", facts)
    assert answer.status_code == 422
    answer = client.post("/absences/declarer/", {**facts, key: CANCEL, f"{key}-message": ""})
    assert answer.status_code == 409
    meanwhile = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(3, 10))
    answer = client.post("/absences/declarer/", {**facts, key: CANCEL, f"{key}-message": "À bientôt !"})
    assert answer.status_code == 422
    assert "À bientôt !" in answer.content.decode()
    answer = client.post(
        "/absences/declarer/",
        {**facts, key: CANCEL, f"{key}-message": "À bientôt !", f"entretien-{meanwhile.pk}": MOVE},
    )
    assert answer.status_code == 302
    assert breaches() == []


def test_the_slot_picker_says_who_is_away(
    client: Client, portfolio: Portfolio, colleague: Adviser, person: Jobseeker
) -> None:
    declare(portfolio, colleague)
    with time_machine.travel("2026-03-03T09:00:00Z"):
        client.force_login(person.user)
        text = client.get("/mes-entretiens/prendre/", follow=True).content.decode()
    assert f"{portfolio.adviser} n&#x27;est pas là jusqu&#x27;au 6 mars inclus" in text


def test_an_interview_in_an_absence_is_found(portfolio: Portfolio, colleague: Adviser, interview: Interview) -> None:
    absence = declare(portfolio, colleague, to(MOVE, interview))
    InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(3, 10))
    assert list(nothing_booked_in_an_absence()) == [
        f"interview {Interview.objects.live().get().pk} is booked in absence {absence.pk} of its adviser"
    ]


# --- All at once, extended, handed on --------------------------------------------------------------


def test_all_interviews_are_decided_at_once_and_still_one_by_one(
    client: Client, portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    second = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=at(3, 10))
    InterviewFactory(
        jobseeker=on_web_track(bookable_portfolio(adviser=colleague)), adviser=colleague, starts_at=at(3, 10)
    )
    client.force_login(portfolio.adviser.user)
    url, facts = "/absences/declarer/", {"du": "2026-03-03", "au": "2026-03-06", f"relais_{portfolio.pk}": colleague.pk}
    text = client.get(url, facts).content.decode()
    assert "Tous à déplacer" in text
    assert "Tous tenus par le relais" in text
    assert " checked" not in text.split("Entretiens prévus")[1].split("</main>")[0]
    moved = client.get(url, {**facts, "tous": "deplacer"}).context["deciding"]
    assert moved.initial == {f"entretien-{one.pk}": MOVE for one in (interview, second)}
    held = client.get(url, {**facts, "tous": "relais"})
    assert held.context["deciding"].initial == {f"entretien-{interview.pk}": f"{RELAY}:{colleague.pk}"}
    assert "Il reste 1 entretien à décider" in held.content.decode()
    assert not Absence.objects.exists()
    client.post(
        url,
        {**facts, f"entretien-{interview.pk}": f"{RELAY}:{colleague.pk}", f"entretien-{second.pk}": MOVE},
    )
    interview.refresh_from_db()
    second.refresh_from_db()
    assert (interview.adviser, second.state) == (colleague, InterviewState.CANCELLED)


def test_one_interview_is_decided_by_itself(
    client: Client, portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    client.force_login(portfolio.adviser.user)
    facts = {"du": "2026-03-03", "au": "2026-03-06", f"relais_{portfolio.pk}": colleague.pk}
    text = client.get("/absences/declarer/", facts).content.decode()
    assert "À déplacer" in text
    assert "Tous à déplacer" not in text


def test_interviews_of_the_added_days_are_decided(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    absence = declare(portfolio, colleague, last=1)
    facts: dict[str, Any] = {
        "actor": portfolio.adviser.user,
        "absence": absence,
        "last_day": MONDAY + timedelta(days=3),
        "colleagues": {portfolio.pk: [colleague.pk]},
    }
    with pytest.raises(UndecidedError):
        extend_absence(**facts, decisions={})
    absence.refresh_from_db()
    assert absence.ends_on == MONDAY + timedelta(days=1)
    extend_absence(**facts, decisions=relay(interview, colleague))
    interview.refresh_from_db()
    assert interview.adviser == colleague
    assert breaches() == []


def test_an_interview_that_a_relay_holds_goes_on_to_who_takes_over(
    portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    declare(portfolio, colleague, relay(interview, colleague))
    third = AdviserFactory(agency=portfolio.agency)
    give_usual_hours([third])
    facts: dict[str, Any] = {
        "actor": colleague.user,
        "adviser": colleague,
        "starts_on": MONDAY + timedelta(days=2),
        "ends_on": MONDAY + timedelta(days=3),
        "colleagues": {},
        "relays": {Cover.objects.get().pk: third.pk},
    }
    with pytest.raises(UndecidedError):
        declare_absence(**facts, decisions={})
    declare_absence(**facts, decisions=relay(interview, third))
    interview.refresh_from_db()
    assert interview.adviser == third
    assert breaches() == []


def test_the_agenda_shows_days_of_absence_and_of_relay(
    client: Client, portfolio: Portfolio, colleague: Adviser
) -> None:
    declare(portfolio, colleague, last=3)
    for who, shown in ((portfolio.adviser, "absence"), (colleague, "relays")):
        client.force_login(who.user)
        answer = client.get("/agenda/")
        marked = [(one.day - MONDAY).days for one in answer.context["days"] if getattr(one, shown)]
        assert marked == [1, 2, 3]
    assert str(portfolio.adviser) in answer.content.decode()
    assert "Relais" not in client.get("/agenda/?semaine=2026-03-09").content.decode()
