"""Messages as calls."""

from workbench.presenters.messages import call_text
from workbench.redaction import redacted


def test_fields_are_shown_as_arguments() -> None:
    assert call_text("add", {"value": 5, "note": "x"}) == 'add(value=5, note="x")'
    assert call_text("reset", None) == "reset()"
    assert call_text("sum", [1, 2]) == "sum([1, 2])"


def test_a_long_call_is_cut_and_stays_a_call() -> None:
    shown = call_text("say", {"text": "x" * 500}, 40)

    assert len(shown) == 40
    assert shown.endswith("…)")


def test_secrets_are_hidden_at_any_depth() -> None:
    value = {"user": "a", "auth": {"api_key": "k", "apiKey": "k", "list": [{"password": "p", "token": None}]}}

    assert redacted(value) == {
        "user": "a",
        "auth": {"api_key": "‹hidden›", "apiKey": "‹hidden›", "list": [{"password": "‹hidden›", "token": None}]},
    }
