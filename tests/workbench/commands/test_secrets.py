"""Nothing that a notebook saves has a value under a secret's name: not the outputs of a command, not a text of an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from runtime import Actor, Context, action
from runtime.errors import SpawnError
from tests.workbench.kernel_ext.kernel import Cell, Kernel, until
from workbench import widgets
from workbench.presenters.plot import Plot
from workbench.presenters.versions import Earlier
from workbench.redaction import HIDDEN
from workbench.results import Deployments
from workbench.session import Session, current

SECRET = "hush4711"
"""Under secrets' names everywhere: payloads, states, answers, errors, logs, metadata, tags."""

PAYLOAD = {"user": "ada", "password": SECRET, "deep": {"api_key": [SECRET, {"x": SECRET}]}, "rows": [{"token": SECRET}]}


class Vault(Actor, name="vault", tags={"api_key": SECRET}):
    password: str = ""
    kept: dict = {}
    pair: tuple = ()

    @action
    def keep(self, user: str, password: str, deep: dict, rows: list) -> dict:
        print(f"kept password={password!r} and {deep}")
        self.password, self.kept = password, {"deep": deep, "rows": rows}
        return {"token": password, "deep": deep}

    @action
    def fail(self, user: str, password: str, deep: dict, rows: list) -> None:
        secret = {"secret": password, "n": 1}
        raise LookupError(f"no login with password={password}, postgresql://ada:{password}@host/db and {secret}")

    @action
    async def ask(self, ctx: Context, password: str) -> Any:
        return await ctx.invoke("clerk", "take", {"password": password, "api_key": {"x": [password]}})


class Clerk(Actor, name="clerk"):
    credentials: list = []

    @action
    def take(self, password: str, api_key: dict) -> dict:
        self.credentials = [password]
        return {"access_key": api_key}


class Vault2(Actor, name="vault"):
    password: str = ""
    kept: dict = {}
    pair: tuple = ()

    @action
    def keep(self, user: str, password: str, deep: dict, rows: list) -> dict:
        self.password = password + "!"
        return {"token": password + "?"}


@pytest.fixture
def vault(session: Session) -> Iterator[Session]:
    wb.deploy(Vault)
    wb.deploy(Clerk)
    wb.invoke("vault", "keep", PAYLOAD, metadata={"authorization": f"Bearer {SECRET}"})
    with pytest.raises(SpawnError):
        wb.invoke("vault", "fail", PAYLOAD, metadata={"token": SECRET})
    wb.invoke("vault", "ask", {"password": SECRET})
    current.open().flush()
    yield session
    widgets.close_all()


def held(_: Session) -> Any:
    holding = wb.hold("vault")
    wb.invoke("vault", "keep", PAYLOAD, asynchronous=True)
    return holding.wait()


def stepped(session: Session) -> Any:
    holding = held(session)
    wb.invoke("vault", "fail", PAYLOAD, asynchronous=True)
    return [holding.step(), until(lambda: holding.waiting, "the failing one waits"), holding.waiting, holding.step()]


def forked(_: Session) -> Any:
    fork = wb.fork("vault", 0, code=Vault2)
    fork.invoke("keep", PAYLOAD) if hasattr(fork, "invoke") else None
    deeper = fork.fork(name="deeper", answers={"clerk.take": {"token": SECRET}})
    return [
        fork,
        fork.lineage,
        deeper,
        deeper.lineage,
        fork.messages,
        fork.run() if hasattr(fork, "run") else None,
        fork.sent,
    ]


SHOWN: dict[str, Callable[[Session], Any]] = {
    "actors": lambda _: wb.actors(),
    "status": lambda _: wb.status(),
    "history": lambda _: wb.history("vault"),
    "a turn of the past": lambda _: [wb.history("vault").back(), wb.history("vault", revision=1).back()],
    "what differs between revisions": lambda _: wb.history("vault").diff(0, 1),
    "comparison": lambda _: wb.history("vault").compare("clerk"),
    "failures": lambda _: [wb.failures(), *wb.failures()],
    "dead letters": lambda _: wb.dead_letters(),
    "postmortem": lambda _: wb.postmortem("vault"),
    "logs": lambda _: wb.logs("vault"),
    "trace": lambda _: wb.trace(),
    "cause": lambda _: wb.cause(wb.failures()[-1].id),
    "versions": lambda _: wb.versions("vault"),
    "an earlier version": lambda _: wb.redeploy("vault", wb.versions("vault")[-1].hash),
    "a version as text": lambda _: Earlier(wb.versions("vault")[-1], "", f'password = "{SECRET}"'),
    "deployments": lambda _: Deployments([wb.deploy(Vault2)]),
    "what a fork changed": lambda _: wb.fork("vault", 0, code=Vault2).diff(),
    "preview": lambda _: wb.preview(Vault2),
    "deploy": lambda _: wb.deploy(Vault2),
    "retry": lambda _: wb.retry("vault", fork=True),
    "replay": lambda _: wb.replay("vault", progress=False),
    "replay of other code": lambda _: wb.replay("vault", code=Vault2, progress=False),
    "fork": forked,
    "held": held,
    "mailbox": lambda s: [held(s), wb.mailbox("vault")][1],
    "stepped": stepped,
    "faults": lambda _: [wb.faults("vault", delay=0.01, seconds=1), wb.active_faults()],
    "audit": lambda _: wb.audit(),
    "watch": lambda _: wb.watch("vault"),
    "watch with a failure": lambda _: wb.watch("clerk"),
    "dashboard": lambda _: wb.dashboard(),
    "form": lambda _: wb.form("vault", "keep"),
    "ref": lambda _: wb.ref("vault"),
    "plot": lambda _: Plot(wb.query("SELECT password, count(*) AS n FROM history.vault GROUP BY ALL")),
    "load": lambda _: wb.load("vault", "keep", PAYLOAD, rate=20, seconds=0.2),
    "picture": lambda _: wb.query("SELECT password, count(*) AS n FROM history.vault GROUP BY ALL", plot=True),
}


def outputs(value: Any) -> Iterator[str]:
    """All that a notebook would save of a value: every type of its bundle, its text, and a live panel's traits."""
    if isinstance(value, list):
        for each in value:
            yield from outputs(each)
        return
    kind = type(value)
    yield repr(value)
    if hasattr(kind, "_repr_mimebundle_"):
        yield json.dumps(value._repr_mimebundle_(), ensure_ascii=False, default=str)
    if hasattr(kind, "frame"):
        yield value.frame
        yield json.dumps(value.outputs(), ensure_ascii=False, default=str)


@pytest.mark.parametrize("what", SHOWN)
def test_nothing_that_is_shown_has_a_secret(what: str, vault: Session) -> None:
    found = list(outputs(SHOWN[what](vault)))

    for text in found:
        assert SECRET not in text, text[max(0, text.index(SECRET) - 200) :][:300]
    assert what not in WITH_VALUES or any(HIDDEN in text for text in found), found


WITH_VALUES = {
    "history", "failures", "postmortem", "cause", "retry", "fork", "replay of other code", "held", "mailbox", "stepped", "watch",
    "picture",
}  # fmt: skip
"""Show values of fields, so that hidden ones have to be seen."""

SHOWN_ELSEWHERE = {
    "Attached": "names an address and what can be done there",
    "Exercise": "a task's text",
    "CheckReport": "shows actors of an exercise, which have no secrets; its texts go through redacted_text",
    "Served": "names addresses and files; tokens are in the files only",
    "Written": "names a file; what is in it is tested with reports and exports",
}


_CLASS = re.compile(r"^class (\w+)(.*?)(?=^[A-Za-z_@#\"']|\Z)", re.MULTILINE | re.DOTALL)


def classes_with_outputs() -> set[str]:
    """The names of all classes of the package that say how they are displayed."""
    # Not by `ast`: in Python 3.11 two threads that parse at once can end each other's attempt with a SystemError.
    found = set()
    for file in Path(str(wb.__file__)).parent.rglob("*.py"):
        for name, body in _CLASS.findall(file.read_text("utf-8")):
            if "\n    def _repr_" in body:
                found.add(name)
    return found


def test_every_class_with_an_output_is_shown_here(vault: Session) -> None:
    seen = set(SHOWN_ELSEWHERE)

    def note(value: Any) -> None:
        for each in value if isinstance(value, list) else [value]:
            seen.update(base.__name__ for base in type(each).__mro__)
            note(each) if isinstance(each, list) else None

    for name, make in SHOWN.items():
        wb.deploy(Vault)
        note(make(vault))
        if name in ("held", "mailbox", "stepped"):
            wb.release("vault")

    assert classes_with_outputs() - seen == set()


SECRET_ACTOR = """%%actor
class Vault(Actor, name="vault"):
    password: str = ""

    @action
    def keep(self, password: str) -> None:
        self.password = password

    @action
    def fail(self, password: str, n: int = 0) -> None:
        where = dict(api_key=password)
        print("login", where, "password=" + password)
        raise LookupError(f"no login with password={password} and {where}")

class Front(Actor, name="front"):
    @action
    async def ask(self, ctx: Context, password: str) -> None:
        await ctx.invoke("vault", "fail", dict(password=password))
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        kernel.ok("%load_ext workbench\nimport workbench as wb\nwb.start(store='memory')")
        kernel.ok(SECRET_ACTOR)
        yield kernel


def assert_harmless(cell: Cell) -> None:
    text = json.dumps(cell.saved, ensure_ascii=False)
    assert SECRET not in text, text[max(0, text.index(SECRET) - 300) :][:400]


@pytest.mark.parametrize("mode", ["Context", "Verbose", "Plain", "Minimal"])
@pytest.mark.parametrize("called", ["'vault', 'fail'", "'front', 'ask'"])
def test_error_of_a_cell_is_saved_without_a_secret(kernel: Kernel, mode: str, called: str) -> None:
    kernel.ok(f"%xmode {mode}\nsecret_value = '{SECRET}'")

    cell = kernel.run(f"wb.invoke({called}, dict(password=secret_value))")

    assert "LookupError" in cell.traceback
    assert_harmless(cell)


@pytest.mark.parametrize(
    "code",
    [
        "%logs vault", "%failures", "%postmortem vault", "%history vault", "%watch vault", "%dashboard", "%audit",
        "%trace", "%%trace\nwb.invoke('front', 'ask', dict(password=secret_value))",
         "%form vault fail", "%actors", "%mailbox vault",
        "%state vault", "wb.state('vault')", "%invoke vault get", "await wb.ainvoke('vault', 'get')",
        "kept = wb.state('vault')\n[kept, 1]", "wb.ref('vault').state()",
        "%query SELECT * FROM states", "%query SELECT * FROM history.vault", "%query SELECT * FROM invocations",
        "%query SELECT * FROM failures", "wb.query('SELECT * FROM revisions').filter('revision > 0')",
        "wb.watch('vault')", "wb.retry('vault', fork=True)", "%%query\nSELECT count(*) FROM failures",
    ],
)  # fmt: skip
def test_output_of_a_magic_is_saved_without_a_secret(kernel: Kernel, code: str) -> None:
    kernel.ok(f"secret_value = '{SECRET}'")
    kernel.run("wb.invoke('vault', 'fail', dict(password=secret_value))")

    cell = kernel.run(code)

    assert cell.saved
    assert_harmless(cell)


def test_payload_that_is_refused_is_not_shown(kernel: Kernel) -> None:
    cell = kernel.run("wb.invoke('vault', 'fail', dict(password=[secret_value], n='x'))")

    assert cell.traceback
    assert_harmless(cell)


@pytest.fixture
def keeping(kernel: Kernel) -> Iterator[Kernel]:
    """Has a secret in a state; shows it, by the setting, until the test is over."""
    kernel.ok(f"wb.invoke('vault', 'keep', dict(password='{SECRET}'))\n%config Workbench.show_secrets = True")
    yield kernel
    kernel.ok("%config Workbench.show_secrets = False")


@pytest.mark.parametrize("code", ["%state vault", "%query SELECT state FROM states", "%watch vault", "%history vault"])
def test_setting_shows_the_secrets_of_ones_own_actors(keeping: Kernel, code: str) -> None:
    assert SECRET in json.dumps(keeping.ok(code).saved, ensure_ascii=False)


def test_report_hides_secrets_whatever_the_setting(keeping: Kernel) -> None:
    keeping.ok("wb.report('report.html', force=True)")

    assert keeping.ok(f"'{SECRET}' in open('report.html').read()").text == "False"


def test_first_hidden_secret_says_why_and_how_it_is_shown(kernel: Kernel) -> None:
    kernel.ok("%reload_ext workbench\nwb.start(store='memory')")
    kernel.ok(SECRET_ACTOR)
    kernel.ok(f"wb.invoke('vault', 'keep', dict(password='{SECRET}'))")

    first, second = kernel.ok("%state vault"), kernel.ok("%state vault")

    assert "%config Workbench.show_secrets = True shows those of your own actors" in first.stdout
    assert (first.text, second.stdout) == (f"{{'password': '{HIDDEN}'}}", "")


def test_values_stay_what_they_are_where_they_are_not_shown(kernel: Kernel) -> None:
    kernel.ok(f"wb.invoke('vault', 'keep', dict(password='{SECRET}'))")

    assert kernel.ok(f"wb.state('vault') == dict(password='{SECRET}')").text == "True"
    assert kernel.ok("wb.query('SELECT password FROM history.vault').fetchall()[-1][0][:4]").text == "'hush'"
    assert kernel.ok("dict(password='of my own')").text == "{'password': 'of my own'}"
