"""How each shell spells text literally: one quoter per shell, since none is right for another.

`shlex.quote` will not do: it leaves some text bare, and in fish a backslash inside single quotes is not literal
(FAULTS M-01). A quoted word stands alone, never inside other quotes (FAULTS M-04).
"""

from __future__ import annotations

from devenv.activation.model import require_text


def quote_bash(text: str) -> str:
    r"""`text` as one word of bash (and of POSIX `sh` and zsh), byte for byte.

    Inside single quotes every byte stands for itself, newlines, `!` and backslashes included; only the quote itself
    must step outside: `'\''`. Bytes that are not UTF-8 are `surrogateescape` characters in and out. Raises
    ActivationError where `text` holds a NUL byte, which no shell can.
    """
    return "'" + require_text(text).replace("'", "'\\''") + "'"
