"""Two people type into one draft: nothing is overwritten in silence, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from accompaniment.rules.merging import merge

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
            assert kept == now  # what somebody else typed is never overwritten …
            if typed not in {before, now}:
                assert name in merged.conflicts  # … and what I typed never dropped without a word
        else:
            assert kept == typed
