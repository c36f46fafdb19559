"""`%trace` in a real kernel."""

from tests.workbench.kernel_ext.kernel import Kernel


def test_a_line_is_traced_and_its_own_output_stays(kernel: Kernel) -> None:
    cell = kernel.ok("%trace wb.invoke('counter', 'say', {'text': 'hello'})")

    assert cell.displays[0]["text/plain"] == "'hello'"
    assert set(cell.displays[1]) == {"text/plain", "text/html", "image/svg+xml", "text/vnd.mermaid"}
    assert "notebook → counter.say" in cell.text


def test_a_cell_is_traced_with_magics_inside_it(kernel: Kernel) -> None:
    cell = kernel.ok(
        "%%trace\nfor i in range(2):\n    wb.invoke('counter', 'add', {'value': 1})\n%invoke counter add value=2"
    )

    assert cell.text.count("counter.add") == 3
    assert kernel.ok("len(_.messages)").text == "3"


def test_flags_filter_what_is_shown(kernel: Kernel) -> None:
    cell = kernel.ok("%trace --action add wb.invoke('counter', 'say', {}); wb.invoke('counter', 'add', {'value': 1})")

    assert "1 message between 1 actor" in cell.text
    assert "1 other left out" in cell.text


def test_a_failing_block_is_an_error_to_run_all_and_shows_its_trace(kernel: Kernel) -> None:
    cell = kernel.run("%%trace\n%invoke counter divide by=0")

    assert cell.status == "error"
    assert "✗ ZeroDivisionError" in cell.displays[-1]["text/plain"]
    assert cell.traceback == "The traced code failed with ActionFailed; its traceback stands above the trace."


def test_awaiting_code_is_pointed_to_the_context_manager(kernel: Kernel) -> None:
    cell = kernel.run("%%trace\nawait wb.ainvoke('counter', 'say', {})")

    assert "with wb.trace() as trace:" in cell.stderr
    assert kernel.ok("with wb.trace() as t:\n    await wb.ainvoke('counter', 'say', {})\nlen(t)").text == "1"


def test_a_message_is_followed_by_its_id(kernel: Kernel) -> None:
    kernel.ok("with wb.trace() as t:\n    wb.invoke('counter', 'say', {})")

    assert "▶ notebook → counter.say()" in kernel.ok("%trace --message {t.messages[0].id}").text
    assert kernel.run("%trace --message zzz").ename == "NoSuchMessage"


def test_nothing_to_trace_is_said(kernel: Kernel) -> None:
    assert "Give code to trace" in kernel.run("%trace").stderr


def test_flags_are_completed(kernel: Kernel) -> None:
    assert kernel.completed("%trace --fai") == "%trace --failed"
    assert kernel.completed("%trace --actor cou") == "%trace --actor counter"
