"""The builder `bundle/1`: several `.deb`s → one relocated prefix (DESIGN section 6).

`unpack` puts the contents into spools, `paths` says where a path of the archives lies here, `merge` joins them in one
`tree`; `alternatives`, `certificates`, `added`, `strings` and `wrap` put into it what maintainer scripts and recipes
would; `libraries` lets each program find its libraries in the tree and nowhere else; `text` rewrites paths in text;
`owners` and `show` say what is seen from outside. The builder hands all of it on, each content when its turn comes.
Paths inside the tree are bytes without a slash in front (`usr/bin/git`), because that is what files, links and ELF
images hold.
"""
