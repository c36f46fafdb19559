"""What completion knows of the tables is what DuckDB has."""

from tests.workbench.sql.fake_system import FakeSystem, database
from workbench.kernel_ext.completion import COLUMNS, IN_EVERY_VIEW
from workbench.sql.actor_views import FIXED
from workbench.sql.schema import NAMES


def test_the_columns_that_are_offered_are_those_of_the_tables() -> None:
    history = database(FakeSystem())

    for table in NAMES:
        assert COLUMNS[table] == tuple(history.query(f"SELECT * FROM {table}").columns)


def test_the_columns_of_every_view_are_offered() -> None:
    assert tuple(FIXED) == IN_EVERY_VIEW
