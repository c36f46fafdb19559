"""The files around an exported module: what it requires, and its image."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.export.manifests import HOST_PORT, resource_name


def pyproject(project: str, requires: Sequence[str], modules: Sequence[str], packages: Sequence[str]) -> str:
    """`pyproject.toml`; `modules` are single files, `packages` folders, those inside others too, with dots."""
    return f"""\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = {json.dumps(resource_name(project))}
version = "0.1.0"
description = "Actors, exported from a notebook."
requires-python = ">=3.11"
dependencies = [
{"".join(f"    {json.dumps(each)}," + chr(10) for each in requires)}]

[tool.setuptools]
py-modules = {json.dumps(list(modules))}
packages = {json.dumps(list(packages))}
"""


def dockerfile() -> str:
    """An image that runs the actors beside a Spawn proxy in the same pod, as a user without privileges."""
    return f"""\
# Runs the actors beside a Spawn proxy. wheels/ may hold wheels that no index has, such as that of spawn-workbench.
FROM python:3.12-slim
RUN useradd --create-home --uid 1000 actor
WORKDIR /app
COPY . ./
RUN pip install --no-cache-dir --find-links wheels . && rm -rf wheels
USER actor
# The operator says the port, if it is another one, and the actor system.
ENV PYTHONUNBUFFERED=1 USER_FUNCTION_PORT={HOST_PORT}
EXPOSE {HOST_PORT}
# The proxy is in the same pod and may come up later: the host waits for it.
CMD ["python", "-m", "runtime", "host", "--proxy", "http://127.0.0.1:9001", "--wait-seconds", "120", "actors.py"]
"""


DOCKERIGNORE = """\
**/__pycache__
**/.spawn
.git
k8s
"""
