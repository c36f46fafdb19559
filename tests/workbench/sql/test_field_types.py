import pytest

from workbench.sql.field_types import column_type, wider

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
    assert column_type([annotation]) == ANNOTATIONS[annotation]


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
    assert column_type([before, after]) == expected


@pytest.mark.parametrize(
    "start", ["BIGINT", "DOUBLE", "DATE", "INTERVAL", "DECIMAL(38,9)", "BIGINT[]", "MAP(VARCHAR, BIGINT)"]
)
def test_widening_ends_at_a_type_that_holds_everything(start: str) -> None:
    steps = [start]
    while steps[-1] not in ("VARCHAR", "JSON"):
        steps.append(wider(steps[-1]))

    assert len(steps) <= 3
