"""Which values are hidden in what is shown, saved and sent around."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from workbench.redaction import (
    HIDDEN,
    always_hidden,
    display,
    redacted,
    redacted_source,
    redacted_text,
    secrets_in_source,
)


def test_values_under_a_secrets_name_are_hidden_at_any_depth() -> None:
    found = redacted({"user": {"password": "x", "name": "ada"}, "all": [{"api_key": 1}], "token": None})

    assert found == {"user": {"password": "‹hidden›", "name": "ada"}, "all": [{"api_key": "‹hidden›"}], "token": None}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login with password=abc, retry=1", "login with password=‹hidden›, retry=1"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ‹hidden›"),
        ('{"api_key": "a b", "n": 2}', '{"api_key": ‹hidden›, "n": 2}'),
        ("postgresql://ada:pw@host/db", "postgresql://ada:‹hidden›@host/db"),
        ("token count: 5", "token count: 5"),
        (
            "add(password: str, n: int = 0): password expected `int`, and got ['a', 'b'].",
            "add(password: str, n: int = 0): password expected `int`, and got ‹hidden›.",
        ),
        ("password: expected int, found 'a b'.", "password: expected int, found ‹hidden›."),
        ("api_keys=['a b', {'x': 'c'}] and tokens=('a',)", "api_keys=‹hidden› and tokens=‹hidden›"),
        ("{'secret': {'a': 'x, y'}, 'n': 1}", "{'secret': ‹hidden›, 'n': 1}"),
        ("KeyError: 'total'", "KeyError: 'total'"),
        ("http://127.0.0.1:9001/api", "http://127.0.0.1:9001/api"),
    ],
)
def test_text_keeps_everything_but_what_stands_behind_a_secrets_name(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('API_KEY = "abc"', "API_KEY = ‹hidden›"),
        ("password: str = 'a\\'b'", "password: str = ‹hidden›"),
        ('connect(host="h", token="t")', 'connect(host="h", token=‹hidden›)'),
        ("SECRET = '''a\nb'''", "SECRET = ‹hidden›"),
        ('if password != "sesame":', "if password != ‹hidden›:"),
        ("def login(self, password: str) -> None:", "def login(self, password: str) -> None:"),
        ("self.password = password", "self.password = password"),
    ],
)
def test_source_keeps_everything_but_literals_of_secrets(source: str, shown: str) -> None:
    assert redacted_source(source) == shown


def test_secrets_of_a_source_are_those_with_a_value() -> None:
    source = 'password: str = ""\npin_code = 0\nAPI_KEY = "abc"\nDB = "mysql://u:pw@h"\ntokens = read()'

    assert secrets_in_source(source) == ["API_KEY", "an address"]


@pytest.mark.parametrize(
    "name", ["Password", "passwd", "API_KEY", "apikey", "access_key", "private_key", "pin_code", "x-token", "cvv"]
)
def test_a_name_is_a_secrets_in_values_and_in_texts_alike(name: str) -> None:
    assert redacted({name: "x"}) == {name: "‹hidden›"}
    assert redacted_text(f"with {name}=x, y=z") == f"with {name}=‹hidden›, y=z"


@pytest.mark.parametrize(
    "text",
    ["x" * 200_000 + " password=", "token" * 40_000, "token " * 40_000, "password expected " * 10_000, 'secret="' * 20_000,
     "a://b:" * 40_000, "password" + " " * 100_000, "password" + "=" * 100_000, "(password=" * 20_000, "x-" * 100_000 + "token=a"],
)  # fmt: skip
def test_time_is_linear_in_the_text_whatever_it_is(text: str) -> None:
    began_s = time.thread_time()
    redacted_text(text)
    redacted_source(text)

    assert time.thread_time() - began_s < 2.0


@pytest.fixture
def showing() -> Iterator[None]:
    """The setting that shows secrets, as long as the test runs."""
    display.shows_secrets = True
    yield
    display.shows_secrets = display.is_attached = False


@pytest.mark.usefixtures("showing")
def test_secrets_of_an_attached_system_are_hidden_whatever_the_setting() -> None:
    own = redacted({"token": "x"})
    display.is_attached = True

    assert (own, redacted({"token": "x"})) == ({"token": "x"}, {"token": HIDDEN})


@pytest.mark.usefixtures("showing")
def test_secrets_are_hidden_in_a_file_whatever_the_setting() -> None:
    with always_hidden():
        in_file = redacted_text("token=x"), redacted_source("token = 'x'"), redacted({"token": "x"})

    assert in_file == (f"token={HIDDEN}", f"token = {HIDDEN}", {"token": HIDDEN})
    assert redacted_text("token=x") == "token=x"
