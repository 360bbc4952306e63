"""`script/1`: what a script makes in the sandbox, and how that becomes objects.

`arguments` is what a derivation says, `environment` what the script starts with, `run` runs it, `outputs` puts several
outputs in order. `fixup` turns what a script, honest or hostile, has left on the disk into the nodes of an object:
`output_tree` walks over it and follows nothing; `survey` is what a first walk finds; `links`, `scripts`, `programs` and
`libraries` make the object independent of what only the sandbox had, and refuse what cannot be; `mentions` looks for
what must not stand in it. `scope` says what a path belongs to. Paths inside the output are bytes without a slash in
front, empty for its root.
"""
