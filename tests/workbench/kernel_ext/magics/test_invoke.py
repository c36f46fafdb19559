"""`%invoke` and `%%invoke` through a real kernel."""

import pytest

from tests.workbench.kernel_ext.kernel import Kernel, until


def test_the_answer_is_the_cells_result(kernel: Kernel) -> None:
    kernel.ok('%invoke counter say text="a b" times=2')

    assert kernel.ok("_").text == "'a ba b'"


def test_the_answer_can_be_assigned(kernel: Kernel) -> None:
    kernel.ok("answer = %invoke counter say text=x")

    assert kernel.ok("answer").text == "'x'"


def test_variables_of_the_notebook_are_expanded(kernel: Kernel) -> None:
    kernel.ok("word, number, who = 'ab', 3, 'counter'")

    assert kernel.ok("%invoke {who} say text=$word times={number - 1}").text == "'abab'"


def test_variables_of_a_function_are_expanded(kernel: Kernel) -> None:
    kernel.ok("def ask(text):\n    return get_ipython().run_line_magic('invoke', 'counter say text={text}')")

    assert kernel.ok("ask('inner')").text == "'inner'"


def test_a_payload_can_be_given_as_json(kernel: Kernel) -> None:
    assert kernel.ok("""%invoke counter say --json '{"text": "j", "times": 2}'""").text == "'jj'"


def test_the_cell_can_be_the_payload(kernel: Kernel) -> None:
    assert kernel.ok('%%invoke counter say\n{"text": "cell",\n "times": 1}\n').text == "'cell'"


def test_two_payloads_are_refused(kernel: Kernel) -> None:
    cell = kernel.run('%%invoke counter say text=a\n{"text": "b"}')

    assert cell.status == "error"
    assert "Give the payload once" in cell.stderr


def test_the_same_key_is_executed_once(kernel: Kernel) -> None:
    before = kernel.ok("%invoke counter add value=1 --key once").text

    assert kernel.ok("%invoke counter add value=1 --key once").text == before


def test_an_asynchronous_call_says_that_it_is_on_its_way(kernel: Kernel) -> None:
    cell = kernel.ok("%invoke counter add value=100 --async")

    assert "on its way" in cell.stdout
    assert not cell.text
    until(lambda: int(kernel.ok("wb.state('counter')['total']").text) >= 100, "the asynchronous call ran")


def test_an_action_without_an_answer_shows_nothing(kernel: Kernel) -> None:
    kernel.ok("%%actor\nclass Silent(Actor):\n    @action\n    def work(self): ...")

    assert not kernel.ok("%invoke silent work").displays


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%invoke", "%invoke needs actor and action: %invoke ACTOR ACTION. See %invoke?"),
        ("%invoke counter", "%invoke needs action: %invoke ACTOR ACTION."),
        ("%invoke counter add 5", "Expected field=value, found '5'"),
        ("%invoke counter add value=5 --keyy 1", "has no flag --keyy. Did you mean --key?"),
        ("%invoke counter add value=5 --timeout soon", "--timeout: 'soon' is no time. Give seconds, or text such as"),
        ("%invoke counter add value=5 --metadata x", "Expected --metadata NAME=TEXT"),
        ('%invoke counter say text="a', "No closing"),
    ],
)
def test_a_wrong_line_is_said_in_one_line_and_is_an_error(kernel: Kernel, line: str, said: str) -> None:
    cell = kernel.run(line)

    assert cell.status == "error"
    assert cell.ename == "UsageError"
    assert said.lower() in cell.stderr.lower()
    assert not cell.traceback


def test_help_shows_arguments_and_an_example(kernel: Kernel) -> None:
    shown = kernel.ok("%invoke --help").stdout

    assert "--timeout" in shown
    assert "%invoke counter add value=5" in shown
