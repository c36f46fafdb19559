"""The README of an exported project: how to run it, and what will be different."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.definition import ActorDefinition
from runtime.settings import Kind
from workbench.export.differences import differences
from workbench.export.manifests import SECRETS_DIRECTORY, resource_name


def readme(
    project: str,
    system: str,
    definitions: Sequence[ActorDefinition],
    *,
    secrets: Sequence[str],
    problems: Sequence[str],
    notes: Sequence[str],
) -> str:
    """All of it, as Markdown."""
    parts = [
        f"# {project}\n\nActors of the actor system `{system}`, exported from a notebook by spawn-workbench.",
        _actors(definitions),
        _warned(
            "Not carried",
            "These were used in the notebook and are not in `actors.py`; what needs them fails:",
            problems,
        ),
        _warned("To be looked at", "", notes),
        _secrets(project, secrets),
        _running(definitions, system),
        _cluster(project, system, secrets),
        "## What Spawn does differently\n\n" + "\n".join(f"- {each}" for each in differences(definitions)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _actors(definitions: Sequence[ActorDefinition]) -> str:
    rows = [f"| `{each.name}` | {each.settings.kind.value} | {_actions(each)} |" for each in definitions]
    return "\n".join(["| actor | kind | actions |", "|---|---|---|", *rows])


def _actions(definition: ActorDefinition) -> str:
    return ", ".join(f"`{name}{text}`".replace("|", "\\|") for name, text in definition.signatures.items())


def _warned(title: str, start: str, items: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *filter(None, [start]), *(f"- {each}" for each in items)]) if items else ""


def _secrets(project: str, secrets: Sequence[str]) -> str:
    if not secrets:
        return ""
    names = ", ".join(f"`{name}`" for name in secrets)
    return f"""\
## Secrets

{names}: in no file here. The module reads each from the environment variable of its name, else from a file of that name
in `{SECRETS_DIRECTORY}` (or in `SECRETS_DIRECTORY`), where the manifest mounts the secret `{resource_name(project)}-secrets`."""


def _running(definitions: Sequence[ActorDefinition], system: str) -> str:
    first = definitions[0]
    call = f'"{first.name}", "get"'
    if first.settings.kind is Kind.UNNAMED:
        call = f'"{first.name}-1", "get", parent="{first.name}"'
    return f"""\
## Run it on one machine

    pip install --find-links wheels .
    python -m runtime serve --system {system} --store sqlite:///actors.db actors.py

That is a proxy of spawn-workbench with the actors in it: durable, with history. It says where it listens. From Python:

    import runtime
    system = runtime.connect("http://127.0.0.1:9001", mode="act")
    system.invoke({call})

`--grpc-port 9980` lets notebooks in: `%attach grpc://127.0.0.1:9980`. The contracts in `protos/` are for other languages;
`--proto FILE` serves one as HTTP/JSON.

## Run it beside a Spawn proxy

    python -m runtime host --proxy http://127.0.0.1:9001 actors.py

The proxy owns mailboxes and states, this process runs the actions. `--journal sqlite:///history.db` records every invocation."""


def _cluster(project: str, system: str, secrets: Sequence[str]) -> str:
    name, store = resource_name(project), f"{resource_name(system)}-store"
    own = ""
    if secrets:
        namespace, literals = resource_name(system), " ".join(f'--from-literal={each}="${each}"' for each in secrets)
        own = f"""
    kubectl create namespace {namespace} # unless the operator has made it
    kubectl create secret generic {name}-secrets -n {namespace} {literals}"""
    return f"""\
## Run it on Kubernetes, with Spawn's operator

    docker build -t {name}:0.1.0 . # put the wheel of spawn-workbench into wheels/ first, if no index of yours has it
    kubectl create secret generic {store} -n eigr-functions --from-literal=username="$DB_USER" \\
        --from-literal=password="$DB_PASSWORD" --from-literal=database="$DB_NAME" --from-literal=host="$DB_HOST" \\
        --from-literal=port="$DB_PORT" --from-literal=encryptionKey="$SPAWN_STATESTORE_KEY"
    kubectl apply -f k8s/system.yaml{own}
    kubectl apply -f k8s/host.yaml

Push the image to where the cluster finds it, and say so in `k8s/host.yaml`. The operator (2.0.0-RC9) selects pods by system
only: one host a system is safe, two overlap."""
