"""The manifest `devenv.toml`: what it may say, how it is read, and how `add` and `remove` edit it.

    parse   bytes → Manifest, or the first error in file order with line, column and a suggestion
    edit    text → text, with one package added, changed or removed and every other byte kept

Pure: the services read and write the file and hand its bytes in. `docs/manifest.md` is the reference for people.
"""
