"""Real interactive shells in pseudo-terminals, all with one interface. Nothing here sleeps.

A command is awaited by the prompt that follows it. Shells that edit lines themselves (fish always, zsh where a test
asks for it) also draw the prompt and the typed text any number of times: there, what a command prints begins with a
mark of its own, which the shell writes right before running it.

What is typed is ASCII and one line: `word` spells any text so. A terminal would take other bytes for keys.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pexpect

PROMPT = "<prompt of the test>"
START = "<output of the command>"
LINE_LIMIT = 4000
"""Bytes of a line that a terminal takes in canonical mode (4096 on Linux)."""
COLUMNS = 4096
ENV = "/usr/bin/env"
HARMLESS = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
# What fish writes for the terminal: a mark for a missing newline, with as many spaces as make it vanish where none is
# missing; bracketed paste and the cursor on and off; the directory, and where output begins and ends.
FISH_TERMINAL = re.compile(
    rf"[^\n]?\x20{{{COLUMNS - 8},}}\r.{{0,3}}\x20?\r|\x1b\[\?(2004|25)[hl]|\x1b\](7|133);[^\x07]*\x07|\r(?!\n)"
)


class Shell(ABC):
    """A shell at its prompt; `greeting` is what it printed until the first one."""

    kind: str
    announces = False
    """Whether it writes `START` before it runs a command."""

    def __init__(self, home: Path, child: pexpect.spawn[bytes]) -> None:
        self.home = home
        self._child = child
        self.greeting = ""

    # --- how this shell spells things; texts are any text, with bytes that are not UTF-8 as `surrogateescape` has them

    @abstractmethod
    def word(self, text: str) -> str:
        """One word that stands for `text`."""

    @abstractmethod
    def assign(self, name: str, value: str) -> str:
        """Set a variable and leave it exported or not, as it is; a new one is not."""

    @abstractmethod
    def export(self, name: str, value: str) -> str:
        """Set a variable and export it."""

    @abstractmethod
    def unset(self, name: str) -> str:
        """Unset a variable; that it is not set is no error."""

    @abstractmethod
    def surround(self, name: str, before: str = "", after: str = "") -> str:
        """Put text before and after the value of a variable, which may be unset; of a list, elements with colons."""

    @abstractmethod
    def alias(self, name: str, command: str) -> str:
        """Define an alias."""

    @abstractmethod
    def unalias(self, name: str) -> str:
        """Remove an alias that is there."""

    @abstractmethod
    def function(self, name: str, body: str) -> str:
        """Define a function; `body` is one line."""

    @abstractmethod
    def remove_function(self, name: str) -> str:
        """Remove a function that is there."""

    @abstractmethod
    def show(self, name: str) -> str:
        """Print the value of a variable with `=` in front, or nothing if it is not set, and no newline."""

    status = "$?"
    """The status of the last command."""
    sequence = " && "
    """Between two commands of which the second runs if the first succeeded."""

    # --- what tests do with it

    def run(self, command: str) -> str:
        """What `command` (one or more lines) printed, on either stream, up to the next prompt."""
        return "".join(self._run_line(line) for line in command.split("\n"))

    def source(self, lines: Sequence[str]) -> str:
        """Run `lines` at this prompt as one command, from a file: they may be long, and hold any bytes."""
        path = self.home / f"commands.{self.kind}"
        path.write_bytes(b"".join(os.fsencode(line) + b"\n" for line in lines))
        return self.run(f"source {self.word(str(path))}")

    def value(self, name: str) -> str | None:
        """A variable of the shell, exported or not; None: not set. Lists of fish are joined by colons."""
        path = self.home / "value.out"
        assert self.run(f"{self.show(name)} > {self.word(str(path))}") == ""
        found = os.fsdecode(path.read_bytes())
        return found.removeprefix("=") if found else None

    def variables(self) -> dict[bytes, bytes]:
        """What a program started from this shell finds in its environment, byte for byte."""
        path = self.home / "environ.out"
        path.unlink(missing_ok=True)
        output = self.run(f"{ENV} -0 > {self.word(str(path))}")
        assert output == "", output
        entries = path.read_bytes().split(b"\0")[:-1]
        return dict(entry.split(b"=", 1) for entry in entries)

    def has_command(self, name: str) -> bool:
        """Whether `name` is something to be run: a program, an alias, a function."""
        return self.run(f"type {name} >/dev/null 2>&1{self.sequence}echo yes") == "yes\n"

    def number(self) -> int:
        """The process of this shell."""
        return int(self.run("sh -c 'echo $PPID'"))

    def interrupt_when(self, command: str, text: str) -> str:
        """Run `command`, press Ctrl-C as soon as `text` shows, and return what was printed after that."""
        self._send(command)
        self._child.expect_exact(text.encode())
        self._child.sendintr()
        return self._wait()

    @contextmanager
    def nested(self, kind: str, command: str) -> Iterator[Shell]:
        """Start another shell inside with `command`, and end it; a file that it reads sets the prompt of tests."""
        inner = self.replace(kind, command)
        yield inner
        inner._send("exit")
        self._wait()

    def replace(self, kind: str, command: str) -> Shell:
        """Let another shell take over, with `exec` for good, and return it."""
        inner = SHELL_CLASSES[kind](self.home, self._child)
        self._send(command)
        inner.greeting = self._clean(inner._wait())  # also what this shell writes for the terminal when it starts one
        if self.announces and not inner.announces:
            inner.run("stty -echo")  # what edits lines itself leaves the terminal's own echo on for what it starts
        return inner

    def close(self) -> None:
        self._child.close(force=True)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run_line(self, line: str) -> str:
        self._send(line)
        return self._wait()

    def _send(self, line: str) -> None:
        assert len(os.fsencode(line)) < LINE_LIMIT, "too long for a terminal: see `source`"
        self._child.sendline(os.fsencode(line))
        if self.announces:
            self._child.expect_exact(START.encode())

    def _wait(self) -> str:
        self._child.expect_exact(PROMPT.encode())
        before = self._child.before
        assert isinstance(before, bytes)
        return self._clean(os.fsdecode(before))

    def _clean(self, output: str) -> str:
        return output.replace("\r\n", "\n")


class _Posix(Shell):
    """What bash and zsh have in common."""

    def word(self, text: str) -> str:
        if HARMLESS.fullmatch(text) and "=" not in text:
            return text
        return "$'" + "".join(_escape(byte, r"\x{:02x}") for byte in os.fsencode(text)) + "'"

    def assign(self, name: str, value: str) -> str:
        return f"{name}={self.word(value) if value else ''}"

    def export(self, name: str, value: str) -> str:
        return f"export {self.assign(name, value)}"

    def unset(self, name: str) -> str:
        return f"unset {name}"

    def surround(self, name: str, before: str = "", after: str = "") -> str:
        return f'{name}={self.word(before)}"${{{name}-}}"{self.word(after)}'

    def alias(self, name: str, command: str) -> str:
        return f"alias {name}={self.word(command)}"

    def unalias(self, name: str) -> str:
        return f"unalias {name}"

    def function(self, name: str, body: str) -> str:
        return f"function {name} {{ {body}; }}"

    def remove_function(self, name: str) -> str:
        return f"unset -f {name}"

    def show(self, name: str) -> str:
        return f'printf %s "${{{name}+=}}${{{name}-}}"'


class Bash(_Posix):
    """bash, which reads lines as the terminal gives them."""

    kind = "bash"


class Zsh(_Posix):
    """zsh without its line editor, `zle`."""

    kind = "zsh"

    def unset(self, name: str) -> str:
        # What is special there, such as PATH, would be exported when it is set again.
        return f"typeset +x {name}; unset {name}"


class EditingZsh(Zsh):
    """zsh as people use it, with `zle`."""

    announces = True

    def press(self, keys: str, text: str) -> str:
        """Send `keys` without Enter, wait until `text` shows, and return what was drawn before it."""
        self._child.send(keys.encode())
        self._child.expect_exact(text.encode())
        before = self._child.before
        assert isinstance(before, bytes)
        return os.fsdecode(before)


class Fish(Shell):
    """fish, which always edits lines itself."""

    kind = "fish"
    announces = True
    status = "$status"
    sequence = "; and "

    def word(self, text: str) -> str:
        if HARMLESS.fullmatch(text):
            return text
        parts = (_escape(byte, r"'\X{:02x}'") for byte in os.fsencode(text))
        return ("'" + "".join(parts) + "'").replace("''", "") or "''"

    def assign(self, name: str, value: str) -> str:
        return f"set {name} {self.word(value)}"

    def export(self, name: str, value: str) -> str:
        return f"set -gx {name} {self.word(value)}"

    def unset(self, name: str) -> str:
        return f"set -e {name}"

    def surround(self, name: str, before: str = "", after: str = "") -> str:
        # In double quotes a list of directories is joined by colons; being assigned, it is split again.
        text = f'{self.word(before) if before else ""}"${name}"{self.word(after) if after else ""}'
        return f"set {name} {text}"

    def alias(self, name: str, command: str) -> str:
        return f"alias {name} {self.word(command)}"

    def unalias(self, name: str) -> str:
        return f"functions -e {name}"

    def function(self, name: str, body: str) -> str:
        return f"function {name}; {body}; end"

    def remove_function(self, name: str) -> str:
        return f"functions -e {name}"

    def show(self, name: str) -> str:
        return f'set -q {name}; and printf %s ="$(string join : -- ${name})"'

    def value(self, name: str) -> str | None:
        path = self.home / "value.out"
        assert self.run(f"begin; {self.show(name)}; end > {self.word(str(path))}") == ""
        found = os.fsdecode(path.read_bytes())
        return found.removeprefix("=") if found else None

    def _clean(self, output: str) -> str:
        return FISH_TERMINAL.sub("", output.replace("\r\n", "\n"))


def _escape(byte: int, form: str) -> str:
    character = chr(byte)
    return character if HARMLESS.fullmatch(character) or character in ' ;|&<>()[]{}$*?~#"`' else form.format(byte)


SHELL_CLASSES: Mapping[str, type[Shell]] = {"bash": Bash, "zsh": Zsh, "zsh-zle": EditingZsh, "fish": Fish}

RC_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
"""What interactive shells read, below the home directory."""

RC_BEGINNINGS = {
    "bash": f"PS1='{PROMPT}' PS2=",
    "zsh": f"unsetopt zle prompt_cr prompt_sp; PS1='{PROMPT}' PS2=",
    "zsh-zle": (
        f"unsetopt prompt_cr prompt_sp; PS1='{PROMPT}' PS2= zle_highlight=(none); unset zle_bracketed_paste\n"
        f"function __test_start {{ printf %s '{START}' }}; preexec_functions=(__test_start)"
    ),
    "fish": (
        "set -g fish_greeting; set -g fish_autosuggestion_enabled 0\n"
        f"function fish_prompt; printf %s '{PROMPT}'; end\n"
        "function fish_right_prompt; end; function fish_mode_prompt; end; function fish_title; end\n"
        f"function __test_start --on-event fish_preexec; printf %s '{START}'; end"
    ),
}
"""What makes their prompts fit for tests."""

ZSH_ENVIRONMENT = """unsetopt global_rcs
() {
  local own=/proc/$$/exe
  own=${own:A:h:h}
  [[ -d $own/share/zsh/functions ]] || return
  module_path=($own/lib/*/zsh/$ZSH_VERSION(N) $module_path)
  fpath=($fpath $own/share/zsh/functions/**/*(/N))
}
typeset +x FPATH
"""
"""What every zsh reads. One from Debian that is not where it expects to be has its modules and functions beside it, and
a wrapper may hand them down; users have FPATH for themselves."""

ARGUMENTS: Mapping[str, Sequence[str]] = {
    "bash": ("--noprofile", "--noediting", "-i"),
    "zsh": ("-i",),
    "zsh-zle": ("-i",),
    "fish": ("-i",),
}


def start_shell(kind: str, home: Path, command: Sequence[str], environ: Mapping[str, str]) -> Shell:
    """Start `command`, a shell of this kind, and wait for its first prompt. Its files in `home` are written."""
    child: pexpect.spawn[bytes] = pexpect.spawn(
        command[0],
        list(command[1:]),
        env=dict(environ),
        cwd=str(home),
        echo=False,
        timeout=30,
        dimensions=(24, COLUMNS),
    )
    child.delaybeforesend = None
    shell = SHELL_CLASSES[kind](home, child)
    shell.greeting = shell._wait()
    return shell


def write_rc(home: Path, kind: str, before: str, middle: str, after: str) -> None:
    """Write what shells of this kind read: what tests need, then these texts."""
    base = kind.removesuffix("-zle")
    path = home / RC_FILES[base]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([RC_BEGINNINGS[kind], before, middle, after, ""]))
    if base == "bash":
        (home / ".bash_profile").write_text("source ~/.bashrc\n")
    elif base == "zsh":
        (home / ".zshenv").write_text(ZSH_ENVIRONMENT)
    else:
        # Else a new user's fish starts a process that reads all manual pages.
        for place in (".local/share", ".cache"):
            (home / place / "fish" / "generated_completions").mkdir(parents=True, exist_ok=True)
