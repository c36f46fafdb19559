"""Differences between two states, in words."""

from workbench.render.values import MOST_CHANGES, state_changes


def test_changed_new_and_gone_places_are_named() -> None:
    before = {"total": 5, "items": [{"n": 1}, 2], "old": True, "same": 0}
    after = {"total": 10, "items": [{"n": 2}, 2, "x"], "new": None, "same": 0}

    assert state_changes(before, after) == [
        "total: 5 → 10",
        "items[0].n: 1 → 2",
        'items[2]: new "x"',
        "new: new null",
        "old: gone (was true)",
    ]


def test_equal_states_have_no_changes() -> None:
    assert state_changes({"a": [1, 2]}, {"a": [1, 2]}) == []


def test_a_first_state_is_one_change() -> None:
    assert state_changes(None, {"a": 1}) == ["state: null → {a: 1}"]


def test_many_changes_are_cut() -> None:
    changes = state_changes({}, {str(i): i for i in range(100)})

    assert (len(changes), changes[-1]) == (MOST_CHANGES + 1, "… and more")
