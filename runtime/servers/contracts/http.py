"""Contracts as HTTP/JSON, by their `google.api.http` rules, with an OpenAPI document at `/openapi.json`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from runtime.contracts.contract import Contract
from runtime.contracts.http_rules import Binding, Routes, Values
from runtime.contracts.openapi import document
from runtime.errors import InternalError, NotAllowed, SpawnError
from runtime.records import JSON, Encoded
from runtime.security.crypto import Role
from runtime.servers.contracts.calls import ContractCalls, check_served, response_of, responses_of
from runtime.servers.http.guard import is_of_foreign_page
from runtime.servers.http.messages import JSON_TEXT, Access, Reply, Request, Response
from runtime.servers.security import Limits
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.limits import check_depth
from runtime.wire.node.records import failure_of
from runtime.wire.spawn.statuses import http_status

_log = logging.getLogger("runtime.servers.contracts.http")

OPENAPI = "/openapi.json"
_KEY = b"idempotency-key"
Observe = Callable[[str, str, str, float], None]
_BODIES = frozenset((b"application/json", b"application/x-www-form-urlencoded"))
"""The second is what curl and Python's urllib call any body; a page that sends it is told by its `Origin`."""
_DOCUMENT, _CALLS = Access(Role.LOOK, _BODIES), Access(Role.ACT, _BODIES)


class ContractApp:
    """Answers what the contracts of one system declare; several may be served together.  Belongs to a server's loop."""

    def __init__(self, system: EmbeddedSystem, *, limits: Limits | None = None, observe: Observe | None = None) -> None:
        """`observe` is told of each call: actor, action, `ok` or an error's code, seconds."""
        self._observe = observe
        self._calls = ContractCalls(system)
        self._limits = limits or Limits()
        self._served: dict[str, tuple[Contract, Routes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, contract: Contract) -> None:
        """Serve a contract, instead of an earlier one of its package.  Called by any thread.

        Raises:
            ContractError: one of its rules or services cannot be served.
        """
        for service in contract.services.values():
            if service.is_actor:
                check_served(service)
        self._served = {**self._served, contract.package: (contract, Routes(contract))}

    def access(self, method: str, path: str) -> Access:
        """See `messages.App`."""
        return _DOCUMENT if path == OPENAPI else _CALLS

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        """See `messages.App`."""
        return _json(status, {"code": error.code, "message": str(error)})

    def handle(self, request: Request, reply: Reply) -> None:
        """See `messages.App`."""
        if request.path == OPENAPI and request.method in ("GET", "HEAD"):
            reply(_json(200, self.openapi()))
            return
        if is_of_foreign_page(
            request.headers
        ):  # as the server's guard asks, for an app that is called without a server
            error = NotAllowed("Only this server's own pages may call it from a browser; nothing was run.")
            reply(self.refused(request.path, 403, error))
            return
        verbs: set[str] = set()
        for _, routes in self._served.values():
            found = routes.find(request.method, request.path)
            if not isinstance(found, set):
                task = asyncio.get_running_loop().create_task(self._answer(*found, request, reply))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return
            verbs |= found
        if verbs:
            allowed = ", ".join(sorted(verbs))
            mistake = {"code": "mistake", "message": f"Use {allowed} here."}
            reply(Response(405, msgspec.json.encode(mistake), JSON_TEXT, (("allow", allowed),)))
        else:
            reply(_json(404, {"code": "mistake", "message": f"Nothing is at {request.path}. See {OPENAPI}."}))

    def openapi(self) -> dict[str, Any]:
        """One document for all contracts."""
        documents = [document(contract) for contract, _ in self._served.values()]
        if len(documents) == 1:
            return documents[0]
        merged: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Actors", "version": "1"}, "paths": {}}
        merged["components"] = {"schemas": {}}
        for each in documents:
            merged["paths"].update(each["paths"])
            merged["components"]["schemas"].update(each["components"]["schemas"])
        return merged

    async def _answer(self, binding: Binding, values: Values, request: Request, reply: Reply) -> None:
        began_s, outcome = time.monotonic(), "ok"
        try:
            reply(_json(200, await self._call(binding, values, request)))
        except SpawnError as error:
            outcome = error.code
            reply(_refusal(error))
        except Exception as error:  # noqa: BLE001 - a defect of ours must reach its caller as one
            outcome = InternalError.code
            _log.exception("%s.%s failed", binding.service.name, binding.method.name)
            reply(
                _refusal(
                    InternalError(f"{binding.service.name}.{binding.method.name} failed with {type(error).__name__}.")
                )
            )

        if self._observe is not None:
            self._observe(binding.service.name, binding.method.name, outcome, time.monotonic() - began_s)

    async def _call(self, binding: Binding, values: Values, request: Request) -> Any:
        check_depth(Encoded(JSON, request.body), self._limits.depth)
        message = binding.request(values, request.query, request.body)
        key = request.headers.get(_KEY, b"").decode("latin-1")
        found = await self._calls.call(binding.service, binding.method, message, key)
        if binding.method.descriptor.server_streaming:
            return [_plain(each) for each in responses_of(binding.service, binding.method, found)]
        response = response_of(binding.service, binding.method, found)
        return _part(response, binding.rule.response_body)


def _part(response: Message, field: str) -> Any:
    """The response, or one field of it: the same JSON as within the whole."""
    shown = _plain(response)
    return shown.get(response.DESCRIPTOR.fields_by_name[field].json_name) if field else shown


def _plain(message: Message) -> Any:
    """By protobuf's own JSON mapping, zero values included."""
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def _refusal(error: SpawnError) -> Response:
    failure = failure_of(error)
    shown = {"code": failure.code, "message": failure.message, "type_name": failure.type_name, "text": failure.text}
    return _json(http_status(failure.code), {name: value for name, value in shown.items() if value})


def _json(status: int, value: Any) -> Response:
    return Response(status, msgspec.json.encode(value), JSON_TEXT)
