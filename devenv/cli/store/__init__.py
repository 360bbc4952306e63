"""`devenv store`: verbs that look after the store, imported when they are called."""

from __future__ import annotations

from devenv.cli.lazy_group import make_group

SECTIONS = {
    "Look": ("du", "roots", "verify"),
    "Mend": ("repair", "rebuild"),
    "Move": ("export", "import", "relocate"),
    "Keep": ("link",),
}

EXAMPLES = """\
  devenv store du                                  what each project takes
  devenv store verify                              every object against its name
  devenv store export | ssh ci devenv store import carry an environment
"""

HELP = "Look after the store: what lies in it, whether it is whole, how it travels."

command = make_group("store", HELP, SECTIONS, EXAMPLES)
