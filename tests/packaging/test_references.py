"""What documents, comments and docstrings refer to is there, and what documents show as Python runs."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.earlier_names import MOVED

ROOT = Path(__file__).resolve().parents[2]
MADE = ("docs/reference/", "docs/tutorials/", "docs/_build/")
"""Pages that are made from the code; `make docs` checks what they refer to."""

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:docs|runtime|workbench|tests|build_support|notebooks|protos|deploy|\.github)/[\w./-]+)`")
MODULE = re.compile(r"`((?:runtime|workbench)\.(?!py`)[a-z_]\w*(?:\.\w+)*)`")
SECTION = re.compile(r"""(?:docs/(\w+)\.md|\{doc\}`(\w+)`),\s+"([^"]+)\"""")
PAGE = re.compile(r"\{doc\}`([\w/]+)`")
OUTSIDE = re.compile(
    r"\.\./shared|design §|spawn-protocol|spawn-ground-truth|ground truth §|style-anchors|workbench-anchors"
    r"|(?<!/)\b(?:performance|structure|design)\.md"
)
FRAGMENT = "<!-- fragment -->\n"
"""Before a block of Python that does not run by itself."""


def _tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


PAGES = _tracked("*.md")
CODE = [name for name in _tracked("*.py", "*.toml", "*.proto", "*.js", "Makefile") if not name.endswith("_pb2.py")]


@functools.cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose_of(name: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text_of(name), flags=re.MULTILINE | re.DOTALL)


@functools.cache
def headings(name: str) -> list[str]:
    return [re.sub(r"[`*]", "", line).strip() for line in re.findall(r"^#+ (.+)$", text_of(name), re.MULTILINE)]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links() -> Iterator[tuple[str, str]]:
    """Page and target of every link that leads to a file here."""
    for name in PAGES:
        yield from ((name, target) for target in LINK.findall(prose_of(name)))
    for name in _tracked("notebooks/*.ipynb"):
        for cell in json.loads(text_of(name))["cells"]:
            if cell["cell_type"] == "markdown":
                yield from ((name, target) for target in LINK.findall("".join(cell["source"])))


def test_every_link_leads_to_a_file_and_its_heading() -> None:
    broken = []
    for page, target in links():
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        if not path.exists() or (anchor and anchor not in map(slug, headings(str(path.relative_to(ROOT))))):
            broken.append((page, target))

    assert broken == []


def test_every_path_in_backticks_exists() -> None:
    new = set(re.findall(r"^New file `([^`]+)`", text_of("CONTRIBUTING.md"), re.MULTILINE))
    missing = [
        (name, path)
        for name in [*PAGES, *CODE]
        for path in PATH.findall(text_of(name))
        if path not in new and not (ROOT / path).exists()
    ]

    assert missing == []


def test_every_module_in_backticks_exists() -> None:
    missing = [
        (name, module) for name in [*PAGES, *CODE] for module in MODULE.findall(text_of(name)) if not _is_there(module)
    ]

    assert missing == []


@functools.cache
def _is_there(dotted: str) -> bool:
    """A module, or something that one defines or hands on under that name."""
    if dotted in MOVED or dotted.startswith("workbench.v1"):  # an earlier name; the protocol
        return True
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if file.exists():
            rest = parts[length:]
            return not rest or re.search(rf"\b{re.escape(rest[0])}\b", file.read_text("utf-8")) is not None
    return False


def test_every_section_that_is_named_exists() -> None:
    missing = []
    for name in [*PAGES, *CODE]:
        text = re.sub(r"\n\s*(?:#|//)?\s*", " ", text_of(name))
        for file, page, title in SECTION.findall(text):
            target = f"docs/{file or page}.md"
            if not (ROOT / target).exists() or title not in headings(target):
                missing.append((name, target, title))

    assert missing == []


def test_every_page_that_is_named_exists() -> None:
    made = {page.removesuffix(".md") for page in MADE}
    missing = [
        (name, page)
        for name in PAGES
        if name.startswith("docs/")
        for page in PAGE.findall(text_of(name))
        if not page.startswith(tuple(folder.removeprefix("docs/") for folder in made))
        and not (ROOT / "docs" / f"{page}.md").exists()
    ]

    assert missing == []


def test_nothing_cites_a_document_that_is_not_here() -> None:
    mine = str(Path(__file__).relative_to(ROOT))
    citing = [
        (name, number, line.strip())
        for name in [*PAGES, *CODE, *_tracked("*.ipynb", "*.yml", "*.sh")]
        if name != mine
        for number, line in enumerate(text_of(name).splitlines(), 1)
        if OUTSIDE.search(line)
    ]

    assert citing == []


def python_blocks() -> Iterator[tuple[str, str]]:
    """Those of the pages; CONTRIBUTING's walks have a test of their own."""
    for name in PAGES:
        if name == "CONTRIBUTING.md" or name.startswith(MADE):
            continue
        text = text_of(name)
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            if not text[: match.start()].endswith(FRAGMENT):
                yield name, match[1]


@pytest.mark.parametrize(("page", "block"), [*python_blocks()])
def test_python_in_documents_runs(page: str, block: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(block, page, "exec"), {"__name__": "documented"})


def test_messages_in_troubleshooting_are_those_of_the_code() -> None:
    said = "\n".join(
        node.value
        for name in CODE
        if name.startswith(("runtime/", "workbench/")) and name.endswith(".py")
        for node in ast.walk(ast.parse(text_of(name)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )

    table = text_of("docs/troubleshooting.md").partition("## Messages")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(quoted) > 8
    pieces = [(message, piece.strip()) for message in quoted for piece in message.split("…")]
    unsaid = [(message, piece) for message, piece in pieces if len(piece) > 3 and not _is_said(piece, said)]
    assert unsaid == []


def _is_said(piece: str, said: str) -> bool:
    return piece.strip(" .:(),") in said
