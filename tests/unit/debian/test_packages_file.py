"""Indexes of packages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.debian.packages_file import STANZA_LIMIT, iter_records
from devenv.debian.record import DebRecord
from tests.unit.debian.indexes import record, stanza


def test_all_fields() -> None:
    """A record holds what locking, searching and `info` need."""
    text = stanza(
        "libssl3",
        "3.0.17-1",
        Section="libs",
        Homepage="https://openssl.example/",
        Pre_Depends="dpkg (>= 1)",
        Depends="libc6 (>= 2.34)",
        Provides="libssl",
        Multi_Arch="same",
        Essential="yes",
        Description="SSL\n  more\n .\n text",
    )
    assert list(iter_records([text.encode()], "security")) == [
        DebRecord(
            name="libssl3",
            version="3.0.17-1",
            architecture="amd64",
            section="libs",
            summary="SSL",
            homepage="https://openssl.example/",
            depends="dpkg (>= 1), libc6 (>= 2.34)",
            provides="libssl",
            multi_arch="same",
            essential=True,
            filename="pool/main/l/libssl3/libssl3_1_amd64.deb",
            size=1234,
            sha256="ab" * 32,
            archive="security",
        )
    ]


def test_locators_name_the_archive() -> None:
    """Security updates come from an archive of their own, and the locator says so."""
    (secure,) = iter_records([stanza("vim").encode()], "security")
    assert secure.locator == "debian:security/pool/main/v/vim/vim_1_amd64.deb"
    assert record("vim").locator == "debian:pool/main/v/vim/vim_1_amd64.deb"


def test_absent_fields() -> None:
    """What a package need not have is empty."""
    plain = record("vim", lacking=("Section", "Description"))
    assert (plain.section, plain.summary, plain.homepage, plain.depends) == ("", "", None, "")
    assert (plain.provides, plain.multi_arch, plain.essential) == ("", "", False)


@pytest.mark.parametrize(("fields", "expected"), [
    ({"Depends": "libc6"}, "libc6"), ({"Pre_Depends": "libc6"}, "libc6"),
    ({"Depends": "libc6,\n awk,\n\tmawk"}, "libc6,\n awk,\n\tmawk"),
    ({"X_Depends": "no"}, ""), ({"Description": "x\n Depends: no"}, ""),
])  # fmt: skip
def test_dependencies_and_folded_lines(fields: dict[str, str], expected: str) -> None:
    """A folded field is whole, and a line inside another field is no field."""
    assert record("vim", **fields).depends == expected


TEXT = "\n".join(stanza(f"package{number}", Description="größer") for number in range(4)).encode()


@given(st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_any_cut_gives_the_same_records(cuts: list[int]) -> None:
    """How the decompressor cuts the text changes nothing, not even inside a character or between paragraphs."""
    ends = [0, *sorted(cuts), len(TEXT)]
    chunks = [TEXT[start:end] for start, end in itertools.pairwise(ends)]
    assert list(iter_records(chunks, "main")) == list(iter_records([TEXT], "main"))


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n"])
def test_empty_index(text: str) -> None:
    """A pocket without packages, such as updates on the day of a release, is no error."""
    assert list(iter_records([text.encode()], "main")) == []


def test_blank_lines_between_paragraphs() -> None:
    """More blank lines than needed, or none at the end, change nothing."""
    text = "\n\n" + stanza("vim") + "\n\n\n" + stanza("nano").rstrip("\n")
    assert [each.name for each in iter_records([text.encode()], "main")] == ["vim", "nano"]


@pytest.mark.parametrize(("field", "value"), [
    ("Package", "../vim"), ("Package", "v"), ("Package", "Vim"), ("Package", "v" * 101), ("Version", "1/2"),
    ("Version", "1" * 97),
    ("Version", "1.0-1\n 2"), ("Architecture", "amd/64"), ("Size", "-1"), ("Size", "0"), ("Size", "1e3"),
    ("Size", "1" * 13), ("Size", "１"),
    ("SHA256", "ab" * 31), ("SHA256", "AB" * 32), ("SHA256", "ab" * 32 + "/"),
    ("Filename", "/etc/passwd"), ("Filename", "pool/../etc/x.deb"), ("Filename", "pool/main/../../x.deb"),
    ("Filename", "pool/./x.deb"),
    ("Filename", "pool//x.deb"), ("Filename", "x/pool/x.deb"), ("Filename", "pool/x.deb?y"),
    ("Filename", "pool/x y.deb"),
    ("Filename", "pool/.x.deb"), ("Filename", "pool/x.rpm"), ("Filename", "pool/x.deb/"), ("Filename", "pool\\x.deb"),
    ("Filename", "pool/" + "x" * 500 + ".deb"), ("Filename", "https://pool/x.deb"), ("Filename", "pool/ü.deb"),
])  # fmt: skip
def test_hostile_fields_are_refused(field: str, value: str) -> None:
    """I-14, K-03: nothing that becomes part of a path, an address or a lock is taken as it comes."""
    with pytest.raises(ValueError, match=r"in the package index has (.* as `\w+`|a version of more)"):
        record("vim", **{field: value})


@pytest.mark.parametrize("field", ["Package", "Version", "Architecture", "Filename", "Size", "SHA256"])
def test_required_fields(field: str) -> None:
    """A package without one of these cannot be fetched, and the message says which."""
    with pytest.raises(ValueError, match=f"in the package index has no field `{field}`"):
        record("vim", lacking=(field,))


def test_weak_hashes_do_not_do() -> None:
    """I-14: a package of which only weaker sums are known is refused by name."""
    with pytest.raises(ValueError, match="'vim' in the package index has no field `SHA256`"):
        record(
            "vim",
            lacking=("SHA256",),
            MD5sum="d41d8cd98f00b204e9800998ecf8427e",
            SHA1="da39a3ee5e6b4b0d3255bfef95601890afd80709",
        )


def test_field_that_stands_twice() -> None:
    """Of two hashes it would be anybody's guess which counts."""
    with pytest.raises(ValueError, match="'vim' in the package index has a field twice"):
        list(iter_records([(stanza("vim") + f"SHA256: {'cd' * 32}\n").encode()], "main"))


def test_nothing_steers_the_terminal() -> None:
    """K-03: a summary is shown to people, so it holds only what can be seen; a homepage is an address or nothing."""
    made = record(
        "vim", Description="nice\x1b[2J editor\r", Homepage="javascript:alert(1)", Section="x\x07", Multi_Arch="\x1b"
    )
    assert (made.summary, made.homepage, made.section, made.multi_arch) == ("nice?[2J editor?", None, "", "")


def test_wrong_encoding_is_shown_as_such() -> None:
    """One summary in another encoding does not make a suite unusable."""
    (made,) = iter_records([stanza("vim").encode().replace(b"summary", b"s\xfcmmary")], "main")
    assert made.summary == "the s\ufffdmmary of vim"


def test_paragraphs_are_bounded() -> None:
    """I-15: an index that never ends a paragraph does not fill memory."""
    with pytest.raises(ValueError, match="more than"):
        list(iter_records((b"x" * 65536 for _ in range(STANZA_LIMIT)), "main"))


def test_unknown_archive() -> None:
    """A record's archive is one that locators can name."""
    with pytest.raises(ValueError, match="is no archive"):
        list(iter_records([], "ports"))
