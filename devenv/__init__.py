"""devenv: per-project development environments from one manifest, one lock and one store."""

__version__ = "0.1.0"
