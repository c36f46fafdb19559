"""An actor class, read and checked: `define(cls)` gives the `ActorDefinition` that engine and hosts work with.

A definition is one version of an actor's code, named by a hash over its source, its settings and everything of the user's own that
it uses (`code_graph`), so that running an unchanged cell again changes nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.authoring.actor import MARK, Actor, LimitedMark, Mark
from runtime.authoring.class_shapes import class_shapes
from runtime.authoring.context import Context
from runtime.authoring.fingerprint import graph_of, hash_of, source_of
from runtime.authoring.settings import Kind, Settings, read_settings
from runtime.config import duration_ms, duration_text
from runtime.errors import BadSetting, DefinitionError, nearest, shown
from runtime.records import IMPLICIT_READS, INIT_NAMES

MISSING: Any = inspect.Parameter.empty

_LISTED_MEMBERS = 12

_ZERO: dict[Any, Callable[[], Any]] = {
    int: int, float: float, str: str, bool: bool, bytes: bytes, list: list, dict: dict, set: set,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of an action's payload."""

    name: str
    type: Any
    default: Any = MISSING
    keyword_only: bool = False


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action: how it is called and what it is."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    context_parameter: str = ""
    """The parameter that gets the context; empty for none."""
    takes_any: bool = False
    """It has `**fields`, which get every payload field without a parameter of its own."""
    is_async: bool = False
    role: str = "action"
    every_ms: int = 0
    timeout_ms: int = 0
    """How long a turn of it may take; 0 for as long as it takes."""

    @property
    def signature(self) -> str:
        """As text, without `self` and context: `(value: int, note: str = '')`."""
        shown = [_shown_parameter(p) for p in self.parameters] + (["**fields"] if self.takes_any else [])
        return f"({', '.join(shown)})"

    @property
    def limit(self) -> str:
        """How long a turn may take, as text such as `5s`; empty without a limit."""
        return duration_text(self.timeout_ms) if self.timeout_ms else ""


@dataclass(frozen=True, slots=True)
class StateField:
    """One annotated attribute of an actor class."""

    name: str
    type: Any
    default: Any


@dataclass(frozen=True, slots=True)
class ActorDefinition:
    """One version of an actor's code."""

    name: str
    hash: str
    settings: Settings
    actions: Mapping[str, ActionSpec]
    fields: tuple[StateField, ...]
    source: str
    actor_class: type[Actor] | None = None
    uses: Mapping[str, str] = field(default_factory=dict)
    """Globals of the defining module or notebook that the code uses, with a fingerprint of each."""
    migration: Callable[[dict[str, Any]], Any] | None = None
    """The author's own way from a stored state of another shape to this one (`@migrate`); None for field by field."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """What the classes of its fields hold, by their names (`class_shapes`)."""

    @property
    def init(self) -> ActionSpec | None:
        return next((spec for spec in self.actions.values() if spec.role == "init"), None)

    @property
    def field_types(self) -> dict[str, str]:
        """State field to the text of its type, as definitions are stored."""
        return {f.name: type_text(f.type) for f in self.fields}

    @property
    def plain_methods(self) -> tuple[str, ...]:
        """Names of the class's methods that no message can invoke; none of code that is in another process."""
        owners = (
            [] if self.actor_class is None else [base for base in self.actor_class.__mro__ if issubclass(base, Actor)]
        )
        names = (
            name
            for owner in owners
            if owner is not Actor
            for name, value in vars(owner).items()
            if is_plain_method(name, value)
        )
        return tuple(name for name in dict.fromkeys(names) if name not in self.actions)

    @property
    def signatures(self) -> dict[str, str]:
        return {name: spec.signature for name, spec in self.actions.items()}


def is_plain_method(name: str, value: object) -> bool:
    """Whether a member of an actor class is a public method without `@action`, `@init`, `@timer` or `@migrate`."""
    return isinstance(value, types.FunctionType) and not name.startswith("_") and not hasattr(value, MARK)


def define(actor_class: type, **overrides: Any) -> ActorDefinition:
    """The definition of an actor class.

    Args:
        overrides: settings that win over the class's own keywords.

    Raises:
        DefinitionError: not an `Actor` class, an unknown setting or value, a type that cannot be resolved, two actions of one
            name, or a parameter that a payload cannot fill.
    """
    given: object = actor_class
    if not (isinstance(given, type) and issubclass(given, Actor)) or given is Actor:
        raise DefinitionError(f"{actor_class!r} is not an actor class. Write `class Name(Actor): …` and deploy that.")
    return _defined(actor_class, read_settings(actor_class, overrides))


def redefined(definition: ActorDefinition) -> ActorDefinition:
    """The definition of the same class with the same settings, as the names that it uses are bound now.

    Raises:
        DefinitionError: as `define`; also for code that is in another process.
    """
    if definition.actor_class is None:
        raise DefinitionError(f"The code of {definition.name} is in another process, and only there it can be defined.")
    return _defined(definition.actor_class, definition.settings)


def _defined(actor_class: type[Actor], settings: Settings) -> ActorDefinition:
    _check_construction(actor_class)
    hints = _type_hints(actor_class)
    fields = _state_fields(actor_class, hints) if settings.state_type is None else ()
    actions = _actions(actor_class)
    _check_subjects(settings, actions)
    migration = _migration(actor_class, settings)
    source = source_of(actor_class)
    graph = graph_of(actor_class, settings)
    digest = hash_of(graph, source, settings)
    classes = class_shapes([each.type for each in fields], type_text)
    return ActorDefinition(
        settings.name, digest, settings, actions, fields, source, actor_class, graph.uses, migration, classes
    )


def _check_construction(actor_class: type[Actor]) -> None:
    """An actor is made from its state, so nothing calls the constructor of its class, or of a class that it inherits from."""
    for base in actor_class.__mro__[: actor_class.__mro__.index(Actor)]:
        names = ("__post_init__",) if dataclasses.is_dataclass(base) else ("__init__", "__new__")
        written = next((name for name in names if name in vars(base)), "")
        if written:
            raise DefinitionError(
                f"{base.__name__}.{written} would never be called: an actor is made from its state, not by its constructor.\n"
                "Give each field its default in the class body (`total: int = 0`). What is to be done before the first message "
                "goes into a method with @init above it (`@init def start(self): …`), which runs at each activation."
            )


def _check_subjects(settings: Settings, actions: Mapping[str, ActionSpec]) -> None:
    if settings.subjects and settings.kind is not Kind.PROJECTION:
        raise DefinitionError(f"{settings.name} has subjects, which only a projection follows: add kind='projection'.")
    for subject in settings.subjects:
        if subject.action not in actions:
            raise DefinitionError(
                f"{settings.name} follows {subject.actor}.{subject.source_action} with its action {subject.action!r}, "
                f"which it does not have. {nearest(subject.action, actions, kind='action')}"
            )


def type_text(annotation: Any) -> str:
    """A type as one would write it: `int`, `list[str]`, `Optional[float]`."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__ if annotation.__module__ == "builtins" else annotation.__qualname__
    return str(annotation).replace("typing.", "")


def _shown_parameter(parameter: Parameter) -> str:
    kind = "" if parameter.type is Any else f": {_payload_type_text(parameter.type)}"
    if parameter.default is MISSING:
        return parameter.name + kind
    default = parameter.default.value if isinstance(parameter.default, enum.Enum) else parameter.default
    return f"{parameter.name}{kind} = {default!r}" if kind else f"{parameter.name}={default!r}"


def _payload_type_text(annotation: Any) -> str:
    """A parameter's type as its callers see it: of an enumeration they give one of the values."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum) and len(annotation) <= _LISTED_MEMBERS:
        return f"Literal[{', '.join(repr(member.value) for member in annotation)}]"
    return type_text(annotation)


def _type_hints(owner: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except Exception as error:
        name = getattr(owner, "__qualname__", owner)
        raise DefinitionError(
            f"Cannot read the types of {name}: {error}. Import or define the missing name."
        ) from error


def _parameter_types(function: Callable[..., Any]) -> dict[str, Any]:
    """Types of the parameters; that of the result does not matter here, and may name what only exists elsewhere."""
    plain: Any = inspect.unwrap(function)
    wanted = {name: value for name, value in plain.__annotations__.items() if name != "return"}
    around = inspect.getclosurevars(plain).nonlocals if plain.__closure__ else {}
    shell = types.SimpleNamespace(__annotations__=wanted, __qualname__=plain.__qualname__)
    try:
        return typing.get_type_hints(shell, plain.__globals__, around, include_extras=True)
    except Exception as error:
        raise DefinitionError(
            f"Cannot read the types of {plain.__qualname__}: {error}. Import or define the missing name."
        ) from error


def _state_fields(cls: type[Actor], hints: Mapping[str, Any]) -> tuple[StateField, ...]:
    ordered = [
        name for base in reversed(cls.__mro__) for name in inspect.get_annotations(base) if name in cls.__spawn_fields__
    ]
    return tuple(StateField(name, hints[name], _default(cls, name, hints[name])) for name in dict.fromkeys(ordered))


def _default(cls: type[Actor], name: str, annotation: Any) -> Any:
    if hasattr(cls, name):
        return getattr(cls, name)
    origin = typing.get_origin(annotation) or annotation
    if origin in _ZERO:
        return _ZERO[origin]()
    if type(None) in typing.get_args(annotation):
        return None
    raise DefinitionError(
        f"{cls.__name__}.{name} has no default, and none follows from its type {type_text(annotation)}.\n"
        f"Write `{name}: {type_text(annotation)} = …`: an actor starts with its defaults."
    )


def _actions(cls: type[Actor]) -> dict[str, ActionSpec]:
    found: dict[str, ActionSpec] = {}
    for attribute in dict.fromkeys(name for base in reversed(cls.__mro__) for name in base.__dict__):
        function = getattr(cls, attribute, None)
        mark = getattr(function, MARK, None)
        if isinstance(mark, Mark) and mark.role != "migrate" and callable(function):
            spec = _action(cls, attribute, function, mark)
            _check_name(cls, spec, found)
            found[spec.name] = spec
    return _with_init(found)


def _migration(cls: type[Actor], settings: Settings) -> Callable[[dict[str, Any]], Any] | None:
    attributes = dict.fromkeys(name for base in cls.__mro__ for name in base.__dict__)
    marked = [name for name in attributes if getattr(getattr(cls, name, None), MARK, Mark("")).role == "migrate"]
    if not marked:
        return None
    if len(marked) > 1:
        raise DefinitionError(
            f"{cls.__name__} has two @migrate functions, {marked[0]} and {marked[1]}; keep one of them."
        )
    if settings.state_type is not None:
        raise DefinitionError(
            f"{cls.__name__}.{marked[0]}: a protobuf state migrates by its field numbers, without @migrate."
        )
    function: Callable[[dict[str, Any]], Any] = getattr(cls, marked[0])
    if len(inspect.signature(function).parameters) != 1:
        raise DefinitionError(
            f"{cls.__name__}.{marked[0]}: write it as `@migrate def {marked[0]}(cls, old: dict) -> dict`."
        )
    return function


def _with_init(actions: dict[str, ActionSpec]) -> dict[str, ActionSpec]:
    """Without `@init`, the first action with one of Spawn's init names is it (docs/protocols.md, "Init names")."""
    if any(spec.role == "init" for spec in actions.values()):
        return actions
    name = next((name for name in actions if name in INIT_NAMES), None)
    return {**actions, name: dataclasses.replace(actions[name], role="init")} if name is not None else actions


def _check_name(cls: type[Actor], spec: ActionSpec, found: Mapping[str, ActionSpec]) -> None:
    if spec.name in found:
        raise DefinitionError(f"{cls.__name__} has two actions named {spec.name!r}; rename one of them.")
    if spec.name in IMPLICIT_READS and spec.role == "action":
        raise DefinitionError(
            f"{cls.__name__}.{spec.name} cannot be an action: {', '.join(IMPLICIT_READS)} always answer the state."
        )


def _action(cls: type[Actor], attribute: str, function: Callable[..., Any], mark: Mark) -> ActionSpec:
    hints = _parameter_types(function)
    parameters, context_parameter, takes_any = [], "", False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        annotation = hints.get(parameter.name, Any)
        if annotation is Context or (parameter.name == "ctx" and annotation is Any):
            context_parameter = parameter.name
        elif parameter.kind is parameter.VAR_KEYWORD:
            takes_any = True
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise DefinitionError(
                f"{cls.__name__}.{attribute}: parameter {parameter} cannot be filled from a payload, whose fields have names."
            )
        else:
            keyword_only = parameter.kind is parameter.KEYWORD_ONLY
            parameters.append(Parameter(parameter.name, annotation, parameter.default, keyword_only))
    return ActionSpec(
        name=mark.name or attribute,
        function=function,
        parameters=tuple(parameters),
        context_parameter=context_parameter,
        takes_any=takes_any,
        is_async=inspect.iscoroutinefunction(function),
        role=mark.role,
        every_ms=_every_ms(mark),
        timeout_ms=_timeout_ms(cls, attribute, mark),
    )


def _every_ms(mark: Mark) -> int:
    return duration_ms(mark.every, name="every") if mark.every is not None else 0


def _timeout_ms(cls: type[Actor], attribute: str, mark: Mark) -> int:
    if not isinstance(mark, LimitedMark):
        return 0
    try:
        limit_ms = duration_ms(mark.timeout, name="timeout")
    except BadSetting as error:
        raise DefinitionError(f"{cls.__name__}.{attribute}: {error}") from error
    if limit_ms < 1:
        raise DefinitionError(
            f"{cls.__name__}.{attribute}: timeout={shown(mark.timeout)} is less than 1 ms, in which no action can end. "
            "Leave it out for an action that may take as long as it likes."
        )
    return limit_ms
