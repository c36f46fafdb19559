"""Whatever a cell hands to a magic: it is taken or refused, by no defect of ours, and the system goes on with all on disk."""

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

VALUES = [
    "5",
    "'\\ud800'",
    "'a\\0b'",
    "10**5000",
    "10**400",
    "1e15",
    "float('nan')",
    "-1",
    "b'x'",
    "object()",
    "None",
    "''",
    "2**63",
]
MAGICS = [
    "%invoke counter add value=$odd",
    "%invoke counter say text=$odd",
    "%invoke {odd} say text=x",
    "%invoke counter {odd}",
    "%invoke counter say text=x --key {odd}",
    "%invoke counter say text=x --delay {odd}",
    "%invoke counter say text=x --timeout {odd}",
    "%restore {odd} 1",
    "%restore counter {odd}",
    "%history {odd}",
    "%state {odd}",
    "%mailbox {odd}",
    "%trace {odd}",
]


@pytest.mark.parametrize("magic", MAGICS)
def test_magic_takes_or_refuses_any_value_and_nothing_else_suffers(kernel: Kernel, magic: str) -> None:
    for value in VALUES:
        cell = kernel.run(f"odd = {value}\n{magic}")

        assert "defect of spawn-workbench" not in str(vars(cell)), (value, magic)

    kernel.ok("%invoke counter say text=x")
    assert kernel.ok("_").text == "'x'"
