"""What was recorded from a real proxy, and the actor host that was behind it then, played from the recording."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.wrappers_pb2 import StringValue

from runtime.testing.raw_host import Raw, ok
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb

SYSTEM = "lab-system"
_DATA = json.loads((Path(__file__).parent / "data" / "captures.json").read_text("utf-8"))


@dataclass(frozen=True)
class Exchange:
    """One recorded request with its answer; `status` None: the connection was closed without one."""

    label: str
    direction: str
    method: str
    path: str
    content_type: str | None
    request: bytes
    status: int | None
    response: bytes
    request_kind: str
    response_kind: str

    @property
    def is_to_proxy(self) -> bool:
        return self.direction == "client_to_proxy"

    def parsed(self, body: bytes) -> Any:
        """An answer as its message."""
        return getattr(pb, self.response_kind).FromString(body)


def _exchange(entry: dict[str, Any]) -> Exchange:
    return Exchange(
        label=entry["label"],
        direction=entry["direction"],
        method=entry["method"],
        path=entry["path"],
        content_type=entry["content_type"],
        request=base64.b64decode(entry["request"]),
        status=entry["status"],
        response=base64.b64decode(entry["response"]),
        request_kind=entry.get("request_message", ""),
        response_kind=entry.get("response_message", ""),
    )


EXCHANGES = [_exchange(entry) for entry in _DATA["exchanges"]]
RAW = {name: base64.b64decode(text) for name, text in _DATA["raw"].items()}


def to_host(label: str) -> list[Exchange]:
    """The calls of the host that were recorded for an exchange, in order."""
    return [each for each in EXCHANGES if not each.is_to_proxy and each.label.startswith(label)]


# -- the host ------------------------------------------------------------------------------------------------------------


def text_value(text: str) -> AnyMessage:
    value = AnyMessage()
    value.Pack(StringValue(value=text))
    return value


def text_of(value: AnyMessage) -> str:
    message = StringValue()
    value.Unpack(message)
    return message.value


def answer(call: pb.ActorInvocation, response: str | None, state: str | None) -> pb.ActorInvocationResponse:
    message = pb.ActorInvocationResponse(actor_name=call.actor.name, actor_system=call.actor.system)
    message.updated_context.SetInParent()
    if state is not None:
        message.updated_context.state.CopyFrom(text_value(state))
    if response is not None:
        message.value.CopyFrom(text_value(response))
    return message


class LabHost:
    """The host of the recordings: `answer` is what it said to a call."""

    def __init__(self) -> None:
        self.never = threading.Event()

    def answer(self, body: bytes) -> Raw:
        call = pb.ActorInvocation.FromString(body)
        state = text_of(call.current_context.state)
        odd = self._odd(call)
        if odd is not None:
            return odd
        message = self._workflows(call, state) or self._plain(call, state)
        return ok(message.SerializeToString())

    def _odd(self, call: pb.ActorInvocation) -> Raw | None:
        """Answers that are not as they should be."""
        texts = {"E500valid": ("500 Internal Server Error", "five"), "E404valid": ("404 Not Found", "fournotfour")}
        if call.action_name in texts:
            status, text = texts[call.action_name]
            return ok(answer(call, text, "s").SerializeToString(), status=status)
        return {
            "Garbage": ok(b"<html>not protobuf</html>"),
            "E500": ok(b"boom", status="500 Internal Server Error", content_type="text/plain"),
            "E500empty": ok(b"", status="500 Internal Server Error"),
            "Empty": ok(b""),
            "NoCtx": ok(pb.ActorInvocationResponse(value=text_value("noctx")).SerializeToString()),
            "Slow": Raw(after=self.never),
            "Slow2": Raw(after=self.never),
        }.get(call.action_name if call.actor.name != "Ser1" else "")

    def _plain(self, call: pb.ActorInvocation, state: str) -> pb.ActorInvocationResponse:
        name, action = call.actor.name, call.action_name
        if action == "Incr":
            number = int(state or "0") + 1
            return answer(call, f"n={number}", str(number))
        if action == "Init":
            message = answer(call, None, "inited")
            message.updated_context.tags["from"] = "init"
            return message
        if action == "Next" and (name == "P2" or call.actor.parent == "NextTpl"):
            said = text_of(call.value) if call.WhichOneof("payload") == "value" else "noop"
            return answer(call, f"next({said})", f"{state}.n")
        if action == "Next":
            return answer(call, "n", f"st-{name}")
        if action == "Chk":
            message = answer(call, "checked", text_of(call.value))
            message.checkpoint = True
            return message
        said = {"receive": "r", "OnB": "r2", "Set": "set", "Ping": "pong"}.get(action, "ok")
        return answer(call, said, {"Ping": "counted"}.get(action))

    def _workflows(self, call: pb.ActorInvocation, state: str) -> pb.ActorInvocationResponse | None:
        recorded = to_host(f"wf_{call.action_name}_0_") if call.actor.name == "P1" else []
        if recorded:
            message: pb.ActorInvocationResponse = recorded[0].parsed(recorded[0].response)
            return message
        return self._composed(call) if call.actor.name == "P1" else None

    def _composed(self, call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
        """Workflows whose call of the host was not recorded; their answers were."""
        action = call.action_name
        said = {"EffSelf": "effself", "EffSched": "effsched", "EffGhost": "effghost", "BcNoop": "bc-done"}
        message = answer(call, said.get(action, action.lower()), None)
        workflow = message.workflow
        if action.startswith("Pipe"):
            message.value.CopyFrom(text_value("from-P1"))
            target, ref = {"PipeGhost": ("GhostX", ""), "PipeRef": ("p3", "NextTpl")}.get(action, ("P2", ""))
            workflow.pipe.CopyFrom(
                pb.Pipe(actor=target, action_name="NoSuch" if action == "PipeBad" else "Next", register_ref=ref)
            )
        if action == "PipeNoop":
            message.ClearField("value")
            message.noop.SetInParent()
        if action.startswith("Eff"):
            effect = workflow.effects.add().request
            effect.system.name = SYSTEM
            effect.actor.id.name = {"EffSelf": "P1", "EffGhost": "GhostX"}.get(action, "P2")
            effect.action_name = "Plain" if action == "EffSelf" else "Next"
            effect.scheduled_to = 1_795_486_333_326 if action == "EffSched" else 0
        if action in ("BcNoop", "All"):
            workflow.broadcast.channel_group = "topic.a"
            workflow.broadcast.noop.SetInParent()
        if action == "All":
            message.value.CopyFrom(text_value("all-p"))
            workflow.pipe.CopyFrom(pb.Pipe(actor="P2", action_name="Next"))
        if action == "EmptyWf":
            workflow.SetInParent()
        return message


_WORKFLOWS = "Pipe PipeBad PipeGhost PipeRef PipeNoop Fwd Eff EffSelf EffSched EffGhost Bc BcNoop All EmptyWf Plain"


def registration() -> bytes:
    """The actors of the recordings that the recorded registration does not have."""
    request = pb.RegistrationRequest()
    request.service_info.service_name = "lab-host"
    request.actor_system.name = SYSTEM
    registry = request.actor_system.registry.actors
    bad = {
        "Bad0": "E500",
        "Bad1": "E500empty",
        "Bad2": "E500valid",
        "Bad3": "E404valid",
        "Bad4": "Empty",
        "Bad5": "Empty",
    }
    bad |= {"Bad6": "Garbage", "Bad7": "Garbage", "Bad8": "NoCtx", "Bad9": "Slow", "Bad10": "Slow2"}
    for name, action in {**bad, "Chk1": "Chk", "Ser1": "Slow", "P2": "Next", "Raw": "Ping"}.items():
        _actor(registry[name], name, action)
    _actor(registry["P1"], "P1", *_WORKFLOWS.split(), state="p1")
    registry["P2"].state.state.CopyFrom(text_value("p2"))
    _actor(registry["I2"], "I2", "Init", "Get2", state="given")
    _actor(registry["B1"], "B1", "receive", state="b").metadata.channel_group.add(topic="topic.a")
    _actor(registry["B2"], "B2", "OnB", state="b").metadata.channel_group.add(topic="topic.a", action="OnB")
    for name, kind in (
        ("Tpl2", actors.UNNAMED),
        ("RawTpl", actors.UNNAMED),
        ("NextTpl", actors.UNNAMED),
        ("PoolA", actors.POOLED),
        ("PoolB", actors.POOLED),
    ):
        _actor(registry[name], name, "Next", "Set", "Ping").settings.kind = kind
    return request.SerializeToString()


def _actor(actor: actors.Actor, name: str, *actions: str, state: str | None = None) -> actors.Actor:
    actor.id.name, actor.id.system = name, SYSTEM
    actor.state.SetInParent()
    if state is not None:
        actor.state.state.CopyFrom(text_value(state))
    actor.settings.kind, actor.settings.stateful = actors.NAMED, True
    for action in actions:
        actor.actions.add(name=action)
    actor.metadata.SetInParent()
    return actor


def unreachable_actor() -> bytes:
    """`Bad12`, whose host is down."""
    request = pb.RegistrationRequest()
    request.actor_system.name = SYSTEM
    _actor(request.actor_system.registry.actors["Bad12"], "Bad12", "Ok")
    return request.SerializeToString()
