"""The audit's file: only grows, whole lines, its owner's only, bounded."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.remote.audit_log import FILES, Act, AuditLog


def act(name: str, act: str = "invoke") -> Act:
    return Act(id=name, at_us=1_000, who="ada@desk", target="grpc://there:1", act=act, actor="counter")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".spawn" / "book.audit.jsonl"


def test_act_and_its_end_are_one_when_read(path: Path) -> None:
    log = AuditLog(path)
    log.begin(act("a"))
    log.begin(act("b"))
    log.end("a", 2_000, "failed", "timeout")

    [first, second] = AuditLog(path).acts()

    assert (first.id, first.outcome, first.error, first.ended_us) == ("a", "failed", "timeout", 2_000)
    assert (second.id, second.outcome) == ("b", "")


def test_what_was_written_is_never_changed(path: Path) -> None:
    log = AuditLog(path)
    log.begin(act("a"))
    before = path.read_bytes()
    log.end("a", 2_000, "done")
    log.begin(act("b"))

    assert path.read_bytes().startswith(before)


def test_only_the_owner_can_read_it(path: Path) -> None:
    AuditLog(path).begin(act("a"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o644)
    AuditLog(path).begin(act("b"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_its_folder_ignores_itself_in_git(path: Path) -> None:
    AuditLog(path).begin(act("a"))

    assert (path.parent / ".gitignore").read_text().endswith("*\n")


def test_torn_line_hides_nothing_else(path: Path) -> None:
    log = AuditLog(path)
    log.begin(act("a"))
    path.write_bytes(path.read_bytes() + b'{"id": "to\xff\n')
    log.begin(act("b"))

    assert [each.id for each in log.acts()] == ["a", "b"]


def test_short_write_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(path)
    log.begin(act("a"))
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr("workbench.remote.audit_log.os.write", lambda handle, line: write(handle, line[:7]))

    with pytest.raises(OSError, match="only 7 of"):
        log.begin(act("b"))

    assert path.read_bytes() == before


def test_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    (tmp_path / "elsewhere").touch()
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError) as caught:
        AuditLog(path).begin(act("a"))

    assert caught.value.errno == errno.ELOOP
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_it_is_bounded_and_keeps_the_newest(path: Path) -> None:
    log = AuditLog(path, largest_bytes=1_000)
    for number in range(200):
        log.begin(act(str(number)))

    kept = [int(each.id) for each in log.acts()]

    assert kept == list(range(kept[0], 200))
    assert len(list(path.parent.glob("*.jsonl*"))) == FILES
    assert sum(file.stat().st_size for file in path.parent.glob("*.jsonl*")) < FILES * 1_200


def test_several_processes_lose_and_mix_no_line(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from workbench.remote.audit_log import *\n"
        "log = AuditLog(Path(sys.argv[1]), largest_bytes=60_000)\n"
        "for n in range(300): log.begin(Act(id=f'{sys.argv[2]}-{n}', at_us=1, who='x', actor='y' * 20))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]

    ids = [each.id for each in AuditLog(path).acts()]

    assert sorted(ids) == sorted(f"{name}-{n}" for name in "abc" for n in range(300))
    assert AuditLog(path).damages() == []


def test_without_a_file_the_last_acts_are_in_memory(tmp_path: Path) -> None:
    log = AuditLog(None)
    log.begin(act("a"))
    log.end("a", 2_000, "done")

    assert [(each.id, each.outcome) for each in log.acts()] == [("a", "done")]
