"""Derivations: pure descriptions of builds, keyed by everything that goes into them."""

from devenv.derivation.model import Derivation, Input

__all__ = ["Derivation", "Input"]
