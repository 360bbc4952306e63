"""The lock: the memo of every answer that resolving the manifest needed (`lockfile/SPEC.md` is the contract).

`model` holds the values, `parse` and `format` the text, `satisfies` the question whether a lock answers a manifest.
"""
