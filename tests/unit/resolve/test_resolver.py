"""Resolution of one package."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from devenv.errors import ResolutionError
from devenv.packages.package import WheelSource
from devenv.resolve.offers import WheelChoice
from devenv.resolve.resolver import Resolution
from devenv.system import ALL_SYSTEMS, Requirement, System

Resolve = Callable[..., Resolution]

TAGS = {
    System.X86_64_LINUX: "manylinux_2_17_x86_64",
    System.AARCH64_LINUX: "manylinux_2_17_aarch64",
    System.X86_64_DARWIN: "macosx_10_9_x86_64",
    System.AARCH64_DARWIN: "macosx_11_0_arm64",
}
LINUX = (System.X86_64_LINUX, System.AARCH64_LINUX)


def wheels(version: str, *systems: System, project: str = "tool", withdrawn: bool = False) -> list[str]:
    mark = "!" if withdrawn else ""
    return [f"{mark}{project}-{version}-py3-none-{TAGS[system]}.whl" for system in systems or ALL_SYSTEMS]


def failure(resolve: Resolve, *arguments: object, **options: object) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        resolve(*arguments, **options)
    return caught.value


def test_all_systems_are_resolved(resolve: Resolve) -> None:
    """Any machine resolves the files for all systems, each with what it requires there."""
    resolution = resolve({"tool": wheels("1.0") + wheels("2.0")})
    assert (resolution.version, resolution.lacking) == ("2.0", {})
    assert tuple(resolution.files) == ALL_SYSTEMS
    chosen = resolution.files[System.AARCH64_DARWIN]
    assert chosen.requirement == Requirement("macos", (11, 0))
    assert chosen.file.filename == "tool-2.0-py3-none-macosx_11_0_arm64.whl"


def test_systems_narrow_the_answer(resolve: Resolve) -> None:
    """With systems in the manifest the newest version that has them all wins, and only their files are taken."""
    projects = {"tool": wheels("1.0") + wheels("2.0", System.X86_64_LINUX)}
    resolution = resolve(projects, systems=LINUX)
    assert (resolution.version, set(resolution.files), resolution.lacking) == ("1.0", set(LINUX), {})


def test_lacking_systems_are_named(resolve: Resolve) -> None:
    """Without systems in the manifest the newest version wins; what it lacks is named, with where it is to be had."""
    projects = {"tool": wheels("1.0", *LINUX) + wheels("2.0", System.X86_64_LINUX)}
    resolution = resolve(projects)
    assert (resolution.version, tuple(resolution.files)) == ("2.0", (System.X86_64_LINUX,))
    assert resolution.lacking == {
        System.AARCH64_DARWIN: "no version has a file for it",
        System.AARCH64_LINUX: "it has no file for it; 1.0 has one",
        System.X86_64_DARWIN: "no version has a file for it",
    }


def test_missing_system_is_an_error(resolve: Resolve) -> None:
    """A system of the manifest that no answer has is an error that says which, and where it is to be had."""
    projects = {"tool": wheels("1.0") + wheels("2.0", *LINUX) + wheels("2.1", System.X86_64_LINUX)}
    error = failure(resolve, projects, "2", (*LINUX, System.AARCH64_DARWIN))
    assert error.slug == "system-missing"
    assert error.message == "`tool` 2.0 has no file for `aarch64-darwin`"
    assert error.details == ("aarch64-darwin: 1.0",)
    assert error.hint is not None
    assert "`systems` in `devenv.toml`" in error.hint


def test_version_for_no_system_of_ours(resolve: Resolve) -> None:
    """A version that has files only for other platforms is passed over; named exactly, it is an error."""
    projects = {"tool": [*wheels("1.0"), "tool-2.0-py3-none-win_amd64.whl"]}
    assert resolve(projects).version == "1.0"
    error = failure(resolve, projects, "2.0")
    assert error.slug == "system-missing"
    assert error.details[0] == "aarch64-darwin: 1.0"
    assert error.hint == "ask for another version than `2.0`"


def test_unknown_version_names_the_nearest(resolve: Resolve) -> None:
    """A version that is not there is answered with at most five that are: near ones, and other lines."""
    numbers = [f"{major}.{minor}" for major, minor in itertools.product(range(1, 5), range(4))]
    projects = {"tool": [name for number in numbers for name in wheels(number)] + wheels("9.0rc1")}
    error = failure(resolve, projects, "2.7")
    assert (error.slug, error.message) == ("version-unknown", "no version of `tool` satisfies `2.7`")
    assert error.details == ("there are 4.3, 2.3, 2.2, 2.1, 2.0",)
    assert failure(resolve, projects, ">=10").details == ("there are 4.3, 4.2, 3.3, 2.3, 1.3",)


def test_empty_index(resolve: Resolve) -> None:
    """An index that does not know the project is an error that names the project."""
    error = failure(resolve, {}, sources=(WheelSource("tool-bin"), WheelSource("tool")))
    assert error.slug == "version-unknown"
    assert "`pypi:tool-bin`, `pypi:tool`" in error.message


def test_lock_keeps_its_version(resolve: Resolve) -> None:
    """The version of the lock is kept while it satisfies, even where it was withdrawn meanwhile."""
    projects = {"tool": wheels("1.0") + wheels("1.1", withdrawn=True) + wheels("1.2") + wheels("2.0")}
    assert resolve(projects, "1", preferred="1.0").version == "1.0"
    assert resolve(projects, "1", preferred="1.1").version == "1.1"


@pytest.mark.parametrize("preferred", ["2.0", "1.7", "../x", "", "1.3"])
def test_lock_gives_way(resolve: Resolve, preferred: str) -> None:
    """A version that no longer satisfies, is gone, is none, or lacks a system, gives way to the newest."""
    projects = {"tool": wheels("1.0") + wheels("1.2") + wheels("1.3", System.X86_64_LINUX) + wheels("2.0")}
    assert resolve(projects, "1", LINUX, preferred=preferred).version == "1.2"


def test_sources_are_merged(resolve: Resolve) -> None:
    """Versions come from all sources; for one version the first source that has the system wins."""
    projects = {
        "tool-bin": wheels("2.0", System.X86_64_LINUX, project="tool_bin"),
        "tool": wheels("1.0") + wheels("2.0") + wheels("3.0"),
    }
    resolution = resolve(projects, sources=(WheelSource("tool-bin"), WheelSource("tool", "<3")))
    assert resolution.version == "2.0"
    names = {
        system: choice.file.filename for system, choice in resolution.files.items() if isinstance(choice, WheelChoice)
    }
    assert {system: name.partition("-")[0] for system, name in names.items()} == {
        **dict.fromkeys(ALL_SYSTEMS, "tool"),
        System.X86_64_LINUX: "tool_bin",
    }


def test_source_is_narrowed_by_system(resolve: Resolve) -> None:
    """A source that a recipe takes for some systems only serves no other."""
    resolution = resolve({"tool": wheels("1.0")}, sources=(WheelSource("tool", systems=(System.X86_64_LINUX,)),))
    assert tuple(resolution.files) == (System.X86_64_LINUX,)


def test_narrowing_does_not_hide_prereleases(resolve: Resolve) -> None:
    """A pre-release that is named is found in a source that is narrowed by versions."""
    projects = {"tool": wheels("4.0") + wheels("4.1rc1")}
    assert resolve(projects, "4.1rc1", sources=(WheelSource("tool", ">=4"),)).version == "4.1rc1"


def test_single_withdrawn_file_is_no_choice(resolve: Resolve) -> None:
    """A withdrawn file is not taken where its version was not withdrawn as a whole."""
    projects = {"tool": wheels("1.0", System.X86_64_LINUX) + wheels("1.0", System.AARCH64_LINUX, withdrawn=True)}
    assert tuple(resolve(projects).files) == (System.X86_64_LINUX,)


def test_withdrawn_version_only_by_its_name(resolve: Resolve) -> None:
    """A version that was withdrawn as a whole answers only a request that names exactly it."""
    projects = {"tool": wheels("1.0") + wheels("1.1", withdrawn=True)}
    assert resolve(projects, "1").version == "1.0"
    resolution = resolve(projects, "1.1")
    assert (resolution.version, tuple(resolution.files)) == ("1.1", ALL_SYSTEMS)


RELEASES = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)).map("{0[0]}.{0[1]}".format),
    st.lists(st.sampled_from(ALL_SYSTEMS), min_size=1, unique=True),
    min_size=1,
    max_size=8,
)
SYSTEMS = st.none() | st.lists(st.sampled_from(ALL_SYSTEMS), min_size=1, unique=True)


def answer(resolve: Resolve, names: Sequence[str], systems: Sequence[System] | None) -> Resolution | tuple[str, ...]:
    try:
        return resolve({"tool": names}, "*", systems)
    except ResolutionError as error:
        return (error.slug, error.message, *error.details)


@given(RELEASES, SYSTEMS, st.randoms(use_true_random=False))
def test_order_of_the_index_does_not_matter(
    resolve: Resolve, releases: dict[str, list[System]], systems: list[System] | None, random: Random
) -> None:
    """The same files in another order give the same answer, or the same error."""
    names = [name for version, own in releases.items() for name in wheels(version, *own)]
    shuffled = sorted(names, key=lambda _: random.random())
    assert answer(resolve, names, systems) == answer(resolve, shuffled, systems)


@given(RELEASES, SYSTEMS)
def test_answer_is_the_newest_that_has_the_systems(
    resolve: Resolve, releases: dict[str, list[System]], systems: list[System] | None
) -> None:
    """The answer is the newest version that has a file for every system that is asked for, or an error."""
    names = [name for version, own in releases.items() for name in wheels(version, *own)]
    fitting = [Version(version) for version, own in releases.items() if set(systems or ()) <= set(own)]
    found = answer(resolve, names, systems)
    if fitting:
        assert isinstance(found, Resolution)
        assert found.version == str(max(fitting))
        assert set(found.files) == set(systems or releases[found.version])
        assert set(found.files) | set(found.lacking) == set(systems or ALL_SYSTEMS)
    else:
        assert isinstance(found, tuple)
        assert found[0] == "system-missing"


@given(RELEASES, SYSTEMS)
def test_an_older_version_changes_no_choice(
    resolve: Resolve, releases: dict[str, list[System]], systems: list[System] | None
) -> None:
    """A version older than the answer changes neither version nor files."""
    names = [name for version, own in releases.items() for name in wheels(version, *own)]
    before = answer(resolve, names, systems)
    after = answer(resolve, names + wheels("0.0.1"), systems)
    if isinstance(before, Resolution) and Version(before.version) > Version("0.0.1"):
        assert isinstance(after, Resolution)
        assert (after.version, after.files) == (before.version, before.files)
