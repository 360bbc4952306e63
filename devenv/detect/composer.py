"""`composer.json`: the PHP that a project works with, and the extensions that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from devenv.detect.documents import find_line, lookup, parse_json
from devenv.detect.model import Finding, Strength, Wish
from devenv.detect.requests import translate_composer, translate_pin

# fmt: off
EXTENSIONS = frozenset({
    "bcmath", "calendar", "ctype", "curl", "date", "dom", "exif", "ffi", "fileinfo", "filter", "ftp", "gd", "gettext",
    "gmp", "hash", "iconv", "intl", "json", "libxml", "mbstring", "mysqli", "mysqlnd", "opcache", "openssl", "pcntl",
    "pcre", "pdo", "pdo_mysql", "pdo_pgsql", "pdo_sqlite", "pgsql", "phar", "posix", "random", "readline", "reflection",
    "session", "shmop", "simplexml", "soap", "sockets", "sodium", "spl", "sqlite3", "standard", "sysvmsg", "sysvsem",
    "sysvshm", "tokenizer", "xml", "xmlreader", "xmlwriter", "xsl", "zip", "zlib",
})
# fmt: on
"""What the package `php` has; a test asks it."""


def parse_composer(text: str, file: str) -> Iterator[Finding]:
    """Raises UnreadableError."""
    data = parse_json(text)
    yield Finding(file, 1, "composer", "", "composer")
    platform = lookup(data, "config", "platform", "php")
    asked = lookup(data, "require", "php")
    if isinstance(platform, str):
        line = find_line(text, "config", "platform", "php")
        yield Finding(file, line, "php", platform, "php", translate_pin(platform), Strength.PINNED)
    if isinstance(asked, str):
        line = find_line(text, "require", "php")
        yield Finding(file, line, "php", asked, "php", translate_composer(asked), Strength.RANGE)
    elif not isinstance(platform, str):
        yield Finding(file, 1, "php", "", "php")
    for table in ("require", "require-dev"):
        required = lookup(data, table)
        for name in required if isinstance(required, dict) else ():
            extension = name.lower().removeprefix("ext-").replace("-", "_")
            if name.lower().startswith("ext-") and extension.removeprefix("zend_") not in EXTENSIONS:
                wish = Wish((), "`php` has the common extensions only")
                yield Finding(file, find_line(text, table, name), name, "", None, wish)
