"""Two lines that run together and part, as text and as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

from workbench.render.parted_lines import MOST_STRETCHES, Kind, PartedLines, Stretch, lines_svg, lines_text


def drawn(*stretches: Stretch, mark: str = "first difference: add") -> PartedLines:
    ends = "really: total 6", "in the fork: total 5"
    return PartedLines(stretches=stretches, title="They part.", start="revision 1", ends=ends, mark=mark)


def test_lines_part_where_the_first_difference_is() -> None:
    text = lines_text(drawn(Stretch(Kind.SAME, 2), Stretch(Kind.DIFFERS)))

    assert text.splitlines() == [
        "                  ╭─●── really: total 6",
        "revision 1 ─●──●──┤",
        "                  ╰─○── in the fork: total 5",
        "                  ▲ first difference: add",
    ]


def test_lines_that_meet_again_end_as_one() -> None:
    text = lines_text(drawn(Stretch(Kind.ONE), Stretch(Kind.SAME)))

    assert text.splitlines()[:3] == [
        "            ╭─●──╮",
        "revision 1 ─┤    ├─●── really: total 6 · in the fork: total 5",
        "            ╰────╯",
    ]


def test_many_turns_are_a_number() -> None:
    assert "1,204" in lines_text(drawn(Stretch(Kind.SAME, 1_204)))
    assert ">1,204<" in lines_svg(drawn(Stretch(Kind.SAME, 1_204)))


def test_lines_that_part_again_and_again_are_cut() -> None:
    stretches = [Stretch(kind) for _ in range(MOST_STRETCHES) for kind in (Kind.SAME, Kind.DIFFERS)]

    assert "…" in lines_text(drawn(*stretches))
    assert lines_svg(drawn(*stretches)).count("<circle") < 2 * MOST_STRETCHES


def test_picture_is_xml_that_says_what_it_shows_and_runs_nothing() -> None:
    svg = lines_svg(drawn(Stretch(Kind.DIFFERS), mark="<script>alert(1)</script> & more"))

    root = ElementTree.fromstring(svg)
    assert [each.attrib["aria-label"] for each in root.iter() if "aria-label" in each.attrib] == ["They part."]
    assert "<script" not in svg
    assert "currentColor" in svg


def test_secrets_are_on_neither_line() -> None:
    lines = PartedLines(
        stretches=(Stretch(Kind.DIFFERS),),
        title="",
        start="",
        ends=("password=hush", "password=hush"),
        mark="token=hush",
    )

    assert "hush" not in lines_text(lines) + lines_svg(lines)
