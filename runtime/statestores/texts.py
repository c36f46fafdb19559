"""Texts that UTF-8 cannot hold.

Python strings may contain lone surrogates, such as a file name in an exception's message.  No turn may be lost for that, nor
the journal come to a halt: where such a group cannot be written, each is replaced by U+FFFD, as a browser would show it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from runtime.statestores.base import Group

_SURROGATES = re.compile("[\ud800-\udfff]")


def encodable(group: Group) -> Group:
    """The same group without lone surrogates."""
    return msgspec.convert(cleaned(msgspec.to_builtins(group, builtin_types=(bytes,))), Group)


def cleaned(value: Any) -> Any:
    """The same builtin value without lone surrogates."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(item) for name, item in value.items()}
    return value
