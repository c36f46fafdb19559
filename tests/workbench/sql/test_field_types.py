import pytest

from workbench.sql.field_types import column_type, common_type, wider

ANNOTATIONS = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "str": "VARCHAR",
    "bool": "BOOLEAN",
    "bytes": "BLOB",
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "datetime.date": "DATE",
    "UUID": "UUID",
    "Decimal": "DECIMAL(38,9)",
    "datetime.timedelta | None": "INTERVAL",
    "list[Decimal]": "VARCHAR[]",
    "int | None": "BIGINT",
    "Optional[float]": "DOUBLE",
    "Union[int, float, NoneType]": "DOUBLE",
    "int | str": "VARCHAR",
    "list[int]": "BIGINT[]",
    "list[list[str]]": "VARCHAR[][]",
    "set[datetime.datetime]": "TIMESTAMP WITH TIME ZONE[]",
    "tuple[int, ...]": "BIGINT[]",
    "tuple[int, str]": "JSON",
    "dict[str, float]": "MAP(VARCHAR, DOUBLE)",
    "dict[int, list[bool]]": "MAP(BIGINT, BOOLEAN[])",
    "dict[str, Any]": "MAP(VARCHAR, JSON)",
    "list[bytes]": "VARCHAR[]",
    "Literal['a', 'b']": "VARCHAR",
    "Annotated[int, 'seconds']": "BIGINT",
    "'list[int]'": "BIGINT[]",
    "list": "JSON",
    "Any": "JSON",
    "__main__.Point": "JSON",
    "list[__main__.Point]": "JSON[]",
    "<class 'odd'>": "JSON",
    "": "JSON",
    "None": "JSON",
    "__import__('os').system('x')": "JSON",
}


@pytest.mark.parametrize("annotation", ANNOTATIONS)
def test_an_annotation_has_its_column_type(annotation: str) -> None:
    assert column_type(annotation) == ANNOTATIONS[annotation]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("int", "int", "BIGINT"),
        ("int", "float", "DOUBLE"),
        ("float", "int", "DOUBLE"),
        ("int", "str", "VARCHAR"),
        ("datetime", "str", "VARCHAR"),
        ("bool", "int", "JSON"),
        ("list[int]", "list[float]", "DOUBLE[]"),
        ("list[int]", "int", "JSON"),
        ("list[int]", "str", "JSON"),
        ("dict[str, int]", "list[int]", "JSON"),
        ("int", "int | None", "BIGINT"),
    ],
)
def test_a_field_that_changed_gets_a_type_for_both(before: str, after: str, expected: str) -> None:
    assert common_type(map(column_type, (before, after))) == expected


@pytest.mark.parametrize(
    "start", ["BIGINT", "DOUBLE", "DATE", "INTERVAL", "DECIMAL(38,9)", "BIGINT[]", "MAP(VARCHAR, BIGINT)"]
)
def test_widening_ends_at_a_type_that_holds_everything(start: str) -> None:
    steps = [start]
    while steps[-1] not in ("VARCHAR", "JSON"):
        steps.append(wider(steps[-1]))

    assert len(steps) <= 3


CLASSES = {
    "Color": '{"members":{"RED":"red","DARK_BLUE":"o\'blue"}}',
    "Level": '{"members":{"LOW":1,"HIGH":2}}',
    "Odd": '{"members":{"ONE":1.5,"TWO":[1,2],"THREE":"x"}}',
    "Point": '{"fields":{"x":"int","color":"Color","level":"__main__.Level","took":"timedelta"}}',
    "Node": '{"fields":{"value":"float","next":"__main__.Node | None"}}',
    "Twice": '{"fields":{"a":"int","A":"int"}}',
    "Empty": '{"fields":{}}',
}

OF_CLASSES = {
    "Color": "ENUM('red', 'o''blue')",
    "__main__.Level | None": "ENUM('LOW', 'HIGH')",
    "Odd": "ENUM('ONE', 'TWO', 'THREE')",
    "list[__main__.Color]": "VARCHAR[]",
    "dict[str, __main__.Level]": "MAP(VARCHAR, BIGINT)",
    "list[Odd]": "JSON[]",
    "Point": 'STRUCT("x" BIGINT, "color" VARCHAR, "level" BIGINT, "took" VARCHAR)',
    "list[__main__.Point]": 'STRUCT("x" BIGINT, "color" VARCHAR, "level" BIGINT, "took" VARCHAR)[]',
    "Node": 'STRUCT("value" DOUBLE, "next" JSON)',
    "Twice": "JSON",
    "Empty": "JSON",
    "Unknown": "JSON",
    "ndarray": "DOUBLE[]",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.int32]]": "BIGINT[]",
    "numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.bool]]": "BOOLEAN[]",
    "list[numpy.ndarray]": "JSON[]",
}


@pytest.mark.parametrize("annotation", OF_CLASSES)
def test_a_class_has_the_type_of_what_it_holds(annotation: str) -> None:
    assert column_type(annotation, CLASSES) == OF_CLASSES[annotation]


def changed(before: str, after: str, newer: dict[str, str]) -> str:
    """The type of a column whose annotation and classes changed."""
    return common_type([column_type(after, {**CLASSES, **newer}), column_type(before, CLASSES)])


def test_a_class_that_changed_has_a_type_that_holds_both() -> None:
    more = {"Color": '{"members":{"RED":"red"}}', "Point": '{"fields":{"x":"float","y":"int"}}'}

    assert changed("Color", "Color", more) == "VARCHAR"
    assert changed("Color", "str", {}) == "VARCHAR"
    assert changed("Level", "int", {}) == "VARCHAR"
    assert changed("Level", "list[int]", {}) == "JSON"
    assert changed("Point", "int", {}) == "JSON"
    assert changed("list[Point]", "list[Point]", more) == (
        'STRUCT("x" DOUBLE, "y" BIGINT, "color" VARCHAR, "level" BIGINT, "took" VARCHAR)[]'
    )


def test_a_type_of_classes_becomes_wider_without_losing_values() -> None:
    assert wider(OF_CLASSES["Color"]) == "VARCHAR"
    assert wider(OF_CLASSES["Point"]) == "JSON"
