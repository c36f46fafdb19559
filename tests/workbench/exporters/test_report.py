"""The report: everything about a system in one file that needs nothing else, bounded, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

import workbench as wb
from runtime import Actor, Context, action
from runtime.errors import ActionFailed, BadSetting, UnknownActor
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.spawn_proxy.server import serve
from runtime.system.embedded import embedded
from workbench.exporters.atomic_files import FileInTheWay
from workbench.session import Session


class Vault(Actor, name="vault"):
    password: str = "sesame"
    opened: int = 0

    @action
    def open(self, password: str) -> dict[str, object]:
        if password != "sesame":
            raise PermissionError(f"wrong password: {password}")
        self.opened += 1
        return {"token": "t-4711", "opened": self.opened}


class Desk(Actor, name="desk"):
    @action
    async def ask(self, ctx: Context, text: str) -> str:
        return str(await ctx.invoke("drawer", "keep", {"text": text}))


class Drawer(Actor, name="drawer", kind="unnamed"):
    texts: list[str] = []

    @action
    def keep(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)


@pytest.fixture
def busy(session: Session) -> Session:
    """Has actors, chains, a failure and a waiting message."""
    for actor in (Vault, Desk, Drawer):
        wb.deploy(actor)
    wb.invoke("drawer-a", "keep", {"text": "paper"}, parent="drawer")
    wb.invoke("vault", "open", {"password": "sesame"})
    with pytest.raises(ActionFailed):
        wb.invoke("vault", "open", {"password": "hunter2"})
    wb.hold("vault")
    wb.invoke("vault", "open", {"password": "sesame"}, asynchronous=True)
    return session


def made(tmp_path: Path, **options: object) -> str:
    return wb.report(tmp_path / "report.html", **options).path.read_text("utf-8")  # type: ignore[arg-type]


def part(text: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', text, re.DOTALL)
    assert found, name
    return re.sub(r"<[^>]+>", " ", found[1])


def test_every_part_tells_what_there_is(busy: Session, tmp_path: Path) -> None:
    text = made(tmp_path)

    assert "drawer-a" in part(text, "actors")
    assert "last 3 turns" in part(text, "activity")
    assert "PermissionError" in part(text, "failures")
    assert "keep" in part(text, "turns")
    assert "waiting" in part(text, "mailboxes")
    assert "class Drawer(Actor" in part(text, "definitions")
    assert "deploy" in part(text, "acts")
    assert "Held: vault." in text


def test_secrets_are_in_no_part_of_it(busy: Session, tmp_path: Path) -> None:
    text = made(tmp_path)

    assert not re.findall("sesame|hunter2|t-4711", text)
    assert "‹hidden›" in text


def test_nothing_is_woken_and_nothing_changed(busy: Session, tmp_path: Path) -> None:
    busy.open().flush()
    before = (busy.open().status(), busy.open().actors())

    made(tmp_path)

    assert (busy.open().status(), busy.open().actors()) == before


def test_what_an_actor_wrote_cannot_become_html(session: Session, tmp_path: Path) -> None:
    wb.deploy(Drawer)
    wb.invoke("<script>alert(1)</script>", "keep", {"text": "</pre><img src=x>"}, parent="drawer")

    text = made(tmp_path)

    assert "<script>alert" not in text
    assert "<img" not in text


def test_it_asks_for_nothing_from_anywhere(busy: Session, tmp_path: Path) -> None:
    class Addresses(HTMLParser):
        found: list[str] = []

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.found += [v or "" for k, v in attributes if k in ("src", "href", "action", "data") and tag != "a"]

    Addresses().feed(made(tmp_path))

    assert Addresses.found == []


def test_limits_are_said(session: Session, tmp_path: Path) -> None:
    wb.deploy(Drawer)
    for number in range(30):
        wb.invoke(f"drawer-{number:02}", "keep", {"text": "x"}, parent="drawer")

    text = made(tmp_path, most_actors=10, most_turns=5)

    assert "first 10 of 31 actors" in part(text, "actors")
    assert "first 5 of 30 turns" in part(text, "turns")
    assert part(text, "actors").count("drawer-") == 10


def test_very_large_values_are_not_looked_into(session: Session, tmp_path: Path) -> None:
    wb.deploy(Drawer)
    wb.invoke("drawer-a", "keep", {"text": "x" * 300_000}, parent="drawer")

    text = made(tmp_path)

    assert "bytes, too much to be looked into" in part(text, "actors")
    assert "keep(… 300,011 bytes …)" in part(text, "turns")
    assert len(text) < 50_000


def test_it_can_be_about_some_actors(busy: Session, tmp_path: Path) -> None:
    text = made(tmp_path, actors="drawer")

    assert "drawer-a" in part(text, "actors")
    assert "vault" not in part(text, "actors") + part(text, "turns") + part(text, "definitions")
    with pytest.raises(UnknownActor, match="drawr"):
        made(tmp_path, actors=["drawr"])


def test_it_can_be_about_a_time(busy: Session, tmp_path: Path) -> None:
    assert "Nothing has failed" in part(made(tmp_path, since=0.0), "failures")
    assert "PermissionError" in part(made(tmp_path, since="1h"), "failures")
    with pytest.raises(BadSetting):
        made(tmp_path, since="soon")


def test_file_of_another_kind_is_not_replaced(busy: Session, tmp_path: Path) -> None:
    (tmp_path / "thesis.html").write_text("years of work")

    with pytest.raises(FileInTheWay):
        wb.report(tmp_path / "thesis.html")

    assert (tmp_path / "thesis.html").read_text() == "years of work"


def test_second_report_replaces_the_first(busy: Session, tmp_path: Path) -> None:
    assert made(tmp_path) != ""
    assert "Actor system" in made(tmp_path)


def test_system_that_is_only_looked_at_can_be_reported_on(session: Session, tmp_path: Path) -> None:
    with embedded(system="far") as system, NodeServer(system) as server:
        system.deploy(Drawer)
        system.invoke("drawer-a", "keep", {"text": "x"}, parent="drawer")
        wb.attach(server.address)

        text = made(tmp_path)

        assert "Actor system far" in text
        assert "drawer-a" in part(text, "actors")
        assert system.info("drawer-a").turns == 1
        wb.detach()


def test_what_a_system_cannot_show_is_said_instead(session: Session, tmp_path: Path) -> None:
    with embedded(system="far") as system:
        running = serve(system, http_port=0)
        wb.attach(running.address)

        text = made(tmp_path)

        assert "Cannot show actors on far" in part(text, "actors")
        assert "Cannot show turns on far" in part(text, "turns")
        wb.detach()
        running.close()


@pytest.fixture
def opened(busy: Session, tmp_path: Path, chromium: str) -> Iterator[tuple[Page, list[str]]]:
    """The report in a browser, opened from the disk, and what the browser complained about."""
    for number in range(8):
        wb.invoke(f"drawer-{number}", "keep", {"text": "x"}, parent="drawer")
    file = wb.report(tmp_path / "report.html").path
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, complaints = browser.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        yield page, complaints
        browser.close()


@pytest.mark.browser
def test_browser_filters_under_the_strict_policy(opened: tuple[Page, list[str]]) -> None:
    page, complaints = opened

    page.fill('label[data-filters^="#actors"] input', "drawer-3")

    assert page.locator("#actors tbody tr:visible").all_inner_texts()[0].startswith("drawer-3")
    assert page.locator("#actors tbody tr:visible").count() == 1
    assert page.locator('label[data-filters^="#actors"] output').inner_text().startswith("1 of ")
    assert complaints == []


@pytest.mark.browser
def test_browser_refuses_to_load_anything_from_it(opened: tuple[Page, list[str]]) -> None:
    page, complaints = opened

    is_refused = page.evaluate(
        "new Promise((done) => { const image = new Image(); image.onload = () => done(false);"
        " image.onerror = () => done(true); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image); })"
    )

    assert is_refused
    assert any("Content Security Policy" in text for text in complaints)
