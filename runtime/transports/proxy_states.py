"""States and children of a proxy."""

from __future__ import annotations

from urllib.parse import quote

from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation
from runtime.transports.proxy_answers import accepted, error_of, read
from runtime.transports.proxy_link import ProxyLink
from runtime.wire import notes
from runtime.wire.pb.spawn.actors.protocol_pb2 import OK, InvocationResponse, SpawnRequest, SpawnResponse


class ProxyStates:
    """Reads states where a proxy shows them, and spawns.  Any thread."""

    def __init__(self, link: ProxyLink, system: str, timeout_s: float) -> None:
        self._link, self._system, self._timeout_s = link, system, timeout_s
        self._root = f"/api/v1/system/{quote(system, safe='')}/actors"

    def read(self, actor: str, revision: int | None) -> tuple[InvocationResponse, int]:
        """The state as a proxy of ours shows it, and its revision; the actor is not woken.

        Raises:
            UnknownActor: nothing is known under that name, or not that revision.
        """
        query = f"?revision={revision}" if revision is not None else ""
        answer = self._link.request("GET", f"{self._root}/{quote(actor, safe='')}{query}", timeout_s=self._timeout_s)
        response: InvocationResponse = read(InvocationResponse, answer, f"the state of {actor}", self._system)
        if response.status.status != OK:
            asked = Invocation(id=InvocationId(""), actor=ActorId(self._system, actor), action="get")
            raise error_of(response.status, answer, asked)
        return response, int(answer.notes.get(notes.REVISION, "0"))

    def spawn(self, request: SpawnRequest, revision: int = 0) -> None:
        """Have children known, and continue them from a revision if one is given."""
        query = f"?revision={revision}" if revision else ""
        answer = self._link.request("POST", f"{self._root}/spawn{query}", request.SerializeToString(), self._timeout_s)
        accepted(SpawnResponse, answer, f"spawn {', '.join(each.name for each in request.actors)}", self._system)
