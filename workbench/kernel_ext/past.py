"""`%history`: two magics under one name, IPython's own and ours."""

from __future__ import annotations

import re

# `%history`, `%history -n`, `%history 4-6`, `%history ~1/3 -f out.py`: lines of input, not an actor.
_FOR_IPYTHON = re.compile(r"\s*(?:\Z|-(?!-(?:help|limit|revision)\b)|~?\d[\d/~-]*(?:\s|\Z))")


def is_for_ipython(line: str) -> bool:
    """Whether the line asks for lines of input instead of an actor."""
    return _FOR_IPYTHON.match(line) is not None
