"""The lock: the memo of every answer that resolving the manifest needed (`lockfile/SPEC.md` is the contract).

`model` holds the values and `grammar` what they may be, `sections` and `parse` read the text, `format` writes it,
`satisfies` asks whether a lock answers a manifest.
"""
