"""What a redeploy means behind a real proxy, as it was measured (ground truth §10)."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.definition import ActorDefinition

_JITTER_S = 3


def consequences(new: ActorDefinition, old: ActorDefinition | None) -> tuple[str, ...]:
    """Sentences for the user; empty when everything holds at once."""
    return () if old is None else tuple(_consequences(new, old))


def _consequences(new: ActorDefinition, old: ActorDefinition) -> Iterator[str]:
    name = new.name
    window_s = old.settings.deactivate_timeout_ms // 1_000 + _JITTER_S
    until = f"until {name} leaves memory, up to {window_s} s after it was activated, or the proxy is restarted"
    timers, former = _timers(new), _timers(old)
    added = sorted(set(new.actions) - set(old.actions) - set(timers))
    removed = sorted(set(old.actions) - set(new.actions) - set(former))
    if added:
        yield f"New actions ({', '.join(added)}) are not found by the proxy {until}."
    if removed:
        yield f"Removed actions ({', '.join(removed)}) are still accepted by the proxy {until}; here they fail."
    if _kept_by_proxy(new) != _kept_by_proxy(old):
        yield f"The proxy keeps the old settings {until}."
    if timers != former:
        yield "The proxy goes on with the old timers beside the new ones until it is restarted."
    yield f"Changed code of actions runs from the next call on. A stored state of {name} wins over new defaults."


def _timers(definition: ActorDefinition) -> dict[str, int]:
    return {spec.name: spec.every_ms for spec in definition.actions.values() if spec.role == "timer"}


def _kept_by_proxy(definition: ActorDefinition) -> tuple[object, ...]:
    settings = definition.settings
    return (
        settings.kind,
        settings.stateful,
        settings.deactivate_timeout_ms,
        settings.snapshot_timeout_ms,
        settings.channels,
    )
