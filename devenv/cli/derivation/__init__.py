"""`devenv derivation`: verbs about how things are built."""

from __future__ import annotations

from devenv.cli.lazy_group import make_group

SECTIONS = {"Look": ("show",)}

EXAMPLES = """\
  devenv derivation show curl          what it is built with, as a tree
  devenv derivation show app --json    all that its key is made of
"""

HELP = "Look at derivations: what builds are made of."

command = make_group("derivation", HELP, SECTIONS, EXAMPLES)
