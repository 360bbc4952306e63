"""The page of `devenv graph --html` in a real browser; skipped where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.events import ignore
from devenv.settings import default_settings
from devenv.store.store import Store
from devenv.ui.graph.page import format_page
from devenv.workflow.closure.contents import Content
from devenv.workflow.closure.draw import find_contents
from devenv.workflow.closure.read import read_closure
from devenv.workflow.tools import Tools
from tests.browser import Browser, find_browser, running_browser
from tests.closures import KEPT, fill_store, make_project
from tests.homes import temporary_home

HOSTILE = "</script><img src=//evil.example/x onerror=alert(1)><b>\u202e"
TILES = "[...document.querySelectorAll('#map > .tile')]"
DETAIL = "document.querySelector('#detail').innerText"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests."""
    program = find_browser()
    if program is None:
        pytest.skip("needs Chromium")
    with running_browser(program) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two pages: one as it is, one with hostile names."""
    place = tmp_path_factory.mktemp("pages")
    project = make_project(place / "api")
    with temporary_home() as home:
        settings = default_settings(home)
        with Store(settings) as store:
            fill_store(store)
        with Tools(settings, {"PATH": os.environ["PATH"]}, ignore) as tools:
            closure = read_closure(tools, project)
            contents = find_contents(tools, closure)
    (place / "page.html").write_bytes(format_page(closure, contents))
    members = {
        key: replace(
            each,
            name=f"{each.name}{HOSTILE}",
            version=HOSTILE,
            files=tuple(replace(file, name=HOSTILE, locator=HOSTILE) for file in each.files),
        )
        for key, each in closure.members.items()
    }
    hostile = replace(closure, project=Path("/x") / HOSTILE.replace("/", "∕"), members=members)
    contents = {key: Content(HOSTILE, each.size, (Content(HOSTILE, 9), each)) for key, each in contents.items()}
    (place / "hostile.html").write_bytes(format_page(hostile, contents))
    return place


@pytest.fixture
def page(browser: Browser, pages: Path) -> Browser:
    """The page as it comes, in a window of usual size."""
    browser.resize(1280, 800)
    browser.open(pages / "page.html")
    return browser


def names(page: Browser) -> list[str]:
    """What the tiles are called, the largest first."""
    found: list[str] = page.ask(f"{TILES}.map(each => each.getAttribute('aria-label').split(',')[0])")
    return found


def test_tiles_cover_the_map_in_proportion(page: Browser) -> None:
    """Each tile's area is its share of the whole, none lies over another, and together they are the map."""
    assert names(page) == ["nodejs 1.0", "git 1.0", "jq 1.0", "curl 1.0", "runtime 1.0", "extra-1.0"]
    boxes = page.ask(f"{TILES}.map(each => (b => [b.x, b.y, b.width + 2, b.height + 2])(each.getBoundingClientRect()))")
    width, height = page.ask("(m => [m.clientWidth, m.clientHeight])(document.querySelector('#map'))")
    whole = sum(KEPT.values()) - KEPT["make"]
    for (_, _, wide, high), size in zip(boxes, (60_000, 9000, 2000, 800, 400), strict=False):
        assert wide * high / (width * height) == pytest.approx(size / whole, rel=0.02)
    for place, (x, y, wide, high) in enumerate(boxes):
        for other_x, other_y, other_wide, other_high in boxes[place + 1 :]:
            apart = (
                min(max(other_x - x - wide, x - other_x - other_wide), 0),
                min(max(other_y - y - high, y - other_y - other_high), 0),
            )
            assert abs(apart[0] * apart[1]) < 1
    assert page.said == []


def test_keyboard(page: Browser) -> None:
    """Arrows move, Enter looks into, Escape goes back to where one was; nothing needs a mouse."""
    page.ask(f"{TILES}[0].focus()")
    page.press("ArrowRight")
    label = "document.activeElement.getAttribute('aria-label')"
    assert page.ask(label).startswith("git 1.0")
    assert ">=1,<2" not in page.ask(DETAIL)
    page.press("Enter")
    assert names(page) == ["git"]
    page.press("Escape")
    assert page.ask(label).startswith("git 1.0")
    page.press("ArrowLeft")
    assert page.ask(label).startswith("nodejs 1.0")
    page.resize(1100, 700)
    assert page.ask(label).startswith("nodejs 1.0")
    # One stop for Tab among all tiles.
    assert page.ask(f"{TILES}.filter(each => each.tabIndex === 0).length") == 1


def test_detail_has_question_and_answer(page: Browser) -> None:
    """Of what is chosen stand there: the request, who answered with which revision and date, files and sizes."""
    page.point("#map > .tile[aria-label^='jq']", click=True)
    text = page.ask(DETAIL)
    for part in ("jq 1.0", ">=1,<2", "base (builtin:base)", "debian (debian:trixie)", "2026-11-26T02:14:46Z"):
        assert part in text
    assert "debian:pool/main/x/jq_1.0-1_amd64.deb" in text
    assert "2.0 KiB" in text
    page.ask("history.back()")
    page.settle()
    assert "nodejs 1.0" in names(page)


def test_hovering_tells(page: Browser) -> None:
    """The pointer is told name, size, and which question the answer is of."""
    page.point("#map > .tile[aria-label^='jq']")
    tip = "document.querySelector('#tip')"
    assert page.ask(f"{tip}.hidden") is False
    assert "base ← >=1,<2" in page.ask(f"{tip}.innerText")


def test_search(page: Browser) -> None:
    """`/` searches packages and files, what does not match is dimmed, and Enter goes there."""
    page.press("/")
    page.write("jq")
    assert page.ask("document.querySelector('#found li').innerText").startswith("jq 1.0")
    assert page.ask("document.querySelectorAll('#map > .tile.dim').length") == len(names(page)) - 1
    page.press("Enter")
    assert page.ask("document.activeElement.getAttribute('aria-label')").startswith("jq 1.0")
    assert page.ask("document.querySelectorAll('#map > .tile.dim').length") == 0
    # What is needed to build alone is not on the map, and found all the same.
    page.press("/")
    page.write("make")
    page.press("Enter")
    assert "needed to build others" in page.ask(DETAIL)


def test_downloads(page: Browser) -> None:
    """The other view has the files to download, those of several packages once."""
    page.point("#download", click=True)
    assert "files of several packages" in names(page)
    page.point("#map > .tile[aria-label^='files of several']", click=True)
    assert names(page) == ["shared_1.0-1_amd64.deb"]
    page.point("#map > .tile", click=True)
    assert page.ask(DETAIL).count("git 1.0") == page.ask(DETAIL).count("jq 1.0") == 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 600), (768, 1024), (1920, 1080)])
def test_fits(page: Browser, width: int, height: int, dark: bool) -> None:
    """On a phone as on a desk nothing is wider than the window, and text stands out of its ground."""
    page.resize(width, height, phone=width < 700, dark=dark)
    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.ask(f"{TILES}.length") >= 4
    if width < 700:
        assert page.ask("document.querySelector('#list').offsetHeight") > 0
    ratio = page.ask(CONTRAST)
    assert ratio >= 4.5, f"{ratio}:1"


def test_phone(page: Browser) -> None:
    """On a phone a tap looks into, and one on what has nothing inside brings what is told of it into sight."""
    page.resize(390, 844, phone=True)
    page.point("#map > .tile[aria-label^='jq']", click=True)
    assert names(page) == ["jq"]
    page.point("#map > .tile", click=True)
    assert page.ask("document.querySelector('#detail h2').getBoundingClientRect().top < innerHeight")
    assert "jq" in page.ask(DETAIL)


CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(
      (each) => each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const all = [...document.querySelectorAll('.tile')].map((tile) => {
    const style = getComputedStyle(tile);
    return ratio(light(style.color), light(style.backgroundColor));
  });
  const aside = getComputedStyle(document.querySelector('aside'));
  const faint = getComputedStyle(document.querySelector('aside .kind'));
  all.push(ratio(light(faint.color), light(aside.backgroundColor)));
  return Math.min(...all);
})()"""
"""The least contrast of text on tiles and in the panel (WCAG 2.2)."""


def test_theme_button(page: Browser) -> None:
    """Who prefers light can have it dark, and the other way round."""
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.ask(ground)
    page.point("#theme", click=True)
    assert page.ask(ground) != before
    page.point("#theme", click=True)
    assert page.ask(ground) == before


def test_hostile_names(browser: Browser, pages: Path) -> None:
    """Names are text wherever they come up: nothing of them runs, loads, or becomes an element."""
    browser.resize(1280, 800)
    browser.open(pages / "hostile.html")
    for selector in ("#map > .tile", "#map > .tile", "#download", "#map > .tile"):
        browser.point(selector)
        browser.point(selector, click=True)
    browser.press("/")
    browser.write("script")
    browser.press("Enter")
    assert browser.ask("document.querySelectorAll('img, #detail b, #found b').length") == 0
    assert "<img src=//evil.example/x" in browser.ask("document.body.innerText")
    assert browser.said == []
    assert [each for each in browser.requests if not each.startswith(("file:", "about:"))] == []


def test_policy_stops_what_is_not_ours(page: Browser) -> None:
    """Should a name ever become an element: the policy lets it neither load, nor run, nor send anything."""
    page.ask("""(() => {
      const image = document.createElement('img');
      image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(image, script);
    })()""")
    page.settle()
    assert page.ask("window.ran === undefined")
    assert len([each for each in page.said if "Content Security Policy" in each]) == 2
