"""The earlier name of `runtime.servers.spawn_host.notebook_host`; gone in the next release."""

from __future__ import annotations

import warnings

from runtime.servers.spawn_host.notebook_host import join

__all__ = ["join"]

warnings.warn(
    "runtime.servers.beside_proxy is now runtime.servers.spawn_host.notebook_host, and the old name goes in the next release.",
    DeprecationWarning,
    stacklevel=2,
)
