"""« Mon espace » in each state that a person can be in: what comes next, and no button that ends in a wall."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.models import Jobseeker, OnSiteRequest
from caseload.reads.moves.who_answers import away_now, following_of
from messaging.models import CallbackRequest, Conversation, Message
from messaging.services.conversations import open_conversation
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import follower
from tests.messaging.factories import say
from tests.space_page import answer_of, buttons_of, main_of, places_of, space_of, words_of
from tests.visio.factories import InterviewFactory
from tests.visio.states_of_the_space import (
    ALL,
    BOOK,
    CALL,
    MEANWHILE,
    NOTHING,
    ON_SITE,
    STATES,
    WRITE,
    adviser_without_hours,
    nobodys,
    web,
    with_interview,
    with_obligation,
)
from visio.models import Interview
from visio.services.hours import give_usual_hours

pytestmark = pytest.mark.django_db

STATEMENTS = 15
"""What the whole page may read, its panels and the log-in included."""

WALLS = (
    "Aucun conseiller",
    "Personne ne peut vous appeler",
    "Aucun créneau n'est libre",
    "Aucune heure",
    "adressez-vous à votre agence",
    "ne peut plus être",
    "est déjà prévu, ou n'est plus nécessaire",
)
"""What a page says to who cannot do what it is for."""


@pytest.mark.parametrize(("state", "title", "ways"), STATES, ids=[row[0].__name__ for row in STATES])
def test_one_next_step_and_every_way_leads_on(
    client: Client,
    state: Callable[[], Jobseeker],
    title: str,
    ways: set[str],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """Kind: a button that is there for everybody, and for this person ends in a refusal."""
    person = state()
    client.force_login(person.user)
    with django_assert_max_num_queries(STATEMENTS):
        page = main_of(client.get(reverse("space")).content.decode())
    assert page.count("space-card--next") == page.count("Ma prochaine étape") == 1
    assert title in words_of(page[page.index("Ma prochaine étape") :])
    places = places_of(page)
    ways_out = page[page.index('id="que-faire"') :].partition("</section>")[0]
    offered = {name for name in ALL if reverse(name) in buttons_of(ways_out)}
    assert offered == ways
    assert (MEANWHILE in words_of(page)) is (ways == {ON_SITE})
    for place in places:
        answer = client.get(place, follow=True)
        assert answer.status_code == 200, place
        if answer["Content-Type"].startswith("text/html"):
            said = answer_of(answer)
            assert not [wall for wall in WALLS if wall in said], (place, said)
    done(client, person, ways)


@pytest.mark.parametrize(("state", "title", "ways"), STATES, ids=[row[0].__name__ for row in STATES])
def test_without_scripts_the_page_says_what_comes_next_and_who_answers_at_which_number(
    client: Client, state: Callable[[], Jobseeker], title: str, ways: set[str]
) -> None:
    """Kind: a part of a page that is only a link until a script asks for it."""
    person = state()
    page = space_of(client, person)
    card, said = section_of(page, "prochaine-etape"), section_of(page, "adviser-title")
    assert title in words_of(card)
    assert bool(re.search('<a class="fr-(btn|link)', card)) is (title != NOTHING)
    following = following_of(person)
    who, agency = following.adviser or person.agency, following.adviser.agency if following.adviser else person.agency
    assert str(who) in words_of(said)
    assert (f'href="tel:{agency.phone}"' in said) is bool(agency.phone)
    away = following.away(timezone.now())
    assert away == away_now(person, now=timezone.now())
    assert away is None or away.sentence.replace("\u00a0", " ") in words_of(said)


def section_of(page: str, title: str) -> str:
    """Return the part of a page that has the heading of this id."""
    return next(part for part in page.split("<section ") if f'aria-labelledby="{title}"' in part)


def done(client: Client, person: Jobseeker, ways: set[str]) -> None:
    """Take what the form behind each button offers, to the end."""
    if WRITE in ways:
        written(client, person)
    if CALL in ways:
        called(client, person)
    if BOOK in ways:
        booked(client, person)
    on_site = client.post(reverse(ON_SITE), {"comment": "Le matin."}, follow=True)
    assert on_site.status_code == 200
    assert OnSiteRequest.objects.open().filter(jobseeker=person).count() == 1


def written(client: Client, person: Jobseeker) -> None:
    address = client.get(reverse(WRITE), follow=True).redirect_chain[-1][0]
    sent = client.post(address, {"body": "Bonjour", "client_id": str(uuid4())}, follow=True)
    assert sent.status_code == 200
    assert Message.objects.filter(conversation__jobseeker=person, author=person.user).exists()


def called(client: Client, person: Jobseeker) -> None:
    page = client.get(reverse(CALL)).content.decode()
    if not CallbackRequest.objects.open().filter(jobseeker=person).exists():
        window = re.search(r'name="windows" value="([^"]+)"', page)
        assert window is not None
        client.post(
            reverse(CALL),
            {"subject": "training", "phone": person.phone, "way": "phone", "windows": window[1], "comment": ""},
            follow=True,
        )
    assert CallbackRequest.objects.open().filter(jobseeker=person).exists()


def booked(client: Client, person: Jobseeker) -> None:
    before = Interview.objects.live().filter(jobseeker=person).count()
    answer = client.get(reverse(BOOK), follow=True)
    address = answer.redirect_chain[-1][0] if answer.redirect_chain else reverse(BOOK)
    slots = re.findall(r'name="slot"[^>]*? value="([^"]+)"', answer.content.decode())
    assert slots
    sent = client.post(address, {"channel": "video", "slot": html.unescape(slots[-1])}, follow=True)
    assert sent.status_code == 200
    assert Interview.objects.live().filter(jobseeker=person).count() == before + 1


def test_what_does_not_come_first_is_a_line_below(client: Client) -> None:
    person = with_obligation()
    InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(hours=4))
    page = words_of(space_of(client, person))
    card, _, below = page.partition("Ensuite")
    assert "En visio avec" in card
    assert "choisir un créneau" in below
    assert "Choisissez l'heure" not in page


def test_new_messages_stand_right_under_the_next_step_with_their_number(client: Client) -> None:
    person = web()
    assert "Aucun message pour le moment" in space_of(client, person)
    conversation = open_conversation(actor=person.user, jobseeker=person)
    for _ in range(2):
        say(conversation, follower(person))
    page = words_of(space_of(client, person))
    assert re.search(r"Ma prochaine étape .*? 2 nouveaux messages Lire et répondre .*? Écrire à mon conseiller", page)
    client.get(reverse("conversation", args=[conversation.pk]))
    client.post(reverse("conversation_read", args=[conversation.pk]), {"number": 2})
    assert "nouveaux messages" not in words_of(space_of(client, person))


def test_without_an_adviser_the_page_says_who_answers_where_and_at_which_number(client: Client) -> None:
    agency = AgencyFactory(phone="+33388000001")
    page = space_of(client, nobodys(agency=agency))
    said = words_of(page)
    for fact in (MEANWHILE, agency.name, "1 rue de la Gare", "67000 Strasbourg", "03 88 00 00 01", "9 h – 12 h"):
        assert fact in said
    assert 'href="tel:+33388000001"' in page
    assert "Écrire à mon conseiller" not in said


@pytest.mark.parametrize("name", [CALL, BOOK, WRITE])
def test_the_pages_themselves_say_who_answers_to_who_comes_by_the_menu(client: Client, name: str) -> None:
    """Kind: a form or a box for writing, shown to a person whom nobody would answer."""
    person = nobodys()
    client.force_login(person.user)
    answer = client.get(reverse(name), follow=True)
    page = answer.content.decode()
    assert MEANWHILE in answer_of(answer)
    assert 'name="body"' not in page
    assert 'name="window"' not in page
    assert Conversation.objects.filter(jobseeker=person).count() == (name == WRITE)


def test_without_scripts_the_panel_is_a_page(client: Client) -> None:
    person = with_interview()
    client.force_login(person.user)
    page = client.get(reverse("panel_next_step")).content.decode()
    assert "<html" in page
    assert "Déplacer" in page
    assert "<html" not in client.get(reverse("panel_next_step"), headers={"HX-Request": "true"}).content.decode()


def test_the_page_asks_the_same_number_of_queries_at_any_size(client: Client, django_assert_max_num_queries) -> None:
    person = with_interview()
    client.force_login(person.user)
    with django_assert_max_num_queries(STATEMENTS) as few:
        client.get(reverse("space"))
    for days in (3, 4, 5):
        InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(days=days))
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("space"))


def test_the_hours_of_the_adviser_open_the_button(client: Client) -> None:
    """Paired by one fact: the adviser's hours."""
    person = adviser_without_hours()
    assert "Aucun créneau n'est libre pour le moment" in words_of(space_of(client, person))
    give_usual_hours([follower(person).adviser])
    assert "Prendre rendez-vous" in words_of(space_of(client, person))
