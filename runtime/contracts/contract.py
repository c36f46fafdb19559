"""A compiled contract: its messages as classes, its services as declarations of actors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.api import annotations_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto
from google.protobuf.message import Message

from runtime.authoring.settings import Kind, Subject
from runtime.errors import ContractError, nearest
from runtime.wire.codecs.messages import Files, descriptor_files, pool_of, register
from runtime.wire.pb.spawn.actors import actor_pb2, extensions_pb2

_ACTOR: Any = extensions_pb2.actor
_ACTOR_ID: Any = extensions_pb2.actor_id


@dataclass(frozen=True)
class HttpRule:
    """How a method is reached over HTTP: one binding of `google.api.http`."""

    verb: str
    path: str
    body: str = ""
    """The request's field that the body is; `*` for the whole request, empty for none."""
    response_body: str = ""
    """The response's field that is answered; empty for the whole response."""


@dataclass(frozen=True)
class Method:
    """One rpc, which is one action of the actor."""

    name: str
    descriptor: MethodDescriptor
    request: type[Message]
    response: type[Message]
    rules: tuple[HttpRule, ...] = ()
    comment: str = ""

    @property
    def actor_id(self) -> FieldDescriptor | None:
        """The field of the request that names the instance of a template."""
        for field in self.descriptor.input_type.fields:
            if field.GetOptions().Extensions[_ACTOR_ID]:
                return field
        return None


@dataclass(frozen=True)
class Service:
    """One service.  With Spawn's options it declares the actor that answers it: `class Counter(Actor, **shop.Counter.settings)`."""

    name: str
    descriptor: ServiceDescriptor
    methods: Mapping[str, Method]
    settings: Mapping[str, Any]
    """Class keywords for the actor; what the options leave at zero is not there, and so has its default."""
    is_actor: bool
    """It has Spawn's options."""
    comment: str = ""

    @property
    def kind(self) -> Kind:
        return Kind(self.settings.get("kind", Kind.NAMED))


class Contract:
    """Messages and services of one `.proto` as attributes, by their simple names or, where two share one, their full names."""

    def __init__(self, pool: Any, file: FileDescriptorProto, source: str, warnings: tuple[str, ...] = ()) -> None:
        """Registers the messages: values of their names are decoded as these classes from now on.

        Raises:
            ContractError: an option names what is not there.
        """
        self.pool, self.source, self.package = pool, source, file.package
        self.warnings = warnings
        self._descriptor = pool.FindFileByName(file.name)
        comments = _Comments(file)
        self.messages: dict[str, type[Message]] = {
            descriptor.full_name: message_factory.GetMessageClass(descriptor)
            for descriptor in _messages(self._descriptor.message_types_by_name.values())
        }
        self.services: dict[str, Service] = {
            each.name: _service(pool, self._descriptor.services_by_name[each.name], each, comments.of(6, index))
            for index, each in enumerate(file.service)
        }
        self._names = self._by_simple_name()
        for message_class in self.messages.values():
            register(message_class)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(
                f"The contract has no {name!r}. {nearest(name, self._names, kind='message')}"
            ) from None

    def __getitem__(self, name: str) -> Any:
        """A message class or service by its simple or full name."""
        found = self.messages.get(name) or self._names.get(name)
        if found is None:
            raise KeyError(
                f"The contract has no {name!r}. {nearest(name, [*self._names, *self.messages], kind='name')}"
            )
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """As its descriptors, for a process of ours that runs an actor which uses it."""
        return _from_files, (descriptor_files(self._descriptor), self.source, self.warnings)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __repr__(self) -> str:
        lines = [f"Contract {self.package or '(no package)'}"]
        lines += [f"  message {name}" for name in self.messages]
        for service in self.services.values():
            kind = f"{service.kind.value} actor" if service.is_actor else "service"
            lines.append(f"  {kind} {service.name}: {', '.join(service.methods) or 'no methods'}")
        lines += [f"  ! {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _by_simple_name(self) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for full_name, message_class in self.messages.items():
            names.setdefault(full_name.rpartition(".")[2], message_class)
        return {**names, **self.services}


def _from_files(files: Files, source: str, warnings: tuple[str, ...]) -> Contract:
    return Contract(pool_of(files), FileDescriptorProto.FromString(files[-1]), source, warnings)


def _messages(descriptors: Any) -> Iterator[Any]:
    for descriptor in descriptors:
        if not descriptor.GetOptions().map_entry:
            yield descriptor
            yield from _messages(descriptor.nested_types)


def _service(pool: Any, descriptor: ServiceDescriptor, proto: ServiceDescriptorProto, comment: str) -> Service:
    methods = {
        each.name: Method(
            each.name,
            descriptor.methods_by_name[each.name],
            message_factory.GetMessageClass(descriptor.methods_by_name[each.name].input_type),
            message_factory.GetMessageClass(descriptor.methods_by_name[each.name].output_type),
            tuple(_rules(each)),
        )
        for each in proto.method
    }
    is_actor = proto.options.HasExtension(_ACTOR)
    options: Any = proto.options.Extensions[_ACTOR]
    return Service(proto.name, descriptor, methods, _settings(pool, proto.name, options), is_actor, comment)


def _settings(pool: Any, name: str, options: Any) -> dict[str, Any]:
    """Zero means default: what the options do not say is left out."""
    given: dict[str, Any] = {
        "name": name,
        "kind": _kind(options.kind),
        "state_type": _state_type(pool, name, options.state_type),
        "deactivate_timeout": options.deactivate_timeout,
        "snapshot_timeout": options.snapshot_interval,
        "sourceable": options.sourceable,
        "subjects": tuple(_subject(each) for each in options.subjects),
        "events_retention": options.events_retention_strategy.duration_ms,
    }
    return {setting: value for setting, value in given.items() if value}


def _kind(kind: int) -> str:
    name = actor_pb2.Kind.Name(kind) if kind in actor_pb2.Kind.values() else ""
    return "" if name in ("", "UNKNOW_KIND", "PROXY") else name.lower()


def _state_type(pool: Any, service: str, name: str) -> type[Message] | None:
    if not name:
        return None
    try:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    except KeyError:
        raise ContractError(
            f"Service {service} has state_type {name!r}, and there is no such message. "
            "Write its full name, with the package, and import its file."
        ) from None


def _subject(subject: Any) -> Subject:
    from datetime import UTC

    start = subject.start_time.ToDatetime(UTC) if subject.HasField("start_time") else None
    return Subject(subject.actor, subject.source_action, subject.action, start)


def _rules(method: MethodDescriptorProto) -> Iterator[HttpRule]:
    rule = method.options.Extensions[annotations_pb2.http]
    for each in (rule, *rule.additional_bindings):
        pattern = each.WhichOneof("pattern")
        if pattern is None:
            continue
        verb, path = (each.custom.kind, each.custom.path) if pattern == "custom" else (pattern, getattr(each, pattern))
        yield HttpRule(verb.upper(), path, each.body, each.response_body)


class _Comments:
    """Comments of a file's declarations, by their place in it."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._found = {
            tuple(each.path): " ".join(each.leading_comments.split())
            for each in file.source_code_info.location
            if each.leading_comments
        }

    def of(self, *path: int) -> str:
        return self._found.get(path, "")
