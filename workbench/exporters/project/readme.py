"""The README of an exported project: how to run it, and what will be different."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from runtime.authoring.definition import ActorDefinition
from runtime.authoring.settings import Kind, MailboxPolicy
from runtime.config import Durability
from workbench.exporters.project.manifests import SECRETS_DIRECTORY, resource_name


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


# --- What Spawn does differently with the exported actors than the notebook did, as far as they use it ----------------
# The whole list, with the reasons, is in the README.md of the package `runtime`.

_Test = Callable[[ActorDefinition], bool]


def _uses(pattern: str) -> _Test:
    return lambda definition: re.search(pattern, definition.source) is not None


_ALWAYS = (
    "**History.** A proxy keeps states at snapshot times, and no messages; `--journal URL` has this host record every invocation.",
    "**What a reply means.** The state is in the proxy's memory, and in the database after the snapshot time-out.",
    "**Delivery.** A call without an answer is made again by the proxy, so an action may run more than once after a crash.",
    "**Unknown actors and actions** are answered after up to 60 seconds, not at once.",
    "**Deactivation** comes about `deactivate_timeout` after the activation, not after the last message.",
)
_SOME: tuple[tuple[str, _Test], ...] = (
    (
        "**Pools and tasks** are announced as named actors: a real proxy's pools do not work, its tasks need worker pools.",
        lambda d: d.settings.kind in (Kind.POOLED, Kind.TASK),
    ),
    (
        "**Projections** are matched by action only, in no strict order, and acknowledged before they are processed.",
        lambda d: d.settings.kind is Kind.PROJECTION or bool(d.settings.subjects),
    ),
    (
        "**Broadcasts** go to every actor that was ever active, not only to those that subscribed and are there.",
        lambda d: bool(d.settings.channels) or "Broadcast" in d.source,
    ),
    ("**Timers** activate their actor again for ever.", lambda d: any(s.role == "timer" for s in d.actions.values())),
    ("**Checkpoints** are not sent: they would crash the actor.", _uses(r"\.checkpoint\(")),
    (
        "**Bounded mailboxes** are not known there: messages wait without a limit.",
        lambda d: d.settings.mailbox is not None or d.settings.mailbox_policy is not MailboxPolicy.REJECT,
    ),
    ("**Idempotency keys** are not known there: a repeated call runs again.", _uses(r"(invoke|tell)\([^)]*\bkey=")),
    (
        "**Delayed calls** are in the memory of one node, and a fired one can fire again.",
        _uses(r"\bdelay\b|\bscheduled_to\b"),
    ),
    (
        "**Tags** are wiped there if a reply does not repeat them; this host repeats them.",
        lambda d: bool(d.settings.tags),
    ),
    (
        "**Fields that a new version drops** stay in the JSON of the state; there is no place beside it.",
        lambda d: d.migration is not None,
    ),
    (
        "**Calls in a circle** across hosts wait until a time-out; among the actors of this host they are refused at once.",
        _uses(r"\bctx\.invoke\("),
    ),
    (
        "**`durability`** is not a setting of Spawn's: see what a reply means, above.",
        lambda d: d.settings.durability in (Durability.COMMIT, Durability.JOURNAL),
    ),
)


def differences(definitions: Iterable[ActorDefinition]) -> list[str]:
    """One sentence or two for each difference that these actors can meet, with their names."""
    found, known = list(_ALWAYS), list(definitions)
    for text, applies in _SOME:
        names = [f"`{definition.name}`" for definition in known if applies(definition)]
        if names:
            found.append(f"{text} ({', '.join(names)})")
    return found
