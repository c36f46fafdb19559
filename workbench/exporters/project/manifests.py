"""Kubernetes manifests for Spawn's operator: the actor system and the host of the exported actors (`spawn-eigr.io/v1`).

Only fields that the operator's schema has are written.  That of an environment variable knows no secret, so secrets of the actors'
code come as files of a mounted one; nothing secret is ever written here.
"""

from __future__ import annotations

import json
import re

SECRETS_DIRECTORY = "/run/secrets/actors"
HOST_PORT = 8090


def resource_name(text: str) -> str:
    """A name that Kubernetes takes: lower case letters, digits and hyphens, at most 63."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return name or "actors"


def system_manifest(system: str) -> str:
    """The `ActorSystem`.  The secret that it names is to be made by the cluster's operator."""
    name = resource_name(system)
    return f"""\
# The actor system {json.dumps(system)} for Spawn's operator. It is one for all hosts: apply it once.
#
# The secret has username, password, database, host, port and encryptionKey (32 bytes as base64), and lies in the
# namespace eigr-functions. See README.md for how to make it.
apiVersion: spawn-eigr.io/v1
kind: ActorSystem
metadata:
  name: {_quoted(name)}
spec:
  statestore:
    type: Postgres
    credentialsSecretRef: {_quoted(f"{name}-store")}
    pool:
      size: 10
"""


def host_manifest(system: str, project: str, *, has_secrets: bool) -> str:
    """The `ActorHost`, whose image is that of the project's `Dockerfile`."""
    name = resource_name(project)
    mounted = (
        f"""
    volumeMounts:
      - name: secrets
        mountPath: {SECRETS_DIRECTORY}"""
        if has_secrets
        else ""
    )
    volumes = (
        f"""
  volumes:
    - name: secrets
      secret:
        secretName: {_quoted(f"{name}-secrets")}"""
        if has_secrets
        else ""
    )
    return f"""\
# Runs the exported actors beside a Spawn proxy, which the operator adds to the pod.
apiVersion: spawn-eigr.io/v1
kind: ActorHost
metadata:
  name: {_quoted(name)}
  annotations:
    spawn-eigr.io/actor-system: {_quoted(resource_name(system))}
    spawn-eigr.io/app-port: "{HOST_PORT}"
spec:
  host:
    image: {_quoted(f"{name}:0.1.0")} # where you have pushed it to
    sdk: python
    ports:
      - name: actors
        containerPort: {HOST_PORT}{mounted}
  autoscaler:
    min: 1
    max: 2{volumes}
"""


def _quoted(text: str) -> str:
    """YAML takes JSON's strings."""
    return json.dumps(text)
