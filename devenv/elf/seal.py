"""Takes the host's directories out of glibc's loader and C library, and out of libraries that load plugins.

The loader of a bundle has paths of its host compiled in: a list that every program preloads, a cache of libraries, and
the directories that it searches last. With them a bundle that lacks a library would quietly take the host's, of another
version; sealed, it fails with the library's name. The C library has the directory of its converters between character
sets, which are libraries too and fit one version of glibc only. `GCONV_TREE` names the bundle's, in place of
`GCONV_PATH`: programs of bundles and of the host start each other, and an older glibc cannot load a newer one's.

The lengths of these paths are compiled in beside them, so each is replaced by one of the same length: the first
directory (`/lib`, `/usr`, `/etc`) becomes `/sys`. Below `/sys` only the kernel makes names, so nobody can lay a library
there, not even root; where it is not mounted, it is an empty directory or none. What users say with `LD_LIBRARY_PATH`
and `LD_PRELOAD` works as ever.

OpenSSL, Kerberos and SASL load plugins of the host's, which fit other versions. OpenSSL's come with it: `dlopen` takes
`$ORIGIN`, filled with slashes to the same length, for the directory of the library that calls it. The others list their
directory, so it becomes nowhere. OpenSSL's certificates and settings are the host's, in `/etc/ssl` on all systems.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from devenv.elf.tables import IDENT, ElfError

NOWHERE = b"/sys"
_TOP = re.compile(rb"(?:\A|(?<=\0))/(?:lib|usr|etc)(?=/)")

PRELOAD_LIST = re.compile(rb"/etc/ld\.so\.preload(?=\0)")
LIBRARY_CACHE = re.compile(rb"/etc/ld\.so\.cache(?=\0)")
DEFAULT_DIRECTORIES = re.compile(rb"/lib/([a-z0-9_]+-linux-gnu)/\0/usr/lib/\1/\0/lib/\0/usr/lib/(?=\0)")
"""The table stands there once in glibc 2.31, twice in 2.36 and 2.41."""
CONVERTERS = re.compile(rb"/usr/lib/[a-z0-9_]+-linux-gnu/gconv(?=\0)")
CONVERTER_CACHE = re.compile(rb"/usr/lib/[a-z0-9_]+-linux-gnu/gconv/gconv-modules\.cache(?=\0)")
CONVERTERS_VARIABLE = re.compile(rb"(?<=\0)GCONV_PATH(?=\0)")
OWN_VARIABLE = b"GCONV_TREE"

CRYPTO_PLUGINS = re.compile(rb"/(?<=\0/)usr/lib/[a-z0-9_]+-linux-gnu(?=/(?:engines-[0-9.]+|ossl-modules)\0)")
CRYPTO_SETTINGS = re.compile(rb"/(?<=\0/)usr/lib/ssl(?=[/\0])")
LISTED_PLUGINS = re.compile(rb"/(?<=\0/)usr/lib/[a-z0-9_]+-linux-gnu/(?:sasl2|krb5/plugins(?:/[a-z0-9]+)?)(?=\0)")
"""As the slash stands first, a search is for one letter, and takes a thirtieth: `libcrypto` has five million bytes."""

UNSEALED = (
    re.compile(rb"/usr/lib/[a-z0-9_]+-linux-gnu/"),
    re.compile(rb"/etc/ld\.so\.(?:cache|preload)\0"),
)
"""What a sealed image must not hold. (The loader's help names the cache too, within a sentence.)"""


def seal_loader(content: bytes) -> bytes:
    """A loader (`ld-linux-*.so.*`) without the host's preload list, library cache and default directories.

    Raises ElfError if one of them is not found as Debian's glibc 2.31 to 2.41 have it.
    """
    return _seal(content, PRELOAD_LIST, LIBRARY_CACHE, DEFAULT_DIRECTORIES)


def seal_libc(content: bytes) -> bytes:
    """A C library (`libc.so.6`) without the host's converters between character sets. Raises ElfError likewise."""
    return _replace(_seal(content, CONVERTERS, CONVERTER_CACHE), CONVERTERS_VARIABLE, lambda _: OWN_VARIABLE)


def seal_crypto(content: bytes) -> bytes:
    """OpenSSL's `libcrypto.so.*` with the plugins beside it, and with settings and certificates from `/etc/ssl`."""
    content = CRYPTO_PLUGINS.sub(lambda match: b"$ORIGIN".ljust(len(match[0]), b"/"), content)
    return CRYPTO_SETTINGS.sub(lambda match: b"/etc/ssl".ljust(len(match[0]), b"/"), content)


def seal_plugins(content: bytes) -> bytes:
    """Kerberos' and SASL's libraries (`libkrb5.so.*`, `libsasl2.so.*`) without the host's plugins."""
    return LISTED_PLUGINS.sub(_to_nowhere, content)


def _seal(content: bytes, *patterns: re.Pattern[bytes]) -> bytes:
    if not content.startswith(IDENT):
        raise ElfError("not a 64-bit little-endian ELF image")
    for pattern in patterns:
        content = _replace(content, pattern, _to_nowhere)
    for pattern in UNSEALED:
        if left := pattern.search(content):
            raise ElfError(f"{left[0]!r} is still in the image")
    return content


def _replace(content: bytes, pattern: re.Pattern[bytes], new: Callable[[re.Match[bytes]], bytes]) -> bytes:
    content, count = pattern.subn(new, content)
    if not count:
        raise ElfError(f"no {pattern.pattern!r} in the image")
    return content


def _to_nowhere(match: re.Match[bytes]) -> bytes:
    return _TOP.sub(NOWHERE, match[0])
