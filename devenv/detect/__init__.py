"""Reads what other tools' files say about languages and tools, and proposes a manifest of it.

Pure: a module a kind of file takes its text and yields findings (`model`); `propose` weighs them against each other and
against what the base set has; `manifest_text` writes them down. Nothing of a project is run, and no file is trusted:
whoever reads them bounds their sizes, whoever parses them bounds their depths. `devenv.workflow.detect` does the rest.
"""
