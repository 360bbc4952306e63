"""apt with everything of its own, so that it can be asked without root and whatever this machine has installed.

It gets the addresses that devenv asks and, as devenv does, the proxies and logins in this machine's `/etc/apt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from devenv.fetch.debian.client import DebianClient
from devenv.fetch.debian.pockets import require_pockets
from tests.bench.workbench import require_peer
from tests.registry.user import User


class PrivateApt:
    """`apt-get` for one suite, which keeps all in `directory`. Raises PeerMissingError where there is none."""

    def __init__(self, user: User, directory: Path, suite: str) -> None:
        self._program = require_peer("apt-get")
        self._directory = directory
        for name in ("state/lists/partial", "cache/archives/partial"):
            (directory / name).mkdir(parents=True)
        (directory / "status").touch()
        with DebianClient(user.settings, user.environ) as client:
            bases = {archive.name: archive.bases[0] for archive in client.access.archives}
        pockets = [pocket for pocket in require_pockets(suite) if pocket.archive in bases]
        # devenv has verified this suite's signatures; apt's own way to keys differs between systems.
        lines = [f"deb [trusted=yes] {bases[pocket.archive]} {pocket.name} main\n" for pocket in pockets]
        (directory / "sources.list").write_text("".join(lines))
        user.run(self.command("update"))

    def command(self, *arguments: str) -> Sequence[str]:
        """The command line of `apt-get` with these arguments."""
        settings = {
            "Dir::State": self._directory / "state",
            "Dir::State::Status": self._directory / "status",
            "Dir::Cache": self._directory / "cache",
            "Dir::Etc::SourceList": self._directory / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            # Run as root it would become a user who cannot read a home directory.
            "APT::Sandbox::User": "root",
        }
        options = [f"--option={name}={value}" for name, value in settings.items()]
        return [self._program, "--quiet=2", *options, *arguments]
