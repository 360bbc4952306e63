"""Realizing derivations: `builders` make trees of archives and texts, `realize` runs each once and in order."""
