"""Whether an exported module defines, in a process of its own, the very actors that run here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.errors import Mistake
from runtime.hosts.child_process import run_python

_PATIENCE_S = 120.0
_CODE = """\
import json, sys
sys.path.insert(0, "")
from runtime.authoring.definition import define
from runtime.cli.common import load_actors
found = [define(each) for each in load_actors(["actors.py"])]
facts = {d.name: [d.settings.as_text(), d.field_types, d.signatures] for d in found}
print("\\n" + json.dumps(facts, default=str))
"""


class CannotExport(Mistake):
    """The actors cannot be made to run outside the notebook as they are; nothing was written."""

    code = "cannot_export"


def try_out(folder: Path, definitions: Sequence[ActorDefinition], secrets: Sequence[str]) -> None:
    """Import the module of a folder as `python -m runtime host` does, with placeholders for secrets.

    Raises:
        CannotExport: it cannot be imported, or its actors are not the same; the message says what differs.
    """
    found = _defined(folder, secrets)
    for definition in definitions:
        wanted = _plain([definition.settings.as_text(), definition.field_types, definition.signatures])
        if definition.name not in found:
            raise CannotExport(f"Cannot export {definition.name}: the module that was made does not define it.")
        for what, here, there in zip(("settings", "state", "actions"), wanted, found[definition.name], strict=True):
            if here != there:
                raise CannotExport(f"Cannot export {definition.name}: {_difference(what, here, there)}")
    more = found.keys() - {definition.name for definition in definitions}
    if more:
        raise CannotExport(f"Cannot export: the module would also run {', '.join(sorted(more))}.")


def _defined(folder: Path, secrets: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    source_tree = str(Path(sys.modules["runtime"].__path__[0]).parent)
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("PYTHONSTARTUP", "PYTHONINSPECT")},
        **dict.fromkeys(secrets, "0"),
        "PYTHONPATH": source_tree,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = run_python(_CODE, timeout_s=_PATIENCE_S, cwd=folder, env=environment)
    except subprocess.TimeoutExpired:
        raise CannotExport(
            f"Cannot export: importing the module did not end within {_PATIENCE_S:g} s.\n"
            "Something that the actors use takes long as soon as it is defined; have them do it in an action."
        ) from None
    if done.returncode:
        raise CannotExport(
            f"Cannot export: the module cannot be imported by itself: {_last_line(done.stderr)}\n"
            "Something that the actors use is not there without the notebook; define it in a cell of its own, or in the action."
        )
    found: dict[str, list[dict[str, Any]]] = msgspec.json.decode(done.stdout.rpartition("\n{")[2].join(["{", ""]))
    return found


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:300]


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))


def _difference(what: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    name = next(name for name in (*here, *there) if here.get(name) != there.get(name))
    return f"its {what} would differ: {name} is {here.get(name)!r} here and {there.get(name)!r} there."
