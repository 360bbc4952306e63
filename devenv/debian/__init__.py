"""Debian as a package set: versions, relations, indexes as text, closures. Pure: no network, only data of our own."""
