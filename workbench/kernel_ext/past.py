"""`%history`: two magics under one name, IPython's own and ours."""

from __future__ import annotations

import re

from IPython.core.error import UsageError

from workbench.commands.history import history
from workbench.kernel_ext.words import Names, read_word
from workbench.results import History

# `%history`, `%history -n`, `%history 4-6`, `%history ~1/3 -f out.py`: lines of input, not an actor.
_FOR_IPYTHON = re.compile(r"\s*(?:\Z|-|~?\d[\d/~-]*(?:\s|\Z))")


def is_for_ipython(line: str) -> bool:
    """Whether the line asks for lines of input instead of an actor."""
    return _FOR_IPYTHON.match(line) is not None


def history_of_actor(words: list[str], names: Names) -> History:
    """`ACTOR [--limit N]`.

    Raises:
        UsageError: anything else.
    """
    match words:
        case [actor]:
            return history(read_word(actor, names))
        case [actor, "--limit", limit] | ["--limit", limit, actor] if limit.isdecimal() and int(limit) > 0:
            return history(read_word(actor, names), int(limit))
        case _:
            raise UsageError(f"Expected %history ACTOR [--limit N], found: {' '.join(words)}")
