"""Whatever system one is attached to, no message advises a command that this very system refuses.

Every magic is run on every kind of system with its own examples, and with an actor that nobody knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import workbench as wb
from runtime import Actor, action
from runtime.errors import ActionFailed, NotAllowed, NotCapable
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.spawn_proxy.server import serve
from runtime.system.embedded import embedded
from runtime.testing.raw_host import Raw, RawHost, ok
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from workbench import widgets
from workbench.commands.invoke import WaitInterrupted, _interrupted
from workbench.kernel_ext.magics.registry import all_names, function_of
from workbench.presenters.availability import is_available
from workbench.session import current

UP = ok(b'{"status":"up"}', content_type="application/json")
NOT_HERE = (NotCapable, NotAllowed)
LEFT_OUT = ("attach", "detach")
MORE = (
    "%invoke counter ad value=1", "%invoke counter divide by=0", "%invoke counter slow --timeout 20ms",
    "%invoke counter add value=1 --async", "%invoke counter add value=1 --delay 60s", "%state counter --revision 99",
    "%spawn start", "%postmortem counter --show", "%redeploy counter 00000000",
)  # fmt: skip
FUNCTIONS: dict[str, Callable[[], Any]] = {
    "dead_letters": lambda: wb.dead_letters(),
    "abandon": lambda: wb.abandon("counter"),
    "confirm_dropped": lambda: wb.confirm_dropped("counter"),
}
"""Functions without a magic of the same name, and how each is tried."""
ADVICE = re.compile(r"(?<![\w%])%{1,2}([a-z]+)|\bwb\.([a-z_]+)\(")


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        return {"total": self.total}

    @action
    def divide(self, by: int) -> float:
        return self.total / by

    @action
    async def slow(self) -> None:
        await asyncio.sleep(0.2)


class BareProxy(RawHost):
    """A proxy of Spawn's own: healthy, and with one answer to every call; silent where there is none."""

    def __init__(self, answer: Raw | None) -> None:
        super().__init__(self._answer)
        self.to_calls = answer

    def _answer(self, _: bytes) -> Raw:
        return UP if self.to_calls is None or not self.messages[-1].start.startswith("POST") else self.to_calls

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}?system=lab"


def answer(status: int, message: str) -> Raw:
    said = pb.InvocationResponse(status=pb.RequestStatus(status=status, message=message))
    return ok(said.SerializeToString(), status="200 OK" if status == pb.OK else "500 Internal Server Error")


# -- kinds of systems ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def bare(mode: str, to_calls: Raw) -> Iterator[Callable[[], object]]:
    with BareProxy(to_calls) as proxy:
        yield lambda: wb.attach(proxy.url, mode=mode)


@contextlib.contextmanager
def node(mode: str) -> Iterator[Callable[[], object]]:
    with embedded(system="other") as system, NodeServer(system) as server:
        system.deploy(Counter)
        system.invoke("counter", "add", {"value": 1})
        with contextlib.suppress(ActionFailed):
            system.invoke("counter", "divide", {"by": 0})
        system.flush()
        yield lambda: wb.attach(server.address, mode=mode)


@contextlib.contextmanager
def ours(mode: str, *, is_host: bool = False) -> Iterator[Callable[[], object]]:
    with embedded(system="other") as system:
        running = serve(system, http_port=0)
        if not is_host:
            system.deploy(Counter)

        def attach() -> None:
            wb.attach(running.address, mode=mode)
            if is_host:
                wb.deploy(Counter)

        yield attach
        running.close()


KINDS: dict[str, Callable[[], contextlib.AbstractContextManager[Callable[[], object]]]] = {
    "a bare proxy, to look": lambda: bare("look", answer(pb.OK, "OK")),
    "a bare proxy, to act": lambda: bare("act", answer(pb.OK, "OK")),
    "a bare proxy whose actors fail": lambda: bare("act", answer(pb.ERROR, "it went wrong")),
    "a bare proxy without that actor": lambda: bare(
        "act", answer(pb.ACTOR_NOT_FOUND, "Actor counter not found on ActorSystem lab")
    ),
    "a node, to look": lambda: node("look"),
    "a node, to act": lambda: node("act"),
    "a proxy of ours, to look": lambda: ours("look"),
    "a proxy of ours, to act": lambda: ours("act"),
    "a proxy that this process is a host of": lambda: ours("act", is_host=True),
}


# -- what is said there --------------------------------------------------------------------------------------------------


@dataclass
class Said:
    """All that the magics said on one system."""

    by_line: dict[str, str] = field(default_factory=dict)
    refused: dict[str, list[bool]] = field(default_factory=dict)
    """By magic: whether each of its examples was refused."""

    @property
    def not_here(self) -> set[str]:
        return {name for name, refused in self.refused.items() if all(refused)}


def examples() -> Iterator[tuple[str, str]]:
    """Each magic's name with the lines that its own documentation shows."""
    for name in dict.fromkeys(all_names()["line"]):
        for line in inspect.cleandoc(function_of(name).__doc__ or "").splitlines():
            found = re.fullmatch(rf"\s*(?:\w+ = )?(%{name}\b.*)", line)
            if found and name not in LEFT_OUT and not any(each in line for each in ("%spawn", "{", "--code")):
                yield name, found[1].replace("--seconds 1", "--seconds 0.02").replace("--timeout 5s", "--timeout 1s")


def say(shell: InteractiveShell, line: str) -> tuple[str, bool]:
    """What a line shows, as text and HTML, and whether the system refuses it."""
    refused, text = False, ""
    name, _, rest = line[1:].partition(" ")
    with capture_output() as shown:
        try:
            found = shell.run_line_magic(name, rest)
            text = _shown(found)
        except Exception as error:
            refused = isinstance(error, NOT_HERE)
            text = "\n".join([str(error), *getattr(error, "__notes__", ())])
    panels = "".join(output.data.get(kind, "") for output in shown.outputs for kind in ("text/plain", "text/html"))
    return f"{shown.stdout}{shown.stderr}{panels}{text}", refused


def _shown(found: Any) -> str:
    """An answer as a front end shows it."""
    if not hasattr(found, "_repr_mimebundle_"):
        return repr(found) if found is not None else ""
    bundle = found._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return "\n".join(str(data.get(kind, "")) for kind in ("text/plain", "text/html"))


def all_said(shell: InteractiveShell, attach: Callable[[], object]) -> Said:
    said = Said()
    lines = sorted(examples(), key=lambda each: each[0] == "undeploy")
    unknown = [(name, f"%{name} nobody") for name in dict.fromkeys(name for name, _ in lines)]
    more = [(each[1:].partition(" ")[0], each) for each in MORE]
    for name, line in [*more, *lines, *unknown]:
        if current.attached is None:
            attach()
        said.by_line[line], refused = say(shell, line)
        if (name, line) in lines and not line.endswith("--log"):  # which asks no system
            said.refused.setdefault(name, []).append(refused)
    attach()
    said.by_line["%spawn status"], _ = say(shell, "%spawn status")
    said.by_line["%spawn help"], _ = say(shell, "%spawn help")
    say(shell, "%spawn report report.html")
    said.by_line["%spawn report"] = Path("report.html").read_text("utf-8")
    for name, attempt in FUNCTIONS.items():
        said.refused[name] = [_is_refused(attempt)]
    return said


def _is_refused(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except NOT_HERE:
        return True
    except Exception:
        return False
    return False


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(current.audits, "file", folder / "audit.jsonl")
        shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        shell.extension_manager.load_extension("workbench")
        current.defaults["store"] = "memory"
        shell.user_ns.update(Counter=Counter, wb=wb)
        yield shell
        widgets.close_all()
        shell.extension_manager.unload_extension("workbench")


@pytest.fixture(scope="module", params=KINDS)
def said(shell: InteractiveShell, request: pytest.FixtureRequest) -> Iterator[Said]:
    """What every magic says on one kind of system, to which one is still attached."""
    with KINDS[request.param]() as attach:
        attach()
        yield all_said(shell, attach)
        wb.detach()


def test_no_message_advises_what_its_system_refuses(said: Said) -> None:
    not_here = said.not_here
    advised = {
        (line, found[0])
        for line, text in said.by_line.items()
        for found in ADVICE.finditer(text)
        if (found[1] or found[2]) in not_here and (found[1] or found[2]) != line[1:].partition(" ")[0]
    }
    assert not advised, "\n".join(f"{line} says: {said.by_line[line][:400]}" for line, _ in sorted(advised))


def test_an_interrupted_wait_advises_what_its_system_answers(said: Said) -> None:
    system = current.open()
    with pytest.raises(WaitInterrupted) as raised:
        _interrupted(system, "counter", "add")

    names = {found[1] for found in ADVICE.finditer(str(raised.value))}
    assert not names & said.not_here
    assert ("%mailbox counter" in str(raised.value)) == is_available("mailbox")


def test_commands_are_available_where_they_are_not_refused(said: Said) -> None:
    assert {name for name in said.refused if not is_available(name)} == said.not_here
