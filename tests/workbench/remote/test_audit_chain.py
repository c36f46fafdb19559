"""An audit file says which of its lines were changed, moved or taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from workbench.remote.audit_chain import Damage, head_file
from workbench.remote.audit_log import Act, AuditLog

ACTS = 8


def act(name: str) -> Act:
    return Act(id=name, at_us=1_000, who="ada@desk", target="grpc://there:1", act="invoke", actor="counter")


def unchained(*names: str) -> bytes:
    """A file as it was written before there was a chain."""
    return b"".join(msgspec.json.encode(act(name)) + b"\n" for name in names)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".spawn" / "book.audit.jsonl"


@pytest.fixture
def written(path: Path) -> Path:
    """A file of eight acts, after the line that begins its chain."""
    log = AuditLog(path)
    for number in range(ACTS):
        log.begin(act(f"act-{number}"))
    return path


def damages(path: Path) -> list[Damage]:
    return AuditLog(path).damages()


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_untouched_file_has_no_damage(written: Path) -> None:
    assert damages(written) == []
    assert len(AuditLog(written).acts()) == ACTS


@pytest.mark.parametrize("line", range(2, ACTS + 2))
@pytest.mark.parametrize("edit", [(b"counter", b"account"), (b"ada@desk", b"bob@desk"), (b'"n":', b'"n":1')])
def test_changed_line_is_named(written: Path, line: int, edit: tuple[bytes, bytes]) -> None:
    lines = lines_of(written)
    lines[line - 1] = lines[line - 1].replace(*edit)
    written.write_bytes(b"".join(lines))

    assert damages(written)[0].line == line


@pytest.mark.parametrize("line", range(1, ACTS + 1))
def test_removed_line_is_noticed_at_the_next(written: Path, line: int) -> None:
    lines = lines_of(written)
    del lines[line - 1]
    written.write_bytes(b"".join(lines))

    [damage] = damages(written)
    assert damage.line == line
    assert f"1 lines before it are missing, numbers {line:,} to {line:,}" in damage.what


@pytest.mark.parametrize("kept", range(ACTS + 1))
def test_lines_missing_at_the_end_are_counted(written: Path, kept: int) -> None:
    lines = lines_of(written)
    written.write_bytes(b"".join(lines[:kept]))

    [damage] = damages(written)
    assert damage.line == 0
    assert f"the last {ACTS + 1 - kept} lines are missing" in damage.what


def test_missing_file_is_noticed(written: Path) -> None:
    written.unlink()

    [damage] = damages(written)
    assert "missing" in damage.what


@pytest.mark.parametrize("first", range(1, ACTS))
def test_exchanged_lines_are_named(written: Path, first: int) -> None:
    lines = lines_of(written)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    written.write_bytes(b"".join(lines))

    assert damages(written)[0].line == first + 1


@pytest.mark.parametrize("added", [unchained("forged"), b"nonsense\n", b'{"id": "to\xff\n', b"\n", b"{}\n"])
@pytest.mark.parametrize("line", [2, 5, ACTS + 2])
def test_inserted_line_is_named(written: Path, added: bytes, line: int) -> None:
    lines = lines_of(written)
    lines.insert(line - 1, added)
    written.write_bytes(b"".join(lines))

    [damage] = damages(written)
    assert damage.line == line
    assert "not in the chain" in damage.what


def test_line_that_was_copied_is_named(written: Path) -> None:
    lines = lines_of(written)
    written.write_bytes(b"".join([*lines, lines[-1]]))

    assert damages(written)[0].line == ACTS + 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[:4],
        lambda lines: lines[:4] + lines[5:],
        lambda lines: [*lines[:-1], lines[-1].replace(b"counter", b"account")],
        lambda lines: [],
        lambda lines: [*lines, b"nonsense\n"],
        lambda lines: [re.sub(rb',"n".*\}', b"}", line) for line in lines[1:]],
    ],
    ids=["truncated", "one removed", "last changed", "emptied", "nonsense at the end", "chain taken off"],
)
def test_damage_is_still_shown_after_more_was_written(written: Path, damage: Callable[..., list[bytes]]) -> None:
    written.write_bytes(b"".join(damage(lines_of(written))))
    for number in range(3):
        AuditLog(written).begin(act(f"later-{number}"))

    assert damages(written)
    assert [each.id for each in AuditLog(written).acts()][-3:] == ["later-0", "later-1", "later-2"]


def test_file_of_before_is_continued_with_a_line_that_covers_it(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(unchained("old-1", "old-2"))
    AuditLog(path).begin(act("new"))

    assert damages(path) == []
    assert [each.id for each in AuditLog(path).acts()] == ["old-1", "old-2", "new"]

    path.write_bytes(path.read_bytes().replace(b"old-1", b"old-9"))
    [damage] = damages(path)
    assert (damage.line, "2 lines before it" in damage.what) == (3, True)


@pytest.mark.parametrize("removed", [1, 2])
def test_lines_of_before_that_were_removed_are_noticed(path: Path, removed: int) -> None:
    path.parent.mkdir()
    path.write_bytes(unchained("old-1", "old-2"))
    AuditLog(path).begin(act("new"))

    path.write_bytes(b"".join(lines_of(path)[removed:]))

    [damage] = damages(path)
    assert "the 2 lines before it" in damage.what


def test_unreadable_line_of_before_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(unchained("old-1") + b'{"id": "to\xff\n' + unchained("old-2"))

    assert damages(path) == [Damage(path.name, 2, "it cannot be read.")]


def test_files_that_were_put_aside_are_one_chain(path: Path) -> None:
    log = AuditLog(path, largest_bytes=2_000)
    for number in range(60):
        log.begin(act(f"act-{number}"))
        assert damages(path) == []

    aside = path.with_name(f"{path.name}.2")
    aside.unlink()
    assert "missing" in damages(path)[0].what or "begins anew" in damages(path)[0].what


def test_torn_write_of_a_crash_is_named_and_nothing_after_it_is_lost(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-7])
    assert [each.line for each in damages(written) if each.line] == [ACTS + 1]

    AuditLog(written).begin(act("later"))

    assert [each.line for each in damages(written)] == [ACTS + 1, ACTS + 2]
    assert AuditLog(written).acts()[-1].id == "later"


def test_line_whose_note_was_lost_by_a_crash_is_no_damage(written: Path) -> None:
    head = head_file(written).read_bytes()
    AuditLog(written).begin(act("last"))
    head_file(written).write_bytes(head)

    assert damages(written) == []
    AuditLog(written).begin(act("after"))
    assert damages(written) == []


def test_copy_elsewhere_is_checked_without_a_head(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(written.read_bytes())
    assert damages(copy) == []

    copy.write_bytes(written.read_bytes().replace(b"act-3", b"act-9"))
    assert [each.line for each in damages(copy)] == [5]


def test_file_of_another_key_cannot_be_checked_and_says_so(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.remote.audit_chain._key", lambda _: b"another key of thirty-two bytes.")
    [damage] = damages(written)
    assert (damage.line, "key that is not here" in damage.what) == (1, True)

    AuditLog(written).begin(act("mine"))
    assert AuditLog(written).acts()[-1].id == "mine"


def test_without_a_key_changes_are_still_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.remote.audit_chain._key", lambda _: b"")
    log = AuditLog(path)
    for name in "abc":
        log.begin(act(name))
    path.write_bytes(path.read_bytes().replace(b'"id":"b"', b'"id":"x"'))

    assert [each.line for each in damages(path)] == [3]
