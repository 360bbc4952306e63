"""Helpers for manifests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devenv.errors import DevenvError
from devenv.manifest.parse import parse_manifest

Refusal = Callable[[str | bytes], DevenvError]


@pytest.fixture
def refusal() -> Refusal:
    """Parses a text that is not valid and returns the error, which must have a place and a next step."""

    def refuse(text: str | bytes) -> DevenvError:
        with pytest.raises(DevenvError) as caught:
            parse_manifest(text if isinstance(text, bytes) else text.encode(), "devenv.toml")
        error = caught.value
        assert error.place is not None
        assert error.place.file == "devenv.toml"
        assert error.hint
        assert len(error.message) < 300
        return error

    return refuse
