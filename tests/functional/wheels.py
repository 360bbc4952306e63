"""Makes small, real wheels in memory: with metadata, a RECORD, and the modes that installers rely on."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

LINUX_TAG = "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64"
ANY_TAG = "py3-none-any"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: its file name and all its bytes."""

    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def project(self) -> str:
        return self.filename.partition("-")[0].replace("_", "-").lower()


def make_wheel(
    name: str,
    version: str,
    tag: str = ANY_TAG,
    files: Mapping[str, tuple[bytes, bool]] | None = None,
    scripts: Mapping[str, bytes] | None = None,
) -> Wheel:
    """A wheel of `name` (as in file names, with `_`).

    `files` are member path → (content, executable), `scripts` name → content; those go to `<dist>.data/scripts/`, which
    installers put on `PATH`. The same arguments give the same bytes.
    """
    stem = f"{name}-{version}"
    members: dict[str, tuple[bytes, bool]] = dict(files or {})
    for script, content in (scripts or {}).items():
        members[f"{stem}.data/scripts/{script}"] = (content, True)
    tags = "".join(f"Tag: {'-'.join([*tag.split('-')[:2], platform])}\n" for platform in tag.split("-")[2].split("."))
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    members[f"{stem}.dist-info/METADATA"] = (metadata.encode(), False)
    members[f"{stem}.dist-info/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: false\n{tags}".encode(),
        False,
    )
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{path},sha256={_record_hash(content)},{len(content)}\n" for path, (content, _) in members.items()]
    members[record] = ("".join([*lines, f"{record},,\n"]).encode(), False)
    return Wheel(f"{stem}-{tag}.whl", _zip(members))


def _record_hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _zip(members: Mapping[str, tuple[bytes, bool]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (content, executable) in members.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
