"""Numbers by how they begin."""

from __future__ import annotations


def beginning_with(prefix: str, last: int, limit: int) -> list[str]:
    """The numbers from 1 to `last` whose digits begin with `prefix`, the largest first, at most `limit`.

    Takes no longer for a million than for ten.
    """
    if not prefix:
        return [str(number) for number in range(last, max(0, last - limit), -1)]
    if not prefix.isdecimal() or prefix.startswith("0"):
        return []
    found: list[str] = []
    for more in range(len(str(last)) - len(prefix), -1, -1):
        first, end = int(prefix) * 10**more, (int(prefix) + 1) * 10**more
        newest = min(last, end - 1)
        found += [str(number) for number in range(newest, max(first - 1, newest - limit + len(found)), -1)]
    return found[:limit]
