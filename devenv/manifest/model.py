"""What a manifest says, as values.

`devenv.manifest.parse` makes and checks them; lock, resolve, build and activation use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devenv.debian.suites import DEBIAN, DEFAULT_SUITE
from devenv.system import System

DEFAULT_INPUT = "base"
SOURCE_INPUT = "source"
"""Where a package with overrides comes from that names no input."""
SOURCE_LOCATOR = "builtin:source"
"""The set whose packages are built here, from source: what can be overridden."""
DEFAULT_INPUTS: Mapping[str, str] = {DEFAULT_INPUT: "builtin:base", SOURCE_INPUT: SOURCE_LOCATOR}
"""What every manifest has without saying so: input name → locator."""

PYPI_LOCATOR, PYPI_INPUT = "pypi:", "pypi"
"""The index of Python as a package set, and what `devenv add` calls that input."""
DEBIAN_INPUT = "debian"
"""What `devenv add` calls the first input that is a Debian suite; others have names that say the suite."""

ANY_VERSION = "*"

KEPT = ("documentation", "locales")
"""What `keep` may name: what of Debian packages nobody needs to run programs."""

KINDS = ("autotools", "cmake", "make", "meson", "shell")
"""How a project's own package may be built."""
DEFAULT_KIND = "shell"

PHASES = ("prepare", "configure", "build", "check", "install")
"""The steps of a build, in their order."""

WHOLE_PROJECT = "."
"""The source of builds and checks that name none."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a manifest changes in how a package is built; true where it changes anything.

    Paths are relative to the project, names of their rules (`devenv.manifest.grammar`).
    """

    patches: tuple[str, ...] = ()
    """Paths of files, in the order in which they are applied."""
    source: str | None = None
    """The path of an archive or a directory that is built instead of the recipe's own sources."""
    flags: tuple[str, ...] = ()
    """Arguments for the configure step, after the recipe's own."""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Variables while building."""
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Packages that the recipe names → those that take their places."""

    def __bool__(self) -> bool:
        return bool(self.patches or self.source is not None or self.flags or self.env or self.inputs)


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """A package as it is asked for; `version` is the text that `devenv.packages.versions` parses."""

    name: str
    version: str = ANY_VERSION
    input: str = DEFAULT_INPUT
    overrides: Overrides = field(default_factory=Overrides)
    systems: tuple[System, ...] | None = None
    """Sorted: it is there on these only; None where the manifest restricts it to none."""


@dataclass(frozen=True, slots=True)
class ProjectBuild:
    """A package of the project's own, made from its files."""

    name: str
    kind: str = DEFAULT_KIND
    """One of `KINDS`."""
    source: str | None = WHOLE_PROJECT
    """A path relative to the project; None: it is built from nothing but its inputs."""
    version: str | None = None
    inputs: tuple[str, ...] = ()
    """Packages of the manifest, or other builds: seen while building and at run time."""
    tools: tuple[str, ...] = ()
    """The same, seen while building only."""
    flags: tuple[str, ...] = ()
    """Arguments for the configure step."""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    phases: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names out of `PHASES`, in that order → shell code."""


@dataclass(frozen=True, slots=True)
class Check:
    """A command that must succeed, in the sandbox and in a copy of `source`."""

    name: str
    command: str
    """A command line for the sandbox's shell."""
    source: str = WHOLE_PROJECT


@dataclass(frozen=True, slots=True)
class Formatter:
    """A program that rewrites the files it is given as arguments."""

    name: str
    command: tuple[str, ...]
    files: tuple[str, ...]
    """Which files it is given: globs (`devenv.manifest.globs`)."""


@dataclass(frozen=True, slots=True)
class ListAdditions:
    """Directories that `[env]` adds to a variable which holds some: absolute, or relative to the project."""

    prepend: tuple[str, ...] = ()
    append: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShellCode:
    """What only an interactive shell gets: code to run on entering and before leaving, aliases and functions."""

    hook: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Names → commands."""
    leave: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)
    """Names → bodies."""


SHELL_NAMES = ("bash", "fish", "zsh")
POSIX_SHELLS = frozenset({"bash", "zsh"})
"""Those that read code which is not written for one shell in particular."""


@dataclass(frozen=True, slots=True)
class ShellSettings(ShellCode):
    """`[shell]`: what is for all shells, and what single shells get instead or besides."""

    own: Mapping[str, ShellCode] = field(default_factory=dict)
    """By names out of `SHELL_NAMES`."""

    def code_for(self, shell: str) -> ShellCode:
        """What this shell gets: its own code in place of the common one, its own names over the common ones.

        A shell with a language of its own gets of what is for all only the aliases, which are command lines.
        """
        own = self.own.get(shell, ShellCode())
        common = self if shell in POSIX_SHELLS else ShellCode(aliases=self.aliases)
        return ShellCode(
            hook=common.hook if own.hook is None else own.hook,
            aliases={**common.aliases, **own.aliases},
            leave=common.leave if own.leave is None else own.leave,
            functions={**common.functions, **own.functions},
        )


DEFAULT_VENV = ".venv"
"""Where `venv = true` puts the virtual environment."""


@dataclass(frozen=True, slots=True)
class PythonSettings:
    """`[python]`: the path of the project's virtual environment, relative to it; None where it has none."""

    venv: str | None = None


DEFAULT_ENVIRONMENT = "default"
"""What the environment is called that every manifest has: what stands outside of `[environments]`."""


@dataclass(frozen=True, slots=True)
class TakenPackages:
    """All packages of an environment of another project, which is the input `input`, but for those in `without`.

    What they are only that project says: a manifest knows them by the lock.
    """

    input: str
    environment: str = DEFAULT_ENVIRONMENT
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedEnvironment:
    """`[environments.NAME]`: what differs from the environment that it extends. Fields are as in `Manifest`."""

    name: str
    extends: str = DEFAULT_ENVIRONMENT
    systems: tuple[System, ...] | None = None
    packages: Mapping[str, PackageRequest] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Packages that it does not have, sorted."""
    env: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    lists: Mapping[str, ListAdditions] = field(default_factory=dict)
    dotenv: tuple[str, ...] = ()
    shell: ShellSettings = field(default_factory=ShellSettings)
    checks: Mapping[str, Check] = field(default_factory=dict)
    python: PythonSettings | None = None
    """None: as in what it extends, in a directory of its own."""
    source: TakenPackages | None = None
    """Whose packages it has besides."""


@dataclass(frozen=True, slots=True)
class TreeOptions:
    """What a manifest says of an input that is a tree, besides its locator."""

    follows: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names of inputs in the tree → inputs of this manifest that take their places."""
    sha256: str | None = None
    """The hash that an archive must have, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class LockSettings:
    """`[lock]`: what is asked of new answers."""

    minimum_release_age: str | None = None
    """As it is written, a duration: only releases that are older count."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole `devenv.toml`. Mappings are in the order of their keys, whatever the order in the file."""

    name: str | None = None
    systems: tuple[System, ...] | None = None
    """Sorted; None where the manifest leaves the systems to the packages."""
    inputs: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_INPUTS))
    packages: Mapping[str, PackageRequest] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables with their values, literally: nothing in them is expanded."""
    unset: tuple[str, ...] = ()
    """Variables that are not set in the environment, sorted."""
    lists: Mapping[str, ListAdditions] = field(default_factory=dict)
    """What is added to variables that hold directories."""
    dotenv: tuple[str, ...] = ()
    """Paths of files with further variables, in the project, in the order in which they count."""
    shell: ShellSettings = field(default_factory=ShellSettings)
    keep: tuple[str, ...] = ()
    """Words of `KEPT`, sorted: what bundles of Debian packages keep besides what programs need."""
    builds: Mapping[str, ProjectBuild] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    formatters: Mapping[str, Formatter] = field(default_factory=dict)
    python: PythonSettings = field(default_factory=PythonSettings)
    lock: LockSettings = field(default_factory=LockSettings)
    trees: Mapping[str, TreeOptions] = field(default_factory=dict)
    """What is said of inputs besides their locators; those of which nothing is said are left out."""
    environments: Mapping[str, NamedEnvironment] = field(default_factory=dict)
    taken: tuple[TakenPackages, ...] = ()
    """What a selected environment has of other projects; the first that has a package counts."""

    def select(self, name: str) -> Manifest:
        """The manifest that says of `name` alone what this one says of it; `default` is what all others extend.

        Raises UsageError (`environment-unknown`).
        """
        from devenv.manifest.environments import select_environment

        return select_environment(self, name)

    def on(self, system: System) -> Manifest:
        """The manifest without the packages, and the builds that need them, which are not for this system."""
        from devenv.manifest.environments import restrict_packages

        return restrict_packages(self, system)


def find_suite_input(inputs: Mapping[str, str]) -> str | None:
    """The one of `inputs` (name → locator) that `debian:` means without a suite; None where none is a suite."""
    return next((name for name in sorted(inputs) if inputs[name].startswith(DEBIAN)), None)


def usual_suite(inputs: Mapping[str, str]) -> str:
    """The suite that `debian:` means without a name for it, beside these `inputs`."""
    name = find_suite_input(inputs)
    return DEFAULT_SUITE if name is None else inputs[name].removeprefix(DEBIAN)


def input_name(inputs: Mapping[str, str], suite: str) -> str:
    """What the index of a suite is called: as `inputs` (name → locator) have it, else `debian-SUITE`.

    No input has that name but for this suite: `devenv.manifest.grammar` sees to it.
    """
    return next((name for name in sorted(inputs) if inputs[name] == DEBIAN + suite), f"debian-{suite}")
