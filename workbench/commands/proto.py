"""Contracts: from a `.proto` to messages and declared actors, and from an actor to its `.proto`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import BadSetting, ContractError
from workbench.commands.deploy import CodeNotLoaded, loaded_code
from workbench.commands.serve import Served
from workbench.session import current

if TYPE_CHECKING:
    from runtime.authoring.definition import ActorDefinition
    from runtime.contracts.contract import Contract
    from runtime.contracts.generate import ProtoText


def proto(text: str | None = None, *, file: str | Path | None = None) -> Contract:
    """Compile a `.proto`; its messages are attributes of the answer, to be used as state, payload and response.

        shop = wb.proto(file="shop.proto")

        class Counter(Actor, **shop.Counter.settings): ...

    A service with Spawn's options declares an actor; `wb.serve` serves it, also if it is served already.  Two versions live
    side by side: each compile makes classes of its own.

    Args:
        text: the contract itself, which may import files of the working directory.
        file: or where it is; it may import files beside it.

    Raises:
        ContractError: it cannot be compiled; the message names each line that is wrong.
    """
    from runtime.contracts.compiler import compile_file, compile_text

    if (text is None) == (file is None):
        raise BadSetting("Give the contract once: as text, or with file=.")
    contract = compile_text(text, include=Path.cwd()) if text is not None else compile_file(Path(str(file)))
    if any(service.is_actor for service in contract.services.values()):
        if isinstance(current.served, Served):
            current.served.serve_contract(contract)
        current.contracts[contract.package] = contract
    return contract


def contract(actor: str | type, *, package: str = "") -> ProtoText:
    """The `.proto` by which other languages call an actor: a message for each action's parameters, a service of its name.

    Of an actor that a contract of this notebook declares, that contract.

    `print` or save it as text; `.compile()` gives the contract, and `wb.proto` of it has it served.

    Args:
        actor: the name of an actor whose code is here, or its class.
        package: the contract's; `NAME.v1` if not given.

    Raises:
        UnknownActor: nothing is known under that name.
        ContractError: a name in it is none for protobuf, or its code is not in this process.
    """
    from runtime.authoring.definition import define
    from runtime.contracts.generate import ProtoText, proto_of

    declared = [each for each in current.contracts.values() if isinstance(actor, str) and _declares(each, actor)]
    if declared:
        return ProtoText(declared[-1].source)
    return proto_of(define(actor) if isinstance(actor, type) else _definition(actor), package=package)


def _declares(contract: Contract, actor: str) -> bool:
    return actor in contract.services and contract.services[actor].is_actor


def _definition(actor: str) -> ActorDefinition:
    current.open().info(actor)
    try:
        return loaded_code(actor, None)
    except CodeNotLoaded:
        raise ContractError(
            f"The code of {actor} is not in this process, and with it the types; make its contract where it is."
        ) from None
