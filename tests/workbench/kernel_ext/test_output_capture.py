"""What actors print goes to their own logs, and never into a cell."""

from tests.workbench.kernel_ext.kernel import Kernel

TALKER = """\
%%actor
import asyncio, logging, sys, warnings
from IPython.display import display
from tqdm import tqdm

class Talker(Actor):
    @action
    def say(self, ctx: Context, text: str) -> str:
        print("saying", text)
        print("no end", end="")
        sys.stderr.write("wrong\\n")
        ctx.log.info("left", count=3)
        logging.getLogger("lib").warning("careful")
        return text

    @action
    def progress(self) -> None:
        for _ in tqdm(range(20)):
            pass

    @action
    def picture(self) -> None:
        display({"text/plain": "a picture", "image/png": "iVBORw0KGgo="}, raw=True)

    @action
    async def wait(self, text: str) -> None:
        print("before", text)
        await asyncio.to_thread(print, "in a thread", text)
        print("after", text)
"""


def test_nothing_that_an_actor_prints_lands_in_a_cell(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker say text=first")  # which says, once, where it went

    cells = [
        kernel.ok(code)
        for code in (
            "%invoke talker say text=x",
            "%invoke talker progress",
            "%invoke talker picture",
            "%invoke talker wait text=y",
        )
    ]

    assert [(cell.stdout, cell.stderr) for cell in cells] == [("", "")] * 4
    assert [len(cell.displays) for cell in cells] == [1, 0, 0, 0]


def test_the_log_has_each_line_with_its_kind(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker say text=hello")

    shown = kernel.ok("%logs talker --limit 5").text

    assert "talker.say  saying hello" in shown
    assert "talker.say  no end" in shown
    assert "err: wrong" in shown
    assert "left count=3" in shown
    assert "careful" in shown


def test_a_progress_bar_is_one_line(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker progress")

    shown = kernel.ok("%logs talker --limit 1").text

    assert "100%" in shown
    assert "20/20" in shown


def test_coroutines_keep_their_lines_apart(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("import asyncio\nawait asyncio.gather(*(wb.ainvoke('talker', 'wait', {'text': t}) for t in 'ab'))")

    lines = kernel.ok("[(line.invocation, line.text) for line in wb.logs('talker')[-6:]]").text

    by_invocation: dict[str, list[str]] = {}
    for invocation, text in eval(lines):
        by_invocation.setdefault(invocation, []).append(text)
    assert sorted(by_invocation.values()) == [[f"before {t}", f"in a thread {t}", f"after {t}"] for t in "ab"]


def test_a_picture_is_kept_and_shown_with_the_log(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker picture")

    assert "data:image/png;base64,iVBORw0KGgo=" in kernel.ok("%logs talker --limit 1").html


def test_lines_of_one_invocation_are_found_by_the_end_of_its_id(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker say text=other")
    kernel.ok("%invoke talker say text=mine")

    kernel.ok("wanted = wb.logs('talker')[-1].invocation")

    assert kernel.ok("wb.logs('talker', invocation=wanted[-6:]).text.splitlines()[0]").text == "'saying mine'"


def test_cells_print_as_ever_while_actors_do_not(kernel: Kernel) -> None:
    kernel.ok(TALKER)

    cell = kernel.ok("print('mine'); wb.invoke('talker', 'say', {'text': 'x'}); print('too')")

    assert cell.stdout == "mine\ntoo\n"


def test_a_silent_actor_says_so_and_an_unknown_one_is_named(kernel: Kernel) -> None:
    assert kernel.ok("%logs counter").text == "counter has not printed or logged anything."
    assert "Did you mean counter" in kernel.run("%logs conter").traceback


def test_after_unloading_actors_print_into_cells_again(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%unload_ext workbench")
    try:
        kernel.ok("import runtime\nsystem = runtime.embedded()\nsystem.deploy(Talker)")

        cell = kernel.ok("system.invoke('talker', 'say', {'text': 'loud'})")

        assert "saying loud" in cell.stdout
        assert kernel.ok("import logging; logging.getLogger('runtime.actors').handlers").text == "[]"
    finally:
        kernel.ok("system.close()")
        kernel.ok("%load_ext workbench")


def test_the_log_becomes_a_data_frame(kernel: Kernel) -> None:
    kernel.ok(TALKER)
    kernel.ok("%invoke talker say text=framed")

    columns = kernel.ok(
        "list(wb.logs('talker').df().columns), wb.logs('talker').pl().width, wb.logs('talker').arrow().num_columns"
    )

    assert columns.text == "(['at', 'actor', 'action', 'kind', 'text', 'invocation'], 6, 6)"


def test_a_progress_bar_that_is_a_widget_says_how_far_it_is(kernel: Kernel) -> None:
    kernel.ok(
        "%%actor\nfrom tqdm.notebook import tqdm\nclass Bars(Actor):\n    @action\n    def go(self) -> None:\n"
        "        for _ in tqdm(range(7)): pass"
    )
    kernel.ok("%invoke bars go")

    assert "7/7" in kernel.ok("print(repr(wb.logs('bars')))").stdout


def test_first_print_of_an_actor_says_where_it_went_and_the_next_does_not(kernel: Kernel) -> None:
    kernel.ok("%reload_ext workbench\n%config Workbench.store = 'memory'")
    kernel.ok(TALKER)

    first, second = kernel.ok("%invoke talker say text=once"), kernel.ok("%invoke talker say text=twice")

    assert "talker printed. What actors print is kept with the actor, not in the cell: %logs talker" in first.stdout
    assert second.stdout == ""
