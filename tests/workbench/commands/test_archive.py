"""`wb.archive` and `wb.open_archive`: a part of the past in one file, read without what made it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import workbench as wb
from runtime import Actor, Context, action
from runtime.errors import (
    ActionFailed,
    BadSetting,
    NotCapable,
    SpawnError,
    UnknownActor,
    UnknownRevision,
    WrongKey,
)
from runtime.stores.base import flatten
from workbench.commands.deploy import CodeNotLoaded
from workbench.session import Session, current

KEY = "correct horse"


class Prices(Actor, name="prices"):
    asked: int = 0

    @action
    def of(self, item: str) -> int:
        self.asked += 1
        return 10 * self.asked


class Shop(Actor, name="shop"):
    earned: int = 0
    email: str = ""

    @action
    async def sell(self, ctx: Context, item: str, email: str) -> dict:
        self.earned += await ctx.invoke("prices", "of", {"item": item})
        self.email = email
        ctx.tags["last"] = item
        return {"earned": self.earned, "receipt": f"to {email}"}

    @action
    def refuse(self, email: str) -> None:
        raise ValueError(f"no such customer: {email}")


class Child(Actor, name="child", kind="unnamed"):
    value: int = 0

    @action
    def put(self, value: int) -> int:
        self.value = value
        return value


class Silent(Actor, name="silent", durability="snapshot"):
    value: int = 0

    @action
    def put(self, value: int) -> None:
        self.value = value


class Large(Actor, name="large"):
    rows: dict = {}

    @action
    def fill(self, count: int) -> int:
        self.rows = {str(number): number for number in range(count)}
        return count


QUERY = """SELECT sequence, id, actor, parent, action, caller, cause, key, payload, response, error, error_type, revision,
    metadata, finished_at, run_ms, definition FROM invocations ORDER BY sequence"""


@pytest.fixture
def day(session: Session) -> datetime:
    """Four sales, a failure and two children; then, after the moment that is given, a fifth sale."""
    for each in (Prices, Shop, Child, Silent):
        wb.deploy(each)
    for number, item in enumerate(("tea", "cake", "milk", "tea")):
        wb.invoke("shop", "sell", {"item": item, "email": f"ada{number}@example.org"}, key=f"order-{number}")
    with pytest.raises(ActionFailed):
        wb.invoke("shop", "refuse", {"email": "eve@example.org"})
    for number in (1, 2):
        wb.invoke(f"child-{number}", "put", {"value": number}, parent="child")
    wb.invoke("silent", "put", {"value": 7})
    moment = datetime.now(UTC)
    wb.invoke("shop", "sell", {"item": "last", "email": "zoe@example.org"})
    current.open().flush()
    return moment


def opened(path: Path, key: str | None = None) -> None:
    """The archive, in a process whose own system has stopped."""
    current.stop()
    wb.open_archive(path, key=key)


def test_an_archive_answers_as_the_system_that_made_it(day: datetime, tmp_path: Path) -> None:
    asked: list[Callable[[], Any]] = [
        lambda: wb.query(QUERY).fetchall(),
        lambda: wb.query("SELECT * EXCLUDE (kind) FROM states WHERE actor <> 'silent' ORDER BY actor").fetchall(),
        lambda: wb.query("SELECT * FROM history.shop ORDER BY revision").fetchall(),
        lambda: wb.query("SELECT actor, definition, source FROM definitions ORDER BY ALL").fetchall(),
        lambda: wb.query(
            "SELECT at, actor, event, revision FROM lifecycle WHERE event = 'deployed' ORDER BY ALL"
        ).fetchall(),
        lambda: wb.as_of(day).fetchall(),
        lambda: wb.find("earned > 20", ever=True).fetchall(),
        lambda: wb.bisect("shop", lambda state: state.earned > 50)[0],
        lambda: list(wb.history("shop")),
        lambda: wb.history("shop").diff(1, 4).dicts(),
        lambda: [wb.state("shop"), wb.state("shop", 2), wb.state("silent"), wb.state("child-1")],
        lambda: list(flatten(current.open().turns())),
    ]
    before = [ask() for ask in asked]
    wb.archive(tmp_path / "day.spawn", redact=False)

    opened(tmp_path / "day.spawn")

    assert [ask() for ask in asked] == before


def test_an_archive_opens_in_a_process_that_never_saw_the_actors(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn", key=KEY)
    script = f"""import workbench as wb
print(wb.open_archive({str(tmp_path / "day.spawn")!r}, key={KEY!r}))
print(wb.query("SELECT max(earned) FROM history.shop").fetchall())
print(wb.history("shop").back())"""

    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "as it was. Nothing in it can be changed." in ran.stdout
    assert "[(150,)]" in ran.stdout
    assert 'sell(item="last"' in ran.stdout


def test_only_what_was_chosen_is_in_it(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "children.spawn", actors="child", until=day)
    wb.archive(tmp_path / "late.spawn", since=day, redact=False)

    opened(tmp_path / "children.spawn")
    assert wb.query("SELECT DISTINCT actor FROM invocations ORDER BY actor").fetchall() == [("child-1",), ("child-2",)]
    assert [each.name for each in current.open().definitions()] == ["child"]
    with pytest.raises(UnknownActor, match="shop"):
        wb.history("shop")
    wb.open_archive(tmp_path / "late.spawn")
    assert [each.action for each in wb.history("shop")] == ["sell"]


def test_every_revision_between_its_bounds_can_be_read(day: datetime, tmp_path: Path) -> None:
    states = [wb.state("shop", revision) for revision in (4, 5)]
    wb.archive(tmp_path / "late.spawn", since=day, redact=False)

    opened(tmp_path / "late.spawn")

    assert [wb.state("shop", revision) for revision in (4, 5)] == states
    assert wb.state("child-2") == {"value": 2}
    with pytest.raises(UnknownRevision, match="the oldest revision that is kept is 4"):
        wb.state("shop", 3)
    with pytest.raises(UnknownRevision, match="it is at revision 5"):
        wb.state("shop", 6)
    with pytest.raises(BadSetting, match="revision=-1"):
        wb.state("shop", -1)


def test_forks_and_replays_run_the_code_that_is_given(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn", redact=False)
    opened(tmp_path / "day.spawn")

    assert wb.replay("shop", code=Shop, progress=False)
    fork = wb.fork("shop", 2, code=Shop)
    fork.replay(without=lambda message: message.payload == {"item": "milk", "email": "ada2@example.org"})
    assert fork.state["earned"] == 120


def test_stored_source_is_not_executed_and_a_deployed_class_runs_in_forks_only(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn", redact=False)
    opened(tmp_path / "day.spawn")

    with pytest.raises(CodeNotLoaded, match="code=TheClass"):
        wb.fork("shop", 1)
    assert "no actor runs" in repr(wb.deploy(Shop))
    assert wb.fork("shop", 1).state["earned"] == 10
    with pytest.raises(NotCapable, match="it is an archive"):
        wb.invoke("shop", "sell", {"item": "tea", "email": ""})


@pytest.mark.parametrize(
    "act",
    [
        lambda: wb.undeploy("shop"),
        lambda: wb.restore("shop", 1),
        lambda: wb.mailbox("shop"),
        lambda: wb.confirm_dropped("shop"),
        lambda: wb.retry("shop"),
        lambda: wb.hold("shop"),
        lambda: wb.faults("shop", delay=1),
    ],
)
def test_what_would_act_is_refused(day: datetime, tmp_path: Path, act: Callable[[], Any]) -> None:
    wb.archive(tmp_path / "day.spawn")
    opened(tmp_path / "day.spawn")

    with pytest.raises(SpawnError, match=r"archive|another one|nothing of shop has failed|No failed"):
        act()


def test_leaving_an_archive_goes_back_to_the_own_system(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn")
    wb.open_archive(tmp_path / "day.spawn")

    compared = wb.history("shop").compare(wb.history("shop", own=True))
    wb.detach()

    assert compared
    assert wb.invoke("prices", "of", {"item": "tea"}) == 60


def texts(path: Path) -> str:
    """All that the tables of an archive say, as text, and its bytes beside."""
    found = [path.read_bytes().decode("latin-1")]
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            if name.endswith(".parquet"):
                with file.open(name) as member:
                    found.append(str(pq.read_table(member).to_pylist()))
    return "\n".join(found)


def test_removed_values_are_nowhere_in_the_file(day: datetime, tmp_path: Path) -> None:
    kept = wb.archive(tmp_path / "kept.spawn", redact=False)
    wb.archive(tmp_path / "day.spawn", redact=["e*mail", "item"])

    assert "ada2@example.org" in texts(kept.path)
    for removed in ("@example.org", "ada2", "milk", "cake"):
        assert removed not in texts(tmp_path / "day.spawn")


def test_secrets_are_removed_unless_asked_otherwise(session: Session, tmp_path: Path) -> None:
    class Vault(Actor, name="vault", tags={"api_key": "hush4711"}):
        password: str = "hush4711"

        @action
        def keep(self, password: str) -> dict:
            self.password = password
            return {"token": password, "said": f"kept {password}"}

    wb.deploy(Vault)
    wb.invoke("vault", "keep", {"password": "hush4712"}, metadata={"token": "hush4713"})
    wb.archive(tmp_path / "day.spawn")

    assert "hush47" not in texts(tmp_path / "day.spawn")


def test_nothing_is_readable_without_the_passphrase(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn", redact=False, key=KEY)

    data = (tmp_path / "day.spawn").read_bytes()
    assert [word for word in (b"shop", b"sell", b"example.org", b"PAR1") if word in data] == []
    for key in (None, "another horse"):
        with pytest.raises(WrongKey):
            wb.open_archive(tmp_path / "day.spawn", key=key)


def test_parquet_goes_out_and_comes_back(day: datetime, tmp_path: Path) -> None:
    before = [wb.query(QUERY).fetchall(), list(flatten(current.open().turns())), wb.state("shop", 3)]
    wb.archive(tmp_path / "day.parquet", redact=False)

    table = pq.read_table(tmp_path / "day.parquet")
    opened(tmp_path / "day.parquet")

    assert table["payload"].to_pylist()[1].startswith('{"item":"tea"')
    assert [wb.query(QUERY).fetchall(), list(flatten(current.open().turns())), wb.state("shop", 3)] == before
    assert [each.id.name for each in wb.actors()] == ["child-1", "child-2", "prices", "shop"]


def test_parquet_cannot_have_a_key(day: datetime, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be encrypted"):
        wb.archive(tmp_path / "day.parquet", key=KEY)
    wb.archive(tmp_path / "day.parquet")
    with pytest.raises(BadSetting, match="has no passphrase"):
        wb.open_archive(tmp_path / "day.parquet", key=KEY)


def test_parquet_of_something_else_is_refused_by_name(session: Session, tmp_path: Path) -> None:
    pq.write_table(wb.query("SELECT 1 AS a").to_arrow_table(), tmp_path / "other.parquet")
    (tmp_path / "none.parquet").write_bytes(b"PAR1 and nothing more")

    with pytest.raises(BadSetting, match=r"other\.parquet is no history"):
        wb.open_archive(tmp_path / "other.parquet")
    with pytest.raises(BadSetting, match=r"none\.parquet is no Parquet file"):
        wb.open_archive(tmp_path / "none.parquet")


def test_a_file_in_the_way_stays(day: datetime, tmp_path: Path) -> None:
    for name in ("mine.spawn", "mine.parquet"):
        (tmp_path / name).write_bytes(b"mine")
        for force in (False, True):
            with pytest.raises(BadSetting, match="there is a file of that name"):
                wb.archive(tmp_path / name, force=force)
        assert (tmp_path / name).read_bytes() == b"mine"
    wb.archive(tmp_path / "day.spawn")
    wb.archive(tmp_path / "day.spawn", force=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"actors": ["nobody"]}, UnknownActor, "nobody"),
        ({"redact": 3}, BadSetting, "redact=3"),
        ({"redact": [""]}, BadSetting, "names of fields"),
        ({"since": "never"}, BadSetting, "since='never'"),
        ({"until": "never"}, BadSetting, "until='never'"),
        ({"key": "short"}, BadSetting, "has 5 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_file(
    day: datetime, tmp_path: Path, options: dict[str, Any], error: type[SpawnError], message: str
) -> None:
    folder = tmp_path / "archives"

    with pytest.raises(error, match=message):
        wb.archive(folder / "day.spawn", **options)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_an_actor_without_history_is_there_with_its_state(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "day.spawn", actors="silent")
    opened(tmp_path / "day.spawn")

    assert wb.state("silent") == {"value": 7}
    assert repr(wb.history("silent")) == "No turns yet."
    assert wb.query("SELECT actor, state->>'value' FROM states").fetchall() == [("silent", "7")]


def test_an_archive_of_nothing_opens(day: datetime, tmp_path: Path) -> None:
    for name in ("day.spawn", "day.parquet"):
        wb.archive(tmp_path / name, actors="shop", until="100d")
        wb.open_archive(tmp_path / name)
        assert wb.query("SELECT count(*) FROM invocations").fetchall() == [(0,)]
        wb.detach()


def test_a_state_of_a_hundred_thousand_entries_comes_along(session: Session, tmp_path: Path) -> None:
    wb.deploy(Large)
    wb.invoke("large", "fill", {"count": 100_000})
    wb.archive(tmp_path / "day.spawn", redact=["price"])
    opened(tmp_path / "day.spawn")

    assert len(wb.state("large", 1)["rows"]) == 100_000
    assert [each.path for each in wb.history("large").diff(0, 1)] == ["rows"]


def test_an_archive_of_an_archive_is_the_same(day: datetime, tmp_path: Path) -> None:
    wb.archive(tmp_path / "one.spawn", redact=False)
    wb.open_archive(tmp_path / "one.spawn")
    before = list(flatten(current.open().turns()))

    wb.archive(tmp_path / "two.spawn", redact=False)
    wb.open_archive(tmp_path / "two.spawn")

    assert list(flatten(current.open().turns())) == before
    assert wb.state("silent") == {"value": 7}
