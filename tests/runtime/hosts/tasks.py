"""Task actors for tests, in a module of their own: workers import it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runtime import Actor, Context, action


class Cruncher(Actor, name="cruncher", kind="task"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    def pid(self) -> int:
        return os.getpid()

    @action
    def spin(self, until: str) -> int:
        """Compute until a file is there; says first, in another, that it does."""
        Path(f"{until}.running").write_text(str(os.getpid()))
        turns = 0
        while not Path(until).exists():
            turns += sum(range(1_000))
        return os.getpid()

    @action
    def leave(self, code: int) -> None:
        os._exit(code)

    @action
    def fail(self, text: str) -> None:
        self.total += 100
        raise ValueError(text)

    @action
    def talk(self, ctx: Context) -> None:
        print("to out")
        print("to err", file=sys.stderr)
        print("no end", end="")
        ctx.log.warning("logged", n=1)
        os.write(1, b"straight to the terminal\n")

    @action
    def child(self, pidfile: str) -> None:
        """Start a process, and wait."""
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(pidfile).write_text(str(child.pid))
        time.sleep(600)

    @action
    def survive(self) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "still here"

    @action
    def now(self, ctx: Context) -> list[str]:
        return [ctx.now().isoformat(), str(ctx.random.random()), str(ctx.uuid())]

    @action
    def ask(self, ctx: Context, actor: str, payload: dict[str, int]) -> object:
        return ctx.call(actor, "add", payload)

    @action
    async def ask_twice(self, ctx: Context, actor: str) -> list[int]:
        import asyncio

        return list(await asyncio.gather(*(ctx.invoke(actor, "add", {"value": n}) for n in (1, 2))))

    @action
    def tell(self, ctx: Context, actor: str, fails: bool = False) -> None:
        ctx.tell(actor, "add", {"value": 10})
        if fails:
            raise ValueError("told in vain")

    @action
    async def wrong(self, ctx: Context) -> object:
        return ctx.call("other", "add", {"value": 1})
