"""Edits the packages and inputs of a manifest's text: what `devenv add` and `devenv remove` do to the file.

How the text is cut so that every other byte stays, `splice` says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.errors import UsageError
from devenv.manifest.document import Document, parse_document
from devenv.manifest.grammar import PACKAGE_NAME, GrammarError, require_suite, require_version
from devenv.manifest.model import (
    ANY_VERSION,
    DEBIAN_INPUT,
    DEFAULT_ENVIRONMENT,
    DEFAULT_INPUT,
    PYPI_INPUT,
    PYPI_LOCATOR,
    SOURCE_INPUT,
    SOURCE_LOCATOR,
    Manifest,
    PackageRequest,
    find_suite_input,
    input_name,
)
from devenv.manifest.parse import check_document
from devenv.manifest.splice import (
    add_value,
    change_input,
    change_version,
    cut_lines,
    cut_members,
    spell,
    spell_package,
)
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.project_names import MANIFEST_NAME

INPUTS, PACKAGES, ENVIRONMENTS = "inputs", "packages", "environments"


def set_package(
    text: str,
    name: str,
    version: str | None = None,
    source: str | None = None,
    environment: str = DEFAULT_ENVIRONMENT,
) -> str:
    """The manifest `text` with package `name` at `version` from the input `source`; the long form keeps other keys.

    What is None stays as it is; a new package may have any version, and comes from the default input. A new one goes to
    its place in a section that is sorted, else to the end; a missing section is appended. The section is that of the
    `environment`.

    Raises UsageError (`package-invalid`) for a name or version that a manifest cannot hold, `environment-unknown`;
    ManifestError and ForeignFileError as `parse_manifest` does.
    """
    try:
        PACKAGE_NAME.require(name)
        wanted = None if version is None else require_version(version)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint, slug="package-invalid") from error
    document, manifest = _parse(text)
    packages = _own_packages(manifest, environment)
    _refuse_clash(manifest, packages.get(name), name, source)
    path = (*_section_of(environment), name)
    if name not in packages:
        return add_value(document, path, spell_package(spell(wanted or ANY_VERSION), source or DEFAULT_INPUT))
    if wanted is not None:
        document, _ = _parse(change_version(document, path, wanted))
    if source is not None and source != packages[name].input:
        return change_input(document, path, source)
    return document.text


def _section_of(environment: str) -> tuple[str, ...]:
    """Where the packages of an environment stand."""
    return (PACKAGES,) if environment == DEFAULT_ENVIRONMENT else (ENVIRONMENTS, environment, PACKAGES)


def _own_packages(manifest: Manifest, environment: str) -> Mapping[str, PackageRequest]:
    """The packages that an environment names itself. Raises UsageError (`environment-unknown`)."""
    manifest.select(environment)
    return manifest.packages if environment == DEFAULT_ENVIRONMENT else manifest.environments[environment].packages


def set_suite(text: str, suite: str | None = None) -> tuple[str, str]:
    """The manifest `text` with an input that is the Debian suite, and that input's name.

    An input that is there serves; without `suite`, that of any suite. A new one goes where a new package would go.
    Raises UsageError (`package-invalid`) where there is no such suite, and as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    try:
        wanted = None if suite is None else DEBIAN + require_suite(suite)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint, slug="package-invalid") from error
    first = find_suite_input(manifest.inputs)
    if wanted is None and first is not None:
        return text, first
    locator = wanted or DEBIAN + DEFAULT_SUITE
    for name, given in manifest.inputs.items():
        if given == locator:
            return text, name
    name = input_name({}, locator.removeprefix(DEBIAN))
    if first is None and DEBIAN_INPUT not in manifest.inputs:
        name = DEBIAN_INPUT
    return add_value(document, (INPUTS, name), spell(locator)), name


def set_index(text: str) -> tuple[str, str]:
    """The manifest `text` with an input that is the index of Python, and that input's name.

    An input that is there serves. Raises UsageError (`package-invalid`) where the manifest calls another set so, and
    as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    for name, given in manifest.inputs.items():
        if given == PYPI_LOCATOR:
            return text, name
    if PYPI_INPUT in manifest.inputs:
        raise UsageError(
            f"the input `{PYPI_INPUT}` of this manifest is another set",
            hint=f'add an input that is `"{PYPI_LOCATOR}"` to `[inputs]`, under another name',
            slug="package-invalid",
        )
    return add_value(document, (INPUTS, PYPI_INPUT), spell(PYPI_LOCATOR)), PYPI_INPUT


def require_source_input(text: str) -> str:
    """The input of the manifest `text` whose packages are built from source.

    Raises UsageError (`package-invalid`) where it calls another set so and has none of its own name for it.
    """
    _, manifest = _parse(text)
    names = [name for name in (SOURCE_INPUT, *manifest.inputs) if manifest.inputs.get(name) == SOURCE_LOCATOR]
    if not names:
        raise UsageError(
            f"the input `{SOURCE_INPUT}` of this manifest is `{manifest.inputs[SOURCE_INPUT]}`",
            hint=f'add an input that is `"{SOURCE_LOCATOR}"` to `[inputs]`, under another name',
            slug="package-invalid",
        )
    return names[0]


def remove_package(text: str, name: str, environment: str = DEFAULT_ENVIRONMENT) -> str:
    """The manifest `text` without package `name`: its lines go, with comments at their ends; other lines stay.

    It is one that the `environment` names itself. Raises UsageError (`package-absent` where it does not,
    `package-needed` where a build or another environment needs it, `environment-unknown`), as `parse_manifest` does.
    """
    document, manifest = _parse(text)
    names = _own_packages(manifest, environment)
    if name not in names:
        where = "in the manifest" if environment == DEFAULT_ENVIRONMENT else f"in `environments.{environment}.packages`"
        hint = _absent_hint(name, names)
        if name in manifest.select(environment).packages:
            hint = f'it is in what that extends: write `without = ["{name}"]` to leave it out'
        raise UsageError(f"`{format_shown(name)}` is not {where}", hint=hint, slug="package-absent")
    _refuse_needed(manifest, name, environment)
    path = (*_section_of(environment), name)
    for statement in reversed(document.positions.statements):
        if statement.path[: len(path)] == path:
            text = cut_lines(text, statement.span)
    return cut_members(text, path)


def _refuse_needed(manifest: Manifest, name: str, environment: str) -> None:
    """Raise UsageError (`package-needed`) where something in the manifest names the package of an environment."""
    for each in manifest.environments.values():
        if name in each.without and each.extends == environment:
            raise UsageError(
                f"the environment `{each.name}` leaves `{name}` out",
                hint=f"take it out of `environments.{each.name}.without` first",
                slug="package-needed",
            )
    if environment != DEFAULT_ENVIRONMENT:
        return
    for build in manifest.builds.values():
        if name in {*build.inputs, *build.tools}:
            raise UsageError(
                f"the build `{build.name}` needs `{name}`",
                hint=f"take it out of `build.{build.name}` first",
                slug="package-needed",
            )


def _refuse_clash(manifest: Manifest, request: PackageRequest | None, name: str, source: str | None) -> None:
    """Raise UsageError (`package-invalid`) where the manifest has something else of that name, or changes its build."""
    if name in manifest.builds:
        raise UsageError(
            f"`{name}` is a build of this manifest", hint="give the build another name first", slug="package-invalid"
        )
    if request is None or not request.overrides or source is None:
        return
    if manifest.inputs.get(source) != SOURCE_LOCATOR:
        raise UsageError(
            f"the manifest changes how `{name}` is built, but from `{source}` it comes built",
            hint=f"take what is changed out of `packages.{name}` first",
            slug="package-invalid",
        )


def _absent_hint(name: str, names: Collection[str]) -> str:
    meant = find_closest(name, names)
    if meant:
        return f"did you mean `{meant}`?"
    return f"its packages are {format_names(names)}" if names else "it has no packages; `devenv add` adds some"


def _parse(text: str) -> tuple[Document, Manifest]:
    document = parse_document(text.encode(), MANIFEST_NAME)
    return document, check_document(document)
