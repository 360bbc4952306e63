"""File names of wheels: versions, systems and requirements."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devenv.packages.wheels import WheelFile, choose_wheels, group_wheels, parse_wheel_name, wheel_systems
from devenv.system import ALL_SYSTEMS, Requirement, System


def wheel(filename: str) -> WheelFile:
    return WheelFile(filename, f"pypi:packages/{filename}", "0" * 64)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("manylinux_2_28_x86_64", {System.X86_64_LINUX: Requirement("glibc", (2, 28))}),
        ("manylinux1_x86_64", {System.X86_64_LINUX: Requirement("glibc", (2, 5))}),
        ("manylinux2010_x86_64", {System.X86_64_LINUX: Requirement("glibc", (2, 12))}),
        ("manylinux2014_aarch64", {System.AARCH64_LINUX: Requirement("glibc", (2, 17))}),
        ("linux_x86_64", {System.X86_64_LINUX: None}),
        ("macosx_11_0_arm64", {System.AARCH64_DARWIN: Requirement("macos", (11, 0))}),
        ("macosx_10_9_x86_64", {System.X86_64_DARWIN: Requirement("macos", (10, 9))}),
        (
            "macosx_10_10_universal2",
            dict.fromkeys((System.AARCH64_DARWIN, System.X86_64_DARWIN), Requirement("macos", (10, 10))),
        ),
        ("any", dict.fromkeys(ALL_SYSTEMS)),
        ("manylinux_2_17_s390x", {}),
        ("manylinux2014_i686", {}),
        ("win_amd64", {}),
        ("manylinux_2_28_x86_64_extra", {}),
        ("manylinux_99999_1_x86_64", {}),
    ],
)
def test_platform_tag(platform: str, expected: dict[System, Requirement | None]) -> None:
    """A platform tag says which systems a wheel serves, and the oldest glibc or macOS there."""
    assert wheel_systems(f"tool-1.0-py3-none-{platform}.whl") == expected


def test_musl_serves_no_system() -> None:
    """A file that is only for musl is not taken on our glibc systems; one that is for both is."""
    assert wheel_systems("tool-1.0-py3-none-musllinux_1_2_x86_64.whl") == {}
    both = wheel_systems("tool-1.0-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl")
    assert both == {System.X86_64_LINUX: Requirement("glibc", (2, 28))}


@pytest.mark.parametrize(
    "tags", ["manylinux_2_17_x86_64.manylinux_2_5_x86_64", "manylinux1_x86_64.manylinux2014_x86_64"]
)
def test_tag_set_asks_for_its_lowest(tags: str) -> None:
    """Several tags in one name are alternatives: the lowest requirement holds, in whatever order."""
    assert wheel_systems(f"tool-1.0-py2.py3-none-{tags}.whl") == {System.X86_64_LINUX: Requirement("glibc", (2, 5))}


@pytest.mark.parametrize(("tags", "serves"), [
    ("py3-none", True), ("py2.py3-none", True), ("py38-none", True),
    ("cp311-cp311", False), ("py2-none", False), ("cp37-abi3", False),
])  # fmt: skip
def test_only_wheels_without_a_python_abi(tags: str, serves: bool) -> None:
    """Wheels that hold extension modules for one Python are no carriers of programs."""
    assert bool(wheel_systems(f"tool-1.0-{tags}-manylinux1_x86_64.whl")) is serves


@pytest.mark.parametrize("filename", [
    "", "tool.whl", "tool-1.0.tar.gz", "tool-1.0-py3-none-any", "-1.0-py3-none-any.whl", "a-b-c-d-e-f-g.whl",
    "tool-1.0-build-py3-none-any.whl", "x" * 300 + "-1.0-py3-none-any.whl",
])  # fmt: skip
def test_no_wheel_name(filename: str) -> None:
    """A name that is no wheel's is left out instead of failing the whole index answer."""
    assert parse_wheel_name(filename) is None
    assert group_wheels([wheel(filename)]) == {}


def test_build_number_is_no_part_of_the_version() -> None:
    """A wheel with a build number counts among the files of its version."""
    names = ["tool-1.0-py3-none-any.whl", "tool-1.0-2-py3-none-any.whl"]
    assert [(str(version), len(files)) for version, files in group_wheels(map(wheel, names)).items()] == [("1.0", 2)]


def test_hostile_versions_are_left_out() -> None:
    """Versions that are paths, or endless, never become a version of ours (FAULTS K-03)."""
    names = [f"tool-{version}-py3-none-any.whl" for version in ("..", "1/../../x", "1" * 200, "$HOME", "%2e")]
    assert group_wheels(map(wheel, names)) == {}


@given(st.integers())
def test_grouping_does_not_depend_on_order(seed: int) -> None:
    """Two spellings of one version are one version, named alike whatever order the index answers in."""
    files = [wheel(f"tool-{version}-py3-none-any.whl") for version in ("1.0", "1.0.0", "2", "1.0rc1")]
    random.Random(seed).shuffle(files)
    assert {str(version): len(group) for version, group in group_wheels(files).items()} == {
        "1.0": 2,
        "1.0rc1": 1,
        "2": 1,
    }


@given(st.permutations([
    "tool-1.0-py3-none-manylinux_2_28_x86_64.whl",
    "tool-1.0-py3-none-manylinux_2_17_x86_64.whl",
    "tool-1.0-py2.py3-none-manylinux2014_x86_64.whl",
    "tool-1.0-py3-none-any.whl",
]))  # fmt: skip
def test_choice_is_the_lowest_requirement(names: list[str]) -> None:
    """Of several files the one for the oldest platform is chosen, then by name; a file for any platform comes last."""
    chosen = choose_wheels(map(wheel, names))
    assert chosen[System.X86_64_LINUX] == (
        wheel("tool-1.0-py2.py3-none-manylinux2014_x86_64.whl"),
        Requirement("glibc", (2, 17)),
    )
    assert chosen[System.AARCH64_LINUX] == (wheel("tool-1.0-py3-none-any.whl"), None)
