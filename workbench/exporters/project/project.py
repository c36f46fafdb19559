"""A project that runs actors outside the notebook: everything that goes into its folder."""

from __future__ import annotations
import __future__

import ast
import inspect
import json
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.contracts.generate import proto_of
from runtime.errors import ContractError
from workbench.exporters.project.manifests import HOST_PORT, host_manifest, resource_name, system_manifest
from workbench.exporters.project.module import actor_source, module_text
from workbench.exporters.project.readme import readme
from workbench.exporters.project.source import Carried, Carrier, Libraries, libraries
from workbench.exporters.project.verify import CannotExport, try_out
from workbench.render.html import bundle, element, lines
from workbench.store_location import shown_path


@dataclass(frozen=True, slots=True)
class Project:
    """What was found to go along with the actors."""

    name: str
    system: str
    definitions: tuple[ActorDefinition, ...]
    carried: Carried
    libraries: Libraries
    classes: tuple[str, ...]
    protos: dict[str, str]
    notes: tuple[str, ...]

    @property
    def problems(self) -> list[str]:
        """What is not carried, and why."""
        return [*self.carried.problems, *self.libraries.problems]

    def write(self, folder: Path) -> None:
        """Write it all into an empty folder, and make sure that it defines the same actors.

        Raises:
            CannotExport: it does not; the folder is then of no use.
            OSError: it cannot be written.
        """
        said = f"Actors of the actor system {self.system}, exported from a notebook."
        files = {
            "actors.py": module_text(self.carried, self.classes, said),
            "pyproject.toml": pyproject(self.name, self._required(), *self._modules()),
            "Dockerfile": dockerfile(),
            ".dockerignore": DOCKERIGNORE,
            "wheels/.gitkeep": "",
            "k8s/system.yaml": system_manifest(self.system),
            "k8s/host.yaml": host_manifest(self.system, self.name, has_secrets=bool(self.carried.secrets)),
            "README.md": readme(
                self.name,
                self.system,
                self.definitions,
                secrets=self.carried.secrets,
                problems=self.problems,
                notes=[*self.carried.notes, *self.notes],
            ),
            **{f"protos/{name}.proto": text for name, text in (self.protos | self.carried.contracts).items()},
        }
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        for name, file in self.libraries.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / name)
        try_out(folder, self.definitions, self.carried.secrets)

    def _required(self) -> list[str]:
        return [f"spawn-workbench=={metadata.version('spawn-workbench')}", *self.libraries.required]

    def _modules(self) -> tuple[list[str], list[str]]:
        """Modules that are single files, and packages."""
        names = sorted(self.libraries.files)
        single = [name.removesuffix(".py") for name in names if "/" not in name]
        packages = {name.rpartition("/")[0].replace("/", ".") for name in names if "/" in name}
        return ["actors", *single], sorted(packages)


def project_of(name: str, system: str, definitions: Sequence[ActorDefinition], others: Collection[str] = ()) -> Project:
    """The project of these actors.

    Args:
        others: names of actors that are deployed and not exported; calls to them are pointed out.

    Raises:
        CannotExport: an actor's text is not at hand, or cannot be written again.
    """
    carrier, classes = Carrier(), []
    for definition in definitions:
        actor_class = definition.actor_class
        assert actor_class is not None
        if actor_class.__name__ in classes:
            raise CannotExport(f"Cannot export two classes named {actor_class.__name__}; rename one of them.")
        try:
            text = actor_source(definition)
        except ValueError as error:
            raise CannotExport(f"Cannot export {definition.name}: {error}.") from None
        if any(_has_late_annotations(spec.function) for spec in definition.actions.values()):
            carrier.found.imports.add("from __future__ import annotations")
        namespace = next((f.function.__globals__ for f in definition.actions.values()), {})
        carrier.add(actor_class.__name__, text, _around(actor_class, namespace))
        classes.append(actor_class.__name__)
    protos, notes = _protos(definitions, carrier.found)
    notes += [f"{caller} calls {callee}, which is not exported" for caller, callee in _calls(definitions, others)]
    found = carrier.found
    return Project(
        name, system, tuple(definitions), found, libraries(sorted(found.modules)), tuple(classes), protos, tuple(notes)
    )


def _has_late_annotations(function: Any) -> bool:
    """Whether it was compiled with `from __future__ import annotations`, which need not stand in its own cell."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return bool(getattr(code, "co_flags", 0) & __future__.annotations.compiler_flag)


def _around(actor_class: type, namespace: dict[str, object]) -> dict[str, object]:
    """The names of the module or notebook that defines a class; of one without actions as far as it is loaded."""
    return namespace or vars(sys.modules.get(actor_class.__module__, sys))


def _protos(definitions: Iterable[ActorDefinition], carried: Carried) -> tuple[dict[str, str], list[str]]:
    """A contract for each actor that has none already, and what to say of those for which none can be made."""
    found, notes = {}, []
    for definition in definitions:
        assert definition.actor_class is not None
        if carried.blocks[definition.actor_class.__name__].names.all & carried.contracts.keys():
            continue
        try:
            found[definition.name] = str(proto_of(definition))
        except ContractError as error:
            why = str(error).partition("\n")[0].rstrip(".")
            notes.append(f"{definition.name} has no contract in protos/: {why}")
    return found, notes


def _calls(definitions: Iterable[ActorDefinition], others: Collection[str]) -> list[tuple[str, str]]:
    """Calls by a name that stands in the text, to actors that stay behind."""
    found = []
    for definition in definitions:
        for node in ast.walk(ast.parse(definition.source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("invoke", "tell")
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and first.value in others:
                    found.append((definition.name, str(first.value)))
    return list(dict.fromkeys(found))


# --- The files around an exported module: what it requires, and its image ---------------------------------------------


def pyproject(project: str, requires: Sequence[str], modules: Sequence[str], packages: Sequence[str]) -> str:
    """`pyproject.toml`; `modules` are single files, `packages` folders, those inside others too, with dots."""
    return f"""\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = {json.dumps(resource_name(project))}
version = "0.1.0"
description = "Actors, exported from a notebook."
requires-python = ">=3.11"
dependencies = [
{"".join(f"    {json.dumps(each)}," + chr(10) for each in requires)}]

[tool.setuptools]
py-modules = {json.dumps(list(modules))}
packages = {json.dumps(list(packages))}
"""


def dockerfile() -> str:
    """An image that runs the actors beside a Spawn proxy in the same pod, as a user without privileges."""
    return f"""\
# Runs the actors beside a Spawn proxy. wheels/ may hold wheels that no index has, such as that of spawn-workbench.
FROM python:3.12-slim
RUN useradd --create-home --uid 1000 actor
WORKDIR /app
COPY . ./
RUN pip install --no-cache-dir --find-links wheels . && rm -rf wheels
USER actor
# The operator says the port, if it is another one, and the actor system.
ENV PYTHONUNBUFFERED=1 USER_FUNCTION_PORT={HOST_PORT}
# Of a pod, all containers share loopback and none else reaches it; the proxy is of another user.
ENV SPAWN_LOOPBACK_USERS=*
EXPOSE {HOST_PORT}
# The proxy is in the same pod and may come up later: the host waits for it.
CMD ["python", "-m", "runtime", "host", "--proxy", "http://127.0.0.1:9001", "--wait-seconds", "120", "actors.py"]
"""


DOCKERIGNORE = """\
**/__pycache__
**/.spawn
.git
k8s
"""


# --- What was written, as a cell shows it -----------------------------------------------------------------------------


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that was written: where, what it is, and what to know about it."""

    path: Path
    what: str
    size: int = 0
    """Bytes; 0 where that says nothing."""
    lines: tuple[str, ...] = ()
    """What else there is to say."""

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        size = f" ({_kilobytes(self.size)})" if self.size else ""
        return "\n".join([f"{self.what}: {shown_path(str(self.path))}{size}", *(f"  {line}" for line in self.lines)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        first, *rest = repr(self).split("\n")
        more = [lines("\n".join(rest))] if rest else []
        return bundle(repr(self), element("div", self._linked(first), *more))

    def _linked(self, text: str) -> str:
        """As a link where the notebook's page can follow one: to a file below its folder, never to the disk as such."""
        if not self.path.is_file() or not self.path.is_relative_to(Path.cwd()):
            return text
        address = quote(self.path.relative_to(Path.cwd()).as_posix())
        return element("a", text, href=address, target="_blank", rel="noopener")


def _kilobytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1_000))} kB"
