"""Which machines a lock is for: the systems that it covers, and the oldest platforms that its programs run on."""

from __future__ import annotations

from devenv.errors import ActivationError
from devenv.lock.model import Lock, LockedPackage
from devenv.system import Requirement, System


def require_system(lock: Lock, system: System) -> None:
    """Raises ActivationError (`system-missing`) where a package cannot be had for this system."""
    for name, package in sorted(lock.packages.items()):
        if system not in package.systems and package.is_for(system):
            reason = package.lacking.get(system, "the manifest's `systems` leave it out")
            hint = f"ask for another version with `devenv add {name}@VERSION`"
            if system not in package.lacking:
                hint = f"add `{system}` to `systems` in `devenv.toml` and run `devenv lock`"
            raise ActivationError(
                f"`{name}` {package.version} cannot be had for {system}: {reason}", hint=hint, slug="system-missing"
            )


def require_platform(package: LockedPackage, system: System, host: Requirement | None) -> None:
    """Raises ActivationError (`host-too-old`) where a tool needs a newer glibc or macOS than `host`, naming both."""
    for artifact in package.systems[system].artifacts:
        needed = artifact.requires
        if needed is None or (host is not None and host.platform == needed.platform and host >= needed):
            continue
        has = "has none" if host is None else f"has {host.platform} {host.version[0]}.{host.version[1]}"
        raise ActivationError(
            f"`{package.name}` {package.version} needs {needed.platform} {needed.version[0]}.{needed.version[1]} or "
            f"newer; this machine {has}",
            hint=f"look for an older version with `devenv info {package.name}` and ask for it: "
            f"`devenv add {package.name}@VERSION`",
            slug="host-too-old",
        )
