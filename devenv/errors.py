"""Every error that devenv shows a person, as one tree.

    DevenvError
    ├── EvaluationError      evaluation   exit 10   manifest, lock, recipes, resolution
    │   ├── ManifestError
    │   ├── LockError
    │   ├── ForeignFileError
    │   ├── RecipeError
    │   └── ResolutionError
    ├── FetchError           fetch        exit 11   registries, downloads, hashes
    │   └── HashMismatchError
    ├── BuildError           build        exit 12   builders, the store
    │   └── StoreError
    ├── ActivationError      activation   exit 13   shells, hosts that cannot run an environment
    ├── TrustError           trust        exit 14   a project that was not allowed
    ├── CheckError           runtime      exit 15   the project's own checks, in an environment that could be made
    └── UsageError           usage        exit 2    arguments, settings, a missing project

An error names its domain (the class), the place and the next step (`hint`). `slug` is stable: scripts may compare it,
`docs/errors.md` lists it. Rendering happens in `devenv.ui.failure` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error lies: a file and, where known, the line and column (both counted from 1)."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        return ":".join([self.file, *numbers])


class DevenvError(Exception):
    """Root of all errors that are shown to a person.

    `message` is one sentence without a full stop; `hint` is the next step, with the command to run in backticks;
    `details` are further facts, a line each (expected and actual hash, say).
    """

    domain: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1
    slug: str = "internal"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        place: Place | None = None,
        details: tuple[str, ...] = (),
        slug: str | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place
        self.details = details
        self.transient = transient
        if slug is not None:
            self.slug = slug


class EvaluationError(DevenvError):
    """The manifest, the lock or a recipe does not say something that can be built."""

    domain = "evaluation"
    exit_code = 10
    slug = "evaluation-failed"


class ManifestError(EvaluationError):
    """`devenv.toml` is not valid."""

    slug = "manifest-invalid"


class LockError(EvaluationError):
    """`devenv.lock` is not valid, or does not answer the manifest (`lock-missing`, `lock-stale`)."""

    slug = "lock-invalid"


class ForeignFileError(EvaluationError):
    """A file or directory of our name belongs to another tool."""

    slug = "foreign-file"


class RecipeError(EvaluationError):
    """A recipe failed, or broke the limits on time or depth (`recipe-limit`)."""

    slug = "recipe-failed"


class ResolutionError(EvaluationError):
    """No package, version or file answers a request (`package-unknown`, `version-unknown`, `system-missing`)."""

    slug = "resolution-failed"


class FetchError(DevenvError):
    """A registry or a download failed (`fetch-status`, `fetch-network`, `index-invalid`, `artifact-missing`)."""

    domain = "fetch"
    exit_code = 11
    slug = "fetch-failed"


class HashMismatchError(FetchError):
    """What was fetched is not what is pinned.

    `got` is what there was instead, in words; `address` is where, fit to be shown; `sha256` is what is pinned. They are
    empty where no lock pins it.
    """

    slug = "hash-mismatch"
    got: str = ""
    address: str = ""
    sha256: str = ""


class BuildError(DevenvError):
    """A builder failed (`archive-invalid`, `compose-collision`)."""

    domain = "build"
    exit_code = 12
    slug = "build-failed"


class StoreError(BuildError):
    """The store cannot be used, or what lies in it is not what its name says."""

    slug = "store-failed"


class ActivationError(DevenvError):
    """An environment cannot be entered on this machine (`host-too-old`, `command-not-found`, `shell-unknown`)."""

    domain = "activation"
    exit_code = 13
    slug = "activation-failed"


class TrustError(DevenvError):
    """The project's content was not allowed to act."""

    domain = "trust"
    exit_code = 14
    slug = "not-allowed"


class CheckError(DevenvError):
    """Checks of the project failed, in an environment that could be made."""

    domain = "runtime"
    exit_code = 15
    slug = "check-failed"


class UsageError(DevenvError):
    """The call cannot be carried out as it stands (`project-missing`, `settings-invalid`)."""

    domain = "usage"
    exit_code = 2
    slug = "usage"
