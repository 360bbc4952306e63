"""`script/1`: what a script makes in the sandbox, and how that becomes objects.

`arguments` is what a derivation says, `environment` what the script starts with, `run` runs it, `fixup` makes its
output independent of where it was made, `outputs` puts several of them in order.
"""
