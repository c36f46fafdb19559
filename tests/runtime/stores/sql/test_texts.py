"""What each server is sent: seen in review for all, run for Postgres and MariaDB."""

from __future__ import annotations

import pytest

from runtime.errors import BadSetting
from runtime.stores.registry import open_store
from runtime.stores.sql import schema
from runtime.stores.sql.dialects import NOT_RUN, SERVERS
from tests.runtime.stores.sql import texts
from tests.runtime.stores.sql.places import SERVERS as RUN


@pytest.mark.parametrize("name", list(SERVERS))
def test_statements_are_the_reviewed_ones(name: str) -> None:
    reviewed = (texts.DIRECTORY / f"{name}.sql").read_text()

    assert texts.text_for(name) == reviewed, "run python -m tests.runtime.stores.sql.texts, and look at the changes"


def test_every_server_is_run_or_said_not_to_be() -> None:
    assert {*RUN, *NOT_RUN} == {*SERVERS}
    assert not {*RUN} & {*NOT_RUN}


def test_no_statement_needs_what_only_one_server_has() -> None:
    """They may differ in quoting, placeholders, types and LIMIT; an "upsert" or RETURNING would be a difference in kind."""
    for name in SERVERS:
        text = (texts.DIRECTORY / f"{name}.sql").read_text()
        assert not any(word in text for word in ("ON CONFLICT", "ON DUPLICATE", "MERGE", "RETURNING", "OUTPUT"))


def test_exact_text_brings_back_every_character() -> None:
    exact = schema.ExactText()
    for text in ("", "plain", "\0", "a\0\0b", "\ue000", "\ue000\ue001\ue002\0", "日本語"):
        bound = exact.process_bind_param(text, None)
        assert bound is not None
        assert "\0" not in bound
        assert exact.process_result_value(bound, None) == text
    with pytest.raises(UnicodeEncodeError):
        exact.process_bind_param("\udcff", None)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("cockroachdb://root@localhost/db", "pip install 'sqlalchemy-cockroachdb'"),
        ("mssql://sa:secret@localhost/db", "pip install 'pyodbc'"),
        ("mysql+mysqldb://root@localhost/db", r"pip install 'spawn-workbench\[mysql\]'"),
    ],
)
def test_missing_driver_is_named_with_its_package(url: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_url_that_cannot_be_read_does_not_show_its_password() -> None:
    with pytest.raises(BadSetting, match="in a password, write @") as caught:
        open_store("postgresql://ada:se@cret:x@host:port/db")
    assert "cret" not in str(caught.value)
