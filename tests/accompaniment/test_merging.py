"""Two people type into one draft: nothing is overwritten without a word, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompaniment.rules.merging import both_texts, merge

DRAFTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", "z"]))


def test_what_i_alone_changed_is_kept() -> None:
    merged = merge(base={"a": "x"}, mine={"a": "y"}, theirs={"a": "x"})
    assert (merged.kept, merged.changed) == ({"a": "y"}, {"a"})
    assert not merged.news | merged.conflicts


def test_what_somebody_else_alone_changed_is_kept_and_is_news() -> None:
    merged = merge(base={"a": "x"}, mine={"a": "x"}, theirs={"a": "y"})
    assert (merged.kept, merged.news) == ({"a": "y"}, {"a"})
    assert not merged.changed | merged.conflicts


def test_what_both_changed_stays_theirs_and_is_a_conflict() -> None:
    merged = merge(base={"a": "x"}, mine={"a": "y"}, theirs={"a": "z"})
    assert (merged.kept, merged.conflicts) == ({"a": "z"}, {"a"})
    assert not merged.changed | merged.news


def test_the_same_change_by_both_is_none() -> None:
    merged = merge(base={"a": "x"}, mine={"a": "y"}, theirs={"a": "y"})
    assert merged.kept == {"a": "y"}
    assert not merged.changed | merged.news | merged.conflicts


def test_emptying_is_a_change() -> None:
    assert merge(base={"a": "x"}, mine={}, theirs={"a": "x"}).kept == {}
    assert merge(base={"a": "x"}, mine={}, theirs={"a": "z"}).conflicts == {"a"}


@given(base=DRAFTS, mine=DRAFTS, theirs=DRAFTS)
def test_no_version_of_a_field_disappears_unsaid(
    base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]
) -> None:
    merged = merge(base=base, mine=mine, theirs=theirs)
    for name in {*base, *mine, *theirs}:
        before, typed, now = (fields.get(name, "") for fields in (base, mine, theirs))
        kept = merged.kept.get(name, "")
        assert kept in {typed, now}
        if now != before:
            assert kept == now  # what somebody else typed is never overwritten
            if typed not in {before, now}:
                assert name in merged.conflicts  # what I typed is never dropped without a word
        else:
            assert kept == typed


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "kept"),
    [
        ("", "Un", "Deux", "Deux\n\nUn"),
        ("Avant", "Un", "Deux", "Deux\n\nUn"),
        ("", "Un", "Un\n\nDeux", "Un\n\nDeux"),  # the same text is sent again
        ("Un", "Un, encore", "Un\n\nDeux", "Un, encore\n\nDeux"),  # I typed on while the other text was added
        ("Deux", "Deux, encore", "Un\n\nDeux", "Un\n\nDeux, encore"),
        ("Un", "Autre", "", "Autre"),
    ],
)
def test_of_two_texts_both_are_kept_and_none_twice(base: str, mine: str, theirs: str, kept: str) -> None:
    assert both_texts(base=base, mine=mine, theirs=theirs) == kept


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "kept", "told"),
    [
        ("", "Un", "Deux", "Deux\n\nUn", "conflicts"),
        ("", "Un", "Un, et plus", "Un, et plus", "news"),
        ("", "Un, et plus", "Un", "Un, et plus", "changed"),
        ("Avant", "Un", "", "Un", "conflicts"),
        ("Avant", "", "Deux", "Deux", "conflicts"),
        ("Avant", "Un", "Un", "Un", None),
    ],
)
def test_only_two_texts_of_which_neither_holds_the_other_are_a_conflict(
    base: str, mine: str, theirs: str, kept: str, told: str | None
) -> None:
    merged = merge(base={"a": base}, mine={"a": mine}, theirs={"a": theirs}, texts={"a"})
    assert merged.kept == {"a": kept}
    said = [name for name in ("changed", "news", "conflicts") if getattr(merged, name)]
    assert said == ([told] if told else [])


@given(base=st.text(), mine=st.text(), theirs=st.text())
def test_a_text_kept_of_two_holds_both(base: str, mine: str, theirs: str) -> None:
    """If one text continues the earlier text, its added lines stand around the other's."""
    kept = both_texts(base=base, mine=mine, theirs=theirs)
    for text in (mine, theirs):
        added = text.removeprefix(base).removesuffix(base) if base else text
        assert text in kept or added in kept
