"""Every place at which an action can hand something over, found by looking at what there is: a new parameter is a new place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from runtime import Actor, Context, action
from runtime.authoring.context import ASK_OPTIONS, TELL_OPTIONS, Log
from runtime.authoring.value import Broadcast, Forward, Pipe, SideEffect, Value
from runtime.errors import SpawnError

Use = Callable[["Probe", Context, Any], Any]
"""Hands a value over; what it gives is what the action returns."""

SOUND: dict[str, Any] = {
    "actor": "other", "action": "nop", "channel": "news", "payload": None, "parent": "", "delay": None, "scheduled_to": None,
    "metadata": {},
}  # fmt: skip
DESCRIPTIONS = {SideEffect: "effect", Broadcast: "broadcast", Pipe: "pipe", Forward: "forward"}


class Other(Actor, name="other"):
    @action
    def nop(self) -> int:
        return 1


def _descriptions() -> Iterator[tuple[str, Use]]:
    for kind, method in DESCRIPTIONS.items():
        fields = kind.__struct_fields__
        for field in fields:

            def use(
                _: Probe, __: Context, value: Any, kind: Any = kind, method: str = method, field: str = field
            ) -> Any:
                given = {name: SOUND[name] for name in kind.__struct_fields__}
                return getattr(Value.of(1), method)(kind(**{**given, field: value}))

            yield f"{kind.__name__}.{field}", use
    yield (
        "SideEffect.metadata[]",
        lambda _, __, value: Value.of(1).effect(SideEffect("other", "nop", metadata={"a": value})),
    )


def _builders() -> Iterator[tuple[str, Use]]:
    for name, method in inspect.getmembers(Value, callable):
        if name.startswith("_"):
            continue
        for parameter in [each for each in inspect.signature(method).parameters if each not in ("self", "cls")]:

            def use(_: Probe, __: Context, value: Any, name: str = name, parameter: str = parameter) -> Any:
                return getattr(Value.of(1), name)(**{parameter: value})

            yield f"Value.{name}({parameter})", use
    yield "Value.tags({x: })", lambda _, __, value: Value.of(1).tags({"x": value})
    yield "Value.tags({: x})", lambda _, __, value: Value.of(1).tags({value: "x"})
    yield "Value.state({n: })", lambda _, __, value: Value.of(1).state({"n": value})
    for name in Value.__slots__:

        def use_attribute(_: Probe, __: Context, value: Any, name: str = name) -> Any:
            made = Value.of(1)
            setattr(made, name, value)
            return made

        yield f"Value.{name} =", use_attribute


def _messages() -> Iterator[tuple[str, Use]]:
    for method, options in (("invoke", ASK_OPTIONS), ("call", ASK_OPTIONS), ("tell", TELL_OPTIONS)):
        named = [
            each for each in inspect.signature(getattr(Context, method)).parameters if each not in ("self", "options")
        ]
        for parameter in [*named, *sorted(options)]:

            def use(_: Probe, ctx: Context, value: Any, method: str = method, parameter: str = parameter) -> Any:
                given: dict[str, Any] = {"actor": "other", "action": "nop"}
                if method != "tell":
                    given["timeout"] = 2.0
                return getattr(ctx, method)(**{**given, parameter: value})

            yield f"ctx.{method}({parameter})", use


def _others() -> Iterator[tuple[str, Use]]:
    yield "return", lambda _, __, value: value
    yield "return [ ]", lambda _, __, value: [value]
    yield "self.n", lambda self, _, value: setattr(self, "n", value)
    yield "self.any", lambda self, _, value: setattr(self, "any", value)
    yield "self.any[]", lambda self, _, value: self.any.append(value)
    yield "self.__dict__", lambda self, _, value: self.__dict__.update(undeclared=value)
    yield "ctx.tags[x]", lambda _, ctx, value: ctx.tags.update(x=value)
    yield "ctx.tags[]", lambda _, ctx, value: ctx.tags.__setitem__(value, "x")
    yield "ctx.metadata[x]", lambda _, ctx, value: ctx.metadata.update(x=value)  # type: ignore[attr-defined]
    yield "raise ValueError( )", lambda _, __, value: _throw(ValueError(value))
    yield "raise SpawnError( )", lambda _, __, value: _throw(SpawnError(value))
    yield "raise code", lambda _, __, value: _throw(type("Odd", (SpawnError,), {"code": value})("odd"))
    yield "raise", lambda _, __, value: _throw(value)
    yield "raise with note", lambda _, __, value: _throw(_noted(value))
    for level in [name for name in vars(Log) if not name.startswith("_")]:
        yield f"ctx.log.{level}(text)", lambda _, ctx, value, level=level: getattr(ctx.log, level)(value)
        yield f"ctx.log.{level}(field)", lambda _, ctx, value, level=level: getattr(ctx.log, level)("x", field=value)


def _throw(error: Any) -> Any:
    raise error


def _noted(note: Any) -> Exception:
    error = ValueError("x")
    error.__notes__ = [note]
    return error


PLACES: dict[str, Use] = dict([*_descriptions(), *_builders(), *_messages(), *_others()])
"""How an action hands a value over, by place."""

HANDED: dict[str, Any] = {}
"""What the next turn hands over, where its own values cannot be named: `place` to value."""


class Probe(Actor, name="probe"):
    """Hands over a value at a place; then counts, so that a turn which failed can be told from one that did not."""

    n: int = 0
    any: list[Any] = []

    @action
    def use(self, ctx: Context, place: str, value: str = "") -> Any:
        from runtime.testing.any_values import VALUES

        self.any = []
        return PLACES[place](self, ctx, VALUES[value] if value else HANDED[place])

    @action
    async def use_async(self, ctx: Context, place: str, value: str = "") -> Any:
        from runtime.testing.any_values import VALUES

        found = PLACES[place](self, ctx, VALUES[value] if value else HANDED[place])
        return await found if inspect.isawaitable(found) else found

    @action
    def bump(self) -> int:
        self.n += 1
        return self.n


def action_at(place: str) -> str:
    """The action of `Probe` that hands over there."""
    return "use_async" if place.startswith("ctx.invoke") else "use"
