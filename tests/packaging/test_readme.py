"""The README's commands and code are true."""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_first_two_commands_set_everything_up() -> None:
    commands = re.findall(r"^make \w+", README, re.MULTILINE)

    assert commands[:2] == ["make lab", "make test"]


def test_python_example_runs() -> None:
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {"__name__": "readme"})

    assert printed.getvalue() == "'hello' is number 1\n"


def test_every_make_target_named_here_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")

    for target in set(re.findall(r"`?make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_runtime_readmes_example_runs() -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "runtime" / "README.md").read_text("utf-8"), re.DOTALL)

    exec(compile(example, "runtime/README.md", "exec"), {"__name__": "readme"})


def test_picture_of_the_workbench_is_small_and_has_a_text() -> None:
    [(text, path)] = re.findall(r"!\[([^\]]+)\]\((docs/images/[\w.]+)\)", README)

    assert len(text.split()) > 10
    assert (ROOT / path).stat().st_size < 200_000
