"""When the browser bundle is built, and with what."""

import os
import runpy
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bundle(tmp_path: Path) -> types.SimpleNamespace:
    """The module of the build, on a checkout with one source file and no bundle."""
    (tmp_path / "build_support").mkdir()
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\njs = ["node-in-a-wheel"]\n')
    script = tmp_path / "build_support/js_bundle.py"
    script.write_text((ROOT / "build_support/js_bundle.py").read_text("utf-8"))
    module = types.SimpleNamespace(**runpy.run_path(str(script)))
    module.SOURCES.mkdir(parents=True)
    module.ENTRY.write_text("export default {}")
    return module


def built(bundle: types.SimpleNamespace, source: str) -> None:
    """Leave a bundle that was made from this source."""
    now = bundle.ENTRY.read_text()
    bundle.ENTRY.write_text(source)
    bundle.BUNDLE.parent.mkdir(parents=True)
    bundle.BUNDLE.write_text(f"/* made by `make js` from workbench/widgets/js, {bundle.fingerprint()} */\nexport {{}}")
    bundle.ENTRY.write_text(now)


def test_missing_bundle_asks_for_the_js_group(bundle: types.SimpleNamespace) -> None:
    assert bundle.requirements() == ["node-in-a-wheel"]


def test_bundle_of_other_sources_is_built_again(bundle: types.SimpleNamespace) -> None:
    built(bundle, source="export default 1")

    assert not bundle.is_fresh()


def test_bundle_of_these_sources_asks_for_nothing_at_any_time(bundle: types.SimpleNamespace) -> None:
    built(bundle, source=bundle.ENTRY.read_text())
    os.utime(bundle.ENTRY, (4e9, 4e9))

    assert bundle.requirements() == []


def test_changed_js_test_does_not_rebuild_the_bundle(bundle: types.SimpleNamespace) -> None:
    built(bundle, source=bundle.ENTRY.read_text())
    late = bundle.SOURCES / "view.test.js"
    late.write_text("")

    assert bundle.is_fresh()


def test_checkout_without_widget_sources_asks_for_nothing(bundle: types.SimpleNamespace) -> None:
    bundle.ENTRY.unlink()

    assert bundle.requirements() == []
