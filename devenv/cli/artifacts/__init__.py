"""`devenv artifacts`: verbs about the files that locks pin, imported when they are called."""

from __future__ import annotations

from devenv.cli.lazy_group import make_group

SECTIONS = {"Keep": ("mirror",)}

EXAMPLES = """\
  devenv artifacts mirror /srv/artifacts                        for all systems
  devenv artifacts mirror --system x86_64-linux /srv/artifacts  for one
"""


command = make_group("artifacts", "Look after the files that locks pin.", SECTIONS, EXAMPLES)
