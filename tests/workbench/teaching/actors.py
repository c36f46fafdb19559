"""Right and wrong ways to solve the exercises."""

from __future__ import annotations

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context


class ReadWriteAccount(Actor, name="account"):
    balance: int = 0

    @action
    def read(self) -> int:
        return self.balance

    @action
    def write(self, balance: int) -> None:
        self.balance = balance


class ReadWriteClerk(Actor, name="clerk", kind="unnamed"):
    @action
    async def pay_in(self, ctx: Context, amount: int) -> None:
        balance = await ctx.invoke("account", "read")
        print(f"read {balance}")
        ctx.log.warning("read", balance=balance)
        await ctx.invoke("account", "write", {"balance": balance + amount})


class DepositAccount(Actor, name="account"):
    balance: int = 0

    @action
    def deposit(self, amount: int) -> None:
        self.balance += amount


class AskingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    async def pay_in(self, ctx: Context, amount: int) -> None:
        await ctx.invoke("account", "deposit", {"amount": amount})


class CallingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, ctx: Context, amount: int) -> None:
        ctx.call("account", "deposit", {"amount": amount})


class TellingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, ctx: Context, amount: int) -> None:
        ctx.tell("account", "deposit", {"amount": amount})


class FailingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, amount: int) -> None:
        raise ValueError(f"no till for {amount}")


class MisnamedClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay(self, amount: int) -> None:
        pass


class SleepingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    async def pay_in(self, amount: int) -> None:
        import asyncio

        await asyncio.sleep(amount)


class EndlessClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, amount: int) -> None:
        while True:
            amount += 1


class ChattingClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, ctx: Context, amount: int) -> None:
        ctx.tell(ctx.self.name, "pay_in", {"amount": amount}, parent="clerk")


class TrustingSeats(Actor, name="seats"):
    left: int = 1

    @action
    def free(self) -> int:
        return self.left

    @action
    def book(self, guest: str) -> bool:
        self.left -= 1
        return True


class CarefulSeats(Actor, name="seats"):
    left: int = 1
    guests: list[str] = []

    @action
    def free(self) -> int:
        return self.left

    @action
    def book(self, guest: str) -> bool:
        if self.left == 0:
            return False
        self.left -= 1
        self.guests.append(guest)
        return True


class ConstantAccount(Actor, name="account"):
    balance: int = 5

    @action
    def deposit(self, amount: int) -> None:
        pass


class ConstantClerk(Actor, name="clerk", kind="unnamed"):
    @action
    def pay_in(self, ctx: Context, amount: int) -> None:
        ctx.tell("account", "deposit", {"amount": 5})


class FavouriteSeats(Actor, name="seats"):
    @action
    def free(self) -> int:
        return 1

    @action
    def book(self, guest: str) -> bool:
        return guest == "dan"
