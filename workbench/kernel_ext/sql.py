"""`%query`: SQL with the notebook's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError

from workbench.commands.query import query

# Strings, quoted names and comments are passed over; what is left of `$name` is a parameter.
_TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$([^\W\d]\w*)""", re.DOTALL)


def run_query(sql: str, variables: Mapping[str, Any]) -> Any:
    """The relation of a query whose `$name` parameters are variables.

    Raises:
        UsageError: no SQL, or a parameter without a variable.
    """
    if not sql:
        raise UsageError("Write the SQL beside %query or below %%query, such as: SELECT * FROM actors")
    names = parameters(sql)
    missing = [name for name in names if name not in variables]
    if missing:
        raise UsageError(f"The query uses ${missing[0]}, but this notebook has no variable {missing[0]!r}.")
    return query(sql, {name: variables[name] for name in names} or None)


def parameters(sql: str) -> list[str]:
    """Names of the `$name` parameters, each once, outside strings and comments."""
    return list(dict.fromkeys(match[1] for match in _TOKENS.finditer(sql) if match[1]))
