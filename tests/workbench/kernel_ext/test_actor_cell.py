"""`%%actor`: define, redeploy, refuse."""

import pytest

from tests.workbench.kernel_ext.kernel import ROOT, Kernel

KEPT = "what ran before keeps running."


@pytest.fixture
def tally(kernel: Kernel) -> Kernel:
    """Has an actor `tally` at some revision, without dropped fields."""
    kernel.ok(
        "%%actor\nclass Tally(Actor):\n    total: int = 0\n    note: str = ''\n\n    @action\n    def add(self, n: int) -> int:\n"
        "        self.total += n\n        self.note = 'noted'\n        return self.total\n"
    )
    kernel.ok("%invoke tally add n=5")
    kernel.ok("wb.confirm_dropped('tally')")
    return kernel


def test_a_first_deploy_lists_actions_and_fields(kernel: Kernel) -> None:
    shown = kernel.ok("%%actor\nclass Fresh(Actor):\n    n: int = 0\n    @action\n    def up(self): ...").text

    assert "fresh: deployed" in shown
    assert "+ up()" in shown
    assert "+ n (int)" in shown


def test_an_unchanged_cell_changes_nothing(kernel: Kernel) -> None:
    cell = "%%actor\nclass Same(Actor):\n    n: int = 0\n"
    kernel.ok(cell)

    assert "same: unchanged" in kernel.ok(cell).text


def test_a_redeploy_keeps_the_state_and_says_what_changed(tally: Kernel) -> None:
    before = int(tally.ok("wb.state('tally')['total']").text)

    report = tally.ok(
        "%%actor\nclass Tally(Actor, deactivate_timeout='30s'):\n    total: int = 0\n    label: str = 'new'\n\n"
        "    @action\n    def add(self, n: int, twice: bool = False) -> int:\n"
        "        self.total += n * 2\n        return self.total\n"
        "    @action\n    def clear(self): ...\n"
    ).text

    assert "redeployed" in report
    assert "+ clear()" in report
    assert "add(n: int) -> add(n: int, twice: bool = False)" in report
    assert "deactivate_timeout" in report
    assert "= total" in report
    assert "+ label" in report
    assert "− note" in report
    assert "wb.confirm_dropped('tally')" in report
    assert int(tally.ok("%invoke tally add n=1").text) == before + 2


def test_dropped_values_go_when_they_are_confirmed(tally: Kernel) -> None:
    tally.ok("%%actor\nclass Tally(Actor):\n    total: int = 0\n")

    assert tally.ok("wb.confirm_dropped('tally')").text == "('note',)"


def test_name_and_settings_beside_the_magic_win(kernel: Kernel) -> None:
    report = kernel.ok(
        "%%actor beside kind=unnamed tags={'a': 'b'}\nclass Inside(Actor, name='inside'):\n    n: int = 0\n"
    ).text

    assert "beside: deployed" in report
    assert "unnamed" in kernel.ok("%actors").text


def test_imports_and_helpers_of_the_notebook_are_visible(kernel: Kernel) -> None:
    kernel.ok("import math\ndef half(x): return x / 2")
    kernel.ok(
        "%%actor\nLIMIT = 9\nclass Uses(Actor):\n    n: int = LIMIT\n    @action\n    def go(self):\n"
        "        return half(math.sqrt(self.n))"
    )

    assert kernel.ok("%invoke uses go").text == "1.5"
    assert kernel.ok("LIMIT").text == "9"


def test_annotations_may_be_postponed(kernel: Kernel) -> None:
    kernel.ok(
        "%%actor\nfrom __future__ import annotations\nclass Late(Actor):\n    n: int = 0\n    @action\n"
        "    async def go(self, ctx: Context, by: int) -> int:\n        self.n += by\n        return self.n\n"
    )

    assert kernel.ok("%invoke late go by=2").text == "2"


def test_another_cell_magic_may_stand_before_it(kernel: Kernel) -> None:
    cell = kernel.ok(
        "%%time\n%%actor\nclass Timed(Actor):\n    n: int = 0\n    @action\n    def bad(self): return 1 / 0\n"
    )

    assert "timed: deployed" in cell.text
    assert "def bad(self): return 1 / 0" in kernel.run("%invoke timed bad").traceback


def test_the_class_is_there_afterwards(kernel: Kernel) -> None:
    assert (
        kernel.ok("Counter.__module__, Counter.__name__, issubclass(Counter, Actor)").text
        == "('__main__', 'Counter', True)"
    )


def test_the_source_of_its_methods_is_found(kernel: Kernel) -> None:
    source = kernel.ok("import inspect; print(inspect.getsource(Counter.divide))").stdout

    assert source.strip().splitlines() == [
        "@action",
        "    def divide(self, by: int) -> float:",
        "        return self.total / by",
    ]


def test_the_store_keeps_the_source_of_the_class(kernel: Kernel) -> None:
    kernel.ok(
        "%%actor\nimport os\n\nclass Sourced(Actor):\n    # a comment\n    n: int = 0\n    @action\n    def go(self): ...\n\nx = 1"
    )

    source = kernel.ok("from workbench.session import current\nprint(current.system.definitions()[-1].source)").stdout

    assert (
        source.strip() == "class Sourced(Actor):\n    # a comment\n    n: int = 0\n    @action\n    def go(self): ..."
    )


def test_a_line_that_does_not_compile_is_shown_and_nothing_changes(tally: Kernel) -> None:
    cell = tally.run("\n%%actor\n\nclass Tally(Actor):\n    def broken(self:\n        pass\n")

    assert cell.status == "error"
    assert "line 5" in cell.traceback
    assert "def broken(self:" in cell.traceback
    assert "SyntaxError" in cell.traceback
    assert KEPT in cell.traceback
    assert str(ROOT) not in cell.traceback
    tally.ok("%invoke tally add n=1")


def test_a_body_that_raises_points_at_its_line_and_nothing_changes(tally: Kernel) -> None:
    tally.ok("earlier, old = 1, Tally")
    cell = tally.run("%%actor\nearlier = 2\nlater = 3\nclass Tally(Actor):\n    total: int = missing\n")

    assert "----> 5     total: int = missing" in cell.traceback
    assert cell.traceback.rstrip().endswith(KEPT)
    assert str(ROOT) not in cell.traceback
    assert tally.ok("earlier, 'later' in globals(), Tally is old").text == "(1, False, True)"
    tally.ok("%invoke tally add n=1")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("class Tally(Actor, kind='nothing'):\n    total: int = 0\n", "2 class Tally(Actor, kind='nothing')"),
        (
            "class Tally(Actor):\n    total: int = 0\n    @action\n    def f(self, *args): ...\n",
            "5 def f(self, *args): ...",
        ),
        ("class Tally(Actor):\n    total: int = 'text'\n", "3 total: int = 'text'"),
    ],
)
def test_a_definition_that_cannot_be_deployed_points_at_its_line(tally: Kernel, body: str, line: str) -> None:
    tally.ok("old = Tally")
    cell = tally.run(f"%%actor\n{body}")

    assert cell.ename == "DefinitionError"
    assert f"----> {line}" in " ".join(cell.traceback.split())
    assert cell.traceback.rstrip().endswith(KEPT)
    assert tally.ok("Tally is old").text == "True"
    tally.ok("%invoke tally add n=1")


def test_a_cell_without_an_actor_says_so(kernel: Kernel) -> None:
    cell = kernel.run("%%actor\nleft_over = 1\n")

    assert "defines no actor" in cell.stderr
    assert cell.status == "error"
    assert kernel.ok("'left_over' in globals()").text == "False"


def test_a_name_for_several_actors_is_refused(kernel: Kernel) -> None:
    cell = kernel.run("%%actor both\nclass A(Actor): ...\nclass B(Actor): ...\n")

    assert "this cell defines A, B" in cell.stderr


def test_a_cell_may_define_several_actors_and_a_base(kernel: Kernel) -> None:
    text = kernel.ok(
        "%%actor\nclass Base(Actor):\n    n: int = 0\nclass Left(Base): ...\nclass Right(Base): ...\n"
    ).text

    assert "left: deployed" in text
    assert "right: deployed" in text
    assert "base:" not in text


def test_a_variable_that_hides_a_decorator_is_pointed_out(kernel: Kernel) -> None:
    kernel.ok("action = 'add'")

    cell = kernel.run("%%actor\nclass Hidden(Actor):\n    @action\n    def f(self): ...\n")

    assert "This cell uses action, which is 'add' in this notebook" in cell.traceback
    kernel.ok("del action")
    kernel.ok("%%actor\nclass Hidden(Actor):\n    @action\n    def f(self): ...\n")


def test_a_setting_that_does_not_exist_names_the_nearest(kernel: Kernel) -> None:
    cell = kernel.run("%%actor x deactivate_timout=5s\nclass X(Actor): ...\n")

    assert "no setting 'deactivate_timout'. Did you mean deactivate_timeout" in cell.traceback


def test_two_classes_of_one_name_in_a_cell_are_refused_with_their_lines(kernel: Kernel) -> None:
    cell = kernel.run("%%actor\nclass Twin(Actor):\n    n: int = 0\n\nclass Twin(Actor):\n    m: int = 0\n")

    assert cell.status == "error"
    assert "two classes named Twin, in lines 2 and 5" in cell.traceback
    assert KEPT in cell.traceback


def test_two_classes_that_are_one_actor_are_refused(kernel: Kernel) -> None:
    cell = kernel.run("%%actor\nclass One(Actor, name='same-one'): ...\n\nclass Two(Actor, name='same-one'): ...\n")

    assert "One and Two are both the actor 'same-one'" in cell.traceback
    assert "same-one" not in kernel.ok("%actors").text


def test_report_of_a_cell_says_what_is_probably_not_meant(kernel: Kernel) -> None:
    report = kernel.ok("%%actor\nclass Vague(Actor):\n    total = 0\n    def add(self, n: int): ...\n").text

    assert "! Vague.add is a plain method, which no message can invoke" in report
    assert "! Vague.total = 0 has no type" in report
