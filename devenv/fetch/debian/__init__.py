"""Debian's archive: what apt is told about it, signed releases, package indexes, and where locators lie.

`client.DebianClient` ties these to the user's own configuration, `index.DebianIndex` answers what locking asks. The
domain (versions, relations, closures) is `devenv.debian`, which reads nothing.
"""
