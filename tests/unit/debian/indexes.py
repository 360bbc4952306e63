"""Package indexes for tests: text as an archive serves it, and a suite in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from devenv.debian.packages_file import iter_records
from devenv.debian.record import DebRecord
from devenv.debian.relations import parse_provides


def stanza(name: str, version: str = "1.0-1", *, lacking: Collection[str] = (), **fields: str) -> str:
    """A paragraph of a `Packages` file, without the fields that are `lacking`; underscores stand for hyphens."""
    known = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Section": "utils",
        "Description": f"the summary of {name}",
        "Filename": f"pool/main/{name[0]}/{name}/{name}_1_amd64.deb",
        "Size": "1234",
        "SHA256": "ab" * 32,
    }
    known.update({key.replace("_", "-"): value for key, value in fields.items()})
    return "".join(f"{key}: {value}\n" for key, value in known.items() if key not in lacking)


def record(name: str, version: str = "1.0-1", *, lacking: Collection[str] = (), **fields: str) -> DebRecord:
    """One package as it is read from an index."""
    (made,) = iter_records([stanza(name, version, lacking=lacking, **fields).encode()], "main")
    return made


class MemoryIndex:
    """A suite."""

    def __init__(self, *records: DebRecord) -> None:
        self.records = {each.name: each for each in records}

    def find(self, name: str) -> DebRecord | None:
        return self.records.get(name)

    def providers(self, name: str) -> Sequence[tuple[DebRecord, str | None]]:
        return [
            (each, version)
            for each in self.records.values()
            for provided, version in parse_provides(each.provides)
            if provided == name
        ]

    def names(self) -> Sequence[str]:
        return list(self.records)
