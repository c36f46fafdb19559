"""From the text of a `.proto` to a `Contract`, with protoc in this process.

Each compile has a descriptor pool of its own, so that two versions of a contract live side by side.  A contract may import
what protobuf brings with it, `google/api/annotations.proto`, Spawn's options (`spawn/actors/extensions.proto`), and files
beside its own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool

from runtime.contracts.contract import Contract
from runtime.errors import ContractError, InternalError

_redirecting = threading.Lock()
_MOST_BYTES = 4 * 1024 * 1024


def compile_text(text: str, *, include: Path | None = None) -> Contract:
    """The contract that a text declares.

    Args:
        include: a folder whose files it may import too.

    Raises:
        ContractError: it cannot be compiled; the message names each line that is wrong, and why.
    """
    if len(text.encode()) > _MOST_BYTES:
        raise ContractError(f"The contract is larger than {_MOST_BYTES // 1024**2} MiB, which is the most.")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    with tempfile.TemporaryDirectory(prefix="spawn-contract-") as folder:
        # The name goes into the descriptors: by the hash, no two contracts of a server get mixed up.
        name = f"contract_{digest}.proto"
        (Path(folder) / name).write_text(text, "utf-8")
        files, warnings = _compiled(Path(folder), name, include)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return Contract(pool, files.file[-1], text, warnings)


def compile_file(path: Path) -> Contract:
    """The contract in a file, which may import files beside it.

    Raises:
        ContractError: it cannot be read or compiled.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"Cannot read {path}: {error}") from None
    return compile_text(text, include=path.parent)


def _compiled(
    folder: Path, name: str, include: Path | None
) -> tuple[descriptor_pb2.FileDescriptorSet, tuple[str, ...]]:
    """The file with all that it imports, itself last; and what the compiler warns of."""
    from grpc_tools import protoc

    places = [folder, *_shipped(), *([include] if include is not None else [])]
    _check(folder, name, places)
    output = folder / "descriptors"
    arguments = [*(f"-I{place}" for place in places), f"--descriptor_set_out={output}", "--include_imports"]
    with _standard_error() as said:
        status = protoc.main(["protoc", *arguments, "--include_source_info", name])
    if status != 0:
        raise InternalError("protoc refused a contract in which it had found nothing wrong.")
    return descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()), tuple(_warnings(said, name))


@contextmanager
def _standard_error() -> Iterator[list[str]]:
    """Lines that the compiler writes to the process's standard error meanwhile; it has no other way to warn.

    What is not the compiler's is written on afterwards.
    """
    said: list[str] = []
    with _redirecting, tempfile.TemporaryFile() as caught:
        before = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(before, 2)
            caught.seek(0)
            lines = caught.read().decode("utf-8", "replace").splitlines(keepends=True)
            said += [line for line in lines if ": warning: " in line]
            os.write(2, "".join(line for line in lines if ": warning: " not in line).encode())
            os.close(before)


def _warnings(said: list[str], name: str) -> Iterator[str]:
    """`line 4: …` for the contract itself; those of files that it imports have their name."""
    for line in said:
        place, _, text = line.strip().partition(": warning: ")
        file, number, *_ = [*place.rsplit(":", 2), ""]
        yield f"line {number}: {text}" if file.endswith(name) else f"{Path(file).name}: {text}"


def _check(folder: Path, name: str, places: list[Path]) -> None:
    """Have the compiler tell what is wrong as data; its command line would print it to the process's standard error."""
    from grpc_tools import _protoc_compiler as compiler

    try:
        compiler.get_protos(name.encode(), [str(place).encode() for place in places])
    except compiler.ProtocErrors as error:
        raise ContractError(_explained(error.errors(), name, (folder / name).read_text("utf-8"))) from None


def _explained(errors: list[Any], name: str, text: str) -> str:
    lines = text.splitlines()
    found = []
    for error in errors:
        where = _decoded(error.filename)
        message = _decoded(error.message)
        if where != name:
            found.append(f"{where}: {message}")
        elif error.line < 0:
            found.append(message)
        else:
            source = lines[error.line].strip() if error.line < len(lines) else ""
            found.append(f"line {error.line + 1}: {message}" + (f"   ← {source}" if source else ""))
    return "The contract cannot be compiled:\n" + "\n".join(f"  {line}" for line in found[:20])


def _decoded(text: Any) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _shipped() -> Iterator[Path]:
    """Folders of the files that every contract may import."""
    import grpc_tools
    from google.api import annotations_pb2

    yield Path(grpc_tools.__file__).parent / "_proto"
    yield Path(annotations_pb2.__file__).parents[2]
    package = Path(__file__).parents[1]
    installed, checkout = package / "_protos", package.parent / "protos"
    yield installed if installed.is_dir() else checkout
