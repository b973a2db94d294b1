"""Searching people by name: which errors are forgiven, which are not, and how often the wrong person is found."""

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from accompaniment.models import Jobseeker, people
from accompaniment.models.search import LIKENESS, named, ways_to_find, words_of
from accompaniment.rules.imports.telephones import begun
from accompaniment.rules.spelling import plain
from tests.accompaniment.factories import JobseekerFactory
from tests.accompaniment.files import pilot_file

pytestmark = pytest.mark.django_db

ANYBODY = Q(pk__isnull=False)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def found(words: str) -> list[str]:
    return sorted(Jobseeker.objects.matching(words).values_list("last_name", flat=True))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("dupon", ["Dupont"]),
        ("Dupond", ["Dupont"]),
        ("duopnt", ["Dupont"]),
        ("alix dupomt", ["Dupont"]),
        ("Lemaitre", ["Lemaître"]),
        ("LEMAÎTRE", ["Lemaître"]),
        ("lemaire", ["Lemaître"]),
        ("le brun", ["Le Brun-Sœur"]),
        ("lebrun", ["Le Brun-Sœur"]),
        ("soeur", ["Le Brun-Sœur"]),
        ("sœur", ["Le Brun-Sœur"]),
        ("l'hote", ["L'Hôte"]),
        ("0000123", ["Dupont"]),
        ("0000123z", ["Dupont"]),
        ("0000 123 z", ["Dupont"]),
        ("0000\u00a0123\u202fZ", ["Dupont"]),
        ("00-00.123 z dupont", ["Dupont"]),
        ("0000 123", []),
        ("roi", []),
        ("dupont brun", []),
        ("martin", []),
        ("%", []),
        ("_____", []),
        ("'; --", []),
    ],
)
def test_a_name_is_found_as_one_remembers_it(typed: str, expected: list[str]) -> None:
    JobseekerFactory(last_name="Dupont", first_name="Alix", identifier="0000123Z")
    for last_name in ("Lemaître", "Le Brun-Sœur", "L'Hôte", "Roy"):
        JobseekerFactory(last_name=last_name, first_name="Zoé")
    assert found(typed) == expected


def test_nothing_typed_leaves_nobody_out() -> None:
    JobseekerFactory(last_name="Dupont")
    assert found("") == ["Dupont"]


def test_the_typed_word_and_the_stored_name_are_made_plain_alike() -> None:
    names = {(row["nom"], row["prenom"]) for row in pilot()} | {("Œuvrard", "Łukasz"), ("GROß", "Æneas Ø")}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT last, first, plain_name(last, first) FROM unnest(%s::text[], %s::text[]) AS name(last, first)",
            [[last for last, _ in names], [first for _, first in names]],
        )
        assert all(plain(f"{last} {first}") == stored for last, first, stored in cursor.fetchall())


def pilot() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pilot_file("inscriptions").decode("utf-8-sig")), delimiter=";"))


def names_of_the_pilot() -> tuple[list[str], list[str]]:
    """Return the names of 12,000 registrations, and the single-word last names of five letters or more."""
    people = pilot()
    names = sorted({plain(f"{row['nom']} {row['prenom']}") for row in people if row["nom"] and row["prenom"]})
    last = sorted({plain(row["nom"]) for row in people if row["nom"]})
    return names, [name for name in last if name.isalpha() and len(name) >= 5]


def substituted(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + chance.choice(LETTERS) + word[place + 1 :]


def dropped(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + word[place + 1 :]


def added(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word) + 1)
    return word[:place] + chance.choice(LETTERS) + word[place:]


def exchanged(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


@pytest.fixture
def people_of_the_pilot() -> None:
    """All people of the pilot, with their names only, in a table like the real one."""
    names, _ = names_of_the_pilot()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE pilot_name (name text) ON COMMIT DROP")
        cursor.execute("INSERT INTO pilot_name SELECT unnest(%s::text[])", [names])


def matches(typed: str) -> list[str]:
    """Return the names of the pilot that a word finds, by the search's own condition."""
    condition = Jobseeker.objects.filter(named(words_of(typed))).order_by().values("pk")
    sql, params = condition.query.sql_with_params()
    where = sql.split(" WHERE ")[1].replace('"accompaniment_jobseeker"."plain_name"', "name")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM pilot_name WHERE {where}", params)
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize(
    ("error", "at_least"), [(substituted, 0.99), (dropped, 0.99), (added, 0.99), (exchanged, 0.99)]
)
@pytest.mark.usefixtures("people_of_the_pilot")
def test_one_typing_error_is_forgiven(error: Callable[[str, random.Random], str], at_least: float) -> None:
    _, last = names_of_the_pilot()
    chance = random.Random(7)
    asked = [(error(name, chance), name) for name in chance.sample(last, 60)]
    hits = sum(any(name in match.split() for match in matches(typed)) for typed, name in asked)
    assert hits / len(asked) >= at_least


@pytest.mark.parametrize("letters", [4, 5, None])
@pytest.mark.usefixtures("people_of_the_pilot")
def test_the_wrong_person_is_seldom_found(letters: int | None) -> None:
    """A typed last name or its beginning finds fewer than three of 250 people who do not have it in their name."""
    names, last = names_of_the_pilot()
    chance = random.Random(7)
    asked = [name[:letters] for name in chance.sample(last, 40)]
    wrong = [sum(typed not in match for match in matches(typed)) * 250 / len(names) for typed in asked]
    assert sum(wrong) / len(wrong) < 3


def test_the_threshold_is_what_one_error_in_five_letters_leaves() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT strict_word_similarity('petit', 'petot alix'), strict_word_similarity('roux', 'roix')")
        forgiven, too_short = cursor.fetchone()
    assert too_short < LIKENESS < forgiven


def plan_of(query: Any, first: int | None = None, *, in_order: bool = False) -> str:
    with connection.cursor() as cursor:
        # The tables of a test are too small for the planner to choose an index, or its order.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"SET LOCAL enable_bitmapscan = {'off' if in_order else 'on'}")
        sql, params = (query[:first] if first else query.order_by()).query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("typed", ["dupond", "dup", "dupond alix"])
def test_the_search_of_everybody_is_answered_by_the_index(typed: str) -> None:
    assert "jobseeker_plain_name" in plan_of(Jobseeker.objects.matching(typed))


@pytest.mark.parametrize("typed", ["06 12 34", "061234", "06 12 34 56 78", "dupond"])
def test_the_search_by_name_or_telephone_is_answered_by_the_index_of_what_was_typed(typed: str) -> None:
    """Kind: digits that are looked for in every name, of which none has any."""
    plans = "".join(plans_of(typed))
    assert ("jobseeker_phone_begins" in plans) is typed.startswith("06")
    assert ("jobseeker_plain_name" in plans) is typed.isalpha()
    assert "Seq Scan" not in plans


def test_the_first_of_a_frequent_name_are_read_without_all_others() -> None:
    """Kind: a list of nine for which everybody of the country who is called so is read, and sorted.

    Who is named exactly, and who is named so but for an error, is read in the order of the index, which ends with the
    ninth. Only the last way, for whom these do not find, compares all names that share trigrams with the typed one.
    """
    begins, _, begins_alike, _ = plans_of("martin", in_order=True)
    *_, last = plans_of("martin")
    for plan in (begins, begins_alike):
        assert "Index Scan using jobseeker_by_name" in plan
        assert "Index Cond: ((plain_name >= 'mar" in plan
    assert "Bitmap Index Scan on jobseeker_plain_name" in last


def plans_of(typed: str, *, in_order: bool = False) -> list[str]:
    """Return how PostgreSQL finds the first nine by each of the ways."""
    ways = [way for way in ways_to_find(typed, known=ANYBODY) if not way.is_walked]
    return [
        plan_of(Jobseeker.objects.filter(way.condition).order_by(way.order, "pk"), first=9, in_order=in_order)
        for way in ways
    ]


@pytest.mark.parametrize(
    ("typed", "beginning"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34", "+3361234"),
        ("+33 (0)6 12 34", "+3361234"),
        ("0033612", "+33612"),
        ("0692 12", "+26269212"),
        ("0508 41", "+50841"),
        ("061", ""),
        ("612345678", ""),
        ("0612345A", ""),
        ("06 12 dupont", ""),
        ("", ""),
    ],
)
def test_a_number_is_looked_for_as_far_as_it_was_typed(typed: str, beginning: str) -> None:
    assert begun(typed) == beginning


def test_a_person_is_found_by_the_beginning_of_the_telephone_number() -> None:
    JobseekerFactory(last_name="Dupont", phone="+33612345678")
    JobseekerFactory(last_name="Roy", phone="+33712345678")
    for typed, expected in (
        ("06 12 34", ["Dupont"]),
        ("0612345678", ["Dupont"]),
        ("07 12", ["Roy"]),
        ("0812", []),
        ("", []),
    ):
        assert names_found(typed, ANYBODY) == expected
    # Of a person whose number the reader does not see, the whole number and no part of it.
    for typed, expected in (("06 12 34", []), ("061234567", []), ("0612345678", ["Dupont"])):
        assert names_found(typed, Q(last_name="Roy")) == expected


def names_found(typed: str, numbers_of: Q) -> list[str]:
    """Return who is found in the country, and the same among few people, whose names are all read."""
    country, few = (
        [person.last_name for person in Jobseeker.objects.found_by(typed, numbers_of=numbers_of, most=9, few=few)]
        for few in (False, True)
    )
    assert few == country
    return country


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("dupont", ["Dupont", "Le Dupont", "Dupond", "Le Dupond"]),
        ("dupond", ["Dupond", "Le Dupond", "Dupont", "Le Dupont"]),
        ("dupontt", ["Dupond", "Dupont", "Le Dupond", "Le Dupont"]),
        ("alix dupont", ["Dupont", "Le Dupont", "Dupond", "Le Dupond"]),
        ("le dupont", ["Le Dupont", "Le Dupond"]),
        ("lupont", ["Dupont", "Le Dupont"]),
        ("du", ["Dupond", "Dupont", "Le Dupond", "Le Dupont"]),
        ("ro", ["Roy", "L'Rô", "Saint-Roch"]),
        ("oy", []),
        ("roy", ["Roy"]),
        ("och", ["Saint-Roch"]),
    ],
)
def test_who_is_named_exactly_comes_before_who_is_named_but_for_an_error(typed: str, expected: list[str]) -> None:
    """Who begins so comes first, then who has it within the name, then who has it but for an error; nobody twice.

    One or two letters are looked for at the beginning of a word.
    """
    for name in ("Dupond", "Le Dupond", "Le Dupont", "Dupont", "Roy", "Saint-Roch", "L'Rô"):
        JobseekerFactory(last_name=name, first_name="Alix")
    assert names_found(typed, ANYBODY) == expected


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_a_full_list_holds_the_first_of_a_longer_one(most: int) -> None:
    for name in ("Dupond", "Le Dupond", "Le Dupont", "Dupont"):
        JobseekerFactory(last_name=name, first_name="Alix")
    everybody = names_found("dupont", ANYBODY)
    found = Jobseeker.objects.found_by("dupont", numbers_of=ANYBODY, most=most)
    assert [person.last_name for person in found] == everybody[:most]


@pytest.mark.parametrize("walked", [1, 3, 100])
def test_the_first_names_are_compared_before_the_index_is_asked_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    """Kind: a short cut that finds others, or in another order."""
    for name in ("Dupont", "Le Dupont", "Aupont", "Dupond", "Zupont", "Roy"):
        JobseekerFactory(last_name=name, first_name="Alix")
    monkeypatch.setattr(people, "WALKED", walked)
    assert names_found("lupont", ANYBODY) == ["Aupont", "Dupont", "Le Dupont", "Zupont"]
    assert [one.last_name for one in Jobseeker.objects.found_by("lupont", numbers_of=ANYBODY, most=2)] == [
        "Aupont",
        "Dupont",
    ]


def test_whoever_the_condition_of_a_name_finds_is_found_by_one_of_the_ways() -> None:
    """Kind: a search in steps that finds fewer than the search in one."""
    for row in pilot()[::40]:
        if row["nom"] and row["prenom"]:
            JobseekerFactory(last_name=row["nom"], first_name=row["prenom"])
    chance = random.Random(7)
    _, last = names_of_the_pilot()
    for typed in [error(name, chance) for name in chance.sample(last, 10) for error in (substituted, dropped)]:
        found = Jobseeker.objects.found_by(typed, numbers_of=ANYBODY, most=1000)
        assert {person.pk for person in found} == set(Jobseeker.objects.matching(typed).values_list("pk", flat=True))


def test_a_changed_name_is_found_at_once() -> None:
    """Kind: what is kept beside a row and does not follow it."""
    person = JobseekerFactory(last_name="Dupont", first_name="Alix")
    Jobseeker.objects.filter(pk=person.pk).update(last_name="Lefèvre")
    assert (names_found("dupont", ANYBODY), names_found("lefevre", ANYBODY)) == ([], ["Lefèvre"])


def test_the_beginning_of_an_identifier_is_answered_by_the_index_that_keeps_it_single() -> None:
    assert "jobseeker_identifier_once" in plan_of(Jobseeker.objects.filter(identifier__startswith="1234"))
