"""Previews, going back, and variables that changed under a deployed actor."""

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

TAXED = """\
%%actor
rate = 2

def taxed(value):
    return value * rate

class Taxed(Actor):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += taxed(value)
        return self.total
"""


PRICED = """\
%%actor
class Priced(Actor):
    @action
    def price(self, what: str) -> int:
        return numbers.floor(prices[what])
"""


@pytest.fixture
def taxed(kernel: Kernel) -> Kernel:
    kernel.ok(TAXED)
    return kernel


def test_a_preview_changes_neither_actor_nor_notebook(taxed: Kernel) -> None:
    cell = taxed.ok(TAXED.replace("%%actor", "%%actor --preview").replace("rate = 2", "rate = 50"))

    assert "would be redeployed" in cell.text
    assert taxed.ok("rate").text == "2"
    assert not cell.stdout


def test_a_changed_variable_makes_another_version_once(taxed: Kernel) -> None:
    first, second = taxed.ok("rate = 3"), taxed.ok("1 + 1")

    assert first.stdout.startswith("taxed: deployed again (definition")
    assert "because rate changed" in first.stdout
    assert not second.stdout


def test_a_helper_run_alone_is_in_effect_and_in_the_history(taxed: Kernel) -> None:
    taxed.ok("%invoke taxed add value=1")
    taxed.ok("def taxed(value):\n    return 1000 * value")

    assert int(taxed.ok("wb.invoke('taxed', 'add', {'value': 1})").text) >= 1000
    assert taxed.ok("[t.definition for t in wb.history('taxed')][-1] == wb.versions('taxed')[-1].hash").text == "True"
    assert taxed.ok("len({t.definition for t in wb.history('taxed')[-2:]})").text == "2"


def test_a_call_in_the_same_cell_names_the_new_version(taxed: Kernel) -> None:
    taxed.ok("%invoke taxed add value=1")
    cell = taxed.ok(
        "rate = 77\nwb.invoke('taxed', 'add', {'value': 1})\nlen({t.definition for t in wb.history('taxed')[-2:]})"
    )

    assert cell.text == "2"


def test_a_base_class_run_alone_is_pointed_out(kernel: Kernel) -> None:
    kernel.ok("class Base(Actor):\n    @action\n    def who(self) -> str:\n        return 'old'")
    kernel.ok("%%actor\nclass Heir(Base):\n    n: int = 0")

    cell = kernel.ok("class Base(Actor):\n    @action\n    def who(self) -> str:\n        return 'new'")

    assert (
        cell.stdout
        == "Note: heir was made with the earlier Base, which this cell has changed. Run its cell again to take the new one.\n"
    )
    assert not kernel.ok("1 + 1").stdout


def test_another_table_or_module_makes_another_version(kernel: Kernel) -> None:
    kernel.ok("prices = {'tea': 2}\nimport math as numbers")
    kernel.ok(PRICED)

    table, module = kernel.ok("prices = {'tea': 3}"), kernel.ok("import cmath as numbers")

    assert "because prices changed" in table.stdout
    assert "because numbers changed" in module.stdout


def test_an_equal_table_is_no_change(kernel: Kernel) -> None:
    kernel.ok("prices = {'tea': 2}\nimport math as numbers")
    kernel.ok(PRICED)

    assert not kernel.ok("prices = {'tea': 2}\nimport math as numbers").stdout


def test_the_same_definition_again_is_no_change(taxed: Kernel) -> None:
    assert not taxed.ok("rate = 2\ndef taxed(value):\n    return value * rate").stdout


def test_running_the_actors_cell_with_the_change_says_nothing(taxed: Kernel) -> None:
    cell = taxed.ok(TAXED.replace("rate = 2", "rate = 4"))

    assert not cell.stdout
    assert "redeployed" in cell.text


def test_going_back_deploys_a_version_of_this_kernel(taxed: Kernel) -> None:
    first = taxed.ok("first = [v for v in wb.versions('taxed') if v.is_current][0].hash\nfirst").text.strip("'")
    taxed.ok(TAXED.replace("taxed(value)\n        return", "taxed(value) + 1\n        return"))

    cell = taxed.ok("%redeploy taxed {first}")

    assert "taxed: redeployed" in cell.text
    assert first[:8] in cell.text
    assert not cell.stdout


def test_going_back_says_which_helpers_are_others_now(taxed: Kernel) -> None:
    taxed.ok("first = [v for v in wb.versions('taxed') if v.is_current][0].hash")
    taxed.ok("rate = 31")

    cell = taxed.ok("%redeploy taxed {first}")

    assert "but rate" in cell.text
    assert not cell.stdout


def test_stored_text_is_put_into_a_new_cell(kernel: Kernel) -> None:
    kernel.ok(TAXED)
    kernel.ok("first = wb.versions('taxed')[0].hash\nwb.redeploy('taxed', first).__class__.__name__")
    kernel.ok(
        "from workbench.session import current\nreal = current.open().remembered\ncurrent.open().remembered = lambda hash: None"
    )

    reply = kernel.client.execute_interactive("%redeploy taxed {first}", output_hook=lambda _: None, timeout=120)

    [payload] = reply["content"]["payload"]
    assert payload["source"] == "set_next_input"
    assert payload["text"].startswith("%%actor taxed\nclass Taxed(Actor):")
    kernel.ok("current.open().remembered = real")


def test_versions_and_revisions_are_completed(taxed: Kernel) -> None:
    version = taxed.ok("wb.versions('taxed')[-1].hash[:8]").text.strip("'")
    taxed.ok("%invoke taxed add value=1")

    assert version in taxed.complete("%redeploy taxed ")
    assert "1" in taxed.complete("%state taxed --revision ")


def test_a_reloaded_module_makes_another_version(kernel: Kernel) -> None:
    kernel.ok("import pathlib, importlib, sys\nsys.path.insert(0, '')\nsys.dont_write_bytecode = True")
    kernel.ok("_ = pathlib.Path('tariffs.py').write_text('def fee():\\n    return 1\\n')\nimport tariffs")
    kernel.ok("%%actor\nclass Charged(Actor):\n    @action\n    def fee(self) -> int:\n        return tariffs.fee()")
    kernel.ok("%invoke charged fee")

    cell = kernel.ok(
        "_ = pathlib.Path('tariffs.py').write_text('def fee():\\n    return 22\\n')\n_ = importlib.reload(tariffs)"
    )

    assert "charged: deployed again" in cell.stdout
    assert "because tariffs.fee changed" in cell.stdout
    assert kernel.ok("wb.invoke('charged', 'fee')").text == "22"
    assert kernel.ok("len({t.definition for t in wb.history('charged')})").text == "2"


def test_undeployed_actor_has_its_code_again_after_redeploy(taxed: Kernel) -> None:
    said = taxed.ok("%undeploy taxed").stdout

    assert "%redeploy taxed brings it back" in said
    assert "It has its code again." in taxed.ok("%redeploy taxed").text
    assert taxed.ok("%invoke taxed add value=0").status == "ok"


def test_redeploy_of_a_deployed_actor_lists_its_versions(taxed: Kernel) -> None:
    assert "deployed now" in taxed.ok("%redeploy taxed").text
