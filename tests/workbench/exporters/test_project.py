"""What goes along with exported actors, and what is said of what does not."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from runtime.authoring.actor import Actor
from runtime.authoring.definition import define
from workbench.exporters.project.manifests import host_manifest, resource_name, system_manifest
from workbench.exporters.project.module import module_text
from workbench.exporters.project.project import Project, project_of, pyproject
from workbench.exporters.project.verify import CannotExport

Made = Callable[..., Project]

START = "from runtime import Actor, Context, action\n"
ACTOR = """
class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return {result}
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """The project of the actors that a text defines; keyword arguments stand beside its last class, as in `%%actor`."""
    names: list[str] = []

    def make(text: str, *, others: tuple[str, ...] = (), is_first: bool = False, **beside: Any) -> Project:
        names.append(f"cells_{len(names)}_{tmp_path.name}")
        path = tmp_path / f"{names[-1]}.py"
        future, rest = text.split("\n", 1) if is_first else ("", text)
        path.write_text(f"{future}\n{START}{rest}")
        spec = importlib.util.spec_from_file_location(names[-1], path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[names[-1]] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        actors = [a for a in vars(module).values() if isinstance(a, type) and issubclass(a, Actor) and a is not Actor]
        actors[-1].__spawn_settings__ = {**actors[-1].__spawn_settings__, **beside}
        named = [each for each in actors if "name" in each.__spawn_settings__]
        return project_of("shop", "spawn-system", [define(each) for each in named], others)

    yield make
    for name in names:
        sys.modules.pop(name, None)


def text_of(project: Project) -> str:
    return module_text(project.carried, project.classes, "said")


def run(project: Project) -> dict[str, Any]:
    """The module's names, once it was executed."""
    module = sys.modules["exported_by_test"] = ModuleType("exported_by_test")
    module.__file__ = "actors.py"
    try:
        exec(compile(text_of(project), "actors.py", "exec", dont_inherit=True), vars(module))
    finally:
        del sys.modules["exported_by_test"]
    return vars(module)


@pytest.mark.parametrize(
    ("cell", "expression", "value"),
    [
        ("LIMIT = 10", "LIMIT", 10),
        ("TABLE = {'a': [1, (2,)], 'b': None}", "TABLE", {"a": [1, (2,)], "b": None}),
        ("TEXT = 'two\\nlines'", "TEXT", "two\nlines"),
        ("import math", "math.floor(2.5)", 2),
        ("import os.path as place", "place.basename('a/b')", "b"),
        ("import xml.etree.ElementTree", "xml.etree.ElementTree.Element('a').tag", "a"),
        ("from math import sqrt as root", "root(4)", 2.0),
        ("from typing import Optional\ndef f(x: Optional[int] = None): return x", "f()", None),
        ("RATE = 2\ndef f(x): return x * RATE", "f(3)", 6),
        ("def f(x): return g(x) + 1\ndef g(x): return x * 2", "f(3)", 7),
        ("double = lambda x: x * 2", "double(2)", 4),
        ("def outer(n):\n    def inner(x): return x + n\n    return inner\nadd_5 = outer(5)", "add_5(1)", 6),
        ("from functools import cache\n@cache\ndef f(x): return x + 1", "f(1)", 2),
        ("import re\nWORD = re.compile('[a-z]+')", "WORD.findall('a1b')", ["a", "b"]),
        ("from enum import Enum\nclass Colour(Enum):\n    RED = 1", "Colour.RED.name", "RED"),
        ("from dataclasses import dataclass\n@dataclass\nclass Item:\n    name: str = 'x'", "Item().name", "x"),
        ("class A:\n    n = 1\nclass B(A): pass", "B().n", 1),
        ("from collections import namedtuple\nPair = namedtuple('Pair', 'a b')", "Pair(1, 2).b", 2),
    ],
)  # fmt: skip
def test_what_an_action_uses_goes_along(made: Made, cell: str, expression: str, value: object) -> None:
    project = made(f"{cell}\n{ACTOR.format(result=expression)}")

    assert project.problems == []
    names = run(project)
    assert eval(expression, names) == value
    assert issubclass(names["Counter"], Actor)


def test_class_that_only_serves_as_a_base_is_no_actor_of_the_module(made: Made) -> None:
    project = made("class Base(Actor):\n    seen: int = 0\n" + ACTOR.replace("(Actor, ", "(Base, ").format(result="1"))

    assert "class Base(Actor):" in text_of(project)
    assert run(project)["__all__"] == ["Counter"]


def test_what_nobody_uses_stays_behind(made: Made) -> None:
    assert "UNUSED" not in text_of(made("UNUSED = 1\n" + ACTOR.format(result="1")))


def test_local_variable_is_not_mistaken_for_the_notebooks(made: Made) -> None:
    text = text_of(made("total = 5\n" + ACTOR.format(result="[total for total in range(3)]")))

    assert "total = 5" not in text


def test_settings_beside_the_class_are_written_into_it(made: Made) -> None:
    project = made(ACTOR.format(result="1"), deactivate_timeout="30s", name="till", tags={"team": "a, b"})

    settings = define(run(project)["Counter"]).settings

    assert (settings.name, settings.deactivate_timeout_ms, settings.tags) == ("till", 30_000, {"team": "a, b"})


def test_secret_is_read_from_the_environment_and_in_no_text(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made(
        'API_KEY = "xyzzy"\nPIN_CODE = 4711\nDB = "postgresql://u:plugh@h/d"\n'
        + ACTOR.format(result="(API_KEY, PIN_CODE, DB)")
    )
    for name, value in {"API_KEY": "one", "PIN_CODE": "2", "DB": "three"}.items():
        monkeypatch.setenv(name, value)

    names = run(project)

    assert sorted(project.carried.secrets) == ["API_KEY", "DB", "PIN_CODE"]
    assert (names["API_KEY"], names["PIN_CODE"], names["DB"]) == ("one", 2, "three")
    assert not [word for word in ("xyzzy", "4711", "plugh") if word in text_of(project)]


def test_missing_secret_is_named(made: Made) -> None:
    project = made('API_KEY = "xyzzy"\n' + ACTOR.format(result="API_KEY"))

    with pytest.raises(LookupError, match="API_KEY is neither an environment variable nor the file"):
        run(project)


def test_annotations_that_are_read_late_stay_so(tmp_path: Path, made: Made) -> None:
    text = ACTOR.replace("value: int", "value: Later").format(result="1") + "Later = int\n"
    project = made("from __future__ import annotations\n" + text, is_first=True)

    assert define(run(project)["Counter"]).signatures == {"add": "(value: int)"}


def test_secret_is_read_from_a_mounted_file(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made('API_KEY = "xyzzy"\n' + ACTOR.format(result="API_KEY"))
    (tmp_path / "API_KEY").write_text("mounted\n")
    monkeypatch.setenv("SECRETS_DIRECTORY", str(tmp_path))

    assert run(project)["API_KEY"] == "mounted"


@pytest.mark.parametrize(
    ("cell", "expression", "problem"),
    [
        ("import threading\nmake = threading.Lock\nvars()['LOCK'] = make()", "LOCK.locked()", "LOCK is of type _thread.lock"),
        ("CONFIG = {'password': 'xyzzy'}", "CONFIG", "CONFIG holds a secret"),
        ("class C:\n    def __init__(self, token): ...\nCLIENT = C(token='xyzzy')", "CLIENT", "CLIENT is made with a secret"),
        ("", "missing(1)", "missing is used, and is not defined"),
        ("import workbench as wb", "wb.invoke('a', 'b')", "wb is the notebook's workbench"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_listed(made: Made, cell: str, expression: str, problem: str) -> None:
    project = made(f"{cell}\n{ACTOR.format(result=expression)}")

    assert any(problem in each for each in project.problems)
    assert "# Not carried: " in text_of(project)
    assert "xyzzy" not in text_of(project)


def test_what_was_made_anew_or_looks_secret_is_pointed_out(made: Made) -> None:
    project = made(
        "import re\nWORD = re.compile('a')\nWORD = re.compile('b')\n"
        + ACTOR.replace("total: int", "password: str = 'xyzzy'\n    total: int").format(result="WORD.pattern"),
        others=("archive",),
    )  # fmt: skip

    notes = " ".join(project.carried.notes)
    assert "WORD is assigned in 2 places" in notes
    assert "gives password a value, which stands in actors.py" in notes


def test_call_of_an_actor_that_stays_behind_is_pointed_out(made: Made) -> None:
    project = made(ACTOR.replace("def add(self,", "async def add(self, ctx: Context,").format(
        result='await ctx.invoke("archive", "keep") + await ctx.invoke("other", "keep")'), others=("archive",))  # fmt: skip

    assert project.notes == ("counter calls archive, which is not exported",)


def test_two_classes_of_one_name_are_refused(made: Made) -> None:
    first = made(ACTOR.format(result="1")).definitions[0]
    second = made(ACTOR.format(result="2")).definitions[0]

    with pytest.raises(CannotExport, match="two classes named Counter"):
        project_of("shop", "spawn-system", [first, second])


def test_local_module_goes_along_with_what_it_imports(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "prices_of_test.py").write_text("import rates_of_test\ndef price(): return rates_of_test.RATE\n")
    (tmp_path / "rates_of_test.py").write_text("RATE = 3\n")
    try:
        project = made("import prices_of_test\n" + ACTOR.format(result="prices_of_test.price()"))
    finally:
        for name in ("prices_of_test", "rates_of_test"):
            sys.modules.pop(name, None)

    assert sorted(project.libraries.files) == ["prices_of_test.py", "rates_of_test.py"]


def test_local_package_goes_along_whole(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shop_of_test" / "inner").mkdir(parents=True)
    for file in ("__init__.py", "inner/__init__.py", "inner/deep.py"):
        (tmp_path / "shop_of_test" / file).write_text("RATE = 3\n")
    try:
        project = made("import shop_of_test.inner.deep\n" + ACTOR.format(result="shop_of_test.inner.deep.RATE"))
    finally:
        for name in [name for name in sys.modules if name.startswith("shop_of_test")]:
            del sys.modules[name]

    assert "import shop_of_test.inner.deep" in text_of(project)
    assert sorted(project.libraries.files) == [
        "shop_of_test/__init__.py", "shop_of_test/inner/__init__.py", "shop_of_test/inner/deep.py",
    ]  # fmt: skip
    assert '"shop_of_test", "shop_of_test.inner"' in pyproject("x", [], *project._modules())


def test_installed_module_is_required_in_its_version(made: Made) -> None:
    project = made("import msgspec\n" + ACTOR.format(result="msgspec.json"))

    assert [each.partition("==")[0] for each in project.libraries.required] == ["msgspec"]


def test_manifests_have_the_operators_fields_and_no_secret() -> None:
    system, host = (
        yaml.safe_load(system_manifest("My Shop")),
        yaml.safe_load(host_manifest("My Shop", "till", has_secrets=True)),
    )

    assert (system["apiVersion"], system["kind"], system["metadata"]) == (
        "spawn-eigr.io/v1",
        "ActorSystem",
        {"name": "my-shop"},
    )
    assert system["spec"] == {
        "statestore": {"type": "Postgres", "credentialsSecretRef": "my-shop-store", "pool": {"size": 10}}
    }
    assert (host["apiVersion"], host["kind"]) == ("spawn-eigr.io/v1", "ActorHost")
    assert host["metadata"]["annotations"]["spawn-eigr.io/actor-system"] == "my-shop"
    assert set(host["spec"]) == {"host", "autoscaler", "volumes"}
    assert set(host["spec"]["host"]) == {"image", "sdk", "ports", "volumeMounts"}
    assert host["spec"]["host"]["sdk"] == "python"
    assert host["spec"]["volumes"] == [{"name": "secrets", "secret": {"secretName": "till-secrets"}}]


def test_host_without_secrets_mounts_nothing() -> None:
    host = yaml.safe_load(host_manifest("spawn-system", "till", has_secrets=False))

    assert set(host["spec"]) == {"host", "autoscaler"}
    assert "volumeMounts" not in host["spec"]["host"]


@pytest.mark.parametrize(("text", "name"), [("My Shop_2", "my-shop-2"), ("…", "actors"), ("x" * 80, "x" * 63)])
def test_names_are_those_that_kubernetes_takes(text: str, name: str) -> None:
    assert resource_name(text) == name
