"""What `?` shows, and that its examples run."""

import re
import textwrap

import pytest

from tests.workbench.kernel_ext.kernel import Kernel
from workbench.kernel_ext.magics.arguments import has_parser, help_of
from workbench.kernel_ext.magics.registry import all_names, function_of

MAGICS = sorted({name for names in all_names().values() for name in names})


def _examples(magic: str) -> list[str]:
    """The cells in a magic's help; one that starts with `%%` takes all up to the next."""
    function = function_of(magic)
    text = help_of(function) if has_parser(function) else function.__doc__
    block = re.search(r"Examples?::\n\n((?: +\S.*\n|\n)+)", text)
    assert block, f"%{magic} has no example"
    lines, *cells = re.split(r"^(?=%%)", textwrap.dedent(block[1]).strip(), flags=re.MULTILINE)
    return [*filter(None, lines.splitlines()), *map(str.strip, cells)]


@pytest.mark.parametrize("magic", MAGICS)
def test_every_example_of_the_help_runs(kernel: Kernel, magic: str) -> None:
    kernel.ok("%invoke counter add value=1")
    kernel.run("%invoke counter divide by=0")
    for example in _examples(magic):
        if not example.startswith("%spawn database"):  # which needs one of Spawn's
            kernel.ok(example)
    if magic in ("undeploy", "spawn"):
        kernel.ok(
            "%%actor\nclass Counter(Actor):\n    total: int = 0\n    @action\n    def add(self, value: int): ...\n"
            "    @action\n    def divide(self, by: int): return 1 / by"
        )


def test_the_overview_has_a_line_for_every_magic(kernel: Kernel) -> None:
    overview = kernel.ok("%spawn help").stdout

    assert all(re.search(rf"%{magic} +\w", overview) for magic in MAGICS)


def test_a_question_mark_shows_usage_and_example(kernel: Kernel) -> None:
    shown = kernel.ok("%%actor?")

    assert "%%actor [--preview] [--help] [name]" in shown.pages
    assert "class Counter(Actor):" in shown.pages
