"""What functional tests share: a home directory of their own, a registry on the loopback interface, wheels to serve.

No test here reaches beyond loopback, or sees what the developer configured. What is no fixture is imported: `Registry`,
`Fault` and `Kind` from `tests.functional.loopback`, `make_wheel` and `Wheel` from `tests.functional.wheels`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from devenv.settings import Settings, read_settings, settings_path
from tests.functional.loopback import Registry
from tests.homes import NO_DEBIAN

CONFIGURATION_VARIABLES = re.compile(
    r"PIP_.*|UV_.*|XDG_.*|NETRC|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|.*_proxy", re.IGNORECASE
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, also as `HOME`; nothing in the environment configures registries or proxies."""
    directory = tmp_path / "home"
    directory.mkdir()
    for name in list(os.environ):
        if CONFIGURATION_VARIABLES.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return directory


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    registry = Registry()
    yield registry
    registry.close()


@pytest.fixture
def settings(home: Path, registry: Registry) -> Settings:
    """The settings of a user whose settings file names the loopback registry."""
    path = settings_path(home)
    path.parent.mkdir(parents=True)
    path.write_text(f'[registries.pypi]\nindex = "{registry.index}"\n{NO_DEBIAN}')
    return read_settings(home)
