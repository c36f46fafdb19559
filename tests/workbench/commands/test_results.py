"""How results read in a terminal and in a saved notebook."""

import re

from runtime.api import ActorInfo, DeployReport, FieldChange, SystemStatus, Waiting
from runtime.ids import ActorId
from runtime.wire.codecs.values import encode_value
from workbench.render.tables import html_table, text_table
from workbench.results import Actors, Deployed, Mailbox, Status


def _actor(name: str, **fields: object) -> ActorInfo:
    return ActorInfo(id=ActorId("s", name), parent=name, kind="named", phase="ready", deployed=True, **fields)  # type: ignore[arg-type]


def test_a_table_lines_up_its_columns() -> None:
    lines = text_table(("name", "n"), [("a", 5), ("long name", 1_234)]).splitlines()

    assert lines == ["name           n", "─────────  ─────", "a              5", "long name  1,234"]


def test_wide_characters_take_two_columns() -> None:
    lines = text_table(("name", "x"), [("日本", "y"), ("abcd", "z")]).splitlines()

    assert lines[2:] == ["日本  y", "abcd  z"]


def test_html_escapes_what_it_shows() -> None:
    shown = html_table(("<c>",), [("<script>",)], caption="<i>")

    assert not re.search("<script|<c>|<i>", shown)
    assert "&lt;script&gt;" in shown


def test_actors_are_a_tuple_of_records() -> None:
    actors = Actors([_actor("a", revision=3), _actor("b")])

    assert [each.id.name for each in actors] == ["a", "b"]
    assert actors[0].revision == 3
    assert set(actors._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_many_actors_are_all_there_and_some_are_shown() -> None:
    actors = Actors([_actor(f"a{i}") for i in range(1_000)])

    assert len(actors) == 1_000
    assert len(repr(actors).splitlines()) < 70
    assert "… and 940 more (1,000 actors in all)" in repr(actors)


def test_an_empty_list_says_what_to_do() -> None:
    assert "%%actor" in repr(Actors())
    assert repr(Mailbox()) == "The mailbox is empty."


def test_an_actor_without_code_says_so() -> None:
    stored = ActorInfo(id=ActorId("s", "a"), parent="a", kind="", phase="passive")

    assert "passive, no code" in repr(Actors([stored]))


def test_a_deploy_report_stays_a_report_and_reads_as_text() -> None:
    report = DeployReport(
        actor="counter",
        definition="b" * 16,
        previous="a" * 16,
        added_actions=("up()",),
        removed_actions=("down()",),
        changed_actions=("add(n) -> add(m)",),
        changed_settings=("mailbox: None -> 5",),
        fields=(FieldChange("total", "kept"), FieldChange("old", "dropped", "int")),
        dropped_fields=("old",),
        children=12,
        revision=41,
        waiting=3,
    )

    shown = Deployed.of(report)

    assert isinstance(shown, DeployReport)
    assert repr(shown).splitlines() == [
        "counter: redeployed (definition aaaaaaaa → bbbbbbbb).",
        "  actions   + up()   − down()   ~ add(n) -> add(m)",
        "  settings  ~ mailbox: None -> 5",
        "  state     = total   − old (int)",
        "  Dropped: the values of old are kept; delete them with wb.confirm_dropped('counter').",
        "  Kept: revision 41 and 3 waiting messages. The next turn runs the new code.",
        "  It is the code of 12 active actors.",
    ]


def test_a_long_deploy_report_breaks_between_fields_only() -> None:
    fields = tuple(FieldChange(f"field_{number}", "added", "int | None") for number in range(12))

    lines = repr(Deployed.of(DeployReport(actor="wide", definition="b" * 16, fields=fields))).splitlines()

    assert lines[1].startswith("  state     + field_0 (int | None)   + field_1")
    assert all(line.startswith("            + field_") and line.endswith("(int | None)") for line in lines[2:])
    assert max(map(len, lines)) <= 90


def test_a_mailbox_shows_what_the_messages_carry() -> None:
    waiting = Waiting(
        invocation="i-1", action="add", caller="", enqueued_us=0, payload=encode_value({"value": 5}, what="it")
    )

    assert "{'value': 5}" in repr(Mailbox([waiting]))


def test_status_says_what_is_not_on_disk_yet() -> None:
    status = SystemStatus(system="s", store="memory://", running=True, actors=2, sequence=1_204, committed=1_200)

    assert "1,204, 4 not yet on disk" in repr(Status.of(status))


def test_of_an_actor_that_is_only_in_the_store_no_turns_are_claimed() -> None:
    passive = ActorInfo(id=ActorId("s", "cart"), parent="cart", kind="named", phase="passive", revision=7)

    assert Actors([passive]).cells(passive)[4:8] == (7, 0, "", "")
