"""A lost update: what was read is out of date by the time it is written."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.teaching.exercise import Call, Ending, Exercise

_CLERKS = ("anna", "ben", "cleo", "dan")
_AMOUNT = 10


def _setup(size: int) -> Sequence[Call]:
    return [Call(name, "pay_in", {"amount": _AMOUNT}, parent="clerk", sender="a customer") for name in _CLERKS[:size]]


def _property(ending: Ending) -> str:
    balance, right = ending.state("account").get("balance"), ending.size * _AMOUNT
    if balance == right:
        return ""
    who = " and ".join(_CLERKS[: ending.size]) + (" each" if ending.size > 1 else "")
    return f"{who} paid in {_AMOUNT}, so the balance should be {right}. It is {balance}."


ACCOUNT = Exercise(
    name="account",
    prompt=(
        "Clerks (children of the template `clerk`) take money at their counters and pay it into the one `account`: "
        "`clerk.pay_in(amount)`. When all of them have finished, `account.balance` must be what was paid in."
    ),
    actors=("account", "clerk"),
    setup=_setup,
    property=_property,
    callers="clerk",
)
