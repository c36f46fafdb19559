"""What an actor class is made of: its code, and everything of the user's own that this code leads to.

The graph begins with the class.  Its nodes are functions and classes of the user's own: the classes of its MRO, the methods,
what they name of their module (at any depth, also in nested functions and lambdas), what they close over, their defaults and
decorators, the classes in annotations.  A node is described once, by its code objects and values, so circles do no harm.  What is
installed is described by its name and the version of its package.

Values (globals, constants, defaults, closures) are described by what they hold: numbers, text, containers, dates, records,
instances of the user's own classes.  Each may have up to 4,000 parts and 256 KiB.  Of what is larger, and of what cannot be read
without executing something or without an address (files, locks, connections, data frames, objects of libraries), only the type, a
sample and a number count: the number of that object among those that were found in the same place in this process.  So another
object is another version, even if it is equal, and nothing large is ever read as a whole.  The same holds for a class that leads
to more than 5,000 functions and classes: what lies beyond is not read, and each new class object is another version.

Nothing of the user's is executed, except `__repr__` of the plain value types of the standard library.
"""

from __future__ import annotations

import abc
import builtins
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import pathlib
import re
import sys
import types
import typing
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from runtime.authoring.code_leaves import digest, facts_of, generations, imported, version_of

MISSING: Any = object()
"""Stands for a name that has no value."""

_MOST_NODES = 5_000
_MOST_PARTS = 4_000
_MOST_CHARACTERS = 256 * 1024
_DEEPEST = 60
_SAMPLE = 4_096

_SHOWN = (
    datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, fractions.Fraction, uuid.UUID,
    pathlib.PurePath, re.Pattern, range, slice,
    typing.TypeVar, typing.ForwardRef, type(Ellipsis), type(NotImplemented),
)  # fmt: skip
_ALIASES: tuple[type, ...] = (types.GenericAlias, types.UnionType, type(typing.List[int]), type(typing.Union[int, str]))  # noqa: UP006, UP007
_WRAPPERS = ("__func__", "fget", "fset", "fdel", "func", "__wrapped__")
_TUPLE_FIELD: type = type(vars(collections.namedtuple("_Pair", "first"))["first"])
_BUILTINS = (
    types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodWrapperType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType, _TUPLE_FIELD,
)  # fmt: skip
_PLAIN_BASES = frozenset(
    {
        object,
        typing.Generic,
        typing.Protocol,
        abc.ABC,
        msgspec.Struct,
        tuple,
        list,
        dict,
        set,
        frozenset,
        str,
        bytes,
        int,
        float,
    }
)
_RECORDS = frozenset({"dataclasses", "runtime.authoring.actor", "runtime.authoring.value"})
"""Modules whose objects are read although they are installed."""
_NOT_THE_CLASS = frozenset(
    {
        "__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__", "__static_attributes__",
        "__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__spawn_settings__", "_abc_impl",
        "__msgspec_cache__",
    }
)  # fmt: skip
"""Also what libraries keep on a class once it is used, which would make another version of what no one has changed."""
_MADE_BY_DATACLASS = frozenset({"__init__", "__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"})
_HEAP_TYPE = 1 << 9
_BUILTIN_NAMES = frozenset(vars(builtins))
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class _TooLarge(Exception):
    """The value that is being described is beyond its limits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Binding:
    """A name that the code looks up, and what it meant when the graph was made."""

    names: Mapping[str, Any]
    name: str
    value: object
    shown: str
    """As a user knows it: `rate`, `helpers.convert`, `Table.price`."""

    @property
    def is_current(self) -> bool:
        return self.names.get(self.name, MISSING) is self.value


@dataclasses.dataclass(frozen=True, slots=True)
class _Code:
    """A function, with the code that it had: tools that reload modules put another one into it."""

    function: types.FunctionType
    code: types.CodeType
    defaults: tuple[object, object]
    shown: str

    @property
    def is_current(self) -> bool:
        positional, by_name = self.defaults
        function = self.function
        return (
            function.__code__ is self.code
            and function.__defaults__ is positional
            and function.__kwdefaults__ is by_name
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Implementations:
    """What a function of `functools.singledispatch` chose from: `register` adds to it, and binds no name that is looked up."""

    registry: Mapping[type, object]
    known: Mapping[type, object]
    shown: str

    @property
    def is_current(self) -> bool:
        return len(self.registry) == len(self.known) and all(
            self.known.get(kind) is function for kind, function in self.registry.items()
        )


class CodeGraph:
    """Made for one class; one thread.  Takes a few milliseconds at most for what one writes in a notebook."""

    def __init__(self, roots: Iterable[object]) -> None:
        """`roots`: the class first, then what belongs to it."""
        self.uses: dict[str, str] = {}
        """Globals that the code reads, with a digest of each."""
        self.bindings: list[Binding | _Code | _Implementations] = []
        """What the code looks up when it runs; the graph holds as long as all of these are current."""
        self._labels: dict[int, str] = {}
        self._kept: list[object] = []
        """Keeps what `_labels` knows by its address."""
        self._counts: dict[str, int] = collections.Counter()
        self._waiting: deque[tuple[str, Any]] = deque()
        self._nodes: dict[str, str] = {}
        self._named: dict[str, str] = {}
        """Names in `uses` that stand for a node, whose digest is known at the end."""
        self._seen_modules: set[tuple[int, str]] = set()
        self._is_cut = False
        roots = list(roots)
        for index, root in enumerate(roots):
            self._nodes[f"root {index}"] = self._value(f"root {index}", root)
        while self._waiting:
            label, node = self._waiting.popleft()
            self._nodes[label] = self._described(label, node)
        if self._is_cut:
            self._nodes["beyond"] = str(
                generations.number(f"beyond {_type_name(roots[0])} {getattr(roots[0], '__qualname__', '')}", roots[0])
            )
        self.uses |= {name: self._with_methods(label) for name, label in self._named.items() if label in self._nodes}

    @property
    def parts(self) -> Iterator[str]:
        """What a digest of the whole is made over."""
        for label, described in self._nodes.items():
            yield label
            yield described

    def _with_methods(self, label: str) -> str:
        """A node's digest; of a class together with those of its methods, which are nodes beside it."""
        inside = label.partition("~")[0] + "."
        return digest(each for name, each in self._nodes.items() if name == label or name.startswith(inside))

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _reference(self, node: Any) -> str:
        """The label of a function or class; one of the user's own is described, too, when its turn comes."""
        known = self._labels.get(id(node))
        if known is not None:
            return known
        installed = _installed_label(node)
        if installed is not None and not _carries_more(node):
            return installed
        base = installed or f"{_home_of(node)}.{node.__qualname__}"
        number = self._counts[base]
        self._counts[base] += 1
        label = self._labels[id(node)] = f"{base}~{number}" if number else base
        self._kept.append(node)
        if len(self._kept) > _MOST_NODES:
            self._is_cut = True
        else:
            self._waiting.append((label, node))
        return label

    def _described(self, label: str, node: Any) -> str:
        describe = self._class_parts if isinstance(node, type) else self._function_parts
        return digest(describe(label, node))

    def _function_parts(self, label: str, function: types.FunctionType) -> Iterator[str]:
        code = function.__code__
        is_installed = version_of(str(function.__globals__.get("__name__", ""))) is not None
        if not is_installed:
            facts = facts_of(code)
            yield facts.digest
            defaults = (function.__defaults__, function.__kwdefaults__)
            self.bindings.append(_Code(function, code, defaults, function.__qualname__))
            yield from self._globals_parts(function.__globals__, facts.globals, facts.names)
            for name in facts.imports:
                yield from self._import_parts(name, function.__globals__, facts.names)
            yield from self._annotation_parts(label, _annotations(function), function.__globals__)
        registry = vars(function).get("registry")
        if isinstance(registry, types.MappingProxyType):
            self.bindings.append(_Implementations(registry, dict(registry), function.__qualname__))
        yield self._value(f"{label} defaults", (function.__defaults__, function.__kwdefaults__))
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
            yield name
            yield self._value(f"{label} closure {name}", _content(cell))
        yield self._value(f"{label} attributes", {k: v for k, v in vars(function).items() if k != "__wrapped__"})
        if "__wrapped__" in vars(function):
            yield self._value(f"{label} wrapped", vars(function)["__wrapped__"])

    def _globals_parts(self, home: dict[str, Any], names: Iterable[str], used: frozenset[str]) -> Iterator[str]:
        place = str(home.get("__name__", ""))
        for name in names:
            value = home.get(name, MISSING)
            if value is MISSING and name in _BUILTIN_NAMES:
                self.bindings.append(Binding(home, name, MISSING, name))
                continue
            yield name
            self.bindings.append(Binding(home, name, value, name))
            if isinstance(value, types.ModuleType):
                yield from self._module_parts(value, used)
                continue
            described = self._value(f"{place}.{name}", value)
            yield described
            if value is not MISSING and name not in self.uses and _counts_as_used(value):
                self.uses[name] = digest([described])
                if (label := self._labels.get(id(value))) is not None:
                    self._named[name] = label

    def _module_parts(self, module: types.ModuleType, used: frozenset[str]) -> Iterator[str]:
        """Of a module of the user's own, what is named together with it; all of it if nothing is."""
        version = version_of(module.__name__)
        yield f"module {module.__name__} {version}"
        if version is not None:
            return
        names = vars(module)
        found = sorted(used & names.keys()) or sorted(_public(module))
        for name in found:
            if (id(module), name) in self._seen_modules:
                continue
            self._seen_modules.add((id(module), name))
            value = names.get(name, MISSING)
            self.bindings.append(Binding(names, name, value, f"{module.__name__}.{name}"))
            yield name
            if isinstance(value, types.ModuleType):
                yield from self._module_parts(value, used)
            else:
                yield self._value(f"{module.__name__}.{name}", value)

    def _import_parts(self, name: str, home: dict[str, Any], used: frozenset[str]) -> Iterator[str]:
        """What is imported while the code runs counts once it is there: importing it here would execute it."""
        module = imported(name, home)
        if module is not None and version_of(module.__name__) is None:
            yield from self._module_parts(module, used)

    def _annotation_parts(self, label: str, annotations: Mapping[str, Any], home: Mapping[str, Any]) -> Iterator[str]:
        for name, annotation in annotations.items():
            yield name
            yield self._value(f"{label} annotation {name}", annotation)
            for text in _texts_in(annotation):
                yield from self._named_types(text, home)

    def _named_types(self, text: str, home: Mapping[str, Any]) -> Iterator[str]:
        """The classes that an annotation in quotes names."""
        for name in _IDENTIFIER.findall(text):
            value = home.get(name, MISSING)
            if value is not MISSING and not isinstance(value, types.ModuleType):
                self.bindings.append(Binding(home, name, value, name))
                yield self._value(f"{home.get('__name__', '')}.{name}", value)

    def _class_parts(self, label: str, kind: Any) -> Iterator[str]:
        yield self._reference(type(kind))
        for base in kind.__mro__[1:]:
            yield self._reference(base)
        yield from self._annotation_parts(label, _annotations(kind), _globals_of(kind))
        if _is_message(kind):
            yield digest([kind.DESCRIPTOR.full_name, kind.DESCRIPTOR.file.serialized_pb.hex()])
            return
        if issubclass(kind, enum.Enum):
            for name, member in kind.__members__.items():
                yield self._value(f"{label}.{name}", (name, member._value_))
        if issubclass(kind, msgspec.Struct):
            yield from self._struct_parts(label, kind)
        shown = kind.__qualname__
        for name, value in list(vars(kind).items()):
            if name in _NOT_THE_CLASS or name.startswith("__pydantic_") or _is_made(kind, name, value):
                continue
            self.bindings.append(Binding(vars(kind), name, value, f"{shown}.{name}"))
            yield name
            yield self._value(f"{label}.{name}", value)

    def _struct_parts(self, label: str, kind: type[msgspec.Struct]) -> Iterator[str]:
        config = kind.__struct_config__
        yield repr(
            [
                (name, getattr(config, name, None))
                for name in ("frozen", "eq", "order", "array_like", "tag", "tag_field")
            ]
        )
        yield repr((kind.__struct_fields__, kind.__struct_encode_fields__))
        for name, value in zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False):
            yield self._value(f"{label}.{name}", getattr(value, "factory", value))

    # -- values --------------------------------------------------------------------------------------------------------

    def _value(self, slot: str, value: object) -> str:
        """A digest of one value; `slot` names the place where it was found."""
        if isinstance(value, (types.FunctionType, type)) and not isinstance(value, _ALIASES):
            return self._reference(value)
        reader = _ValueReader(self._reference, slot)
        try:
            reader.read(value)
        except _TooLarge:
            reader.add("large", _type_name(value), reader.generation(value))
        except Exception:  # noqa: BLE001 - attributes of the user's objects may do anything
            reader.add("unreadable", _type_name(value), reader.generation(value))
        return digest(reader.parts)


def are_alike(first: object, second: object) -> bool:
    """Whether two values, functions or classes are described alike."""
    return first is second or list(CodeGraph([first]).parts) == list(CodeGraph([second]).parts)


class _ValueReader:
    """Takes one value apart, as far as its limits go."""

    __slots__ = ("_budget", "_characters", "_open", "_reference", "_slot", "parts")

    def __init__(self, reference: Callable[[Any], str], slot: str) -> None:
        self._reference, self._slot = reference, slot
        self._budget, self._characters = _MOST_PARTS, _MOST_CHARACTERS
        self._open: list[int] = []
        """Addresses of the containers around what is being read."""
        self.parts: list[str] = []

    def add(self, *parts: str) -> None:
        for part in parts:
            self._characters -= len(part)
            self.parts.append(part)
        if self._characters < 0:
            self._characters = _MOST_CHARACTERS
            raise _TooLarge

    def generation(self, value: object) -> str:
        return str(generations.number(self._slot, value))

    def read(self, value: Any) -> None:
        self._budget -= 1
        if self._budget < 0 or len(self._open) > _DEEPEST:
            raise _TooLarge
        kind = type(value)
        if kind is int or kind is bool:
            self.add(kind.__name__, f"{value:x}")
        elif kind is str or kind is bytes:
            self._text(value)
        elif kind is float or kind is complex:
            self.add(kind.__name__, repr(value))
        elif value is None:
            self.add("None")
        elif value is MISSING:
            self.add("missing")
        elif id(value) in self._open:
            self.add("circle", str(len(self._open) - self._open.index(id(value))))
        else:
            self._open.append(id(value))
            self._composite(value)
            self._open.pop()

    def _composite(self, value: Any) -> None:
        for kinds, read in _READERS:
            if isinstance(value, kinds):
                read(self, value)
                return
        self._object(value)

    def _text(self, value: str | bytes) -> None:
        kind = type(value).__name__
        self.add(kind, str(len(value)))
        if len(value) > self._characters // 2:
            for end in (value[:_SAMPLE], value[-_SAMPLE:]):
                self.parts.append(end if isinstance(end, str) else end.hex())
            raise _TooLarge
        self.add(value if isinstance(value, str) else value.hex())

    def node(self, value: Any) -> None:
        self.add("code", self._reference(value))

    def module(self, value: types.ModuleType) -> None:
        self.add("module", value.__name__, str(version_of(value.__name__)))

    def alias(self, value: Any) -> None:
        self.add("alias")
        self.read(typing.get_origin(value))
        for argument in typing.get_args(value):
            self.read(argument)

    def shown(self, value: object) -> None:
        if _installed_label(type(value)) is None:
            self._object(value)
            return
        text = repr(value)
        # A time in a time zone of the user's own shows where that is in memory.
        self.add(_type_name(value), self.generation(value) if " at 0x" in text else text)

    def member(self, value: enum.Enum) -> None:
        self.add("member", self._reference(type(value)), str(value.name), repr(getattr(value, "_value_", "")))

    def mapping(self, value: Any) -> None:
        self._kind(value)
        items = list(value.items() if isinstance(value, types.MappingProxyType) else dict.items(value))
        self.add(str(len(items)))
        for key, each in items:
            self.read(key)
            self.read(each)
        if isinstance(value, collections.defaultdict):
            self.read(value.default_factory)

    def sequence(self, value: Any) -> None:
        self._kind(value)
        base: Any = next(each for each in (list, tuple, deque) if isinstance(value, each))
        self.add(str(base.__len__(value)))
        for each in list(base.__iter__(value)):
            self.read(each)

    def set(self, value: Any) -> None:
        """Its order depends on the hash seed."""
        self._kind(value)
        members = list(value)
        self.add(str(len(members)))
        if len(members) > self._budget:
            raise _TooLarge
        self.add(*sorted(map(self._apart, sorted(members, key=_sort_key))))

    def method(self, value: Any) -> None:
        self.add("method")
        self.read(value.__func__)
        self.read(value.__self__)

    def partial(self, value: Any) -> None:
        self.add("partial")
        for each in (value.func, value.args, value.keywords):
            self.read(each)

    def wrapper(self, value: Any) -> None:
        self._kind(value)
        for name in _WRAPPERS:
            if (inner := getattr(value, name, None)) is not None:
                self.add(name)
                self.read(inner)

    def builtin(self, value: Any) -> None:
        self.add(
            "builtin", str(getattr(value, "__module__", "")), str(getattr(value, "__qualname__", _type_name(value)))
        )
        owner = getattr(value, "__self__", None)
        if owner is not None and not isinstance(owner, (types.ModuleType, type)):
            self.read(owner)

    def scalar(self, value: Any) -> None:
        """A number or text of a class of its own."""
        self._kind(value)
        base: Any = next(each for each in (int, float, complex, str, bytes) if isinstance(value, each))
        self.read(base.__int__(value) if base is int else base.__str__(value) if base is str else base.__repr__(value))

    def code(self, value: types.CodeType) -> None:
        self.add("code", facts_of(value).digest)

    def field(self, value: Any) -> None:
        """Of a dataclass; its type is an annotation."""
        for each in (value.name, value.default, value.default_factory, value.init, value.compare, value.kw_only):
            self.read(each)
        self.read(value.metadata)

    def buffer(self, value: object, view: memoryview) -> None:
        """An array of numbers."""
        self.add(_type_name(value), view.format, repr(view.shape))
        if not view.c_contiguous or "O" in view.format:
            raise _TooLarge
        content = view.cast("B") if view.nbytes else b""
        if view.nbytes > 2 * _SAMPLE:
            self.add(bytes(content[:_SAMPLE]).hex(), bytes(content[-_SAMPLE:]).hex())
            raise _TooLarge
        self.add(bytes(content).hex())

    def _kind(self, value: object) -> None:
        self.add("of", self._reference(type(value)))
        if type(value).__dictoffset__ and not isinstance(value, types.MappingProxyType):
            self._fields(value)

    def _object(self, value: Any) -> None:
        kind = type(value)
        self.add("object", self._reference(kind))
        if _is_message(kind):
            self.add(value.SerializeToString(deterministic=True).hex())
        elif isinstance(value, msgspec.Struct) or dataclasses.is_dataclass(value) or kind.__module__ in _RECORDS:
            self._fields(value)
        elif _installed_label(kind) is not None:
            self._foreign(value)
        else:
            self._fields(value)
            has_fields = hasattr(value, "__dict__") or any(True for _ in _slots(kind))
            if not has_fields or not all(map(_is_plain_base, kind.__mro__)):
                self.add(self.generation(value))  # of what an installed base keeps, nothing is known

    def _foreign(self, value: Any) -> None:
        """An object of a library: only arrays and decorated functions are looked into."""
        try:
            view = memoryview(value)
        except TypeError:
            view = None
        if view is not None:
            self.buffer(value, view)
            return
        self.add(self.generation(value))
        wrapped = (getattr(value, "__dict__", None) or {}).get("__wrapped__")
        if wrapped is not None:
            self.read(wrapped)

    def _fields(self, value: Any) -> None:
        fields = getattr(value, "__dict__", None) or {}
        for name, each in list(fields.items()):
            if name not in _WRAPPERS:
                self.add(str(name))
                self.read(each)
        for name in _slots(type(value)):
            self.add(name)
            self.read(getattr(value, name, MISSING))

    def _apart(self, value: object) -> str:
        """A digest of one member, which does not depend on what was read before it."""
        reader = _ValueReader(self._reference, self._slot)
        reader._budget, reader._characters = self._budget, self._characters
        reader._open = list(self._open)
        reader.read(value)
        self._budget, self._characters = reader._budget, reader._characters
        return digest(reader.parts)


_WRAPPER_TYPES = (staticmethod, classmethod, property, functools.cached_property, functools.partialmethod)

_READERS: tuple[tuple[Any, Callable[[_ValueReader, Any], None]], ...] = (
    (_ALIASES, _ValueReader.alias),
    ((types.FunctionType, type), _ValueReader.node),
    (types.ModuleType, _ValueReader.module),
    (enum.Enum, _ValueReader.member),
    ((dict, types.MappingProxyType), _ValueReader.mapping),
    ((list, tuple, deque), _ValueReader.sequence),
    ((set, frozenset), _ValueReader.set),
    (_SHOWN, _ValueReader.shown),
    (types.MethodType, _ValueReader.method),
    (functools.partial, _ValueReader.partial),
    (_WRAPPER_TYPES, _ValueReader.wrapper),
    (type(functools.lru_cache(lambda: None)), _ValueReader.wrapper),
    (_BUILTINS, _ValueReader.builtin),
    (types.CodeType, _ValueReader.code),
    (dataclasses.Field, _ValueReader.field),
    ((int, float, complex, str, bytes), _ValueReader.scalar),
)


# -- about code and values ---------------------------------------------------------------------------------------------


def _home_of(node: Any) -> str:
    home = node.__module__ if isinstance(node, type) else node.__globals__.get("__name__", "")
    return str(home)


def _installed_label(node: Any) -> str | None:
    """A name with a version, for what is installed and is found where it says that it is; None for the user's own."""
    home = _home_of(node)
    version = version_of(home)
    if version is None or (isinstance(node, type) and not _is_found(node, home)):
        return None
    return f"{home}.{node.__qualname__} {version}"


def _is_found(kind: type, home: str) -> bool:
    """Factories of a library name their classes after the library: `types.P` of `dataclasses.make_dataclass`."""
    if not kind.__flags__ & _HEAP_TYPE:
        return True
    found: Any = sys.modules.get(home)
    for part in kind.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found is kind or home == "builtins" or _is_own(home)


def _is_own(home: str) -> bool:
    return home.startswith(("runtime.", "workbench."))


def _carries_more(node: Any) -> bool:
    """A library's function that was made around something, such as a decorator's."""
    return isinstance(node, types.FunctionType) and bool(node.__closure__ or vars(node))


def _counts_as_used(value: object) -> bool:
    return not _is_own(str(getattr(value, "__module__", "") or ""))


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not yet given a value
        return MISSING


def _annotations(owner: Any) -> Mapping[str, Any]:
    try:
        return inspect.get_annotations(owner)
    except Exception:  # noqa: BLE001 - from Python 3.14 on they are evaluated now, which may do anything
        return {}


def _texts_in(annotation: object) -> Iterator[str]:
    """Annotations in quotes, also inside of others."""
    if isinstance(annotation, str):
        yield annotation
    elif isinstance(annotation, typing.ForwardRef):
        yield annotation.__forward_arg__
    elif isinstance(annotation, _ALIASES):
        for argument in typing.get_args(annotation):
            yield from _texts_in(argument)


def _globals_of(kind: type) -> Mapping[str, Any]:
    """Of the module that made a class; of code that was executed without a module, what its functions see."""
    for value in vars(kind).values():
        plain = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else None
        if isinstance(plain, types.FunctionType) and plain.__globals__.get("__name__") == kind.__module__:
            return plain.__globals__
    return getattr(sys.modules.get(kind.__module__), "__dict__", {})


def _is_message(kind: Any) -> bool:
    """A class made of a protobuf descriptor."""
    return isinstance(getattr(getattr(kind, "DESCRIPTOR", None), "full_name", None), str) and hasattr(
        kind, "SerializeToString"
    )


def _is_made(kind: type, name: str, value: Any) -> bool:
    """What a dataclass or an enumeration makes of the fields and members that are described already."""
    if issubclass(kind, enum.Enum):
        is_sunder = name.startswith("_") and name.endswith("_") and not name.startswith("__") and name != "_missing_"
        return is_sunder or name == "__new__" or name in kind.__members__
    if (
        "__dataclass_params__" not in vars(kind)
        or name not in _MADE_BY_DATACLASS
        or not isinstance(value, types.FunctionType)
    ):
        return False
    return value.__code__.co_filename == "<string>" or value.__globals__.get("__name__") in ("reprlib", "dataclasses")


def _is_plain_base(kind: type) -> bool:
    return kind in _PLAIN_BASES or _installed_label(kind) is None


def _slots(kind: type) -> Iterator[str]:
    if issubclass(kind, msgspec.Struct):
        yield from kind.__struct_fields__
        return
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if name not in ("__dict__", "__weakref__"):
                yield (
                    f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
                )


def _sort_key(value: object) -> tuple[str, str]:
    return type(value).__qualname__, str(getattr(value, "__qualname__", ""))


def _public(module: types.ModuleType) -> Iterator[str]:
    return (name for name in vars(module) if not name.startswith("__"))
