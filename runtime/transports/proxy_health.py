"""How a proxy is: all that one may ask it while one only looks."""

from __future__ import annotations

import time

from runtime.api import SystemStatus
from runtime.errors import StoreUnavailable
from runtime.transports.proxy_answers import gauges, self_description
from runtime.transports.proxy_link import ProxyLink
from runtime.wire import notes

_LOOKS_S = 10.0
_LOOK_AGAIN_S = 0.02


class ProxyHealth:
    """Health and metrics of a proxy.  Any thread."""

    name: str
    about: notes.About | None
    _link: ProxyLink
    _where: str

    def health(self) -> dict[str, bool]:
        """Whether the proxy is alive, and whether it takes calls."""
        checks = {"liveness": "/health/liveness", "readiness": "/health/readiness"}
        return {
            name: self._link.request("GET", path, timeout_s=_LOOKS_S).status == 200 for name, path in checks.items()
        }

    def metrics(self) -> str:
        """What the proxy counts, as Prometheus text."""
        return self._link.request("GET", "/metrics", timeout_s=_LOOKS_S).body.decode("utf-8", "replace")

    def status(self) -> SystemStatus:
        """Whether it is ready; a proxy of ours also counts, a real one tells what is in its metrics."""
        is_ready = self._link.request("GET", "/health/readiness", timeout_s=_LOOKS_S).status == 200
        if self.about is None:
            told = self_description(self.metrics())
            return SystemStatus(system=self.name, store=self._link.target.url, running=is_ready, told=told)
        counts = gauges(self.metrics())
        finished = counts.get("spawn_turns_finished", 0)
        return SystemStatus(
            system=self.name,
            store=self._link.target.url,
            running=is_ready,
            actors=counts.get("spawn_actors_active", 0),
            waiting=counts.get("spawn_actor_message_queue_len", 0),
            sequence=finished,
            committed=finished - counts.get("spawn_turns_unwritten", 0),
        )

    def flush(self, timeout: float = 10.0) -> int:
        """Wait until a proxy of ours has written what it had answered; a real one does not tell, so 0 at once."""
        deadline = time.monotonic() + timeout
        status = self.status()
        while (unwritten := status.sequence - status.committed) > 0:
            if time.monotonic() >= deadline:
                raise StoreUnavailable(f"{self._where} has {unwritten} turns that are not on disk after {timeout:g} s.")
            time.sleep(_LOOK_AGAIN_S)
            status = self.status()
        return status.committed
