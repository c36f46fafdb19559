"""How much the tests notice: `python -m build_support.mutate --minutes 30` changes the code and looks whether a test fails.

A mutant is the code with one small change: a comparison turned round, a check left out, a number one off.  A test that fails
*kills* it; one that no test notices *survives*, and shows a promise that nothing holds.  docs/testing.md has the figures and
what the survivors were.

The changes are cosmic-ray's, and two of our own (`SkipStatement`, `SkipBranch`).  Each is made in a copy of the tree, one copy
for each process, and is tested in a process of its own with a time-out and a limit of memory; the tree itself is only read.
Rooms take turns, and in each room each place of the code comes once before any comes twice; the order depends on the seed only,
so a longer run contains a shorter one.  A change that leaves the same code beside annotations and docstrings is skipped.

When the run ends, by whatever, what it started ends too (`tests/processes.py`).
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import parso

from tests import processes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "mutate"
"""What the last run found: `results.jsonl`, one mutant a line, and `survivors.diff`."""

COPIED = ("runtime", "workbench", "tests", "build_support", "protos", "pyproject.toml")
MEMORY_KIB = 6 * 1024 * 1024
START_S, TIMES_SLOWER, TEST_S = 20, 3, 30
"""A mutant may take START_S and so many times as long as its tests do without a mutant, each test of it TEST_S."""

PYTEST = (
    "-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--hypothesis-profile=ci",
    "--timeout", str(TEST_S), "-o", "tmp_path_retention_policy=none", "-m", "not bench and not browser and not slow",
    "-k", "not mariadb and not mysql and not postgresql",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the code, the tests that each of its mutants runs, and those that only mutants of one module run, first."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    own_tests: dict[str, tuple[str, ...]]

    def modules(self) -> list[str]:
        found = {path for each in self.sources for path in ROOT.glob(each)}
        return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py")

    def tests_of(self, module: str) -> list[str]:
        """The tests for a mutant of that module, those that fail soonest first."""
        return _files((*self.own_tests.get(Path(module).stem, ()), *self.tests))

    def all_tests(self) -> list[str]:
        return _files((*(test for each in self.own_tests.values() for test in each), *self.tests))


def _files(patterns: Sequence[str]) -> list[str]:
    names = [str(path.relative_to(ROOT)) for each in patterns for path in sorted(ROOT.glob("tests/" + each))]
    return list(dict.fromkeys(names))


_STORES = "runtime/stores/"
_DRIVERS = "runtime/drivers/"
# fmt: off
ROOMS = {
    "engine": Room(
        sources=("runtime/engine/*.py",),
        tests=("runtime/engine/test_[!p]*.py", "runtime/engine/test_properties.py", "runtime/test_admission.py"),
        own_tests={
            "breakpoints": ("runtime/engine/test_breakpoints.py",),
            "call_graph": ("runtime/system/test_calls.py",),
            "commands": ("runtime/engine/test_redeploy.py",),
            "directory": ("runtime/system/test_embedded.py", "runtime/system/test_embedded_checks.py"),
            "feed": ("runtime/system/test_embedded.py", "runtime/system/test_embedded_checks.py"),
            "ready": ("runtime/engine/test_ready.py",),
            "timers": ("runtime/engine/test_time.py", "runtime/engine/test_schedules.py"),
            "turns": ("runtime/engine/test_kinds.py",),
        },
    ),
    "drivers": Room(
        sources=("runtime/drivers/*.py",),
        tests=(
            f"{_DRIVERS}test_service.py", f"{_DRIVERS}test_store_reads.py", f"{_DRIVERS}test_monitor.py",
            f"{_DRIVERS}test_isolation.py", "runtime/system/test_calls.py", "runtime/system/test_embedded.py",
        ),
        own_tests={
            "coroutines": (f"{_DRIVERS}test_coroutines.py", f"{_DRIVERS}test_runaway.py"),
            "event_loops": (f"{_DRIVERS}test_coroutines.py", f"{_DRIVERS}test_runaway.py"),
            "projections": (f"{_DRIVERS}test_projections.py",),
            "queues": (f"{_DRIVERS}test_queues.py",),
            "recorder": (f"{_DRIVERS}test_recorder.py", f"{_DRIVERS}test_actor_retention.py"),
            "replies": (f"{_DRIVERS}test_replies.py",),
            "runaway": (f"{_DRIVERS}test_runaway.py", f"{_DRIVERS}test_limits.py"),
            "spin_wait": (f"{_DRIVERS}test_spin_wait.py",),
            "step_driver": ("runtime/engine/test_*.py", "workbench/teaching/test_interleavings.py"),
            "thread_driver": (f"{_DRIVERS}test_remainder.py",),
            "worker": (f"{_DRIVERS}test_worker_pool.py", f"{_DRIVERS}test_runaway.py"),
            "worker_pool": (f"{_DRIVERS}test_worker_pool.py",),
        },
    ),
    "journal": Room(
        sources=("runtime/stores/journal/*.py", "runtime/stores/journal/columns/*.py"),
        tests=(f"{_STORES}test_checks.py", f"{_STORES}journal/test_steps.py", f"{_STORES}test_model.py"),
        own_tests={
            "attestation": (f"{_STORES}test_tampering.py",),
            "blocks": (f"{_STORES}journal/test_blocks.py", f"{_STORES}test_tampering.py"),
            "batches": (f"{_STORES}journal/test_merge.py", f"{_STORES}test_quarantine.py"),
            "deltas": (f"{_STORES}journal/test_deltas.py",),
            "encryption": (f"{_STORES}journal/test_encryption.py", f"{_STORES}journal/test_rekey.py"),
            "idempotency": (f"{_STORES}journal/test_key_filter.py", f"{_STORES}test_tampering.py"),
            "reader": (f"{_STORES}test_tampering.py", f"{_STORES}journal/test_format_1.py"),
            "rekey": (f"{_STORES}journal/test_rekey.py",),
            "retention": (f"{_STORES}journal/test_emptied_blocks.py", f"{_STORES}journal/test_merge.py"),
            "salvage": (f"{_STORES}test_check.py", f"{_STORES}test_quarantine.py", f"{_STORES}journal/test_quarantine.py"),
            "sealed_columns": (f"{_STORES}journal/test_encryption.py", f"{_STORES}test_quarantine.py"),
            "snapshots": (f"{_STORES}test_tampering.py", f"{_STORES}journal/test_deltas.py"),
            "store": (f"{_STORES}test_tampering.py", f"{_STORES}journal/test_format_1.py"),
            "writer": (f"{_STORES}test_tampering.py", f"{_STORES}journal/test_merge.py"),
        },
    ),
    "sqlite": Room(
        sources=("runtime/stores/sqlite/*.py",),
        tests=(f"{_STORES}sqlite/test_*.py", f"{_STORES}test_backends.py", f"{_STORES}test_checks.py"),
        own_tests={"lock": (f"{_STORES}sqlite/test_lock.py",), "schema": (f"{_STORES}test_check.py",)},
    ),
    "fingerprint": Room(
        sources=(
            "runtime/authoring/fingerprint.py", "runtime/authoring/code_*.py", "runtime/authoring/definition.py",
        ),
        tests=("runtime/authoring/test_*.py", "runtime/engine/test_redeploy.py", "runtime/test_redeploy_matrix.py"),
        own_tests={"definition": ("runtime/authoring/test_definition.py", "runtime/test_advice.py")},
    ),
    "guard": Room(
        sources=("runtime/servers/http/guard.py", "runtime/servers/security.py", "runtime/security/access_policies.py"),
        tests=(
            "runtime/security/test_access_policies.py", "runtime/servers/test_security.py", "runtime/servers/test_roles.py",
            "runtime/servers/http/test_guard.py", "workbench/remote/test_listeners.py", "runtime/servers/http/test_server.py",
        ),
        own_tests={},
    ),
}
# fmt: on

# --- what is changed --------------------------------------------------------------------------------------------------

CHANGES = (
    "AddNot", "ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ReplaceFalseWithTrue", "ReplaceTrueWithFalse",
    "ZeroIterationForLoop", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub",
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt",
    )),
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "Mod_Sub", "Pow_Mul", "BitAnd_BitOr", "BitOr_BitAnd",
        "BitXor_BitOr", "LShift_RShift", "RShift_LShift",
    )),
)  # fmt: skip
"""Those of cosmic-ray that are used.  It has 11 others for each arithmetic operator and 6 for each comparison: what is absurd
is noticed at once and says nothing about the tests."""

_NOT_RUN = {"abstractmethod", "final", "override", "overload", "runtime_checkable"}
"""Decorators that are for the reader and the type checker."""


def _parsed(code: str) -> Any:
    return parso.parse(code)  # type: ignore[no-untyped-call]


def _in_place_of(node: Any, code: str) -> Any:
    new = _parsed(code).children[0]
    new.get_first_leaf().prefix = node.get_first_leaf().prefix
    return new


class SkipStatement:
    """Leave a statement out: a call, `+=`, an assignment to an attribute or an item, `raise`, `return`, `del`."""

    _KINDS = frozenset({"raise_stmt", "return_stmt", "del_stmt"})

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if node.type == "simple_stmt" and self._matters(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def _matters(self, statement: Any) -> bool:
        if statement.type == "expr_stmt":
            target, sign = statement.children[:2]
            return target.type in {"atom_expr", "power"} or getattr(sign, "value", "=") != "="
        return statement.type in self._KINDS or statement.type in {"atom_expr", "power", "await"}

    def mutate(self, node: Any, index: int) -> Any:
        node.children[0] = _in_place_of(node.children[0], "pass")
        return node


class SkipBranch:
    """Never take the first branch of an `if`, as if no one had thought of the case."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if node.type == "if_stmt":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        condition = node.children[1]
        node.children[1] = _in_place_of(condition, f"False and ({condition.get_code(include_prefix=False)})")
        return node


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change at one place: the `occurrence`-th of that operator in the file."""

    room: str
    file: str
    line: int
    column: int
    operator: str
    occurrence: int

    def code(self, source: str) -> str | None:
        """The file with the change, None where nothing that runs is another."""
        from cosmic_ray.mutating import mutate_code

        try:
            changed = mutate_code(source, _operators()[self.operator], self.occurrence)
        except AttributeError:  # ExceptionReplacer, for an exception with a dotted name
            return None
        return None if changed is None or is_same(source, changed) else str(changed)


def _operators() -> dict[str, Any]:
    from cosmic_ray.plugins import get_operator

    core = {name: get_operator(f"core/{name}")() for name in CHANGES}
    return {**core, "SkipStatement": SkipStatement(), "SkipBranch": SkipBranch()}


def mutants_of(room: str, file: str, source: str) -> list[Mutant]:
    """Every mutant of a file."""
    from cosmic_ray.ast import ast_nodes

    nodes = list(ast_nodes(_parsed(source)))
    found = []
    for name, operator in _operators().items():
        places = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        found += [Mutant(room, file, line, column, name, number) for number, (line, column) in enumerate(places)]
    return found


def ordered(mutants: Sequence[Mutant], seed: int) -> list[Mutant]:
    """The mutants of a room in an order that depends on the seed only: each place once, then each place for the second time."""
    mixed = random.Random(seed)
    places: dict[tuple[str, int, int], list[Mutant]] = {}
    for each in sorted(mutants, key=lambda mutant: (mutant.file, mutant.operator, mutant.occurrence)):
        places.setdefault((each.file, each.line, each.column), []).append(each)
    columns = list(places.values())
    mixed.shuffle(columns)
    for column in columns:
        mixed.shuffle(column)
    return [each for row in zip_longest(*columns) for each in row if each is not None]


def round_robin(rooms: Sequence[Sequence[Mutant]]) -> list[Mutant]:
    return [each for row in zip_longest(*rooms) for each in row if each is not None]


class _Executed(ast.NodeTransformer):
    """Without what does not run: docstrings, annotations, protocols, and decorators for the reader."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("annotation", "returns"):
            if hasattr(node, name):
                setattr(node, name, None)
        if hasattr(node, "decorator_list"):
            node.decorator_list = [
                each for each in node.decorator_list if ast.unparse(each).split(".")[-1] not in _NOT_RUN
            ]
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Of a protocol only the name is there when the code runs."""
        if any("Protocol" in ast.unparse(base) for base in node.bases):
            node.body, node.decorator_list = [ast.Pass()], []
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`cast(type, value)` is the value."""
        if isinstance(node.func, ast.Name) and node.func.id in {"cast", "NewType", "TypeVar"} and len(node.args) == 2:
            return self.visit(node.args[1])  # type: ignore[no-any-return]
        return self.generic_visit(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _executed(source: str) -> str:
    return ast.dump(_Executed().visit(ast.parse(source)))


def is_same(source: str, changed: str) -> bool:
    """Whether nothing that runs differs; code that Python does not read is no mutant either."""
    try:
        compile(changed, "mutant", "exec")
    except SyntaxError:
        return True
    return _executed(source) == _executed(changed)


# --- how it is tested -------------------------------------------------------------------------------------------------


class Copy:
    """A copy of the tree in a folder, in which one mutant at a time is tested."""

    def __init__(self, folder: Path, source: Path = ROOT) -> None:
        self.tree = folder / "tree"
        self._output = folder / "output"
        (folder / "t").mkdir(parents=True)
        for name in COPIED:
            _copy(source / name, self.tree / name)
        # Bytecode is written by the tests without a mutant, and by nothing else: so no one reads another mutant's.
        self._environment = {**os.environ, "PYTHONPATH": str(self.tree), "TMPDIR": str(folder / "t")}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._process: subprocess.Popen[bytes] | None = None
        self._check()

    def _check(self) -> None:
        command = [sys.executable, "-c", "import runtime; print(runtime.__file__)"]
        found = subprocess.run(
            command, cwd=self.tree, env=self._environment, capture_output=True, text=True, check=True
        )
        if not found.stdout.startswith(str(self.tree)):
            raise SystemExit(f"The copy would test {found.stdout.strip()} instead of itself.")

    def test(self, tests: Sequence[str], timeout_s: float | None, *options: str) -> str:
        """Run the tests: `killed`, `timeout` or `survived`."""
        limited = ["sh", "-c", f'ulimit -v {MEMORY_KIB} 2>/dev/null; exec "$@"', "sh"]
        command = [*limited, sys.executable, "-m", "pytest", *PYTEST, *options, *tests]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=self.tree, env=self._environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                return "survived" if self._process.wait(timeout_s) == 0 else "killed"
            except subprocess.TimeoutExpired:
                return "timeout"
            finally:
                self.end()

    def test_mutant(self, mutant: Mutant, code: str, timeout_s: float) -> str:
        """Write the mutant, run the tests of its module, and put the original back."""
        self._environment["PYTHONDONTWRITEBYTECODE"] = "1"
        path = self.tree / mutant.file
        original, status = path.read_bytes(), path.stat()
        path.write_text(code, "utf-8")
        try:
            return self.test(ROOMS[mutant.room].tests_of(mutant.file), timeout_s)
        finally:
            path.write_bytes(original)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def output(self) -> str:
        return self._output.read_text("utf-8", errors="replace")

    def failed_test(self) -> str:
        """The test that noticed, empty if pytest did not come so far."""
        found = re.search(r"^(?:FAILED|ERROR) (\S+)", self.output(), re.MULTILINE)
        return found[1] if found else ""

    def end(self) -> None:
        """End the tests that run; what they started is ended by the guard of their run."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
    else:
        shutil.copy2(source, target)


class Run:
    """Mutants in their order, tested by several copies until the time is up."""

    def __init__(self, mutants: Sequence[Mutant], minutes: float) -> None:
        self._left = iter(mutants)
        self._minutes = minutes
        self._end = 0.0
        self._is_ended = False
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}
        self.results: list[dict[str, Any]] = []
        RESULTS.mkdir(parents=True, exist_ok=True)
        for name in ("results.jsonl", "survivors.diff"):
            (RESULTS / name).write_text("")

    def measure(self, copy: Copy, rooms: Sequence[str]) -> None:
        """How long each file of tests takes; all must pass without a mutant.  The time of the run begins after it.

        Raises:
            SystemExit: they do not.
        """
        for room in rooms:
            if copy.test(ROOMS[room].all_tests(), None, "-vv", "--durations=0") != "survived":
                raise SystemExit(f"The tests of {room} fail without a mutant:\n{copy.output()}")
            found = re.findall(r"^([\d.]+)s (?:setup|call|teardown) +([^\s:]+)::", copy.output(), re.MULTILINE)
            for file in {file for _, file in found}:
                self._seconds[file] = sum(float(seconds) for seconds, name in found if name == file)
            print(f"{room}: its tests take {sum(float(seconds) for seconds, _ in found):.0f} s", flush=True)
        self._end = time.monotonic() + self._minutes * 60

    def _timeout_s(self, mutant: Mutant) -> float:
        tests = ROOMS[mutant.room].tests_of(mutant.file)
        return START_S + TIMES_SLOWER * sum(self._seconds.get(file, 0) for file in tests)

    def test_all(self, copies: Sequence[Copy]) -> None:
        """Test until the time is up or nothing is left; an interrupt ends what runs."""
        with ThreadPoolExecutor(len(copies)) as pool:
            working = [pool.submit(self._work, copy) for copy in copies]
            try:
                for each in as_completed(working):
                    each.result()
            finally:
                self._is_ended = True
                while not all(each.done() for each in working):
                    for copy in copies:
                        copy.end()
                    wait(working, timeout=0.1)

    def _work(self, copy: Copy) -> None:
        while time.monotonic() < self._end and not self._is_ended:
            with self._lock:
                mutant = next(self._left, None)
            if mutant is None:
                return
            source = (copy.tree / mutant.file).read_text("utf-8")
            code = mutant.code(source)
            if code is not None:
                self._test(copy, mutant, source, code)

    def _test(self, copy: Copy, mutant: Mutant, source: str, code: str) -> None:
        begin = time.monotonic()
        outcome = copy.test_mutant(mutant, code, self._timeout_s(mutant))
        if self._is_ended:
            return
        result = {
            **asdict(mutant),
            "outcome": outcome,
            "seconds": round(time.monotonic() - begin, 1),
            "test": copy.failed_test(),
            "diff": _difference(mutant, source, code),
        }
        with self._lock:
            self._note(result)

    def _note(self, result: dict[str, Any]) -> None:
        self.results.append(result)
        with (RESULTS / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        if result["outcome"] == "survived":
            text = f"# {result['room']}: {result['operator']} in {result['file']}:{result['line']}\n{result['diff']}\n"
            print(text, flush=True)
            with (RESULTS / "survivors.diff").open("a", encoding="utf-8") as file:
                file.write(text)
        if len(self.results) % 25 == 0:
            print(f"... {len(self.results)} mutants", flush=True)


def _difference(mutant: Mutant, source: str, code: str) -> str:
    lines = difflib.unified_diff(
        source.splitlines(), code.splitlines(), f"a/{mutant.file}", f"b/{mutant.file}", lineterm="", n=2
    )
    return "\n".join(lines) + "\n"


def table(results: Sequence[dict[str, Any]]) -> str:
    """The score by room, as Markdown: killed and timed out of all."""
    count = Counter((each["room"], each["outcome"]) for each in results)
    rows = ["| room | mutants | killed | timed out | survived | score |", "|---|---|---|---|---|---|"]
    for room in (*ROOMS, "all"):
        killed, late, alive = (
            sum(number for (of, outcome), number in count.items() if room in (of, "all") and outcome == wanted)
            for wanted in ("killed", "timeout", "survived")
        )
        if total := killed + late + alive:
            rows.append(f"| {room} | {total} | {killed} | {late} | {alive} | {(killed + late) / total:.0%} |")
    return "\n".join(rows)


def _survivors() -> list[Mutant]:
    lines = (RESULTS / "results.jsonl").read_text("utf-8").splitlines()
    found = [each for each in map(json.loads, lines) if each["outcome"] == "survived"]
    return [Mutant(*(each[name] for name in Mutant.__slots__)) for each in found]


def _wanted(options: argparse.Namespace) -> list[Mutant]:
    if options.again:
        return [each for each in _survivors() if each.room in options.rooms]
    rooms = []
    for name in options.rooms:
        files = ROOMS[name].modules()
        rooms.append([each for file in files for each in mutants_of(name, file, (ROOT / file).read_text("utf-8"))])
    return round_robin([ordered(each, options.seed) for each in rooms])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Change the code and look whether a test fails.")
    parser.add_argument("rooms", nargs="*", choices=[[], *ROOMS], help="the parts of the code (default: all)")
    parser.add_argument("--minutes", type=float, default=30, help="how long (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="the order of the mutants (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time (default: one a core)")
    parser.add_argument(
        "--again", action="store_true", help="only what survived the last run; the sources must be the same"
    )
    options = parser.parse_args()
    options.rooms = options.rooms or list(ROOMS)
    return options


def main() -> None:
    """Test mutants until the time is up or none is left, and print the survivors and the score."""
    options = _options()
    # A background job of a shell ignores Ctrl+C, and so would the tests that are about it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    processes.begin_run()
    mutants = _wanted(options)
    run = Run(mutants, options.minutes)
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        copies = [Copy(Path(folder) / "0")]
        run.measure(copies[0], sorted({each.room for each in mutants}))
        copies += [Copy(Path(folder) / str(number), copies[0].tree) for number in range(1, options.jobs)]
        run.test_all(copies)
    print(table(run.results))


if __name__ == "__main__":
    main()
