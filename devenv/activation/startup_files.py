"""The lines by which a shell's startup file reads the hook, put into its text and taken out again.

The lines stand between two marks. The first one also says what cannot be seen afterwards: whether the file's last line
had no end, and whether there was a file at all, so that taking the lines out restores the very bytes from before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from devenv.activation.shells import require_shell
from devenv.errors import UsageError

FISH = "fish"
PLAIN, UNENDED, ALONE = b"", b", behind a line without an end", b", in a file of its own"
END = b"# <<< devenv hook <<<"
MARK = re.compile(rb"^# (?:>>> devenv hook.*>>>|<<< devenv hook <<<)$", re.MULTILINE)
BLOCK = re.compile(
    rb"^# >>> devenv hook(%s|%s|%s) >>>\n.*?^%s$\n?" % (PLAIN, UNENDED, ALONE, END), re.MULTILINE | re.DOTALL
)
EVALUATES = re.compile(rb"^[^#\n]*\bdevenv[\"']?[ \t]+hook[ \t]+(?:bash|zsh|fish)\b", re.MULTILINE)


def startup_path(shell: str, home: Path, environ: Mapping[str, str]) -> Path:
    """The file that interactive shells of this kind read when they start; for fish one that only we write.

    `environ` is the user's, without any project's variables.
    """
    if shell == FISH:
        return _directory(environ.get("XDG_CONFIG_HOME"), home / ".config") / "fish" / "conf.d" / "devenv.fish"
    if shell == "zsh":
        return _directory(environ.get("ZDOTDIR"), home) / ".zshrc"
    return home / f".{shell}rc"


def _directory(value: str | None, default: Path) -> Path:
    return Path(value) if value and value.startswith("/") else default


def format_reading(shell: str, hook: Path, home: Path) -> bytes:
    """The lines that have a shell read the file `hook`, quietly where it is missing, whatever `set -eu` says."""
    quote = require_shell(shell).quote
    # Startup files are shared between machines, and by root with `sudo -s`: there, it is the home directory's own.
    word = f"~/{quote(str(hook.relative_to(home)))}" if hook.is_relative_to(home) else quote(str(hook))
    line = f"if test -r {word}; source {word}; end" if shell == FISH else f"if [ -r {word} ]; then . {word}; fi"
    text = f"# Made by `devenv hook --install`; `devenv hook --uninstall` takes it out again.\n{line}\n"
    return text.encode("utf-8", "surrogateescape")


def put_reading(content: bytes | None, lines: bytes, shown: str) -> bytes:
    """`content` (None: there is no file) with `lines` between marks: at the end, or where they stand already.

    `shown` names the file. Raises UsageError (`startup-file-unclear`) where marks stand in it that do not fit.
    """
    found = _find_block(content or b"", shown)
    if content is None:
        kind = ALONE
    elif found is not None:
        kind = found[1]
    else:
        kind = UNENDED if content and not content.endswith(b"\n") else PLAIN
    block = b"# >>> devenv hook%s >>>\n%s%s\n" % (kind, lines, END)
    before = content or b""
    if found is not None:
        return before[: found.start()] + block + before[found.end() :]
    return before + (b"\n" if kind == UNENDED else b"") + block


def take_reading(content: bytes, shown: str) -> bytes | None:
    """`content` without what `put_reading` put there; None: the file is to go. Raises as that does."""
    found = _find_block(content, shown)
    if found is None:
        return content
    before, after = content[: found.start()], content[found.end() :]
    if found[1] == ALONE and not before + after:
        return None
    if found[1] == UNENDED and not after:
        before = before.removesuffix(b"\n")
    return before + after


def has_reading(content: bytes | None) -> bool:
    """Whether the lines stand there."""
    return content is not None and BLOCK.search(content) is not None


def find_evaluation(content: bytes | None) -> int | None:
    """The number of the first line that evaluates what `devenv hook` prints, counted from 1."""
    found = EVALUATES.search(content or b"")
    return None if found is None or content is None else content.count(b"\n", 0, found.end()) + 1


def _find_block(content: bytes, shown: str) -> re.Match[bytes] | None:
    found = BLOCK.search(content)
    if len(MARK.findall(content)) != (0 if found is None else 2):
        raise UsageError(
            f"`{shown}` has some of the lines between which `devenv hook --install` writes, and not just one pair",
            hint="take out the lines with `>>> devenv hook` and `<<< devenv hook`, and what is between them, by hand",
            slug="startup-file-unclear",
        )
    return found
