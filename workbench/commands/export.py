"""Turn deployed actors into a project that runs outside the notebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runtime.authoring.definition import ActorDefinition
from runtime.errors import UnknownActor
from workbench.commands.breakpoints import own_system
from workbench.exporters.atomic_files import whole_folder
from workbench.exporters.project.project import Project, Written, project_of
from workbench.exporters.project.verify import CannotExport
from workbench.presenters.panels.system import OWN_PREFIX
from workbench.redaction import always_hidden
from workbench.render.tables import plural


def export(path: str | Path, actors: str | Sequence[str] | None = None, *, force: bool = False) -> Written:
    """Write a project that runs deployed actors outside the notebook as they are.

    `actors.py` has their classes, and what these use of the notebook: imports, functions, classes, values.  What cannot be carried
    is listed in the answer, in the README and in the module.  The value of a variable with a secret's name is in no file: it is
    read from the environment.  What looks like a secret in the text of a class is pointed out.
    Beside it are a `pyproject.toml`, a `Dockerfile` for `python -m runtime host`, manifests for Spawn's operator, a contract for
    each actor, and a README that says how to run it and what Spawn does differently.

    Before anything is at its place, a new process has imported the module and found the same actors, with the same settings, state
    and actions.  The folder is there whole or not at all; an earlier export is replaced, with files that were added to it kept.

    Args:
        path: the folder; its name becomes the project's.
        actors: names; None for all whose code is here.
        force: replace files of an earlier export also where they were changed since.

    Raises:
        UnknownActor: one of `actors` is not deployed.
        CannotExport: they would not be the same actors outside, or no code is here; nothing was written.
        FileInTheWay: the folder has files that no export made, or that were changed since.
        NotCapable: the current system is another process's.
        OSError: the folder cannot be written.
    """
    system = own_system(
        "export actors", "only those of this notebook's own system are exported; %detach goes back to it."
    )
    loaded = {each.name: each for each in system.loaded() if not each.name.startswith(OWN_PREFIX)}
    chosen, absent = _chosen(loaded, [actors] if isinstance(actors, str) else actors)
    folder = Path(path).expanduser().resolve()
    with always_hidden():
        project = project_of(folder.name, system.name, chosen, loaded.keys() - {each.name for each in chosen})
        with whole_folder(folder, force=force) as draft:
            project.write(draft)
    return Written(path=folder, what=f"Exported {plural(len(chosen), 'actor')}", lines=tuple(_lines(project, absent)))


def _chosen(
    loaded: dict[str, ActorDefinition], wanted: Sequence[str] | None
) -> tuple[list[ActorDefinition], list[str]]:
    """The definitions to export, and the names of those whose code is elsewhere."""
    for name in wanted or ():
        if name not in loaded:
            raise UnknownActor(name, loaded)
    named = [loaded[name] for name in dict.fromkeys(wanted)] if wanted is not None else list(loaded.values())
    absent = [each.name for each in named if each.actor_class is None]
    here = [each for each in named if each.actor_class is not None]
    if not here:
        why = f"the code of {', '.join(absent)} is in another process" if absent else "no actor is deployed"
        raise CannotExport(f"Cannot export: {why}. Define one with %%actor, or deploy a class with wb.deploy.")
    return here, absent


def _lines(project: Project, absent: list[str]) -> list[str]:
    names = ", ".join(each.name for each in project.definitions)
    lines = [f"actors    {names}: the same in a process of their own"]
    if project.carried.secrets:
        lines.append(f"secrets   {', '.join(project.carried.secrets)}: read from the environment, in no file")
    lines += [f"! not carried: {each}" for each in project.problems]
    lines += [f"! not carried: {name}, whose code is in another process" for name in absent]
    lines += [f"note: {each}" for each in (*project.carried.notes, *project.notes)]
    return [*lines, "run it    python -m runtime serve actors.py (README.md says more)"]
