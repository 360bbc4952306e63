"""The policy that comes with devenv."""

from __future__ import annotations

from devenv.debian.policy import read_policy
from devenv.debian.record import is_name


def test_policy_is_made_of_names_and_reasons() -> None:
    """Every entry names packages, and says in a line why a package is left out."""
    policy = read_policy()
    names = {*policy.omitted, *policy.always, *policy.providers}.union(*policy.providers.values())
    assert all(is_name(name) for name in names)
    assert all(reason and "\n" not in reason and not reason.endswith(".") for reason in policy.omitted.values())


def test_policy_does_not_contradict_itself() -> None:
    """What is always there is not left out, and no preferred provider is."""
    policy = read_policy()
    assert not policy.omitted.keys() & {*policy.always}.union(*policy.providers.values())
    assert all(policy.providers.values())


def test_libraries_stay() -> None:
    """Programs are linked to the libraries of what is left out."""
    assert not read_policy().omitted.keys() & {
        "libsystemd0",
        "libudev1",
        "libdbus-1-3",
        "libpam0g",
        "libcap2",
        "libkmod2",
    }
