"""Reports of redeploys across restarts."""

from pathlib import Path

from runtime.actor import Actor, action
from runtime.local import embedded


class Counter(Actor, name="counter", channels=("news",)):
    total: int = 0

    @action
    def add(self, value: int) -> None:
        self.total += value


def test_the_same_class_after_a_restart_has_no_changed_settings(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with embedded(store=store) as system:
        system.deploy(Counter)

    with embedded(store=store) as system:
        report = system.deploy(Counter)

    assert report.changed_settings == ()
    assert not report.changed
