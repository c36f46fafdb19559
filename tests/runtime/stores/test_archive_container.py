"""The file of an archive: complete and unchanged, or refused by name."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.errors import BadSetting, StoreDamaged, StoreTooNew, StoreUnavailable, WrongKey
from runtime.stores.archive.container import ArchiveReader, ArchiveWriter, Contents

PASSPHRASE = "correct horse"
CONTENTS = Contents(system="shop", made_us=1)


def made(path: Path, passphrase: str | None = None, *, replaces: bool = False) -> Path:
    with ArchiveWriter(path, made_by="0.1.0", passphrase=passphrase, replaces=replaces) as file:
        file.add("turns/000000.parquet", b"turns" * 100, rows=5, first=1, last=5)
        file.add("states.parquet", b"states")
        file.finish(CONTENTS)
    return path


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The same archive with other members."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_members_come_back(tmp_path: Path, passphrase: str | None) -> None:
    reader = ArchiveReader(made(tmp_path / "day.spawn", passphrase), passphrase)

    assert reader.read("states.parquet") == b"states"
    assert [each.name for each in reader.members("turns/")] == ["turns/000000.parquet"]
    assert reader.contents.system == "shop"


def test_nothing_of_an_encrypted_archive_is_readable_but_what_it_is(tmp_path: Path) -> None:
    data = made(tmp_path / "day.spawn", PASSPHRASE).read_bytes()

    assert b"shop" not in data
    assert b"states" not in data.replace(b"states.parquet", b"")
    assert b"turnsturns" not in data


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    assert stat.S_IMODE(made(tmp_path / "day.spawn").stat().st_mode) == 0o600


@pytest.mark.parametrize("passphrase", [None, "another horse"])
def test_without_its_passphrase_it_stays_closed(tmp_path: Path, passphrase: str | None) -> None:
    path = made(tmp_path / "day.spawn", PASSPHRASE)

    with pytest.raises(WrongKey, match="passphrase"):
        ArchiveReader(path, passphrase)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="has 5 characters"):
        made(tmp_path / "day.spawn", "short")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_file_that_was_cut_short_is_refused_wherever_it_ends(tmp_path: Path, passphrase: str | None) -> None:
    path = made(tmp_path / "day.spawn", passphrase)
    whole = path.read_bytes()

    for end in range(0, len(whole), 37):
        path.write_bytes(whole[:end])
        with pytest.raises((StoreDamaged, BadSetting), match="cut short" if end > 60 else "cut short|no archive"):
            ArchiveReader(path, passphrase)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_changed_byte_is_noticed(tmp_path: Path, passphrase: str | None) -> None:
    path = made(tmp_path / "day.spawn", passphrase)
    whole = bytearray(path.read_bytes())

    for place in range(60, len(whole) - 22, 13 if passphrase is None else 101):  # each key costs a third of a second
        changed = whole.copy()
        changed[place] ^= 0x5A
        path.write_bytes(changed)
        try:
            reader = ArchiveReader(path, passphrase)
            read = [reader.read(each.name) for each in reader.members()]
        except (StoreDamaged, BadSetting, WrongKey, StoreTooNew):
            continue
        assert read == [b"turns" * 100, b"states"]  # a byte that means nothing, such as one of a date


def test_an_archive_of_a_later_version_says_so(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")

    def newer(members: dict[str, bytes]) -> None:
        header = {
            **json.loads(members["spawn-archive.json"]),
            "version": 2,
            "made_by": "9.0",
            "key": {"of": "another form"},
        }
        members["spawn-archive.json"] = json.dumps(header).encode()

    rewritten(path, newer)
    with pytest.raises(StoreTooNew, match=r"made by spawn-workbench 9\.0 in format 2; .* up to 1"):
        ArchiveReader(path)


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "turns/000001.parquet", "a\\b"])
def test_a_planted_member_is_refused_and_written_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "deep").mkdir()
    path = made(tmp_path / "deep" / "day.spawn")

    rewritten(path, lambda members: members.update({name: b"planted"}))

    with pytest.raises(StoreDamaged, match="members that no archive has"):
        ArchiveReader(path)
    assert [each.name for each in tmp_path.rglob("*escaped*")] == []


def test_a_member_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")
    link = zipfile.ZipInfo("turns/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")

    with pytest.raises(StoreDamaged, match="member that no archive has: 'turns/link'"):
        ArchiveReader(path)


def test_a_packed_member_is_refused_whatever_it_unpacks_to(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", bytes(10_000_000))

    with pytest.raises(StoreDamaged, match="'bomb'"):
        ArchiveReader(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("states.parquet", b"others")

    with pytest.raises(StoreDamaged, match=r"'states\.parquet'"):
        ArchiveReader(path)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")

    rewritten(path, lambda members: members.pop("states.parquet") and None)

    with pytest.raises(StoreDamaged, match=r"states\.parquet is missing"):
        ArchiveReader(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"PAR1" + bytes(100)])
def test_a_foreign_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.spawn"
    path.write_bytes(content)

    with pytest.raises(BadSetting, match=r"other\.spawn is no archive of spawn-workbench"):
        ArchiveReader(path)


def test_a_foreign_zip_is_no_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.spawn", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", "a")

    with pytest.raises(BadSetting, match="is no archive"):
        ArchiveReader(tmp_path / "other.spawn")


def test_what_is_not_there_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="There is no file"):
        ArchiveReader(tmp_path / "day.spawn")


def test_nothing_is_written_over_unless_it_is_an_archive_and_asked_for(tmp_path: Path) -> None:
    path = made(tmp_path / "day.spawn")

    with pytest.raises(BadSetting, match="force=True"):
        made(path)
    made(path, replaces=True)
    path.write_bytes(b"mine")
    with pytest.raises(BadSetting, match="Give another name"):
        made(path, replaces=True)
    assert path.read_bytes() == b"mine"


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.spawn").symlink_to(tmp_path / "target")
    (tmp_path / "other.spawn").symlink_to(made(tmp_path / "real.spawn"))
    before = (tmp_path / "real.spawn").read_bytes()

    for name in ("link.spawn", "other.spawn"):
        with pytest.raises(BadSetting, match="there is a file of that name"):
            made(tmp_path / name, replaces=True)

    assert not (tmp_path / "target").exists()
    assert (tmp_path / "real.spawn").read_bytes() == before
    assert ArchiveReader(tmp_path / "other.spawn").contents.system == "shop"  # reading through one harms nobody


def test_an_archive_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with suppress(RuntimeError), ArchiveWriter(tmp_path / "day.spawn", made_by="") as file:
        file.add("states.parquet", b"")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []
