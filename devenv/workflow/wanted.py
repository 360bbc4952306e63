"""What people call packages on the command line: `nodejs@24`, `source:curl`, `debian:htop`, `debian:bookworm/htop`.

All verbs that take such names read them here, so that a slip gets the same answer everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE, SUITES
from devenv.errors import UsageError
from devenv.manifest.grammar import MOVING_SUITES, PACKAGE_NAME, GrammarError, require_suite
from devenv.manifest.model import PYPI_LOCATOR, SOURCE_LOCATOR
from devenv.manifest.wording import find_closest, format_shown
from devenv.packages.package_set import SOURCE_PREFIX

NAMED_INPUT = "input:"

COMPARISON = re.compile(r"(?P<name>[^=<>~!]+)(?P<operator>==?|[<>~!]=|[<>])(?P<version>.+)", re.ASCII)
"""A package and a version as other tools have them: `nodejs==24`, `htop=3.4.1-5`."""


@dataclass(frozen=True, slots=True)
class WantedPackage:
    """A package that is to be added, and the version that is asked for (None: whatever is newest).

    `input` is None for the input that the package has or would have anyway; else `debian:`, for whichever of Debian's
    suites the manifest has, or `debian:SUITE`, or `builtin:source`, or `pypi:`, or `input:` and the name of an input.
    """

    name: str
    version: str | None
    input: str | None = None


def parse_wanted(text: str, inputs: Collection[str] = ()) -> WantedPackage:
    """`nodejs@24`, `source:curl`, `debian:htop`, `debian:bookworm/htop`; with `tools` in `inputs`, `tools:frob`.

    Whether there is such a package is found out later. Raises UsageError: `version-missing`, `package-invalid`.
    """
    name, separator, version = text.partition("@")
    if separator and not version:
        raise UsageError(
            f"`{format_shown(text)}` names no version after the `@`",
            hint=f"`devenv add {format_shown(name)}@latest`",
            slug="version-missing",
        )
    match = COMPARISON.fullmatch(name)
    if match is not None and not separator:
        raise _misplaced_version(text, match)
    if name.startswith(SOURCE_PREFIX):
        return WantedPackage(_require_source_name(name), version or None, SOURCE_LOCATOR)
    if name.startswith(PYPI_LOCATOR):
        return WantedPackage(_require_project_name(name), version or None, PYPI_LOCATOR)
    head, _, rest = name.partition(":")
    if head in inputs and not name.startswith(DEBIAN):
        return WantedPackage(rest, version or None, NAMED_INPUT + head)
    if not name.startswith(DEBIAN):
        _refuse_other_sets(name)
        return WantedPackage(name, version or None)
    suite, slash, name = name.removeprefix(DEBIAN).rpartition("/")
    if slash:
        _require_suite(text, suite, name)
    prefix = DEBIAN + suite + slash
    _require_debian_name(prefix, name)
    if version:
        _refuse_own_version(prefix + name, version)
    return WantedPackage(name, version or None, DEBIAN + suite)


def require_single(wanted: Sequence[WantedPackage]) -> None:
    """Raise UsageError (`package-repeated`) where two of `wanted` are different wishes for one name."""
    wishes: dict[str, WantedPackage] = {}
    for each in wanted:
        if wishes.setdefault(each.name, each) != each:
            raise UsageError(
                f"`{each.name}` is asked for twice; a project has one package of each name",
                hint="leave one of the two out",
                slug="package-repeated",
            )


def _invalid(message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint, slug="package-invalid")


def _misplaced_version(text: str, match: re.Match[str]) -> UsageError:
    name, operator, version = match.group("name", "operator", "version")
    exact = operator in {"=", "=="}
    if exact and name.startswith(DEBIAN):
        version = _strip_own_parts(version) or version
    meant = f"{name}@{version}" if exact else f'"{name}@{operator}{version}"'
    return _invalid(
        f"`{format_shown(text)}` is not the name of a package: a version stands behind `@`",
        f"write `{format_shown(meant)}`",
    )


def _refuse_other_sets(name: str) -> None:
    """Raise UsageError where something before `name` looks like a package set."""
    known = f"sets are `{SOURCE_PREFIX}`, `{DEBIAN}`, `{DEBIAN}SUITE/` and `{PYPI_LOCATOR}`"
    head, colon, rest = name.partition(":")
    if colon:
        meant = find_closest(head, (DEBIAN.rstrip(":"), SOURCE_PREFIX.rstrip(":"), PYPI_LOCATOR.rstrip(":")))
        hint = f"did you mean `{meant}:{format_shown(rest)}`?" if meant else f"{known}; other packages have none"
        raise _invalid(f"`{format_shown(head)}:` is no package set that devenv knows", hint)
    head, slash, rest = name.partition("/")
    meant = find_closest(head, (DEBIAN.rstrip(":"), *SUITES)) if slash and rest else None
    if meant is not None:
        set_name = f"{DEBIAN}{meant}/" if meant in SUITES else DEBIAN
        raise _invalid(
            f"`{format_shown(name)}` is not the name of a package: {known}",
            f"did you mean `{set_name}{format_shown(rest)}`?",
        )


def _require_suite(text: str, suite: str, name: str) -> None:
    if not suite:
        raise _invalid(f"`{format_shown(text)}` names no suite before the `/`", f"`devenv add {DEBIAN}{name}`")
    try:
        require_suite(suite)
    except GrammarError as error:
        meant = find_closest(suite, SUITES)
        raise _invalid(error.message, f"did you mean `{DEBIAN}{meant}/{name}`?" if meant else error.hint) from error


def _require_source_name(text: str) -> str:
    """The name behind `source:`. Raises UsageError where there is none that a package could have."""
    name = text.removeprefix(SOURCE_PREFIX)
    if not name:
        raise _invalid(f"`{SOURCE_PREFIX}` names no package", "look for one with `devenv search WORD`")
    if PACKAGE_NAME.pattern.fullmatch(name) is None:
        raise _invalid(f"`{format_shown(name)}` is not the name of a package", "look for one with `devenv search WORD`")
    return name


def _require_project_name(text: str) -> str:
    """The project behind `pypi:`, as the index spells it. Raises UsageError where there is none."""
    name = re.sub(r"[-_.]+", "-", text.removeprefix(PYPI_LOCATOR)).lower()
    if PACKAGE_NAME.pattern.fullmatch(name) is None or name.endswith("-") or "+" in name:
        raise _invalid(
            f"`{format_shown(text)}` names no project of the index", "write `pypi:NAME`, such as `pypi:ruff`"
        )
    return name


def _require_debian_name(prefix: str, name: str) -> None:
    """Raise UsageError where what stands behind `debian:` names no package but something else."""
    if not name:
        raise _invalid(f"`{prefix}` names no package", "look for one with `devenv search WORD`")
    if ":" in name:
        raise _invalid(
            f"`{format_shown(name)}` names an architecture; a package is taken for every system of the manifest",
            f"write `{prefix}{format_shown(name.partition(':')[0])}`",
        )
    if prefix == DEBIAN and name in SUITES:
        raise _invalid(f"`{DEBIAN}{name}` is a suite and no package", f"`devenv add {DEBIAN}{name}/NAME`")
    if prefix == DEBIAN and name in MOVING_SUITES:
        raise _invalid(
            f"`{DEBIAN}{name}` is no package; as a suite it means another one every few years",
            f"`devenv add {DEBIAN}{DEFAULT_SUITE}/NAME`",
        )


def _refuse_own_version(name: str, version: str) -> None:
    asked = _strip_own_parts(version)
    if asked is not None:
        raise _invalid(
            f"`{format_shown(version)}` is a version as Debian writes it",
            f"write `{name}@{asked}`: epoch and Debian's revision are left out, letters stand behind `+`",
        )


def _strip_own_parts(version: str) -> str | None:
    """What a `version` with Debian's own parts in it is asked for as; None where it has none."""
    from devenv.debian.version import is_version
    from devenv.packages.wheels import parse_version
    from devenv.resolve.suites import asked_version

    if not version[0].isdigit() or not is_version(version):
        return None
    if parse_version(version) is not None and not set("-:~") & set(version):
        return None
    return asked_version(version)
