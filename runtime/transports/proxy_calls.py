"""Invocations through a proxy, encoded in and encoded out."""

from __future__ import annotations

import asyncio
import concurrent.futures
from urllib.parse import quote

from runtime.errors import InvocationTimeout, SpawnError, Unreachable
from runtime.records import Encoded, Invocation
from runtime.transports.proxy_answers import response_of
from runtime.transports.proxy_link import ProxyLink
from runtime.wire.dialect import Dialect
from runtime.wire.http_client import Answer, NoAnswer, NotSent
from runtime.wire.messages import make_request


class ProxyCalls:
    """Sends invocations.  Any thread."""

    def __init__(self, link: ProxyLink, dialect: Dialect = Dialect.NEW) -> None:
        """`dialect` is that of JSON, which a real proxy passes on as it is."""
        self._link, self._dialect = link, dialect

    def send(self, invocation: Invocation, timeout_s: float) -> Encoded | None:
        """The encoded response.  Errors are those of `SystemApi.invoke`."""
        future = self._begin(invocation, timeout_s)
        try:
            return response_of(future.result(timeout_s + 5.0), invocation)
        except (NotSent, NoAnswer, TimeoutError) as error:
            raise self._lost(invocation, error, timeout_s) from None

    async def asend(self, invocation: Invocation, timeout_s: float) -> Encoded | None:
        """`send` for coroutines."""
        try:
            answer = await asyncio.wrap_future(self._begin(invocation, timeout_s))
        except (NotSent, NoAnswer) as error:
            raise self._lost(invocation, error, timeout_s) from None
        return response_of(answer, invocation)

    def _begin(self, invocation: Invocation, timeout_s: float) -> concurrent.futures.Future[Answer]:
        body = make_request(invocation, self._dialect).SerializeToString()
        path = f"/api/v1/system/{quote(invocation.actor.system, safe='')}/actors/{quote(invocation.actor.name, safe='')}/invoke"
        return self._link.begin("POST", path, body, timeout_s)

    def _lost(self, invocation: Invocation, error: BaseException, timeout_s: float) -> SpawnError:
        name = f"{invocation.actor.name}.{invocation.action}"
        if isinstance(error, TimeoutError) or "did not answer within" in str(error):
            return InvocationTimeout(invocation.actor.name, invocation.action, timeout_s)
        if isinstance(error, NotSent):
            return Unreachable(
                f"Cannot invoke {name}: no connection to {self._link.target.url}: {error}. It was not sent."
            )
        return Unreachable(
            f"{name} has no outcome: the proxy at {self._link.target.url} {error}.\nThe action may have run; it is not sent again."
        )
