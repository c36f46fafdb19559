"""`%%proto` in a real kernel: a contract, its actor, a call, and what is wrong named in the cell's own lines."""

from pathlib import Path

from tests.workbench.kernel_ext.kernel import Kernel

CONTRACT = """%%proto
syntax = "proto3";
package till.v1;
import "spawn/actors/extensions.proto";
message AddRequest { int64 value = 1; }
message Total { int64 total = 1; }
service Till {
  option (spawn.actors.actor) = { state_type: "till.v1.Total" };
  rpc Add(AddRequest) returns (Total);
}
"""

ACTOR = """%%actor
class TillActor(Actor, **till.Till.settings):
    @action
    def Add(self, ctx, request: till.AddRequest) -> Value:
        ctx.state.total += request.value
        return Value.of(ctx.state)
"""


def test_contract_in_a_cell_is_implemented_by_an_actor_in_another(kernel: Kernel) -> None:
    shown = kernel.ok(CONTRACT)
    kernel.ok(ACTOR)

    assert shown.stdout == "In variable till:\n"
    assert "named actor Till: Add" in shown.text
    assert "total: 5" in kernel.ok("%invoke Till Add value=5").text
    assert "total: 7" in kernel.ok("wb.invoke('Till', 'Add', till.AddRequest(value=2))").text


def test_contract_may_be_in_a_file_and_have_a_name(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "till.proto").write_text(CONTRACT.partition("\n")[2])

    shown = kernel.ok(f"%proto mine --file {tmp_path / 'till.proto'}")

    assert shown.stdout == "In variable mine:\n"
    assert kernel.ok("mine.Total(total=3).total").text == "3"


def test_wrong_line_is_named_without_a_traceback(kernel: Kernel) -> None:
    failed = kernel.run(CONTRACT.replace("int64 value", "int6 value"))

    assert failed.status == "error"
    assert 'line 5: "int6" is not defined' in failed.traceback
    assert "compiler.py" not in failed.traceback


def test_contract_of_an_actor_is_shown(kernel: Kernel) -> None:
    kernel.ok("%%actor\nclass Shown(Actor, name='shown'):\n    @action\n    def go(self, speed: float) -> str: ...")

    assert "double speed = 1;" in kernel.ok("%contract shown").text
