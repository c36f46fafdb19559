"""The store that Spawn's own variables name, for `serve` without `--store`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from runtime.errors import BadSetting
from runtime.stores.environment import store_of
from runtime.stores.registry import open_store
from runtime.stores.sql.dialects import LIMITS
from runtime.stores.sql.engine import Database
from tests.runtime.stores.spawn_db.dump import MARIADB_TABLE
from tests.runtime.stores.sql.places import Place, place

NAMES = {"TYPE", "HOST", "PORT", "NAME", "USERNAME", "SECRET", "SSL", "SSL_VERIFY"}


def variables(**values: str) -> dict[str, str]:
    assert values.keys() <= NAMES
    return {f"PROXY_DATABASE_{name}": value for name, value in values.items()}


def url_of(**values: str) -> str:
    url = store_of(variables(**values), "lab")
    assert url is not None
    return url


def test_no_variable_of_a_place_names_no_store() -> None:
    assert store_of({"PROXY_DATABASE_POOL_SIZE": "60", "PROXY_DATABASE_SSL": "true"}, "lab") is None


def test_what_is_not_set_is_as_spawn_has_it() -> None:
    assert url_of(TYPE="postgres") == "postgresql://admin:admin@localhost:5432/eigr-functions-db"


@pytest.mark.parametrize(
    ("kind", "scheme"), [("Postgres", "postgresql"), ("MariaDB", "mariadb"), ("mysql", "mysql"), ("", "postgresql")]
)
def test_types_are_read_as_spawn_reads_them(kind: str, scheme: str) -> None:
    assert url_of(TYPE=kind, HOST="db").startswith(f"{scheme}://")


def test_any_secret_arrives_at_the_driver_as_it_is() -> None:
    secret = "a@b:c/d?e#f%20 ü"

    url = make_url(url_of(HOST="db.local", PORT="6543", NAME="states", USERNAME="me", SECRET=secret))

    assert (url.host, url.port, url.database, url.username, url.password) == ("db.local", 6543, "states", "me", secret)


@pytest.mark.parametrize(
    ("values", "query"),
    [
        ({"TYPE": "postgres"}, {"sslmode": "require"}),
        ({"TYPE": "postgres", "SSL_VERIFY": "true"}, {"sslmode": "verify-full", "sslrootcert": "system"}),
        ({"TYPE": "mariadb"}, {"ssl_check_hostname": "false"}),
    ],
)
def test_encryption_is_asked_of_the_driver(values: dict[str, str], query: dict[str, str]) -> None:
    url = url_of(**values, SSL="true")

    assert make_url(url).query == query
    Database(url, LIMITS).close()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"TYPE": "postgrs"}, "Did you mean postgres"),
        ({"HOST": "db", "PORT": "tcp"}, "PROXY_DATABASE_PORT='tcp' is no port"),
        ({"TYPE": "mariadb", "SSL": "true", "SSL_VERIFY": "true"}, "the file of an authority for mariadb"),
    ],
)
def test_values_that_make_no_sense_are_refused_without_the_secret(values: dict[str, str], reason: str) -> None:
    with pytest.raises(BadSetting, match=reason) as raised:
        store_of(variables(SECRET="hunter2", **values), "lab")

    assert "hunter2" not in str(raised.value)


def variables_of(server: Place) -> dict[str, str]:
    at = server.address
    return variables(
        TYPE="mariadb",
        HOST=at.host or "",
        PORT=str(server.server_port[1]),
        NAME=server.name,
        USERNAME=at.username or "",
        SECRET=at.password or "",
    )


def test_database_that_a_spawn_system_uses_is_refused() -> None:
    with place("mariadb") as server:
        url = store_of(variables_of(server), "lab")
        assert url is not None
        server.execute(MARIADB_TABLE.format(server.name))

        with pytest.raises(BadSetting, match="it is the database of a Spawn system"):
            open_store(url, key=bytes(32))


def test_empty_database_becomes_a_store() -> None:
    with place("mariadb") as server:
        url = store_of(variables_of(server), "lab")
        assert url is not None

        open_store(url, key=bytes(32)).close()

        assert server.execute(f"SELECT count(*) FROM {server.table('meta')}")[0][0]


def test_native_is_a_file_in_the_folder_of_the_system(tmp_path: Path) -> None:
    url = store_of(variables(TYPE="native"), "lab", tmp_path)

    assert url == f"sqlite:///{tmp_path}/lab/states.db"
    open_store(url, key=bytes(32)).close()


def test_native_store_of_a_real_spawn_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "schema.DAT").touch()

    with pytest.raises(BadSetting, match="the native store of a Spawn system"):
        store_of(variables(TYPE="native"), "lab", tmp_path)
    assert [each.name for each in (tmp_path / "lab").iterdir()] == ["schema.DAT"]


def test_native_without_a_folder_to_write_to_says_what_to_mount(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(BadSetting, match=r"Mount a volume at .*data"):
        store_of(variables(TYPE="native"), "lab", tmp_path / "data")
