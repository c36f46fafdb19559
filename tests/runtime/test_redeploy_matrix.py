"""Whatever is edited, wherever it stands, whatever runs it: after the cells ran again, the new code runs and history names it.

The matrix is generated: what changes x where it is defined x the kind of action.
"""

import itertools
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import runtime
from runtime.system.embedded import EmbeddedSystem

CHANGES = {
    "body": ("", "{V}"),
    "helper": ("def helper():\n    return {V}", "{at}helper()"),
    "helper of a helper": ("def inner():\n    return {V}\ndef helper():\n    return inner()", "{at}helper()"),
    "constant": ("RATE = {V}", "{at}RATE"),
    "table": ("TABLE = {{'a': [{V}]}}", "{at}TABLE['a'][0]"),
    "set": ("NAMES = {{'x', str({V})}}", "int(max({at}NAMES - {{'x'}}))"),
    "lambda": ("pick = lambda: {V}", "{at}pick()"),
    "comprehension": ("RATE = {V}", "[{at}RATE for _ in range(1)][0]"),
    "default of a helper": ("def helper(x={V}):\n    return x", "{at}helper()"),
    "keyword default": ("def helper(*, x={V}):\n    return x", "{at}helper()"),
    "closure": (
        "def factory(n):\n    def made():\n        return n\n    return made\nmade = factory({V})",
        "{at}made()",
    ),
    "decorator": ("def times(f):\n    return lambda: f() + {V}\n@times\ndef helper():\n    return 0", "{at}helper()"),
    "class of a helper": ("class Helper:\n    def go(self):\n        return {V}", "{at}Helper().go()"),
    "base of a helper": (
        "class Root:\n    def go(self):\n        return {V}\nclass Helper(Root):\n    pass",
        "{at}Helper().go()",
    ),
    "property": ("class Helper:\n    @property\n    def go(self):\n        return {V}", "{at}Helper().go"),
    "classmethod": ("class Helper:\n    @classmethod\n    def go(cls):\n        return {V}", "{at}Helper.go()"),
    "instance": ("class Config:\n    def __init__(self, n):\n        self.n = n\nconfig = Config({V})", "{at}config.n"),
    "dataclass": ("import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = {V}", "{at}Point().x"),
    "method of a dataclass": (
        "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = 1\n    def go(self):\n        return self.x * {V}",
        "{at}Point().go()",
    ),
    "struct": ("import msgspec\nclass Point(msgspec.Struct):\n    x: int = {V}", "{at}Point().x"),
    "enumeration": ("import enum\nclass Level(enum.IntEnum):\n    HIGH = {V}", "int({at}Level.HIGH)"),
    "partial": ("import functools\nmade = functools.partial(lambda x: x, {V})", "{at}made()"),
    "cached": ("import functools\n@functools.cache\ndef helper():\n    return {V}", "{at}helper()"),
    "array": ("import array\nnumbers = array.array('q', [0] * 9000 + [{V}])", "{at}numbers[-1]"),
    "large table": ("TABLE = {{n: n for n in range(9000)}}\nTABLE[8999] = {V}", "{at}TABLE[8999]"),
}
"""What stands in another cell, and how an action reads it.  `{V}` is what is edited."""

_PLUS = """
import functools
def plus(f):
    @functools.wraps(f)
    def run(self, given=0):
        return f(self, given) + {V}
    return run
"""

OF_THE_CLASS = {
    "class constant": ("", "    LIMIT = {V}\n", "self.LIMIT"),
    "state default": ("", "    start: int = {V}\n", "type(self).start"),
    "parameter default": ("", "", "given"),
    "own method": ("", "    def own(self):\n        return {V}\n", "self.own()"),
    "field of a dataclass": (
        "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = 1\n    def go(self):\n        return {V}",
        "    point: Point = Point()\n",
        "self.point.go()",
    ),
    "dataclass in a list": (
        "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = 1\n    def go(self):\n        return {V}",
        "    points: list[Point] = [Point()]\n",
        "self.points[0].go()",
    ),
    "decorated action": (
        _PLUS,
        "",
        "0",
    ),
}

PLACES = ("cell", "module")
KINDS = ("def", "async def", "init", "pooled", "unnamed")

ACTOR = """
class Probe({base}name="probe"{kind}):
    seen: int = 0
{body}
    @action
{decorator}    {sync} read(self, given: int = {default}) -> int:
        return {read}
{extra}"""


class Notebook:
    """Cells that are run in one namespace, as `__main__` of a kernel, and a module beside them."""

    def __init__(self, system: EmbeddedSystem, folder: Path) -> None:
        self.system, self._folder = system, folder
        module = types.ModuleType("probe_notebook")
        sys.modules["probe_notebook"] = module
        self.names = vars(module)
        self.names |= {name: getattr(runtime, name) for name in ("Actor", "action", "init", "timer")}

    def cell(self, text: str) -> None:
        exec(compile(text, f"<cell {id(text)}>", "exec"), self.names)

    def module(self, text: str) -> None:
        """Written, and imported or imported again."""
        beside = sys.modules.get("probe_beside") or types.ModuleType("probe_beside")
        beside.__file__ = str(self._folder / "probe_beside.py")
        sys.modules["probe_beside"] = beside
        exec(compile(text, beside.__file__, "exec"), vars(beside))
        self.names["probe_beside"] = beside

    def deployed(self) -> bool:
        return self.system.deploy(self.names["Probe"]).changed


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with runtime.embedded(store="memory://") as system:
        yield Notebook(system, tmp_path)
    for name in ("probe_notebook", "probe_beside"):
        sys.modules.pop(name, None)


def _actor(
    read: str, kind: str, *, body: str = "", base: str = "Actor, ", decorator: str = "", default: object = 0
) -> str:
    sync = "async def" if kind == "async def" else "def"
    keywords = {"pooled": ', kind="pooled"', "unnamed": ', kind="unnamed"'}.get(kind, "")
    extra = (
        f"    @init\n    def begin(self):\n        self.seen = {read.replace('given', '0')}\n" if kind == "init" else ""
    )
    return ACTOR.format(
        base=base, kind=keywords, body=body, decorator=decorator, sync=sync, read=read, default=default, extra=extra
    )


def _answer(notebook: Notebook, kind: str) -> tuple[int, str]:
    """What the code gave, and the definition that its turn names."""
    actor, options = ("probe", {}) if kind != "unnamed" else ("probe-1", {"parent": "probe"})
    value = notebook.system.invoke(actor, "read", **options)
    notebook.system.flush()
    turns = [turn for batch in notebook.system.turns() for turn in batch if turn.action == "read"]
    return value, turns[-1].definition


@pytest.mark.parametrize(("change", "place", "kind"), list(itertools.product(CHANGES, PLACES, KINDS)))
def test_an_edit_outside_the_class_is_another_definition(
    notebook: Notebook, change: str, place: str, kind: str
) -> None:
    around, read = CHANGES[change]
    run = notebook.cell if place == "cell" else notebook.module
    found: list[Any] = []
    for value in (1, 2, 2):
        run(around.format(V=value))
        notebook.cell(_actor(read.format(V=value, at="probe_beside." if place == "module" and around else ""), kind))
        found.append((notebook.deployed(), *_answer(notebook, kind)))

    assert [each[1] for each in found] == [1, 2, 2]
    assert found[0][2] != found[1][2]
    if change not in ("array", "large table", "cached"):  # what is not read as a whole is new whenever it is made
        assert found[2][0] is False
        assert found[1][2] == found[2][2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["class", "base", "mixin"])
@pytest.mark.parametrize("change", list(OF_THE_CLASS))
def test_an_edit_of_the_class_is_another_definition(notebook: Notebook, change: str, where: str, kind: str) -> None:
    if change == "decorated action" and kind == "async def":
        kind = "def"  # its decorator is for plain functions
    around, body, read = OF_THE_CLASS[change]
    found: list[Any] = []
    for value in (1, 2, 2):
        notebook.cell(around.format(V=value))
        notebook.cell(_in_class(where, body.format(V=value), read, kind, change, value))
        found.append((notebook.deployed(), *_answer(notebook, kind)))

    assert [each[1] for each in found] == [1, 2, 2]
    assert found[0][2] != found[1][2]
    assert found[1][2] == found[2][2]
    assert found[2][0] is False


def _in_class(where: str, body: str, read: str, kind: str, change: str, value: int) -> str:
    default = value if change == "parameter default" else 0
    decorator = "    @plus\n" if change == "decorated action" else ""
    if where == "class":
        return _actor(read, kind, body=body, decorator=decorator, default=default)
    whole = _actor(read, kind, body=body, decorator=decorator, default=default)
    keywords = {"pooled": ', kind="pooled"', "unnamed": ', kind="unnamed"'}.get(kind, "")
    if where == "base":
        return whole.replace("class Probe(Actor, ", "class Root(Actor, ").replace('name="probe"', 'name="root"') + (
            f'\nclass Probe(Root, name="probe"{keywords}):\n    pass\n'
        )
    mixed = whole.replace("class Probe(Actor, ", "class Mixin(").replace(f'name="probe"{keywords}', "")
    mixed = mixed.replace("    seen: int = 0\n", "")
    return mixed + f'\nclass Probe(Mixin, Actor, name="probe"{keywords}):\n    seen: int = 0\n'


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_timer_takes_its_interval_from_the_new_constant(notebook: Notebook, kind: str) -> None:
    text = f"class Probe(Actor, name='probe'):\n    @timer(every=INTERVAL)\n    {kind} tick(self):\n        pass\n"
    found = []
    for interval in ("'1h'", "'2h'", "'2h'"):
        notebook.cell(f"INTERVAL = {interval}")
        notebook.cell(text)
        found.append(notebook.deployed())

    assert found == [True, True, False]
    deployed = notebook.system.deployed("probe")
    assert deployed is not None
    assert deployed.actions["tick"].every_ms == 7_200_000


@pytest.mark.parametrize("change", ["helper", "closure", "class of a helper", "method of a dataclass"])
def test_a_task_runs_the_new_code(notebook: Notebook, change: str) -> None:
    cloudpickle.register_pickle_by_value(sys.modules["probe_notebook"])  # as the module of a kernel
    around, read = CHANGES[change]
    found = []
    for value in (1, 2):
        notebook.cell(around.format(V=value))
        notebook.cell(_actor(read.format(V=value, at=""), "task").replace('name="probe"', 'name="probe", kind="task"'))
        notebook.deployed()
        found.append(_answer(notebook, "task"))

    assert [each[0] for each in found] == [1, 2]
    assert found[0][1] != found[1][1]


def test_equal_code_in_new_objects_replaces_the_old_ones(notebook: Notebook) -> None:
    notebook.cell(_actor("1", "def"))
    notebook.deployed()
    first = notebook.system.loaded()[0].actor_class
    notebook.system.invoke("probe", "read")
    notebook.cell(_actor("1", "def"))

    assert notebook.deployed() is False
    deployed = notebook.system.deployed("probe")
    assert deployed is not None
    assert deployed.actor_class is notebook.names["Probe"] is not first
