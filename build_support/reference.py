"""The reference of the documentation, made from the code: `python build_support/reference.py docs/reference`.

One page each for magics, functions, SQL, settings, metrics, errors and the gRPC service.  Every name of the public surface is in
exactly one group of `GROUPS`; a test fails for one that is in none.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

GROUPS: dict[str, tuple[str, ...]] = {
    "Write actors": (
        "actor", "Actor", "action", "init", "timer", "migrate", "Context", "Value", "Broadcast", "SideEffect", "Pipe", "Forward",
    ),
    "Deploy and redeploy": (
        "deploy", "undeploy", "preview", "redeploy", "versions", "confirm_dropped", "restore", "proto", "contract",
    ),
    "Call actors": ("invoke", "ainvoke", "abandon", "ref", "load", "form"),
    "See what is there": (
        "actors", "state", "mailbox", "logs", "watch", "dashboard", "spawn", "start", "stop", "status",
    ),
    "Ask the past": ("history", "query", "queries", "connection", "as_of", "find", "search", "bisect", "trace", "cause"),
    "What if": ("fork", "replay"),
    "Find faults": (
        "failures", "postmortem", "retry", "dead_letters", "hold", "held", "step", "release", "fault", "faults", "active_faults",
        "end_faults",
    ),
    "Work with other systems": ("attach", "attached", "detach", "audit", "serve", "spawn_database"),
    "Carry away": ("report", "export", "archive", "open_archive"),
    "Learn": ("check",),
}  # fmt: skip
"""The public names by what a user wants to do."""

_SECTIONS = {"Args": "Arguments", "Returns": "Returns", "Raises": "Errors", "Yields": "Yields"}
_NOT_A_PARAMETER = ("--help",)


def functions_page() -> str:
    """Everything in `workbench`, by what a user wants to do."""
    import workbench

    rows = [
        "# Python functions",
        "",
        "`import workbench as wb`. A magic of the same name does the same: {doc}`magics`.",
        "",
    ]
    for title, names in _grouped(workbench.__all__):
        rows += [f"## {title}", ""]
        for name in names:
            rows += _object(f"wb.{name}", _public(workbench, name))
    return "\n".join(rows)


def magics_page() -> str:
    """Every magic, by what a user wants to do, with its arguments."""
    from workbench.kernel_ext.magics.registry import all_names, function_of, parser_of

    names = all_names()
    rows = ["# Magics", "", "`%load_ext workbench` loads them. `%spawn help` lists them, `%invoke?` shows one.", ""]
    for title, group in _grouped({*names["line"], *names["cell"]}):
        rows += [f"## {title}", ""]
        for name in group:
            signs = [sign for sign, kind in (("%", "line"), ("%%", "cell")) if name in names[kind]]
            rows += [
                f"### {' and '.join(f'`{sign}{name}`' for sign in signs)}",
                "",
                docstring(function_of(name).__doc__),
                "",
            ]
            rows += _arguments(parser_of(name))
    return "\n".join(rows)


def sql_page() -> str:
    """Tables and columns, as the database itself describes them."""
    import workbench.sql.field_types as field_types
    import workbench.sql.schema as schema

    rows = ["# SQL tables", "", docstring((schema.__doc__ or "").partition("\n")[2]), ""]
    for table, columns in sql_columns():
        rows += [f"## `{table}`", "", "| column | type | meaning |", "|---|---|---|"]
        rows += [f"| `{name}` | {kind} | {_cell(schema.NOTES.get(f'{table}.{name}', ''))} |" for name, kind in columns]
        rows.append("")
    rows += [
        "## `history.NAME`: the types of state fields",
        "",
        docstring((field_types.__doc__ or "").partition("\n")[2]),
        "",
    ]
    return "\n".join(rows)


def sql_columns() -> list[tuple[str, list[tuple[str, str]]]]:
    """Each table with the names and types of its columns."""
    import duckdb

    import workbench.sql.schema as schema
    from workbench.sql.ingest import TURNS
    from workbench.sql.turns import SCHEMA

    with duckdb.connect() as connection:
        connection.register(TURNS, SCHEMA.empty_table())
        connection.execute(schema.TABLES + schema.TURNS + schema.VIEWS)
        return [
            (table, [(name, str(kind)) for name, kind, *_ in connection.execute(f'DESCRIBE "{table}"').fetchall()])
            for table in schema.NAMES
        ]


def settings_page() -> str:
    """Class keywords of actors, settings of a system, and of the notebook."""
    from runtime.authoring.settings import Settings
    from runtime.config import RuntimeConfig
    from workbench.kernel_ext.extension import Workbench

    rows = [
        "# Settings",
        "",
        "## Of an actor class",
        "",
        '`class Counter(Actor, name="counter", deactivate_timeout="30s")`',
        "",
    ]
    rows += _fields(Settings)
    rows += ["", "## Of a system", "", "`wb.start(…)`, `runtime.embedded(…)` and `python -m runtime serve`", ""]
    rows += _fields(RuntimeConfig)
    rows += [
        "",
        "## Of a notebook",
        "",
        "`%config Workbench.store = …`, or `c.Workbench.store` in `ipython_config.py`",
        "",
    ]
    rows += ["| setting | default | meaning |", "|---|---|---|"]
    for name, trait in sorted(Workbench.class_traits(config=True).items()):
        rows.append(f"| `{name}` | `{trait.default_value!r}` | {_cell(trait.help)} |")
    rows += ["", "## Environment variables", "", "| variable | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in environment_variables()]
    return "\n".join(rows) + "\n"


def environment_variables() -> list[tuple[str, str]]:
    """Every variable that the code reads by name, with what it is for."""
    meanings = {
        "SPAWN_STATESTORE_KEY": "key of the state store, base64 of 32 bytes; without it one is made for each store",
        "SPAWN_STATESTORE_OLD_KEYS": "earlier keys, separated by commas: they open what was written before the key was changed",
        "SPAWN_BACKUP_PASSPHRASE": "passphrase of `python -m runtime backup` and `restore`",
        "PROXY_ACTOR_SYSTEM_NAME": "name of the actor system that a proxy serves",
        "PROXY_DATABASE_TYPE": "where `serve` without `--store` keeps states: `postgres`, `mariadb`, `mysql`, `cockroachdb`, "
        "`mssql`, or `native` for a file in `/data/SYSTEM`",
        "PROXY_DATABASE_HOST": "server of that database; default: `localhost`",
        "PROXY_DATABASE_PORT": "its port; default: the usual one of its type",
        "PROXY_DATABASE_NAME": "name of the database; default: `eigr-functions-db`",
        "PROXY_DATABASE_USERNAME": "its user; default: `admin`",
        "PROXY_DATABASE_SECRET": "that user's password; default: `admin`",
        "PROXY_DATABASE_SSL": "`true`: the connection to it is encrypted",
        "PROXY_DATABASE_SSL_VERIFY": "`true`: and the server's certificate checked",
        "PROXY_HTTP_HOST": "host name of a proxy's HTTP port, as Spawn's SDKs read it",
        "PROXY_HTTP_PORT": "HTTP port of a proxy, as Spawn's SDKs read it",
        "PROXY_GRPC_PORT": "gRPC port that `serve` listens at",
        "PROXY_GRPC_SERVER_ENABLED": "`false`: `serve` opens no gRPC port",
        "SPAWN_LOOPBACK_USERS": "users whose processes may call listeners without a token beside root and the one who started the "
        "listener: names or numbers, separated by commas; `*` for all",
        "SPAWN_PROXY_URL": "the proxy that `python -m runtime host` registers with, where `--proxy` does not say it",
        "USER_FUNCTION_HOST": "host name under which a proxy calls this actor host",
        "USER_FUNCTION_PORT": "port at which a proxy calls its actor host",
        "XDG_DATA_HOME": "keys and tokens are kept in `spawn-workbench` there",
        "HOME": "without XDG_DATA_HOME: keys and tokens are kept in `.local/share/spawn-workbench` there",
        "JPY_SESSION_NAME": "set by Jupyter: the notebook, after which the store is named",
    }
    found = sorted({name for path in _sources() for name in _read_variables(path)})
    return [
        (name, meanings.get(name, ""))
        for name in found
        if name in meanings or name.startswith(("SPAWN", "PROXY", "USER"))
    ]


def metrics_page() -> str:
    """What `/metrics` of a served system counts."""
    from runtime.servers.spawn_proxy.metrics import metric_families

    rows = [
        "# Metrics",
        "",
        "Prometheus text, at `/metrics` of the proxy's port.",
        "",
        "| name | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| `{name}` | {kind} | {', '.join(labels)} | {_cell(text)} |" for name, kind, labels, text in metric_families()
    ]
    return "\n".join(rows) + "\n"


def errors_page() -> str:
    """The tree of errors, with the code that crosses a wire."""
    from runtime import errors

    rows = [
        "# Errors",
        "",
        docstring(errors.__doc__),
        "",
        "| error | code | same call may succeed later | meaning |",
        "|---|---|---|---|",
    ]
    for depth, kind in _tree(errors.SpawnError, 0):
        if kind.__module__ == errors.__name__:
            indent = "&emsp;" * depth
            retry = "yes" if kind.retryable else ""
            rows.append(f"| {indent}`{kind.__name__}` | `{kind.code}` | {retry} | {_cell(_first(kind.__doc__))} |")
    return "\n".join(rows) + "\n"


def grpc_page() -> str:
    """The service between notebooks, from its contract."""
    text = (ROOT / "protos" / "workbench" / "v1" / "node.proto").read_text("utf-8")
    intro = "\n".join(line.removeprefix("//").strip() for line in text.partition("syntax")[0].splitlines())
    rows = [
        "# gRPC: `workbench.v1.Node`",
        "",
        intro,
        "",
        "| call | request | answer | what it does |",
        "|---|---|---|---|",
    ]
    rows += [f"| `{name}` | `{asked}` | `{told}` | {_cell(note)} |" for name, asked, told, note in grpc_calls(text)]
    return "\n".join(rows) + "\n\nThe messages are in `protos/workbench/v1/node.proto`.\n"


def grpc_calls(text: str) -> list[tuple[str, str, str, str]]:
    """Name, request, answer and comment of each call of a contract."""
    found, comment = [], []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        if call := re.match(r"rpc (\w+)\(([\w. ]+)\) returns \(([\w. ]+)\)", line):
            found.append((call[1], call[2], call[3], " ".join(comment)))
        comment = []
    return found


PAGES: dict[str, Callable[[], str]] = {
    "magics": magics_page,
    "functions": functions_page,
    "sql": sql_page,
    "settings": settings_page,
    "metrics": metrics_page,
    "errors": errors_page,
    "grpc": grpc_page,
}


def write(folder: Path) -> None:
    """Make every page; one that is up to date keeps its time, so that Sphinx does not read it again."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = folder / f"{name}.md", page()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def docstring(text: str | None) -> str:
    """A docstring as Markdown: sections as headings in bold, their entries as lists, examples as blocks."""
    lines = inspect.cleandoc(text or "").splitlines()
    rows: list[str] = []
    while lines:
        line = lines.pop(0)
        section = re.fullmatch(r"(\w+):", line)
        if section and section[1] in _SECTIONS:
            rows += [f"**{_SECTIONS[section[1]]}**", "", *_entries(_block(lines)), ""]
        elif line.endswith("::"):
            rows += [line[:-1], "", "```text", *_block(lines), "```", ""]
        else:
            rows.append(line)
    return "\n".join(rows).strip()


def _block(lines: list[str]) -> list[str]:
    """Take the indented lines that follow, without their indentation."""
    taken: list[str] = []
    while lines and (not lines[0] or lines[0].startswith("    ")):
        taken.append(lines.pop(0))
    return inspect.cleandoc("\n".join(taken)).splitlines() if taken else []


def _entries(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if entry := re.match(r"([\w*, .|]+): (.*)", line):
            yield f"- `{entry[1]}`: {entry[2]}"
        else:
            yield f"  {line}" if line else ""


def _object(name: str, value: Any) -> list[str]:
    rows = [f"### `{name}`", ""]
    if callable(value):
        rows += ["```python", f"{name.removeprefix('wb.')}{_signature(value)}", "```", ""]
    rows += [docstring(inspect.getdoc(value)), ""]
    if isinstance(value, type):
        for member, each in vars(value).items():
            if (
                not member.startswith("_")
                and (doc := inspect.getdoc(getattr(value, member)))
                and callable(getattr(value, member))
            ):
                rows += [f"- `{member}{_signature(each)}`: {_first(doc)}"]
        rows.append("")
    elif not callable(value):  # a collection, such as the library of queries
        rows += [f"- `{each.name}`: {each.what}" for each in value]
        rows.append("")
    return rows


def _public(workbench: Any, name: str) -> Any:
    found = getattr(workbench, name)
    if inspect.ismodule(found):  # a package that is also a command
        from importlib import import_module

        return getattr(import_module(workbench._CALLED_PACKAGES[name]), name)
    return found


def _signature(value: Any) -> str:
    try:
        text = str(inspect.signature(getattr(value, "__func__", value)))
    except (TypeError, ValueError):
        return "(…)"
    return (
        re.sub(r"'([^']*)'", lambda found: found[0] if found[1] in ("look", "") else found[1], text)
        .replace("self, ", "")
        .replace("(self)", "()")
    )


def _arguments(parser: Any) -> list[str]:
    if parser is None:
        return []
    rows = ["| argument | meaning |", "|---|---|"]
    for each in parser._actions:
        names = each.option_strings or [each.metavar or each.dest]
        if names[-1] not in _NOT_A_PARAMETER:
            metavar = f" {each.metavar}" if each.option_strings and each.metavar and each.nargs != 0 else ""
            text = (each.help or "") % {"default": each.default, "prog": "", "metavar": each.metavar}
            rows.append(f"| `{', '.join(map(str, names))}{metavar}` | {_cell(text)} |")
    return [*rows, ""] if len(rows) > 2 else []


def _fields(kind: Any) -> list[str]:
    """Name, default and docstring of the fields of a struct, read from its source."""
    [tree] = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    for number, node in enumerate(tree.body):
        if not isinstance(node, ast.AnnAssign):
            continue
        following = tree.body[number + 1] if number + 1 < len(tree.body) else None
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        text = str(following.value.value) if is_text else ""  # type: ignore[union-attr]
        default = f"`{ast.unparse(node.value)}`" if node.value is not None else ""
        rows.append(
            f"| `{ast.unparse(node.target)}` | `{_cell(ast.unparse(node.annotation))}` | {default} | {_cell(text)} |"
        )
    return rows


def _grouped(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    wanted = set(names)
    for title, group in GROUPS.items():
        if found := [name for name in group if name in wanted]:
            yield title, found


def _tree(kind: Any, depth: int) -> Iterator[tuple[int, Any]]:
    yield depth, kind
    for child in kind.__subclasses__():
        yield from _tree(child, depth + 1)


def _first(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sources() -> Iterator[Path]:
    for package in ("runtime", "workbench"):
        yield from (path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)


def _read_variables(path: Path) -> Iterator[str]:
    yield from re.findall(r"""environ(?:ment)?(?:\.get\(|\[)["']([A-Z][A-Z0-9_]+)["']""", path.read_text("utf-8"))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference")
