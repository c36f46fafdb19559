"""Hosts that register, and children that are spawned."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from runtime.authoring.settings import read_fields
from runtime.errors import BadPayload, BadSetting, DefinitionError
from runtime.hosts.http import HostAddress, HttpHost
from runtime.ids import ActorId
from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import GuestAct
from runtime.system.spawn_children import spawn
from runtime.wire.pb.spawn.actors.protocol_pb2 import (
    OK,
    ProxyInfo,
    RegistrationRequest,
    RegistrationResponse,
    RequestStatus,
    SpawnRequest,
    SpawnResponse,
)
from runtime.wire.spawn.messages import Dialect
from runtime.wire.spawn.registration import Registered, Registration, as_declared, get_registration, read_registration
from runtime.wire.spawn.statuses import PROXY_NAME

_ACCEPTED = RequestStatus(status=OK, message="Accepted")


class Registrar:
    """What registers and spawns.  Methods say which thread may call them."""

    def __init__(self, system: EmbeddedSystem, host: HttpHost) -> None:
        self._system, self._host = system, host
        self.dialect = Dialect.OLD
        """Of the host that registered last: what a client speaks that has not shown it."""
        self._declared: dict[str, Mapping[str, Any]] = {}
        self._registered: dict[str, Registered] = {}
        try:
            version = importlib.metadata.version("spawn-workbench")
        except importlib.metadata.PackageNotFoundError:
            version = "unknown"
        self._info = ProxyInfo(
            protocol_major_version=1, protocol_minor_version=2, proxy_name=PROXY_NAME, proxy_version=version
        )

    def read(self, body: bytes, address: HostAddress) -> Registration:
        """What a host wants to register; its address is known from then on.  On the loop.

        Raises:
            BadPayload, DefinitionError: nothing is registered.
        """
        try:
            request = read_registration(body)
        except DecodeError as error:
            raise BadPayload(f"The body is no RegistrationRequest: {error}") from error
        if not request.HasField("actor_system") or not request.actor_system.HasField("registry"):
            raise BadPayload("The RegistrationRequest has no actor_system with a registry.")
        self._check_system(request)
        registration = get_registration(request)
        self._check_names(registration)
        self._registered.update({actor.definition.name: actor for actor in registration.actors})
        declared = tuple(self._as_declared(actor) for actor in registration.actors)
        registration = msgspec.structs.replace(registration, actors=declared)
        self.dialect = registration.dialect
        self._host.register(address, registration)
        return registration

    def _check_system(self, request: RegistrationRequest) -> None:
        for actor in request.actor_system.registry.actors.values():
            system = actor.id.system or request.actor_system.name
            if system not in ("", self._system.name):
                raise DefinitionError(
                    f"Cannot register {actor.id.name} for the actor system {system!r}: this proxy serves {self._system.name!r}.\n"
                    f"Use that name in the SDK, or start the proxy with --system {system}."
                )

    def _check_names(self, registration: Registration) -> None:
        templates = self._system.driver.engine.directory.templates
        for actor in registration.actors:
            name = actor.definition.name
            template = templates.get(name)
            if template is not None and template.host is not self._host:
                raise DefinitionError(
                    f"Cannot register {name}: an actor of that name is defined in the process of this proxy.\n"
                    f"Choose another name, or undeploy that one first."
                )

    def declare(self, actor: str, settings: Mapping[str, Any]) -> None:
        """What a contract says of an actor goes before what its host registers, or has registered already.

        See docs/protocols.md, "Registration defaults".

        May block; any thread.

        Raises:
            DefinitionError: a setting has a value outside its range, or the running actor cannot have it.
        """
        self._declared = {**self._declared, actor: read_fields(settings)}
        registered = self._registered.get(actor)
        template = self._system.driver.engine.directory.templates.get(actor)
        if registered is not None and template is not None and template.host is self._host:
            found = self._as_declared(registered)
            self._host.keep_initial(found)
            self._system.deploy(found.definition, host=self._host)

    def _as_declared(self, actor: Registered) -> Registered:
        declared = self._declared.get(actor.definition.name)
        return actor if declared is None else as_declared(actor, declared)

    def deploy(self, registration: Registration) -> bytes:
        """Make what was read known to the engine; the answer.  May block; any thread.

        Raises:
            SpawnError: the first actor that cannot be deployed; the ones before it are.
        """
        for actor in registration.actors:
            if self._system.deploy(actor.definition, host=self._host).changed:
                self._note(actor.definition.name, actor.definition.hash)
        return RegistrationResponse(status=_ACCEPTED, proxy_info=self._info).SerializeToString()

    def _note(self, actor: str, definition: str) -> None:
        now_us = self._system.driver.now_us()
        self._system.guest_acts.note(GuestAct(now_us, "a host of SDK actors", "deploy", actor, definition))

    def spawn(self, body: bytes, revision: int) -> bytes:
        """Have children known, and continue them from a past revision if one is given.  May block; any thread.

        Raises:
            SpawnError: nothing was spawned, or (with a revision) those before the first that has no such revision.
        """
        try:
            request = SpawnRequest.FromString(body)
        except DecodeError as error:
            raise BadPayload(f"The body is no SpawnRequest: {error}") from error
        for each in request.actors:
            if not each.name or not each.parent:
                raise BadPayload(f"Cannot spawn {each.name!r}: a child has a name and a parent, its template.")
        children = [(ActorId(self._system.name, each.name), each.parent) for each in request.actors]
        spawn(self._system.driver, children, self._system.config.timeout_s)
        if revision:
            for actor, _ in children:
                self._system.restore(actor.name, revision)
        return SpawnResponse(status=_ACCEPTED).SerializeToString()


def read_revision(query: dict[str, list[str]]) -> int:
    """The revision to continue from; 0 for the present.

    Raises:
        BadSetting: it is no number.
    """
    text = query.get("revision", ["0"])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadSetting(f"revision={text!r} is not the number of a revision.")
    return int(text)
