"""The image cannot be built where no engine runs; what can be wrong in its text is checked here."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) in order, with continued lines joined and comments left out."""
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text("utf-8")).replace("\\\n", " ")
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())
    ]


def arguments(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def context_sources() -> list[str]:
    """What COPY takes from the repository, without what it takes from another stage."""
    copies = [rest.split() for rest in arguments("COPY") if "--from=" not in rest]
    return [source for words in copies for source in [word for word in words if not word.startswith("--")][:-1]]


@pytest.mark.parametrize("source", context_sources())
def test_copied_source_exists_and_reaches_the_build(source: str) -> None:
    rules = DOCKERFILE.with_suffix(".dockerignore").read_text("utf-8").splitlines()
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    assert (ROOT / source).exists()
    assert source.rstrip("/") in allowed


def test_build_stage_has_all_that_pyproject_names() -> None:
    from_pyproject = {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "build_support/",
        "runtime/",
        "workbench/",
        "notebooks/",
    }

    assert from_pyproject <= set(context_sources())


def test_copies_from_stages_that_exist() -> None:
    stages = set(re.findall(r"AS (\w+)", " ".join(arguments("FROM"))))

    assert set(re.findall(r"--from=(\w+)", " ".join(arguments("COPY")))) == stages


def test_server_runs_as_a_user_without_privileges() -> None:
    order = [word for word, _ in instructions()]

    assert arguments("USER") == ["actor"]
    assert order.index("USER") > max(i for i, (word, rest) in enumerate(instructions()) if "pip install" in rest)


def test_server_keeps_jupyters_token() -> None:
    text = DOCKERFILE.read_text("utf-8").lower()

    assert not re.search(r"token\s*=|password\s*=|disable_check_xsrf|allow-root|allow_origin", text)


@pytest.mark.parametrize("instruction", ["CMD", "HEALTHCHECK"])
def test_command_is_there_once_the_extras_are_installed(instruction: str) -> None:
    [rest] = arguments(instruction)
    command = json.loads(rest[rest.index("[") :])

    assert Path(sys.executable).with_name(command[0]).exists()


def test_health_check_asks_the_port_that_the_server_opens() -> None:
    [port] = arguments("EXPOSE")

    assert f":{port}/" in arguments("HEALTHCHECK")[0]
    assert f"--port={port}" in arguments("CMD")[0]


def test_volumes_are_folders_that_the_user_made() -> None:
    [volumes] = map(json.loads, arguments("VOLUME"))
    after_user = [
        rest for word, rest in instructions()[[word for word, _ in instructions()].index("USER") :] if word == "RUN"
    ]

    assert all(volume in " ".join(after_user) for volume in volumes)
