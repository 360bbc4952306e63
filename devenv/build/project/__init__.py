"""A project's own files: which ones are its source (`files`, filtered by `git`), and they as a tree (`source`)."""
