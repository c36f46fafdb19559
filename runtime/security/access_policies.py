"""Who may call what: policies as Spawn's files write them (docs/protocols.md, "Policies").

A policy is a file `NAME.policy` with lines `key: value`; a list has its values separated by further colons:

    type: deny
    actors: mallory:eve
    actions: withdraw

`actors` and `actor_systems` are matched against the caller, `actions` against the action called; a missing list is `*`, which
matches everything, a caller outside all actors included.  Where Spawn lets one matching policy allow, here **deny wins**: a
call is refused if a deny policy matches it, or if there are allow policies and none matches.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from runtime.errors import BadSetting, nearest
from runtime.ids import ActorId

_ANY = frozenset({"*"})
_KEYS = ("type", "actors", "actor_systems", "actions")


class Policy(msgspec.Struct, frozen=True):
    """One rule."""

    name: str
    allows: bool = True
    actors: frozenset[str] = _ANY
    actor_systems: frozenset[str] = _ANY
    actions: frozenset[str] = _ANY

    def matches(self, caller: ActorId | None, action: str) -> bool:
        """Whether this rule speaks about such a call; None for a caller outside all actors."""
        return (
            _has(self.actors, caller.name if caller is not None else None)
            and _has(self.actor_systems, caller.system if caller is not None else None)
            and _has(self.actions, action)
        )


class AccessRules:
    """All policies of a system; without any, everything is allowed."""

    __slots__ = ("_allow", "_deny", "policies")

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        self.policies = tuple(policies)
        self._allow = tuple(policy for policy in self.policies if policy.allows)
        self._deny = tuple(policy for policy in self.policies if not policy.allows)

    def why_not(self, caller: ActorId | None, action: str) -> str:
        """The reason for refusing a call; empty when it is allowed."""
        for policy in self._deny:
            if policy.matches(caller, action):
                return f"policy {policy.name!r} denies it"
        if self._allow and not any(policy.matches(caller, action) for policy in self._allow):
            names = ", ".join(repr(policy.name) for policy in self._allow)
            return f"none of the policies that allow something ({names}) speaks about it"
        return ""


def rules_of(folder: str | os.PathLike[str] | None) -> AccessRules | None:
    """As `read_policies`; None, for no rules at all, without a folder or without policies in it."""
    rules = read_policies(Path(folder)) if folder is not None else None
    return rules if rules is not None and rules.policies else None


def read_policies(folder: Path) -> AccessRules:
    """The rules in a folder's `*.policy` files, by name; none for a folder without such files.

    Raises:
        BadSetting: there is no such folder, a line is not `key: value`, a key or a type is unknown; the message has file and line.
    """
    if not folder.is_dir():
        raise BadSetting(
            f"policies={str(folder)!r}: there is no such folder. Without it no one would be refused anything."
        )
    return AccessRules(parse_policy(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.policy")))


def parse_policy(name: str, text: str) -> Policy:
    """One policy from a file's text.

    Raises:
        BadSetting: see `read_policies`.
    """
    read: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if not colon or key.strip() not in _KEYS:
            known = nearest(key.strip(), _KEYS, kind="key")
            raise BadSetting(f"Policy {name!r}, line {number}: expected `key: value`, found {line!r}. {known}")
        read[key.strip()] = value
    kind = read.get("type", "allow").strip().strip("\"'")
    if kind not in ("allow", "deny"):
        raise BadSetting(f"Policy {name!r}: type is {kind!r}; expected allow or deny.")
    lists = {key: _values(read[key]) for key in _KEYS[1:] if key in read}
    return Policy(name, kind == "allow", **lists)


def _values(text: str) -> frozenset[str]:
    return frozenset(value.strip() for value in text.split(":") if value.strip()) or _ANY


def _has(values: frozenset[str], value: str | None) -> bool:
    return "*" in values or value in values
