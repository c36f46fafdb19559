"""A lost update: what was read is out of date by the time it is written."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.teaching.exercise import Call, Ending, Exercise

_CLERKS = ("anna", "ben", "cleo", "dan")
_AMOUNTS = (1, 2, 10, 5)


def _paid_in(size: int) -> dict[str, int]:
    """What each clerk pays in: different for each, and another sum for each size, so that no constant is right twice."""
    return dict(zip(_CLERKS, _AMOUNTS[-size:], strict=False))


def _setup(size: int) -> Sequence[Call]:
    paid_in = _paid_in(size).items()
    return [Call(name, "pay_in", {"amount": amount}, parent="clerk", sender="a customer") for name, amount in paid_in]


def _property(ending: Ending) -> str:
    paid_in = _paid_in(ending.size)
    balance, right = ending.state("account").get("balance"), sum(paid_in.values())
    if balance == right:
        return ""
    who = " and ".join(f"{name} paid in {amount}" for name, amount in paid_in.items())
    return f"{who}, so the balance should be {right}. It is {balance}."


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
