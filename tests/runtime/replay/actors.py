"""Actors whose histories are run again; importable, so that other processes find them."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from datetime import UTC, datetime
from os import mkfifo
from pathlib import Path

from runtime import Actor, Broadcast, Context, SideEffect, Value, action


class Till(Actor, name="till"):
    cents: int = 0
    receipts: list[str] = []
    customers: set[str] = set()

    @action
    def take(self, amount: int) -> int:
        if amount < 0:
            raise ValueError(f"no {amount}")
        self.cents += amount
        return self.cents

    @action
    def greet(self, name: str) -> None:
        self.customers |= {name}

    @action
    def stamp(self, ctx: Context) -> str:
        self.receipts = [*self.receipts, f"{ctx.now().isoformat()} {ctx.uuid()} {ctx.random.random()}"][-3:]
        return self.receipts[-1]

    @action
    async def price(self, ctx: Context, item: str) -> int:
        found: int = await ctx.invoke("prices", "of", {"item": item})
        ctx.tell("archive", "keep", {"item": item})
        return found

    @action
    def announce(self) -> Value:
        return (
            Value.of("done").effect(SideEffect.to("archive", "keep", {"item": "x"})).broadcast(Broadcast.to("news", 1))
        )

    @action
    def tag(self, ctx: Context, text: str) -> None:
        ctx.tags["last"] = text


class FairTill(Actor, name="till"):
    """Takes a cent less from large amounts, and counts."""

    cents: int = 0
    receipts: list[str] = []
    customers: set[str] = set()
    taken: int = 0

    @action
    def take(self, amount: int) -> int:
        self.cents += amount - (amount > 100)
        self.taken += amount > 100
        return self.cents

    @action
    async def price(self, ctx: Context, item: str) -> int:
        return int(await ctx.invoke("prices", "of", {"item": item.upper()}))


class Prices(Actor, name="prices"):
    asked: int = 0

    @action
    def of(self, item: str) -> int:
        if item == "none":
            raise KeyError(item)
        self.asked += 1
        return 10 * self.asked


class Archive(Actor, name="archive"):
    kept: list[str] = []

    @action
    def keep(self, item: str) -> None:
        self.kept.append(item)


class Careless(Actor, name="careless"):
    """What it does depends on more than its context."""

    words: list[str] = []
    waited: int = 0

    @action
    def clock(self) -> float:
        return time.time()

    @action
    def year(self) -> int:
        return datetime.now(UTC).year

    @action
    def chance(self) -> float:
        return random.random()

    @action
    def order(self) -> None:
        self.words = list({f"word {number}" for number in range(20)})

    @action
    def members(self) -> int:
        return len({"a", "b"})

    @action
    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self.waited += 1

    @action
    async def await_it(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.waited += 1

    @action
    def process(self) -> int:
        return os.getpid()

    @action
    def end(self) -> None:
        if os.environ.get("PYTHONHASHSEED") == "1":
            os._exit(3)


class Diarist(Actor, name="diarist"):
    """Does things beside its context."""

    notes: int = 0

    @action
    def note(self, path: str, text: str) -> int:
        with Path(path).open("a") as file:
            file.write(f"{text}\n")
        self.notes += 1
        return self.notes

    @action
    def make_fifo(self, path: str) -> None:
        mkfifo(path)

    @action
    def note_if_possible(self, path: str, text: str) -> int:
        try:
            return self.note(path, text)
        except Exception:
            return self.notes

    @action
    def note_in_thread(self, path: str, text: str) -> int:
        thread = threading.Thread(target=self.note_if_possible, args=(path, text))
        thread.start()
        thread.join()
        return 0

    @action
    def count(self) -> int:
        return self.notes
