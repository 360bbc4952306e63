"""What the user told pip: its configuration files in pip's own places and order, and the default that pip carries.

pip is neither imported nor run: that would cost half a second, and its internals are no interface. Its files are read
as its documentation describes them (user guide, "Configuration"), its default out of its source text with `ast`.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from devenv.errors import FetchError, Place
from devenv.fetch.addresses import origin_of, parse_address
from devenv.fsutil import read_regular

CONFIGURATION_LIMIT = 1 << 20
"""Bytes of a configuration file; far above what a person writes."""

SOURCE_LIMIT = 1 << 20
"""Bytes of pip's source file; the real one has about a thousand."""

SECTIONS = ("global", "install")
"""The sections that `pip install` reads, the later one wins over the earlier one in whatever file."""

INDEX_SOURCE = "_internal/models/index.py"


@dataclass(frozen=True, slots=True)
class PipOption:
    """A value from a configuration file, and the file."""

    value: str
    file: Path


@dataclass(frozen=True, slots=True)
class PipDefault:
    """The registry that pip uses where nobody says otherwise."""

    index: str
    files: str


def pip_configuration_files(
    home: Path, environ: Mapping[str, str], prefix: Path | None = None, platform: str = sys.platform
) -> tuple[Path, ...]:
    """The places of pip's configuration files, the most general first; they need not exist.

    `prefix` is the Python environment whose own file is read last (by default the one we run in). `PIP_CONFIG_FILE`
    names a further one that wins over all; where it exists the user's own are skipped, and the null device means none.
    """
    own = environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return ()
    user = home / ".config" / "pip"
    if platform == "darwin":
        support = Path("Library/Application Support/pip")
        shared = ["/" / support]
        user = home / support if (home / support).is_dir() else user
    else:
        directories = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        shared = [Path(name) / "pip" for name in directories.split(os.pathsep) if name] + [Path("/etc")]
        user = Path(environ["XDG_CONFIG_HOME"]) / "pip" if environ.get("XDG_CONFIG_HOME") else user
    places = [*shared]
    if own is None or not Path(own).exists():
        places += [home / ".pip", user]
    places.append(prefix or Path(sys.prefix))
    files = [place / "pip.conf" for place in places]
    return (*files, Path(own)) if own else tuple(files)


def read_pip_options(files: Sequence[Path], names: Sequence[str]) -> dict[str, PipOption]:
    """The values that `files` (the most general first) give to the options `names`; those not set are missing.

    Raises FetchError (`registry-unconfigured`) where a file cannot be read as configuration: leaving it out could send
    requests for private packages to a public registry.
    """
    found: dict[tuple[str, str], PipOption] = {}
    for file in files:
        for section, options in _read_sections(file).items():
            for name, value in options.items():
                found[section, name.replace("_", "-").removeprefix("--")] = PipOption(value, file)
    return {name: found[section, name] for section in SECTIONS for name in names if (section, name) in found}


def _read_sections(file: Path) -> dict[str, dict[str, str]]:
    import configparser

    try:
        text = read_regular(file, CONFIGURATION_LIMIT).decode()
        parser = configparser.RawConfigParser()
        parser.read_string(text)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    # The parser's message would quote the line, and a line may hold a password.
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise FetchError(
            f"pip's configuration cannot be read ({type(error).__name__})",
            place=Place(str(file), getattr(error, "lineno", None)),
            hint="correct the file, or set `index` under `[registries.pypi]` in devenv's settings",
            slug="registry-unconfigured",
        ) from None
    return {section: dict(parser.items(section)) for section in SECTIONS if parser.has_section(section)}


def find_pip_default() -> PipDefault | None:
    """The default registry of the pip that is installed beside us, else of the one that Python bundles."""
    text = _installed_source() or _bundled_source()
    return parse_pip_default(text) if text is not None else None


def parse_pip_default(source: str) -> PipDefault | None:
    """The registry that pip's module of package indexes assigns to `PyPI`; None where it does no such thing."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    for statement in module.body:
        if (
            isinstance(statement, ast.Assign)
            and [ast.unparse(target) for target in statement.targets] == ["PyPI"]
            and isinstance(statement.value, ast.Call)
        ):
            call = statement.value
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            texts = [item.value for item in arguments if isinstance(item, ast.Constant)]
            if len(texts) == 2 and all(isinstance(text, str) for text in texts):
                return _default_from(str(texts[0]), str(texts[1]))
    return None


def _default_from(address: str, file_host: str) -> PipDefault | None:
    try:
        base = parse_address(address).address
        files = parse_address(f"{origin_of(base).partition('//')[0]}//{file_host}/").address
    except ValueError:
        return None
    return PipDefault(urljoin(base, "simple/"), files)


def _installed_source() -> str | None:
    spec = importlib.util.find_spec("pip")
    for directory in (spec.submodule_search_locations or ()) if spec is not None else ():
        try:
            return read_regular(Path(directory) / INDEX_SOURCE, SOURCE_LIMIT).decode()
        except (OSError, UnicodeDecodeError):
            continue
    return None


def _bundled_source() -> str | None:
    import zipfile

    spec = importlib.util.find_spec("ensurepip")
    directories = [Path(place) / "_bundled" for place in (spec.submodule_search_locations or ())] if spec else []
    # Distributions that keep wheels in one place of their own say where at build time.
    shared = sysconfig.get_config_var("WHEEL_PKG_DIR")
    directories += [Path(shared)] if shared else []
    for wheel in (wheel for directory in directories for wheel in sorted(directory.glob("pip-*.whl"))):
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(f"pip/{INDEX_SOURCE}") as file:
                return file.read(SOURCE_LIMIT).decode()
        except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile):
            continue
    return None
