"""An actor whose actions end at their limit or not at all."""

from __future__ import annotations

import asyncio

from runtime import Actor, action

ended: list[str] = []
"""Actions that have been ended, by name."""


class LimitedActions(Actor):
    count: int = 0

    @action(timeout="200ms")
    def spin(self) -> None:
        self.count = 100
        try:
            while True:
                pass
        finally:
            ended.append("spin")

    @action(timeout="200ms")
    async def spin_async(self) -> None:
        self.count = 100
        try:
            while True:
                pass
        finally:
            ended.append("spin_async")

    @action(timeout="200ms")
    async def wait_async(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("wait_async")

    @action
    def ping(self) -> int:
        return self.count

    @action
    async def ping_async(self) -> int:
        return self.count
