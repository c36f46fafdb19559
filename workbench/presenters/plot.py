"""The obvious picture of a query's answer: a Vega-Lite chart as an SVG that stays in the notebook, and the code that makes it.

| columns | picture |
|---|---|
| a time and numbers | a line for each number, or for each value of a text; steps, where the rows are revisions of a state |
| two numbers | a line where the first one grows from row to row, else points |
| a text and a number | a bar for each row |
| one number | a histogram |
| one text | a bar with the count of each value |

Drawn by `vl_convert` without a browser or a network; the chart itself is Altair's, to be worked on.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from runtime.errors import BadQuery
from workbench.redaction import display
from workbench.render.formats import plural
from workbench.results import NotInstalled
from workbench.sql.secrets import without_secrets

MOST_POINTS = 5_000
"""At most so many rows are drawn, evenly taken from all."""
_MOST_COLOURS = 12
_WIDTH, _HEIGHT = 560, 260

_NUMBERS = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT",
    "DOUBLE", "DECIMAL",
}  # fmt: skip
_TEXTS = {"VARCHAR", "BOOLEAN", "UUID", "ENUM"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}


class Plot:
    """A chart of a relation's rows, which shows itself as an SVG."""

    def __init__(self, relation: Any, *, of_states: bool = False) -> None:
        """Nothing is drawn yet.

        Args:
            relation: a DuckDB relation.
            of_states: its rows are revisions of states, each of which lasts until the next one.

        Raises:
            BadQuery: nothing in it can be drawn.
        """
        relation = without_secrets(relation) if display.hides() else relation
        self._relation, self.rows = relation, len(relation)
        self._step = -(-self.rows // MOST_POINTS)
        self._design = design_of(relation, of_states=of_states)

    @property
    def code(self) -> str:
        """Python that makes the chart from the answer of the query in a variable `rows`."""
        some = f".iloc[::{self._step}]" if self._step > 1 else ""
        return (
            f"import altair as alt\n\nalt.Chart(rows.df(){some}, width={_WIDTH}, height={_HEIGHT}){self._design.code}"
        )

    @cached_property
    def chart(self) -> Any:
        """The Altair chart.

        Raises:
            NotInstalled: there is no altair.
        """
        altair = _package("altair")
        chart = self._design.applied(altair, altair.Chart(self._points(), width=_WIDTH, height=_HEIGHT))
        if self._step > 1:
            chart = chart.properties(title=f"{plural(self.rows, 'row')}, one in {self._step} drawn")
        return chart

    @cached_property
    def svg(self) -> str:
        """The picture.

        Raises:
            NotInstalled: altair or vl-convert-python is missing.
        """
        drawn: str = _package("vl_convert", "vl-convert-python").vegalite_to_svg(self.chart.to_json(validate=False))
        return drawn

    def _points(self) -> Any:
        table = self._relation.project(", ".join(self._design.columns)).to_arrow_table()
        return table.take(list(range(0, self.rows, self._step))) if self._step > 1 else table

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.code}


def _package(name: str, distribution: str = "") -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NotInstalled(distribution or name) from None


# --- Which picture ----------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column of the answer, and what it is to a chart."""

    name: str
    kind: str
    """`quantitative`, `temporal` or `nominal`."""
    type: str = ""
    """In SQL."""

    @property
    def field(self) -> str:
        """The name as charts write it: dots and brackets would lead into a value."""
        return "".join(f"\\{letter}" if letter in ".[]\\" else letter for letter in self.name)

    @property
    def expression(self) -> str:
        """The column as SQL, in a type that every chart takes."""
        quoted = '"' + self.name.replace('"', '""') + '"'
        wanted = {"quantitative": "DOUBLE", "nominal": "VARCHAR"}.get(self.kind)
        return f"CAST({quoted} AS {wanted}) AS {quoted}" if wanted else quoted


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel of the chart shows."""

    name: str
    """`x`, `y` or `color`."""
    column: Column | None = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of Altair's class for the channel."""
        if self.column is None:
            return self.options
        title = {"title": self.column.name} if "title" not in self.options else {}
        return {"field": self.column.field, "type": self.column.kind, **title, **self.options}

    @property
    def code(self) -> str:
        """The channel as Python."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}=alt.{self.name.title()}({shown})"


@dataclass(frozen=True, slots=True)
class Design:
    """A chart, but for its data: applied with Altair, or as code."""

    mark: str
    channels: tuple[Channel, ...]
    folded: tuple[str, ...] = ()
    """Columns that become one, with their name in another."""
    columns: tuple[str, ...] = ()
    interpolate: str = ""
    """How a line goes from point to point, if not straight."""

    @property
    def _options(self) -> dict[str, Any]:
        return {"tooltip": True, **({"interpolate": self.interpolate} if self.interpolate else {})}

    @property
    def code(self) -> str:
        """What follows the chart's data in Python."""
        fold = f".transform_fold({list(self.folded)!r})" if self.folded else ""
        encoded = ",\n    ".join(channel.code for channel in self.channels)
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"{fold}.mark_{self.mark}({options}).encode(\n    {encoded},\n)"

    def applied(self, altair: Any, chart: Any) -> Any:
        """The chart with this design."""
        if self.folded:
            chart = chart.transform_fold(list(self.folded))
        channels = {each.name: getattr(altair, each.name.title())(**each.arguments) for each in self.channels}
        return getattr(chart, f"mark_{self.mark}")(**self._options).encode(**channels)


def design_of(relation: Any, *, of_states: bool = False) -> Design:
    """The obvious chart of a relation.

    Args:
        of_states: a line over the time or number of a revision goes in steps.

    Raises:
        BadQuery: it has no column that could be drawn.
    """
    columns = [Column(name, kind, type_) for name, type_ in _described(relation) if (kind := _kind(type_))]
    times = [each for each in columns if each.kind == "temporal"]
    numbers = [each for each in columns if each.kind == "quantitative"]
    texts = [each for each in columns if each.kind == "nominal"]
    found = _drawn(relation, times, numbers, texts)
    if found is None:
        raise BadQuery(
            f"Cannot draw the answer: none of its columns ({', '.join(relation.columns) or 'there are none'}) is a number, "
            "a time or a text."
        )
    used = {each.column.expression for each in found.channels if each.column is not None}
    folded = [each.expression for each in numbers if each.field in found.folded]
    x = next((each.column for each in found.channels if each.name == "x"), None)
    has_steps = of_states and found.mark == "line" and x is not None and x.name in _OF_A_REVISION
    return Design(
        found.mark, found.channels, found.folded, tuple(sorted({*used, *folded})), "step-after" if has_steps else ""
    )


_OF_A_REVISION = ("at", "revision")
"""Columns that tell when a state began."""


def _drawn(relation: Any, times: list[Column], numbers: list[Column], texts: list[Column]) -> Design | None:
    if times and numbers:
        return _over(Channel("x", times[0], _time_axis(relation, times[0])), "line", relation, numbers, texts)
    if len(numbers) > 1:
        first, rest = numbers[0], numbers[1:]
        colours = _colours(relation, texts)
        mark = "line" if not colours and _grows(relation, first) else "point"
        return _over(Channel("x", first, {"scale": {"zero": False}}), mark, relation, rest, texts)
    if texts and numbers:
        bar = Channel("y", texts[0], {"sort": "-x"})
        return Design("bar", (Channel("x", numbers[0]), bar, *_colours(relation, texts[1:])))
    if numbers:
        return Design(
            "bar",
            (Channel("x", numbers[0], {"bin": True}), Channel("y", None, {"aggregate": "count", "title": "count"})),
        )
    if texts:
        return Design(
            "bar",
            (Channel("x", None, {"aggregate": "count", "title": "count"}), Channel("y", texts[0], {"sort": "-x"})),
        )
    if times:
        return Design("tick", (Channel("x", times[0], _time_axis(relation, times[0])),))
    return None


def _over(x: Channel, mark: str, relation: Any, numbers: list[Column], texts: list[Column]) -> Design:
    """One number in the colours of a text, or several, each in a colour of its own."""
    if len(numbers) == 1:
        return Design(mark, (x, Channel("y", numbers[0], {"scale": {"zero": False}}), *_colours(relation, texts)))
    value = Channel("y", None, {"field": "value", "type": "quantitative", "title": ""})
    return Design(
        mark,
        (x, value, Channel("color", None, {"field": "key", "type": "nominal", "title": ""})),
        tuple(each.field for each in numbers),
    )


def _colours(relation: Any, texts: list[Column]) -> tuple[Channel, ...]:
    """The first text with few values."""
    for text in texts:
        ((values,),) = relation.aggregate(f"count(DISTINCT {_quoted(text.name)})").fetchall()
        if 1 < values <= _MOST_COLOURS:
            return (Channel("color", text),)
    return ()


def _grows(relation: Any, column: Column) -> bool:
    name = _quoted(column.name)
    order = relation.project(f"{name} > lag({name}) OVER () AS grows").aggregate("coalesce(bool_and(grows), true)")
    return bool(order.fetchall()[0][0])


# --- The labels of a time: 24 hours, with as much of the date as its span needs ---------------------------------------

_TICKS = 8


def _time_axis(relation: Any, column: Column) -> dict[str, Any]:
    """Options of a channel.  A day that all times have in common stands in the title."""
    options: dict[str, Any] = {"scale": {"type": "utc"}}
    span = _span(relation, column)
    if span is None:
        return options
    first, last = span
    has_few_days = column.type == "DATE" and last - first < timedelta(days=15)
    axis = {
        "format": _labels(first, last, column.type),
        "tickCount": "day" if has_few_days else _TICKS,
        "labelSeparation": 8,  # a page has other fonts than those that the picture is measured with
    }
    is_one_day = column.type != "DATE" and first.date() == last.date()
    notes = [f"{first:%d %b %Y}"] if is_one_day else []
    notes += ["UTC"] if column.type == "TIMESTAMP WITH TIME ZONE" else []
    title = {"title": f"{column.name} ({', '.join(notes)})"} if notes else {}
    return {**options, "axis": axis, **title}


def _labels(first: datetime, last: datetime, type_: str) -> str:
    """The format of about eight labels, so that no two neighbours are equal."""
    span = last - first
    if span >= timedelta(days=15 * 366):
        return "%Y"
    if span >= timedelta(days=400):
        return "%b %Y"
    date = "%d %b" if first.year == last.year else "%d %b %Y"
    if type_ == "DATE" or span >= timedelta(days=15):
        return date
    time = "%H:%M:%S.%L" if span < timedelta(seconds=15) else "%H:%M:%S" if span < timedelta(minutes=15) else "%H:%M"
    return time if first.date() == last.date() else f"{date} {time}"


def _span(relation: Any, column: Column) -> tuple[datetime, datetime] | None:
    """The first and the last time; None if there is none, or one that is no date, such as infinity."""
    name = _quoted(column.name)
    time = name if column.type in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE") else f"CAST({name} AS TIMESTAMP)"
    found = relation.filter(f"isfinite({time})").aggregate(f"epoch_us(min({time})), epoch_us(max({time}))").fetchall()
    [(first_us, last_us)] = found
    try:
        return None if first_us is None else (_moment(first_us), _moment(last_us))
    except OverflowError:
        return None


def _moment(at_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


# --- What the columns of an answer are --------------------------------------------------------------------------------


def _described(relation: Any) -> Sequence[tuple[str, str]]:
    return [(name, str(type_)) for name, type_ in zip(relation.columns, relation.types, strict=True)]


def _kind(type_: str) -> str:
    plain = type_.partition("(")[0]
    if plain in _NUMBERS:
        return "quantitative"
    return "temporal" if plain in _TIMES else "nominal" if plain in _TEXTS else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
