"""All states at a moment, the actors whose state fulfils a condition, and the revision at which something began."""

import re
from datetime import datetime
from itertools import accumulate, count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench as wb
from runtime import Actor, action
from runtime.errors import ActionFailed, BadQuery, BadSetting, UnknownActor
from runtime.ids import ActorId
from runtime.records import Invocation
from workbench import redaction
from workbench.commands.past import Fields, UnknownField
from workbench.session import Session

numbers = count()


class Account(Actor, name="account", kind="unnamed"):
    cash: int = 0
    owner: str = ""

    @action
    def move(self, value: int) -> int:
        self.cash += value
        return self.cash


@pytest.fixture
def accounts(session: Session) -> Session:
    """Anna had 5, -5, -3, 7 and has -13; Bert has 1."""
    session.logs.clear()
    session.open().deploy(Account)
    for value in (5, -10, 2, 10, -20):
        wb.invoke("anna", "move", {"value": value}, parent="account")
    wb.invoke("bert", "move", {"value": 1}, parent="account")
    return session


def moment_of(actor: str, revision: int) -> datetime:
    found = wb.query("SELECT at FROM revisions WHERE actor = $a AND revision = $r", {"a": actor, "r": revision})
    at: datetime = found.fetchall()[0][0]
    return at


def rows(relation: Any, *columns: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = relation.project(", ".join(columns)).fetchall()
    return found


def test_states_are_given_as_they_were_at_a_moment(accounts: Session) -> None:
    found = wb.as_of(moment_of("anna", 3))

    assert rows(found, "actor", "parent", "revision", "state->>'cash'") == [("anna", "account", 3, "-3")]


def test_states_of_now_are_those_of_the_table(accounts: Session) -> None:
    columns = ("actor", "parent", "revision", '"at"', "cause", "definition", "state::VARCHAR", "tags::VARCHAR")

    assert rows(wb.as_of("0s"), *columns) == rows(wb.query("FROM states ORDER BY actor"), *columns)


def test_a_moment_is_a_time_in_sql_too(accounts: Session) -> None:
    at = moment_of("anna", 1)

    assert wb.query("SELECT actor, revision FROM states_at($at)", {"at": at}).fetchall() == [("anna", 1)]


@pytest.mark.parametrize("moment", ["yesterday", -1, float("nan"), [1], True, object()])
def test_what_is_no_time_is_refused_by_name(session: Session, moment: Any) -> None:
    with pytest.raises(BadSetting, match=r"^moment="):
        wb.as_of(moment)


def test_actors_are_found_by_their_state(accounts: Session) -> None:
    found = wb.find("cash < 0")

    assert rows(found, "actor", "revision", "state->>'cash'") == [("anna", 5, "-13")]


def test_every_kind_of_actor_with_the_fields_is_asked(accounts: Session) -> None:
    wb.invoke("counter", "add", {"value": 1})

    assert rows(wb.find("true"), "actor") == [("anna",), ("bert",), ("counter",)]
    assert rows(wb.find("total = 1"), "actor") == [("counter",)]


def test_stretches_of_the_past_are_found_with_their_cause(accounts: Session) -> None:
    columns = ("actor", "first_revision", "last_revision", "since", "until", "state->>'cash'")
    causes = dict(wb.query("SELECT revision, cause FROM revisions WHERE actor = 'anna'").fetchall())

    found = wb.find("cash < 0", ever=True)

    assert rows(found, *columns) == [
        ("anna", 2, 3, moment_of("anna", 2), moment_of("anna", 4), "-5"),
        ("anna", 5, 5, moment_of("anna", 5), None, "-13"),
    ]
    assert rows(found, "cause") == [(causes[2],), (causes[5],)]


def test_a_stretch_of_several_revisions_that_lasts_has_no_end(accounts: Session) -> None:
    wb.invoke("anna", "move", {"value": 1})

    found = wb.find("cash < -10", ever=True)

    assert rows(found, "first_revision", "last_revision", "until") == [(5, 6, None)]


def test_a_field_that_nobody_has_is_told_with_those_there_are(accounts: Session) -> None:
    with pytest.raises(BadQuery) as caught:
        wb.find("money < 0")

    assert "no actor has these fields" in str(caught.value)
    assert "history.account: cash, owner" in str(caught.value)


@pytest.mark.parametrize("condition", ["cash <", "", "1 = 1; SELECT 2", "cash::DATE > 3"])
def test_what_is_no_condition_is_refused(accounts: Session, condition: str) -> None:
    with pytest.raises(BadQuery, match="Cannot run the query"):
        wb.find(condition)


def test_a_condition_that_is_no_text_is_refused(session: Session) -> None:
    with pytest.raises(BadSetting, match="condition is 3"):
        wb.find(3)  # type: ignore[arg-type]


def test_all_words_are_found_in_one_turn_wherever_they_are(accounts: Session) -> None:
    with pytest.raises(ActionFailed):
        wb.invoke("counter", "divide", {"by": 0}, key="Order-17")

    found = wb.search("order-17 ZERO by")

    assert rows(found, "actor", "action") == [("counter", "divide")]
    assert rows(found, "found_in") == [(["name", "message", "error"],)]
    assert "\nZeroDivisionError: division by zero" in rows(found, "text")[0][0]


def test_what_occurs_in_no_turn_together_is_not_found(accounts: Session) -> None:
    assert rows(wb.search("anna bert"), "actor") == []


def test_words_are_found_in_what_an_actor_logged(accounts: Session) -> None:
    message = Invocation(id="0123", actor=ActorId("spawn-system", "anna"), action="move")
    accounts.logs.write(message, "out", "paid order-17\n")

    found = wb.search("order-17")

    assert rows(found, "actor", "invocation", "found_in", "text") == [("anna", "0123", ["log"], "paid order-17")]


class Vault(Actor, name="vault"):
    token: str = ""

    @action
    def open(self, token: str, card: dict[str, str]) -> dict[str, str]:
        raise ValueError(f"token={token} is not known for {card}")

    @action
    def answer(self) -> dict[str, str]:
        return {"password": "blue-73"}


@pytest.fixture
def vault(session: Session) -> Session:
    session.open().deploy(Vault)
    with pytest.raises(ActionFailed):
        wb.invoke("vault", "open", {"token": "green-42", "card": {"number": "7", "cvv": "993"}})
    wb.invoke("vault", "answer")
    message = Invocation(id="0123", actor=ActorId("spawn-system", "vault"), action="open")
    session.logs.write(message, "out", "api_key=red-19\n")
    return session


@pytest.mark.parametrize("guess", ["green-42", "993", "blue-73", "red-19", re.compile("token\\W+(green|‹hidden›)-4")])
def test_a_guess_of_a_secret_is_not_confirmed(vault: Session, guess: Any) -> None:
    assert rows(wb.search(guess), "actor") == []


def test_what_stands_beside_a_secret_is_found_without_it(vault: Session) -> None:
    (message,) = rows(wb.search("ValueError known"), "text")

    assert "ValueError: token=‹hidden› is not known" in message[0]
    assert "green" not in message[0]


def test_secrets_that_are_shown_are_searched_too(vault: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction.display, "shows_secrets", True)

    assert rows(wb.search("green-42"), "found_in") == [(["message", "error"],)]


def test_a_pattern_is_searched_for_as_one(accounts: Session) -> None:
    assert len(wb.search(re.compile(r"-1\d\b"), actor="anna")) == 2
    assert len(wb.search(re.compile("value.:-?[0-9]"), actor="anna")) == 5
    assert len(wb.search("value", actor="anna", since="0s")) == 0


def test_text_in_a_search_is_never_taken_for_sql(accounts: Session) -> None:
    assert rows(wb.search("'); DROP"), "actor") == []


@pytest.mark.parametrize("words", ["", "  ", 3, None])
def test_a_search_without_a_word_is_refused(accounts: Session, words: Any) -> None:
    with pytest.raises(BadSetting, match="words"):
        wb.search(words)


def test_the_first_revision_is_found_with_its_turn(accounts: Session) -> None:
    (found,) = wb.bisect("anna", lambda state: state.cash < -10)

    assert (found.revision, found.action, found.payload, found.response) == (5, "move", {"value": -20}, -13)
    assert found.state == {"cash": -13, "owner": ""}


def test_nothing_is_found_where_it_does_not_hold_now(accounts: Session) -> None:
    found = wb.bisect("anna", lambda state: state.cash > 0)

    assert found == ()
    assert repr(found) == "It does not hold for the last revision."


def test_few_states_are_read_of_a_long_past(session: Session) -> None:
    asked = []
    for _ in range(1_000):
        wb.invoke("counter", "add", {"value": 1}, asynchronous=True)
    wb.invoke("counter", "get")

    (found,) = wb.bisect("counter", lambda state: asked.append(state) or state["total"] >= 700)

    assert found.revision == 700
    assert len(asked) <= 11


def test_a_field_that_the_state_lacks_is_told_with_those_it_has(accounts: Session) -> None:
    with pytest.raises(AttributeError, match="no field 'money'; it has cash, owner"):
        wb.bisect("anna", lambda state: state.money)


def test_an_unknown_actor_is_refused(session: Session) -> None:
    with pytest.raises(UnknownActor):
        wb.bisect("nobody", bool)


def test_what_cannot_be_called_is_refused(accounts: Session) -> None:
    with pytest.raises(BadSetting, match="lambda s"):
        wb.bisect("anna", "cash < 0")  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=12), threshold=st.integers(-8, 8))
def test_stretches_equal_a_recomputation(session: Session, values: list[int], threshold: int) -> None:
    session.open().deploy(Account)
    actor = f"actor-{next(numbers)}"
    for value in values:
        wb.invoke(actor, "move", {"value": value}, parent="account", asynchronous=True)
    wb.invoke(actor, "get", parent="account")

    found = wb.find(f"cash < {threshold} AND actor = '{actor}'", ever=True)

    assert rows(found, "first_revision", "last_revision") == stretches(
        [total < threshold for total in accumulate(values)]
    )


def stretches(holds: list[bool]) -> list[tuple[int, int]]:
    edges = [False, *holds, False]
    starts = [n for n in range(1, len(edges)) if edges[n] and not edges[n - 1]]
    ends = [n - 1 for n in range(1, len(edges)) if not edges[n] and edges[n - 1]]
    return list(zip(starts, ends, strict=True))


@pytest.mark.parametrize("of", [lambda state: state.cahs < 0, lambda state: state["cahs"] < 0])
def test_a_field_that_a_state_has_not_is_named_with_the_nearest(accounts: Session, of: Any) -> None:
    with pytest.raises(
        UnknownField, match=r"^The state has no field 'cahs'; it has cash, owner\. Did you mean cash\?$"
    ):
        wb.bisect("anna", of)


def test_a_field_that_is_asked_for_with_care_may_be_missing(accounts: Session) -> None:
    assert not wb.bisect(
        "anna", lambda state: hasattr(state, "money") or getattr(state, "money", 0) or "money" in state
    )


def test_a_field_that_is_named_as_a_method_of_a_mapping_is_the_field() -> None:
    state = Fields(items=[1, 2], keys="k")

    assert (state.items, state.keys) == ([1, 2], "k")
    assert list(state.values()) == [[1, 2], "k"]
