"""How each shell spells text literally: one quoter per shell, since none is right for another.

`shlex.quote` will not do: it leaves some text bare, and in fish a backslash inside single quotes is not literal
(FAULTS M-01). A quoted word stands alone, never inside other quotes (FAULTS M-04).
"""

from __future__ import annotations

import re

from devenv.activation.model import require_text


def quote_bash(text: str) -> str:
    r"""`text` as one word of bash (and of POSIX `sh` and zsh), byte for byte.

    Inside single quotes every byte stands for itself, newlines, `!` and backslashes included; only the quote itself
    must step outside: `'\''`. Bytes that are not UTF-8 are `surrogateescape` characters in and out. Raises
    ActivationError where `text` holds a NUL byte, which no shell can.
    """
    return "'" + require_text(text).replace("'", "'\\''") + "'"


def quote_fish(text: str) -> str:
    r"""`text` as one word of fish, byte for byte.

    Inside single quotes `\\` and `\'` are escapes, so both characters are escaped; everything else stands for itself,
    newlines included. Bytes that are not UTF-8, and ASCII control characters, step outside and are spelt `\XHH`:
    whatever the locale is, fish then keeps the byte. Raises ActivationError as `quote_bash` does.
    """
    escaped = require_text(text).replace("\\", "\\\\").replace("'", "\\'")
    return "'" + _FISH_BYTES.sub(_spell_bytes, escaped) + "'"


_FISH_BYTES = re.compile(r"[\x01-\x09\x0b-\x1f\x7f-\U0010ffff]+")
"""Not printable ASCII and no newline."""


def _spell_bytes(match: re.Match[str]) -> str:
    return "'" + "".join(f"\\X{byte:02x}" for byte in match[0].encode("utf-8", "surrogateescape")) + "'"
