"""Lines of magics as words and values; no kernel."""

from typing import Any

import pytest
from IPython.core.error import UsageError

from workbench.kernel_ext.magics.parser import Names, read_fields, read_payload, read_word, split_words

NAMES = Names({"x": 5, "name": "ann", "d": {"a": 1}})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("counter add value=5", ["counter", "add", "value=5"]),
        ('say text="hello world"', ["say", 'text="hello world"']),
        ('tags=["a", "b c"] --key k', ['tags=["a", "b c"]', "--key", "k"]),
        ('point={"x": 1, "y": 2}', ['point={"x": 1, "y": 2}']),
        ("say text=don't now", ["say", "text=don't", "now"]),
        ("say text=smile:( now", ["say", "text=smile:(", "now"]),
        (r'say text="a \"quoted\" word"', ["say", r'text="a \"quoted\" word"']),
        ("  spaced   out  ", ["spaced", "out"]),
        ("", []),
    ],
)
def test_words_end_outside_quotes_and_brackets(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize("line", ['text="open', "tags=[1, 2", 'tags=["a]"'])
def test_an_open_quote_or_bracket_is_named(line: str) -> None:
    with pytest.raises(UsageError, match="No closing"):
        split_words(line)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-3", -3),
        ("1e3", 1000.0),
        ("true", True),
        ("None", None),
        ("null", None),
        ("hello", "hello"),
        ('"5"', "5"),
        ("'a b'", "a b"),
        ("007", "007"),
        ("2024-10-11", "2024-10-11"),
        ("5s", "5s"),
        ("1+2j", "1+2j"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ('{"a": true}', {"a": True}),
        ("{'a': None}", {"a": None}),
        ("{}", {}),
        ("a=b", "a=b"),
    ],
)
def test_values_are_python_literals_json_or_text(text: str, value: Any) -> None:
    assert read_fields([f"field={text}"], NAMES) == {"field": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{x}", 5),
        ("{x + 1}", 6),
        ("$x", 5),
        ("{d}", {"a": 1}),
        ('{"a": x}', {"a": 5}),
        ("{[n * x for n in (1, 2)]}", [5, 10]),
        ('"hi {name}"', "hi ann"),
        ("hi-$name", "hi-ann"),
        ("{1}", 1),
        ("costs-$5", "costs-$5"),
    ],
)
def test_expressions_are_evaluated_and_keep_their_type(text: str, value: Any) -> None:
    assert read_fields([f"field={text}"], NAMES) == {"field": value}


def test_local_names_come_before_those_of_the_notebook() -> None:
    names = Names({"x": 1}, {"x": 2})

    assert read_word("{x}", names) == "2"


def test_an_unknown_name_in_braces_is_named_with_its_field() -> None:
    with pytest.raises(UsageError, match=r"Cannot evaluate \{vlaue\} for field 'value': NameError"):
        read_fields(["value={vlaue}"], NAMES)


def test_a_word_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Expected field=value, found '5'"):
        read_fields(["5"], NAMES)


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'a' is given twice"):
        read_fields(["a=1", "a=2"], NAMES)


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ('{"value": 5}\n', {"value": 5}),
        ("{'value': 5,\n 'on': true}", None),
        ("dict(value=x)", {"value": 5}),
        ("[1]", [1]),
    ],
)
def test_a_payload_is_json_a_literal_or_an_expression(text: str, payload: Any) -> None:
    if payload is None:
        with pytest.raises(UsageError, match="neither JSON nor a Python value"):
            read_payload(text, NAMES)
    else:
        assert read_payload(text, NAMES) == payload
