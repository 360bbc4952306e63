"""NAR, Nix's archive format (FORMATS.md 1.2): one byte string for one file tree.

`nodes` are the entries of a tree in archive order; `writer` spells them and `reader` reads them back; `tokens` are the
strings of the grammar.
"""
