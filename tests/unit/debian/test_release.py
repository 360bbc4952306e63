"""The `Release` file of a suite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devenv.debian.release import INDEX_LIMIT, Release, parse_release, require_fresh, require_not_older

DATE = datetime(2026, 11, 18, 22, 17, 41, tzinfo=UTC)

TEXT = f"""\
Origin: Debian
Label: Debian-Security
Suite: stable-security
Codename: trixie-security
Date: Wed, 18 Nov 2026 22:17:41 UTC
Valid-Until: Wed, 25 Nov 2026 22:17:41 UTC
Acquire-By-Hash: yes
Architectures: all amd64 arm64
Components: updates/main updates/non-free-firmware
Description: Debian 13 Security Updates
MD5Sum:
 {"0" * 32}        5 main/binary-amd64/Packages
SHA256:
 {"ab" * 32}  2513441 main/binary-amd64/Packages
 {"cd" * 32}   500000 main/binary-amd64/Packages.xz
"""


def changed(old: str, new: str) -> bytes:
    assert old in TEXT
    return TEXT.replace(old, new).encode()


def test_all_fields() -> None:
    """A release says what it is, from when to when it holds, and the hash of every index."""
    assert parse_release(TEXT.encode()) == Release(
        origin="Debian",
        suite="stable-security",
        codename="trixie-security",
        date=DATE,
        valid_until=DATE + timedelta(days=7),
        components=("updates/main", "updates/non-free-firmware"),
        architectures=("all", "amd64", "arm64"),
        acquire_by_hash=True,
        sha256={
            "main/binary-amd64/Packages": ("ab" * 32, 2513441),
            "main/binary-amd64/Packages.xz": ("cd" * 32, 500000),
        },
    )


def test_what_a_release_need_not_say() -> None:
    """Suites that no longer change are valid without end."""
    text = changed("Valid-Until: Wed, 25 Nov 2026 22:17:41 UTC\nAcquire-By-Hash: yes\n", "")
    release = parse_release(text)
    assert (release.valid_until, release.acquire_by_hash) == (None, False)


@pytest.mark.parametrize("text", ["Wed, 18 Nov 2026 22:17:41 GMT", "Wed, 18 Nov 2026 22:17:41 +0000"])
def test_spellings_of_universal_time(text: str) -> None:
    """Archives spell the time zone differently; all are UTC."""
    assert parse_release(changed("Wed, 18 Nov 2026 22:17:41 UTC", text)).date == DATE


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "Wed, 31 Feb 2026 22:17:41 UTC", "Wed, 18 Nov 2026 25:17:41 UTC", "Wed, 18 Nov 2026 22:17:41 CET",
     "Wed, 18 Now 2026 22:17:41 UTC", "2026-11-18T22:17:41Z", "Wed, 18 Nov 2026 22:17:41"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["Date", "Valid-Until"])
def test_what_is_no_date(field: str, text: str) -> None:
    """I-14: freshness is never judged by a guess."""
    day = {"Date": 18, "Valid-Until": 25}[field]
    with pytest.raises(ValueError, match=rf"as `{field}`, which is no date"):
        parse_release(changed(f"{field}: Wed, {day} Nov 2026 22:17:41 UTC", f"{field}: {text}"))


@pytest.mark.parametrize(("field", "line"), [
    ("Date", "Date: Wed, 18 Nov 2026 22:17:41 UTC\n"), ("Codename", "Codename: trixie-security\n"),
    ("SHA256", TEXT[TEXT.index("SHA256") :]),
])  # fmt: skip
def test_required_fields(field: str, line: str) -> None:
    """I-14: a release without a date could be any old one, and one with weak hashes only fixes nothing."""
    with pytest.raises(ValueError, match=f"the release has no field `{field}`"):
        parse_release(changed(line, ""))


@pytest.mark.parametrize(
    "line",
    ["../../etc/passwd", "/etc/passwd", "main/../x", "main/..", "./x", "main//x", "main/x y", "main/%2e%2e/x",
     "ma\\in", "", "x/"],
)  # fmt: skip
def test_paths_stay_in_the_suite(line: str) -> None:
    """I-14: no path of an index leads out of its suite."""
    with pytest.raises(ValueError, match="no hash, size and path"):
        parse_release(changed("main/binary-amd64/Packages.xz", line))


@pytest.mark.parametrize("line", ["cd" * 31 + " 1 x", "CD" * 32 + " 1 x", "cd" * 32 + " -1 x", "cd" * 32 + " x"])
def test_malformed_indexes(line: str) -> None:
    """A line that is not hash, size and path is refused instead of skipped."""
    with pytest.raises(ValueError, match="no hash, size and path"):
        parse_release((TEXT + f" {line}\n").encode())


def test_one_path_has_one_hash() -> None:
    """Of two hashes for one index it would be anybody's guess which counts; the same twice is none."""
    line = f" {'ab' * 32} 2513441 main/binary-amd64/Packages\n"
    assert len(parse_release((TEXT + line).encode()).sha256) == 2
    with pytest.raises(ValueError, match="lists `main/binary-amd64/Packages` twice"):
        parse_release((TEXT + line.replace("ab", "ef")).encode())


def test_field_that_stands_twice() -> None:
    """A second date or a second list of hashes has no place."""
    with pytest.raises(ValueError, match="a field twice"):
        parse_release((TEXT + "Date: Thu, 19 Nov 2026 22:17:41 UTC\n").encode())


def test_codename_is_a_name() -> None:
    """K-03: the codename is compared and shown, so it is no more than a name."""
    with pytest.raises(ValueError, match="as `Codename`, which is no name"):
        parse_release(changed("Codename: trixie-security", "Codename: trixie\x1b[2J"))


def test_indexes_are_bounded() -> None:
    """I-15: a release that lists without end does not fill memory."""
    lines = "".join(f" {'ab' * 32} 1 {number}\n" for number in range(INDEX_LIMIT))
    with pytest.raises(ValueError, match="more than"):
        parse_release((TEXT + lines).encode())


def test_what_is_no_text() -> None:
    """A file in no encoding that releases have is refused like any other that is none."""
    with pytest.raises(ValueError, match="utf-8"):
        parse_release(b"\xff" + TEXT.encode())


def test_expired_release() -> None:
    """I-14: after its last day a release is refused: somebody may be holding back what came since."""
    release = parse_release(TEXT.encode())
    require_fresh(release, DATE + timedelta(days=7))
    with pytest.raises(ValueError, match="was valid until 2026-11-25 22:17 UTC"):
        require_fresh(release, DATE + timedelta(days=7, seconds=1))


def test_release_that_goes_back() -> None:
    """G-19: a release older than one that was seen is refused."""
    release = parse_release(TEXT.encode())
    require_not_older(release, DATE)
    with pytest.raises(ValueError, match="of 2026-11-18 22:17 UTC, older than the one of 2026-11-18 22:18 UTC"):
        require_not_older(release, DATE + timedelta(seconds=60))
