"""What a deploy changed, or would change, as a cell shows it."""

from __future__ import annotations

from typing import Any, Self

from runtime.api import DeployReport, FieldChange
from workbench.redaction import redacted_text
from workbench.tables import cut, html_lines, plural

_LINE_CHARACTERS = 86

Bundle = dict[str, str]


class Deployed(DeployReport, frozen=True, kw_only=True):
    """A `DeployReport` that shows itself."""

    @classmethod
    def of(cls, report: DeployReport) -> Self:
        """The same report, showable."""
        return cls(**{name: getattr(report, name) for name in report.__struct_fields__})

    def __repr__(self) -> str:
        changes = self._changes() if self.changed else []
        return redacted_text("\n".join([self._headline(), *changes, *self._notes()]))

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}

    def _headline(self) -> str:
        if not self.changed:
            return f"{self.actor}: unchanged (definition {self.definition[:8]})."
        verb = "redeployed" if self.previous else "deployed"
        before = f"{self.previous[:8]} → " if self.previous else ""
        return f"{self.actor}: {verb} (definition {before}{self.definition[:8]})."

    def _changes(self) -> list[str]:
        actions = [f"+ {a}" for a in self.added_actions] + [f"− {a}" for a in self.removed_actions]
        parts = [*_listed("actions", [*actions, *(f"~ {a}" for a in self.changed_actions)])]
        parts += _listed("settings", [f"~ {s}" for s in self.changed_settings])
        return parts + _listed("state", [_field(change) for change in self.fields])

    def _notes(self) -> list[str]:
        notes = []
        if self.kept_aside:
            fields = ", ".join(self.kept_aside)
            notes.append(
                f"  The values of {fields} are kept aside; delete them with wb.confirm_dropped({self.actor!r})."
            )
        if self.changed and self.previous:
            revision = [f"revision {self.revision}"] if self.revision else []
            waiting = [plural(self.waiting, "waiting message")] if self.waiting else []
            kept = " and ".join([*revision, *waiting])
            notes.append(f"  {f'Kept: {kept}. ' if kept else ''}The next turn runs the new code.")
        if self.changed and self.children > 1:
            notes.append(f"  It is the code of {plural(self.children, 'active actor')}.")
        return [*notes, *(f"  ! {note}" for note in self.notes)]


class Previewed(Deployed, frozen=True, kw_only=True):
    """What a deploy would change; nothing was deployed."""

    def _headline(self) -> str:
        if not self.changed:
            return f"{self.actor}: nothing would change (definition {self.definition[:8]})."
        verb = "redeployed" if self.previous else "deployed"
        before = f"{self.previous[:8]} → " if self.previous else ""
        return f"{self.actor}: would be {verb} (definition {before}{self.definition[:8]}). Nothing was deployed."

    def _notes(self) -> list[str]:
        notes = []
        if self.kept_aside:
            notes.append(f"  The values of {', '.join(self.kept_aside)} would be kept aside.")
        if self.changed and self.previous:
            kept = [f"revision {self.revision}"] if self.revision else []
            kept += [plural(self.waiting, "waiting message")] if self.waiting else []
            notes += [f"  Kept: {' and '.join(kept)}."] if kept else []
        if self.changed and self.children > 1:
            notes.append(f"  It would be the code of {plural(self.children, 'active actor')}.")
        return [*notes, *(f"  ! {note}" for note in self.notes)]


class Deployments(tuple[Deployed, ...]):
    """The reports of a cell with several actors, in its order."""

    __slots__ = ()

    def __repr__(self) -> str:
        return redacted_text("\n".join(map(repr, self)))

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def _field(change: FieldChange) -> str:
    sign = {"kept": "=", "added": "+", "dropped": "−", "retyped": "~"}.get(change.change, "?")
    return f"{sign} {change.name}" + (f" ({cut(change.detail)})" if change.detail else "")


def _listed(title: str, items: list[str]) -> list[str]:
    """Items under a title, broken between items only."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) < _LINE_CHARACTERS:
            lines[-1] += f"   {item}"
        else:
            lines.append(f"  {'' if lines else title:<9} {item}")
    return lines
