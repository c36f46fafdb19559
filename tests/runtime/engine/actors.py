"""The actors that the engine's tests use."""

from __future__ import annotations

from runtime import Actor, Broadcast, Context, Forward, Pipe, SideEffect, Value, action, init


class Counter(Actor, name="counter"):
    total: int = 0
    seen: list[int] = []

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        self.seen.append(value)
        return {"total": self.total}

    @action
    def fail(self, value: int) -> None:
        self.total += value
        self.seen.append(value)
        raise ValueError(f"cannot take {value}")

    @action
    def look(self) -> int:
        return self.total


class Account(Actor, name="account", kind="unnamed"):
    balance: int = 0

    @action
    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance


class Echo(Actor, name="echo"):
    @action
    def say(self, text: str) -> str:
        return text.upper()


class Caller(Actor, name="caller"):
    answers: list[str] = []

    @action
    async def ask(self, ctx: Context, text: str) -> str:
        answer = str(await ctx.invoke("echo", "say", {"text": text}))
        self.answers.append(answer)
        return answer

    @action
    def call(self, ctx: Context, text: str) -> str:
        return str(ctx.call("echo", "say", {"text": text}))

    @action
    def tell(self, ctx: Context, value: int, fail: bool = False) -> None:
        ctx.tell("counter", "add", {"value": value})
        if fail:
            raise RuntimeError("after telling")

    @action
    async def ask_myself(self, ctx: Context) -> None:
        await ctx.invoke("caller", "ask_myself")

    @action
    async def ask_ring(self, ctx: Context) -> str:
        return str(await ctx.invoke("ring", "back"))


class Ring(Actor, name="ring"):
    @action
    async def back(self, ctx: Context) -> None:
        await ctx.invoke("caller", "ask", {"text": "round"})


class Starter(Actor, name="starter"):
    started: int = 0
    log: list[str] = []

    @init
    def begin(self) -> None:
        self.started += 1
        self.log.append("init")

    @action
    def work(self) -> list[str]:
        self.log.append("work")
        return self.log


class Unready(Actor, name="unready"):
    """Fails to begin until `MISSING` is empty."""

    begun: int = 0

    @init
    def begin(self) -> None:
        if MISSING:
            raise FileNotFoundError(MISSING[0])
        self.begun += 1

    @action
    def work(self) -> int:
        return self.begun


MISSING: list[str] = []


class Flow(Actor, name="flow", channels=("news", "heard")):
    notes: list[str] = []

    @action
    def piped(self, text: str) -> Value:
        return Value.of({"text": text + "!"}).pipe(Pipe.to("echo", "say"))

    @action
    def forwarded(self, text: str) -> Value:
        return Value.of({"dropped": True}).forward(Forward.to("echo", "say"))

    @action
    def round(self) -> Value:
        return Value.of().pipe(Pipe.to("flow", "round"))

    @action
    def effect(self, value: int) -> Value:
        return Value.of("ok").effect(SideEffect.to("counter", "add", {"value": value}))

    @action
    def publish(self, text: str) -> Value:
        return Value.of("sent").broadcast(Broadcast.to("news", {"text": text}))

    @action
    def heard(self, text: str) -> None:
        self.notes.append(text)

    @action
    def replace(self, notes: list[str]) -> Value:
        return Value.of("replaced", {"notes": notes}).tags({"by": "replace"})


class Dice(Actor, name="dice"):
    rolls: list[int] = []

    @action
    def roll(self, ctx: Context) -> dict[str, object]:
        self.rolls.append(ctx.random.randint(1, 1_000_000))
        return {"roll": self.rolls[-1], "uuid": str(ctx.uuid()), "now": ctx.now().isoformat()}
