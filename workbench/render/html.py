"""HTML in which a plain string is always text: only `Markup`, made here, is inserted as it is.

Styles are inline, because a saved notebook, an export and an editor's webview each drop style sheets in their own
way.  Colours come from JupyterLab's variables, then from VS Code's, then from the system, so that light, dark and
high-contrast themes hold without JavaScript.  `Rendering` is the same thing as text and as HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import msgspec

from workbench.redaction import redacted_source, redacted_text
from workbench.render.formats import printable, shortened

TEXT = "var(--jp-ui-font-color1,var(--vscode-editor-foreground,inherit))"
MUTED = "opacity:.75"
"""Second rank by opacity: every theme's own second colour misses the contrast that small text needs somewhere."""
LINE = "rgba(128,128,128,.3)"
"""Seen on light and dark alike; it stands in every cell, so it is short."""
ERROR = "var(--jp-error-color1,var(--vscode-errorForeground,#d32f2f))"
CODE_FONT = "var(--jp-code-font-family,monospace)"
UI_FONT = "var(--jp-ui-font-family,system-ui,sans-serif)"

FRAME = f"color:{TEXT};font:13px/1.45 {UI_FONT};text-align:left"
_CELL = f"padding:2px 12px 2px 0;border-bottom:1px solid {LINE}"


class Markup(str):
    """HTML that was put together here, so that it need not be escaped again."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str) -> Markup:
    """One element.  Strings are escaped, `Markup` not; `aria_label` becomes `aria-label`; empty ones are left out."""
    names = "".join(f' {k.rstrip("_").replace("_", "-")}="{_escaped(v)}"' for k, v in attributes.items() if v)
    return Markup(f"<{tag}{names}>{join(content)}</{tag}>")


def join(parts: Iterable[str]) -> Markup:
    """Parts one after another, each escaped unless it is `Markup`."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in parts))


def _escaped(text: str) -> str:
    return escape(redacted_text(printable(text)), quote=True)


def lines(text: str) -> Markup:
    """Text that keeps its lines and columns."""
    shown = [_escaped(line) for line in redacted_text(text).expandtabs().split("\n")]
    return element("pre", Markup("\n".join(shown)), style="white-space:pre-wrap;margin:0;padding:0")


def source(text: str) -> Markup:
    """A program's text, in which only literals are hidden that a secret's name is given."""
    return Markup(escape(redacted_source(printable(text)), quote=True))


def code(text: str) -> Markup:
    """A name or value in the code font."""
    return element("span", text, style=f"font-family:{CODE_FONT}")


def muted(*content: str) -> Markup:
    """Something of second rank."""
    return element("span", *content, style=f"{MUTED}")


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], caption: str = "") -> Markup:
    """A table with a caption and column heads that a screen reader can name."""
    head = element("tr", *(_cell("th", column, column.head) for column in columns))
    body = [
        element("tr", *(_cell("td", c, v) for c, v in zip(columns, row, strict=True)), style="background:none")
        for row in rows
    ]
    title = element("caption", caption, style=f"caption-side:top;text-align:left;padding:2px 0;{MUTED}")
    return element(
        "table",
        *([title] if caption else []),
        element("thead", head),
        element("tbody", *body),
        style=f"{FRAME};border-collapse:collapse;border:0;margin:2px 0",
    )


def _cell(tag: str, column: Column, content: str) -> Markup:
    style = f"{_CELL};text-align:{'right' if column.right else 'left'}"
    if tag == "th":
        return element("th", content, scope="col", style=f"{style};font-weight:600;white-space:nowrap")
    if column.right:
        style += ";white-space:nowrap"
    if column.code:
        style += f";font-family:{CODE_FONT}"
    return element("td", content, style=style)


# --- What a presenter hands out: the same thing as text and as HTML ---------------------------------------------------


class Rendering(msgspec.Struct, frozen=True):
    """Text for terminals, logs and screen readers; HTML for notebooks, also without a kernel and without JavaScript."""

    text: str
    html: str

    def mimebundle(self) -> dict[str, str]:
        """What `_repr_mimebundle_` and `display(…, raw=True)` want."""
        return bundle(redacted_text(self.text), self.html)


def bundle(text: str, html: str, **further: str) -> dict[str, str]:
    """Content by MIME type, as plain strings: some front ends take no string of a class of its own, such as `Markup`.

    `further` names types by their last part: `svg`, `mermaid`.
    """
    kinds = {"svg": "image/svg+xml", "mermaid": "text/vnd.mermaid"}
    found = {"text/plain": text, "text/html": html, **{kinds[name]: content for name, content in further.items()}}
    return {kind: str(content) for kind, content in found.items()}


# --- Tables as text for terminals and logs, and what a column is, in text and in HTML ---------------------------------


class Column(msgspec.Struct, frozen=True):
    """How one column of a table looks."""

    head: str
    right: bool = False
    """Numbers stand at the right edge."""
    code: bool = False
    """Names and values stand in the code font."""


def aligned(heads: Sequence[Column], rows: Iterable[Sequence[str]], indent: str = "", widest: int = 48) -> str:
    """Aligned columns under their heads; a cell is one line of at most `widest` characters, the last twice that."""
    last = len(heads) - 1
    table = [[c.head for c in heads]]
    table += [[_shown(cell, widest * 2 if i == last else widest) for i, cell in enumerate(row)] for row in rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    lines = (
        "  ".join(cell.rjust(w) if c.right else cell.ljust(w) for cell, w, c in zip(row, widths, heads, strict=True))
        for row in table
    )
    return "\n".join((indent + line).rstrip() for line in lines)


def _shown(cell: str, widest: int) -> str:
    return shortened(redacted_text(cell), widest)
