"""`devenv set`: verbs about package sets, imported when they are called."""

from __future__ import annotations

from devenv.cli.lazy_group import make_group

SECTIONS = {"Try": ("test",)}

EXAMPLES = """\
  devenv set test                      every package of the set
  devenv set test nodejs postgresql@15 these
"""


command = make_group("set", "Look after package sets.", SECTIONS, EXAMPLES)
