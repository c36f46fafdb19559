"""What a message that runs again must not do a second time, and how that is said."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import syslog
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime import Actor, action, embedded
from runtime.authoring.definition import define
from runtime.errors import BadSetting, SideEffectStopped
from runtime.ids import ActorId
from runtime.replay.fork import ForkedActor
from runtime.replay.history import ActorHistory
from runtime.replay.replay import Replay, Replayed, Verdict
from runtime.replay.rerun import run_again
from runtime.replay.sandbox import Position
from runtime.replay.side_effects import FILES, KINDS, NETWORK, PROCESSES, SideEffects, announce_all
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.replay.actors import Diarist


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Diarist)
        yield system


def _replayed(system: EmbeddedSystem, code: type[Actor] = Diarist, **options: object) -> list[Replayed]:
    system.flush()
    replay = Replay(define(code), ActorId("spawn-system", "diarist"), **options)  # type: ignore[arg-type]
    return list(replay.run(ActorHistory(system, "diarist")))


def _connect() -> None:
    with socket.socket() as one:
        one.connect(("127.0.0.1", 9))


_CALLS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "open to write": (FILES, lambda here: (here / "x").open("w")),
    "open to append": (FILES, lambda here: (here / "old").open("ab")),
    "open to update": (FILES, lambda here: (here / "old").open("r+")),
    "os.open": (FILES, lambda here: os.open(here / "x", os.O_CREAT | os.O_WRONLY)),
    "write_text": (FILES, lambda here: (here / "x").write_text("x")),
    "remove": (FILES, lambda here: (here / "old").unlink()),
    "rename": (FILES, lambda here: (here / "old").rename(here / "x")),
    "mkdir": (FILES, lambda here: (here / "x").mkdir()),
    "symlink": (FILES, lambda here: (here / "x").symlink_to(here / "old")),
    "copy": (FILES, lambda here: shutil.copy(here / "old", here / "x")),
    "temporary file": (FILES, lambda here: tempfile.mkstemp(dir=here)),
    "sqlite": (FILES, lambda here: sqlite3.connect(here / "x")),
    "fifo": (FILES, lambda here: os.mkfifo(here / "x")),
    "node": (FILES, lambda here: os.mknod(path=here / "x")),
    "system log": (NETWORK, lambda _: syslog.syslog(syslog.LOG_DEBUG, "x")),
    "multiprocessing": (PROCESSES, lambda _: multiprocessing.get_context("spawn").Process(target=print).start()),
    "connect": (NETWORK, lambda _: _connect()),
    "look up": (NETWORK, lambda _: socket.getaddrinfo("localhost", 9)),
    "subprocess": (PROCESSES, lambda _: subprocess.run(["true"], check=True)),
    "system": (PROCESSES, lambda _: os.system("true")),
    "fork": (PROCESSES, lambda _: os.fork()),
    "kill": (PROCESSES, lambda _: os.kill(os.getpid(), 0)),
}


@pytest.mark.parametrize("name", _CALLS)
def test_a_call_that_is_not_allowed_changes_nothing_and_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("as it was")
    kind, call = _CALLS[name]
    side_effects = SideEffects(frozenset(KINDS) - {kind})

    with side_effects.guard(), pytest.raises(SideEffectStopped, match="was stopped") as raised:
        call(tmp_path)

    assert raised.value.kind == kind
    assert side_effects.stopped() == (raised.value.call,)
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "as it was"


def test_reading_is_no_side_effect(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("text")
    side_effects = SideEffects()

    with side_effects.guard():
        (tmp_path / "old").read_text()
        Path(os.devnull).write_text("nothing")
        sqlite3.connect(":memory:").close()
        asyncio.run(asyncio.sleep(0))

    assert side_effects.stopped() == ()


def test_an_import_may_keep_its_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "side_effect_probe.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    side_effects = SideEffects()

    with side_effects.guard():
        __import__("side_effect_probe")

    assert side_effects.stopped() == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda: os.environ.update(PROBE="x"),
        lambda: os.environ.pop("HELD"),
        lambda: os.putenv("PROBE", "x"),
        lambda: os.chdir("/"),
    ],
)
def test_a_copy_leaves_the_process_as_it_is(change: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELD", "1")
    before = {**os.environ}, Path.cwd()

    with SideEffects().guard(), pytest.raises(SideEffectStopped, match="allow='processes'"):
        change()

    assert ({**os.environ}, Path.cwd()) == before


def test_a_library_may_set_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with SideEffects().guard():
        monkeypatch.setenv("LIBRARY", "1")

    assert os.environ["LIBRARY"] == "1"


def test_code_that_came_by_value_is_told_from_the_users_by_its_module() -> None:
    side_effects = SideEffects()
    library = {"__name__": "library", "__file__": pytest.__file__, "os": os}
    exec(compile("def save(): os.mkdir('x')", "<dynamic-code>", "exec"), library)

    with side_effects.guard(), pytest.raises(SideEffectStopped):
        library["save"]()

    assert "test_code_that_came_by_value" in side_effects.stopped()[0]


def test_other_threads_are_not_guarded_by_a_context(tmp_path: Path) -> None:
    def write() -> None:
        (tmp_path / "x").write_text("x")

    with SideEffects().guard():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()

    assert (tmp_path / "x").exists()


def test_a_replay_writes_no_file_a_second_time(
    system: EmbeddedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    diary = Path("diary")
    system.invoke("diarist", "note", {"path": str(diary), "text": "once"})

    [found] = _replayed(system)

    assert diary.read_text() == "once\n"
    assert found.verdict is Verdict.STOPPED
    assert found.stopped == (f"open({str(diary)!r}, 'a') in Diarist.note, line {_line_of_open()}",)


def test_a_replay_makes_no_fifo_a_second_time(system: EmbeddedSystem, tmp_path: Path) -> None:
    system.invoke("diarist", "make_fifo", {"path": str(tmp_path / "fifo")})
    (tmp_path / "fifo").unlink()

    [found] = _replayed(system)

    assert found.verdict is Verdict.STOPPED
    assert found.stopped[0].startswith("os.mkfifo(")
    assert list(tmp_path.iterdir()) == []


def test_what_is_announced_for_python_does_as_before(tmp_path: Path) -> None:
    announce_all()

    os.mkfifo(tmp_path / "fifo", mode=0o600)

    assert (tmp_path / "fifo").is_fifo()


def test_a_call_whose_error_the_action_absorbs_is_noted_too(system: EmbeddedSystem, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    system.invoke("diarist", "note_if_possible", {"path": str(diary), "text": "once"})

    [found] = _replayed(system)

    assert (found.verdict, diary.read_text()) == (Verdict.STOPPED, "once\n")


def test_a_thread_of_the_action_is_stopped_too(system: EmbeddedSystem, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    system.invoke("diarist", "note_in_thread", {"path": str(diary), "text": "once"})

    [found] = _replayed(system)

    assert (found.verdict, diary.read_text()) == (Verdict.STOPPED, "once\n")


def test_what_is_allowed_happens_in_both_runs(system: EmbeddedSystem, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    system.invoke("diarist", "note", {"path": str(diary), "text": "once"})

    [found] = _replayed(system, allow="files")

    assert found.verdict is Verdict.AGREES
    assert diary.read_text() == "once\n" * 3


def test_a_stopped_turn_leads_where_it_led_then(system: EmbeddedSystem, tmp_path: Path) -> None:
    for text in ("one", "two"):
        system.invoke("diarist", "note", {"path": str(tmp_path / "diary"), "text": text})
    system.invoke("diarist", "count")

    found = _replayed(system, carry=True)

    assert [each.verdict for each in found] == [Verdict.STOPPED, Verdict.STOPPED, Verdict.AGREES]


def test_code_that_runs_in_this_process_is_stopped_too(system: EmbeddedSystem, tmp_path: Path) -> None:
    held = threading.Lock()  # cannot be carried to another process

    class Local(Actor, name="diarist"):
        notes: int = 0

        @action
        def note(self, path: str, text: str) -> int:
            with held, Path(path).open("a") as file:
                file.write(text)
            self.notes += 1
            return self.notes

    system.invoke("diarist", "note", {"path": str(tmp_path / "diary"), "text": "once"})

    [found] = _replayed(system, Local)

    assert (found.verdict, (tmp_path / "diary").read_text()) == (Verdict.STOPPED, "once\n")


def test_a_fork_does_nothing_beside_its_context(tmp_path: Path) -> None:
    forked = ForkedActor(define(Diarist), ActorId("spawn-system", "diarist"), Position())
    given = {"path": str(tmp_path / "diary"), "text": "never"}

    step = forked.invoke("note", given, metadata={}, timeout_s=120.0)

    assert step.turn.failure is not None
    assert step.turn.failure.code == SideEffectStopped.code
    assert not (tmp_path / "diary").exists()


def test_a_retry_on_a_copy_does_nothing_beside_its_context(system: EmbeddedSystem, tmp_path: Path) -> None:
    diary = tmp_path / "missing" / "diary"
    with pytest.raises(Exception, match="missing"):
        system.invoke("diarist", "note", {"path": str(diary), "text": "never"})
    diary.parent.mkdir()
    [capsule] = system.capsules()

    outcome = run_again(define(Diarist), capsule.work, ())

    assert isinstance(outcome.error, SideEffectStopped)
    assert not diary.exists()


@pytest.mark.parametrize("allow", ["file", ("files", "disk"), "files,network"])
def test_an_unknown_kind_is_refused(allow: object) -> None:
    with pytest.raises(BadSetting, match="is none of 'files', 'network', 'processes'"):
        Replay(define(Diarist), ActorId("spawn-system", "diarist"), allow=allow)  # type: ignore[arg-type]


def _line_of_open() -> int:
    lines = Path(sys.modules[Diarist.__module__].__file__ or "").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if "def note(" in line) + 1
