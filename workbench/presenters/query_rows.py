"""The rows of a query as a cell shows them: without secrets, a window of a few rows whose size is said, long values cut.

DuckDB makes Python objects of the rows in the window only, but it does not say how many there are beyond 9,999, and it shows a
value of a hundred megabytes as it is, which a browser does not survive.
"""

from __future__ import annotations

import re
from typing import Any

from workbench.redaction import display
from workbench.sql.secrets import without_secrets
from workbench.sql.statements import quoted

MOST_CHARACTERS = 200_000
"""A table with more of them is shown with its values cut."""
_CUT_AT = 500
_CUT = f"Values of more than {_CUT_AT} characters are cut here; .df() and .fetchall() have all of them."
_UNCOUNTED_HTML = re.compile(r"of \d+ rows or more")
_UNCOUNTED_TEXT = re.compile(r"( *)\? rows( *)([^\n]*)\n( *)\(>\d+ rows, (\d+) shown\)")


def as_text(relation: Any) -> str:
    """The table as text."""
    shown = as_shown(relation)
    text = repr(shown)
    if len(text) > MOST_CHARACTERS:
        text = f"{repr(_with_values_cut(shown)).rstrip()}\n{_CUT}"
    return _counted(relation, text, "")[0]


def as_bundle(relation: Any) -> dict[str, str] | None:
    """The table for front ends; None where DuckDB has none."""
    shown = as_shown(relation)
    if not hasattr(shown, "_repr_mimebundle_"):
        return None
    bundle, note = shown._repr_mimebundle_(), ""
    if max(map(len, bundle.values())) > MOST_CHARACTERS:
        bundle, note = _with_values_cut(shown)._repr_mimebundle_(), _CUT
    text, html = _counted(relation, bundle.get("text/plain", ""), bundle.get("text/html", ""))
    if note:
        text, html = f"{text.rstrip()}\n{note}", f"{html}<p><small>{note}</small></p>"
    return {**bundle, "text/plain": text, "text/html": html}


def as_shown(relation: Any) -> Any:
    """The same rows, without secrets where they are to be hidden."""
    return without_secrets(relation) if display.hides() else relation


def _with_values_cut(relation: Any) -> Any:
    columns = []
    for name in map(quoted, relation.columns):
        text = f"{name}::VARCHAR"
        columns.append(
            f"CASE WHEN length({text}) > {_CUT_AT} THEN left({text}, {_CUT_AT}) || '…' ELSE {text} END AS {name}"
        )
    return relation.project(", ".join(columns))


def _counted(relation: Any, text: str, html: str) -> tuple[str, str]:
    """Both with the number of rows, where DuckDB has not counted them and counting takes no time."""
    if getattr(relation, "type", "") != "MATERIALIZED_RELATION" or "? rows" not in text:
        return text, html
    count = f"{len(relation):,}"
    text = _UNCOUNTED_TEXT.sub(rf"\g<1>{count} rows\g<2>\g<3>\n\g<4>(\g<5> shown)", text)
    return text, _UNCOUNTED_HTML.sub(f"of {count} rows", html)
