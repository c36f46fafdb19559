"""Forms: fields from signatures, values from what was typed, calls as code."""

from typing import Any

import msgspec
import pytest

from runtime.errors import BadPayload
from tests.workbench.presenters.snapshot import assert_snapshot
from workbench.presenters.panels.form import (
    Field,
    FormCall,
    FormView,
    call_code,
    call_magic,
    fields_of,
    form_rendering,
    held_text,
    literals_of,
    payload_of,
)
from workbench.redaction import HIDDEN, display

SIGNATURE = "(value: int, note: str = 'x', twice: bool = False)"


def full_form_view() -> FormView:
    """A form in which every part shows something."""
    calls = (
        FormCall(
            2, call_code("counter", "add", {"value": 0}), call_magic("counter", "add", {"value": 0}), "failed",
            "ZeroDivisionError: division by zero", 850,
        ),
        FormCall(
            1, call_code("counter", "add", {"value": 5}), call_magic("counter", "add", {"value": 5}), "ok", "{total: 5}", 1_200
        ),
    )  # fmt: skip
    return FormView("counter", "spawn-system", "add", SIGNATURE, ("add", "reset"), fields_of(SIGNATURE), calls)


def test_the_view_model_that_the_browser_draws() -> None:
    assert_snapshot("form.json", msgspec.json.format(msgspec.json.encode(full_form_view()), indent=1).decode())


def test_a_form_reads_well_as_text() -> None:
    shown = form_rendering(full_form_view()).text

    assert shown.startswith("counter.add(value: int, note: str = 'x', twice: bool = False)")
    assert "✗ ZeroDivisionError: division by zero (850 µs)" in shown


def test_parameters_are_read_from_the_signature() -> None:
    assert fields_of(SIGNATURE) == (
        Field("value", "int", "", True),
        Field("note", "str", "'x'"),
        Field("twice", "bool", "False", is_flag=True),
    )
    assert fields_of("(*, b=<Colour.RED: 1>, **rest)") == (Field("b", "", "..."),)
    assert fields_of("(not a signature") == ()


def test_fields_under_a_secrets_name_hide_what_is_typed_and_their_default() -> None:
    user, password, pin_code = fields_of("(user: str, password: str = 'abc', pin_code: int | None = None)")

    assert [user.is_secret, password.is_secret, pin_code.is_secret] == [False, True, True]
    assert (password.default, password.required, pin_code.default) == (HIDDEN, False, "None")


def test_fields_show_secrets_where_the_setting_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "shows_secrets", True)

    assert fields_of("(password: str = 'abc')") == (Field("password", "str", "'abc'"),)


def test_calls_of_a_held_actor_wait_and_do_not_run() -> None:
    view = FormView(
        "counter", "spawn-system", "add", calls=(FormCall(1, "wb.invoke('counter', 'add')"),), held=held_text("counter")
    )

    shown = form_rendering(view).text

    assert (
        "counter is held: a message to it waits; %step counter processes the next one, %release counter all of them."
        in shown
    )
    assert "… waiting" in shown
    assert "running" not in shown


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ({"value": "5"}, {"value": 5}),
        ({"value": " 5 ", "note": "5", "twice": True}, {"value": 5, "note": "5", "twice": True}),
        ({"value": "-1", "note": ""}, {"value": -1}),
    ],
)
def test_what_is_typed_becomes_a_value_of_its_type(typed: Any, payload: Any) -> None:
    assert payload_of(fields_of(SIGNATURE), typed) == payload


@pytest.mark.parametrize(
    ("text", "value"),
    [("[1, 2]", [1, 2]), ('{"a": true}', {"a": True}), ("null", None), ("plain words", "plain words"), ("'5'", "5")],
)
def test_a_parameter_of_any_type_takes_literals_and_else_text(text: str, value: Any) -> None:
    assert payload_of(fields_of("(what)"), {"what": text}) == {"what": value}


@pytest.mark.parametrize("text", ["", "  ", "five", "5.5", "[5]"])
def test_what_is_no_number_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(BadPayload, match="value"):
        payload_of(fields_of("(value: int)"), {"value": text})


def test_calls_are_code_that_can_be_run() -> None:
    assert call_code("a b", "add", {}, "template") == "wb.invoke('a b', 'add', parent='template')"
    assert call_magic("a b", "add", {}) == ""
    assert call_magic("counter", "say", {"text": "a b"}) == "%invoke counter say text='a b'"
    assert call_magic("counter", "say", {"text": "{x}"}) == ""


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bool", ("True", "False")),
        ("Literal['a', 'b']", ("'a'", "'b'")),
        ("Optional[Literal[1, 2]]", ("1", "2", "None")),
        ("Literal['a'] | None", ("'a'", "None")),
        ("str | Literal['a']", ()),
        ("int", ()),
        ("", ()),
    ],
)
def test_a_type_with_few_values_lists_them(kind: str, values: tuple[str, ...]) -> None:
    assert literals_of(kind) == values


def test_a_chosen_value_is_read_as_code() -> None:
    fields = fields_of("(colour: Literal['red', 'blue'], level: Literal[1, 2] | None = None)")

    assert [field.choices for field in fields] == [("'red'", "'blue'"), ("1", "2", "None")]
    assert payload_of(fields, {"colour": "'blue'", "level": "2"}) == {"colour": "blue", "level": 2}
    assert payload_of(fields, {"colour": "'red'", "level": ""}) == {"colour": "red"}
