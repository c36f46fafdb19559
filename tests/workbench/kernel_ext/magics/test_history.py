"""`%history` in a real kernel: steps, differences and comparisons."""

from __future__ import annotations

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

DEFINE = """
%%actor
class {name}(Actor, name="{actor}"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total
"""


@pytest.fixture(scope="module")
def counters(kernel: Kernel) -> Kernel:
    kernel.ok("import workbench as wb\nfrom workbench import Actor, action")
    kernel.ok(DEFINE.format(name="Walked", actor="walked").strip())
    kernel.ok(DEFINE.format(name="Rival", actor="rival").strip())
    kernel.ok("for value in (1, 2, 3): wb.invoke('walked', 'add', {'value': value})")
    kernel.ok("for value in (1, 2, 5): wb.invoke('rival', 'add', {'value': value})")
    return kernel


def test_options_of_history_walk_and_compare(counters: Kernel) -> None:
    back = [counters.ok("%history walked --back").text for _ in range(2)]
    forward = counters.ok("%history walked --step").text
    diff = counters.ok("%history walked --diff 1 3")
    compared = counters.ok("%history walked --compare rival")

    assert ["revision 2 → 3" in back[0], "revision 1 → 2" in back[1], "revision 2 → 3" in forward] == [True] * 3
    assert "walked, revision 1 → 3: 1 place differs." in diff.text
    assert "part after 2 turns alike" in compared.text
    assert "▲ first difference: add(value=3) | add(value=5)" in compared.text
    assert "<svg" in compared.html


def test_options_that_exclude_each_other_are_refused(counters: Kernel) -> None:
    assert "Give one of --back" in counters.run("%history walked --back --step").stderr
