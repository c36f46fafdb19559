"""What a stop tells while it lasts."""

from workbench.shutdown import Progress


def test_stop_gives_its_advice_once_and_counts_only_where_they_changed() -> None:
    lines, now = list[str](), [0.0]
    progress = Progress(lines.append, lambda: now[0])

    for at_s, mail in ((0.4, 3), (0.6, 3), (1.7, 3), (1.8, 2), (1.9, 1), (2.9, 1), (3.0, 0)):
        now[0] = at_s
        progress.see({"mail": mail} if mail else {})

    assert lines == [
        "Still processing before the stop: 3 messages (mail 3). Interrupt to leave them as dead letters.",
        "Still processing before the stop: 2 messages (mail 2).",
        "Still processing before the stop: 1 message (mail 1).",
    ]
