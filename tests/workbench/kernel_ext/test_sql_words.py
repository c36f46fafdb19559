"""What completion knows of the tables is what DuckDB has."""

from tests.workbench.history.fake_system import FakeSystem, database
from workbench.history.actor_view import FIXED
from workbench.history.schema import NAMES
from workbench.kernel_ext.sql_words import COLUMNS, IN_EVERY_VIEW


def test_the_columns_that_are_offered_are_those_of_the_tables() -> None:
    history = database(FakeSystem())

    for table in NAMES:
        assert COLUMNS[table] == tuple(history.query(f"SELECT * FROM {table}").columns)


def test_the_columns_of_every_view_are_offered() -> None:
    assert tuple(FIXED) == IN_EVERY_VIEW
