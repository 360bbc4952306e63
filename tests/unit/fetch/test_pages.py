from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devenv.errors import FetchError
from devenv.fetch.pages import HTML_TYPES, JSON_TYPE, IndexPage, parse_page

INDEX = "https://index.example/simple/"
ADDRESS = f"{INDEX}tool/"
SHA = "ab" * 32
WHEEL = "tool-1.0-py3-none-any.whl"


def read_html(text: str, content_type: str = "text/html; charset=UTF-8") -> IndexPage:
    """The page in HTML."""
    return parse_page(text.encode(), content_type, ADDRESS, INDEX)


def read_json(*files: dict[str, Any], version: str = "1.1") -> IndexPage:
    """The page in JSON."""
    document = {"meta": {"api-version": version}, "name": "tool", "files": list(files), "future": {"x": 1}}
    return parse_page(json.dumps(document).encode(), JSON_TYPE, ADDRESS, INDEX)


def listed(**changes: Any) -> dict[str, Any]:
    """A file as JSON lists it."""
    return {"filename": WHEEL, "url": f"https://files.example/a/{WHEEL}", "hashes": {"sha256": SHA}, **changes}


def test_html_attributes() -> None:
    """Names, entities, hashes and yank marks (even with no reason) are read as PEP 503 and 592 have them."""
    page = read_html(
        f"""<html><head><meta name="pypi:repository-version" content="1.3"></head>
        <a href="https://files.example/a/{WHEEL}#sha256={SHA}" data-requires-python="&gt;=3.8" data-unknown>x</a>
        <A HREF='https://files.example/b/tool-2.0%2Bcpu-py3-none-any.whl#sha256={SHA.upper()}' data-yanked>x</A>
        <a href="https://files.example/b/tool-2.1-py3-none-any.whl#sha256={SHA}" data-yanked="">x</a>
        <a href="https://files.example/tool-1.0.tar.gz#sha256={SHA}">x</a> <a>x</a>"""
    )
    assert [(wheel.filename, wheel.sha256, wheel.yanked, wheel.size) for wheel in page.wheels] == [
        (WHEEL, SHA, False, None),
        ("tool-2.0+cpu-py3-none-any.whl", SHA, True, None),
        ("tool-2.1-py3-none-any.whl", SHA, True, None),
    ]
    assert page.bases == ("https://files.example/",)


def test_html_links_are_relative_to_page_or_base() -> None:
    """Relative links lead from the page, or from the base that the page names."""
    link = f'<a href="../../f/{WHEEL}#sha256={SHA}">x</a>'
    assert read_html(link).wheels[0].locator == f"pypi:../f/{WHEEL}"
    based = read_html(f'<base href="https://files.example/x/y/">{link}')
    assert based.wheels[0].locator == f"pypi:/f/{WHEEL}"


def test_json_fields() -> None:
    """Sizes, hashes and yank marks are read as PEP 691 and 700 have them; an empty reason is a yank too."""
    page = read_json(
        listed(size=7, yanked="broken"), listed(yanked=""), listed(yanked=False), listed(size=-1), listed(size=1 << 60)
    )
    assert [(wheel.size, wheel.yanked) for wheel in page.wheels] == [
        (7, True),
        (None, True),
        (None, False),
        (None, False),
        (None, False),
    ]


def test_json_upload_times() -> None:
    """Times are read as PEP 700 has them; what is no time counts as none, and costs the page nothing."""
    times: list[object] = ["2026-11-01T08:00:00.123456Z", None, "yesterday", 17, {"a": 1}, "9" * 10_000]
    page = read_json(listed(), *(listed(**{"upload-time": time}) for time in times))
    assert [wheel.uploaded for wheel in page.wheels] == [None, 1793520000, None, None, None, None, None]


@pytest.mark.parametrize("hashes", [{}, {"md5": "0" * 32}, {"sha256": "0" * 63}, {"sha256": "g" * 64}])
def test_weak_hashes_are_as_good_as_none(hashes: dict[str, str]) -> None:
    """A wheel with MD5 only, or with something that is no SHA-256, is left out (I-14)."""
    good = listed(filename="tool-2.0-py3-none-any.whl")
    assert [wheel.filename for wheel in read_json(listed(hashes=hashes), good).wheels] == [good["filename"]]
    algorithm, digest = next(iter(hashes.items()), ("", ""))
    with pytest.raises(FetchError, match="none that can be pinned"):
        read_html(f'<a href="https://files.example/{WHEEL}#{algorithm}={digest}">x</a>')


@pytest.mark.parametrize(
    "name", ["../x.whl", "a/b.whl", ".whl", "-x.whl", "a\n.whl", "a b.whl", "é.whl", "a" * 252 + ".whl", "a\\b.whl"]
)
def test_hostile_file_names_are_left_out(name: str) -> None:
    """A file name that could lead out of a directory, or break a line, is never passed on (I-14)."""
    with pytest.raises(FetchError) as caught:
        read_json(listed(filename=name))
    assert caught.value.slug == "index-invalid"
    assert caught.value.details[1:] == ("1 left out: its file name is not valid",)


@pytest.mark.parametrize(
    "url",
    ["ftp://files.example/x.whl", "javascript:x", "https://user@", "https://files.example/x.whl?sig=s3cret", "//[/x"],
)
def test_hostile_links_are_left_out(url: str) -> None:
    """Other schemes, broken hosts and signed addresses are not followed, and not quoted."""
    with pytest.raises(FetchError) as caught:
        read_json(listed(url=url))
    assert "s3cret" not in str(caught.value.details)


def test_userinfo_in_links_goes_nowhere() -> None:
    """A password that an index writes into links reaches neither locators nor remembered addresses (H-10)."""
    page = read_json(listed(url=f"https://user:s3cret@files.example/a/{WHEEL}"))
    assert "s3cret" not in repr(page)
    assert page.bases == ("https://files.example/",)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "text/html"),
        (b"<html><a href='/login'>Please log in</a></html>", "text/html"),
        (b"\xff\xfe", "text/html"),
        (b"{}", JSON_TYPE),
        (b"[" * 100_000, JSON_TYPE),
        (b'{"meta":{"api-version":"1.0"},"files":[]}', JSON_TYPE),
        (b'{"meta":{"api-version":"1.0"},"files":[{"filename":"x"', JSON_TYPE),
        (b"PK\x03\x04", "application/zip"),
        (f"<a href='https://files.example/{WHEEL}#sha256={SHA}'>x</a>".encode(), ""),
    ],
)
def test_what_is_no_index_page_is_an_error(content: bytes, content_type: str) -> None:
    """Login pages, halves, garbage and other types are told apart from a project without files (G-14)."""
    with pytest.raises(FetchError) as caught:
        parse_page(content, content_type, ADDRESS, INDEX)
    assert caught.value.slug == "index-invalid"
    assert f"address: {ADDRESS}" in caught.value.details


@pytest.mark.parametrize("version", ["2.0", "0.9", "", "x"])
def test_another_major_version_is_refused(version: str) -> None:
    """A page of another major version of the interface is not guessed at (PEP 629)."""
    with pytest.raises(FetchError, match="version"):
        read_json(listed(), version=version)
    with pytest.raises(FetchError, match="version"):
        read_html(f'<meta name="pypi:repository-version" content="{version}"><a href="/{WHEEL}#sha256={SHA}">x</a>')


def test_a_later_minor_version_is_read() -> None:
    """A page of a later minor version is read, what is new in it is skipped."""
    assert len(read_json(listed(provenance=None), version="1.99").wheels) == 1


def test_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with an absurd number of files is refused before they are looked at."""
    monkeypatch.setattr("devenv.fetch.html_pages.FILES_LIMIT", 3)
    monkeypatch.setattr("devenv.fetch.json_pages.FILES_LIMIT", 3)
    with pytest.raises(FetchError, match="more than 3 files"):
        read_html(f'<a href="/{WHEEL}#sha256={SHA}">x</a>' * 4)
    with pytest.raises(FetchError, match="more than 3 files"):
        read_json(*[listed()] * 4)


@example(b"<![\x00")
@given(st.binary(max_size=200) | st.text(alphabet="<>a href=\"'#/.whl&;!-[]{}", max_size=200).map(str.encode))
def test_any_bytes_give_a_page_or_our_error(content: bytes) -> None:
    """Whatever a server sends, the outcome is a page or an error of ours, never another exception."""
    for content_type in (*HTML_TYPES, JSON_TYPE):
        try:
            parse_page(content, content_type, ADDRESS, INDEX)
        except FetchError as error:
            assert error.slug == "index-invalid"  # noqa: PT017 - both outcomes are right
