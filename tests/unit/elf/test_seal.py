"""Sealed loaders and C libraries: nothing of the host's paths, and no length changed."""

from __future__ import annotations

import pytest

from devenv.elf.seal import seal_crypto, seal_libc, seal_loader, seal_plugins
from devenv.elf.tables import IDENT, ElfError

DIRECTORIES = b"/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0"
HELP = b"  --inhibit-cache       Do not use /etc/ld.so.cache\n"
LOADER = b"\0".join(
    [IDENT, b"x" + DIRECTORIES, b"/etc/ld.so.cache", HELP, DIRECTORIES, b"/etc/ld.so.preload", b"/etc/suid-debug", b""]
)
LIBC = b"\0".join(
    [
        IDENT,
        b"/usr/lib/aarch64-linux-gnu/gconv",
        b"/usr/lib/locale",
        b"/usr/lib/aarch64-linux-gnu/gconv/gconv-modules.cache",
        b"GCONV_PATH",
        b"",
    ]
)


def test_a_loader() -> None:
    """Cache, preload list and every copy of the directories lead nowhere; its help and other files are as they were."""
    nowhere = b"/sys/x86_64-linux-gnu/\0/sys/lib/x86_64-linux-gnu/\0/sys/\0/sys/lib/\0"
    assert seal_loader(LOADER) == b"\0".join(
        [IDENT, b"x" + nowhere, b"/sys/ld.so.cache", HELP, nowhere, b"/sys/ld.so.preload", b"/etc/suid-debug", b""]
    )


def test_a_c_library() -> None:
    """Converters of the host are not found, whatever its variable says; locale data, which hold no code, are."""
    assert seal_libc(LIBC) == b"\0".join(
        [
            IDENT,
            b"/sys/lib/aarch64-linux-gnu/gconv",
            b"/usr/lib/locale",
            b"/sys/lib/aarch64-linux-gnu/gconv/gconv-modules.cache",
            b"GCONV_TREE",
            b"",
        ]
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        LIBC,
        LOADER[len(IDENT) :],
        LOADER.replace(b"/etc/ld.so.cache\0", b"\0"),
        LOADER.replace(b"/etc/ld.so.preload\0", b"\0"),
        LOADER.replace(b"/lib/\0", b"/lob/\0"),
        LOADER + b"/usr/lib/x86_64-linux-gnu/more\0",
    ],
    ids=["empty", "no loader", "no image", "no cache", "no list", "no directories", "one more directory"],
)
def test_a_loader_that_is_not_as_expected(content: bytes) -> None:
    """A loader of which a path could be overlooked is refused: half a seal is worse than an error."""
    with pytest.raises(ElfError):
        seal_loader(content)


def test_a_c_library_that_is_not_as_expected() -> None:
    """A C library without one of the paths, or without the variable, is refused."""
    for part in (b"gconv\0", b"GCONV_PATH\0"):
        with pytest.raises(ElfError):
            seal_libc(LIBC.replace(part, b"g\0"))


def test_a_cryptographic_library() -> None:
    """OpenSSL loads plugins from beside itself, in every bundle, and reads settings where all systems have them."""
    content = b"\0".join(
        [
            IDENT,
            b"/usr/lib/x86_64-linux-gnu/ossl-modules",
            b"/usr/lib/x86_64-linux-gnu/engines-1.1",
            b'MODULESDIR: "/usr/lib/x86_64-linux-gnu/ossl-modules"',
            b"/usr/lib/ssl",
            b"/usr/lib/ssl/cert.pem",
            b"/usr/lib/sslx",
            b"",
        ]
    )
    assert seal_crypto(content) == b"\0".join(
        [
            IDENT,
            b"$ORIGIN///////////////////ossl-modules",
            b"$ORIGIN///////////////////engines-1.1",
            b'MODULESDIR: "/usr/lib/x86_64-linux-gnu/ossl-modules"',
            b"/etc/ssl////",
            b"/etc/ssl/////cert.pem",
            b"/usr/lib/sslx",
            b"",
        ]
    )


def test_libraries_that_list_their_plugins() -> None:
    """Kerberos and SASL load nothing of the host's, whose plugins fit its own versions; settings are read as ever."""
    kept = [IDENT, b"/etc/krb5.conf", b"/etc/sasl2:/usr/lib/x86_64-linux-gnu/sasl2"]
    plugins = [b"sasl2", b"krb5/plugins", b"krb5/plugins/libkrb5"]
    assert seal_plugins(
        b"\0".join([*kept, *(b"/usr/lib/aarch64-linux-gnu/" + each for each in plugins), b""])
    ) == b"\0".join([*kept, *(b"/sys/lib/aarch64-linux-gnu/" + each for each in plugins), b""])
