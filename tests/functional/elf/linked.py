"""Programs and libraries made by the compiler and the linkers of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

LIBRARY = r"""
static char zeroed[300000];
int answer(void) { for (int i = 0; i < 300000; i++) if (zeroed[i]) return -1; return 42; }
"""

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int answer(void);
static char zeroed[1 << 20];
static __thread int seven = 7;
int main(void) {
    char *heap = sbrk(4096);
    for (int i = 0; i < 1 << 20; i++) if (zeroed[i]) return 3;
    if (heap == (void *) -1 || heap < zeroed) return 4;
    heap[0] = 1;
    free(malloc(1 << 16));
    printf("%d %d\n", answer(), seven);
    return 0;
}
"""

BARE_PROGRAM = r"""
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
static char zeroed[1 << 16];
static int show(struct dl_phdr_info *image, size_t size, void *data) {
    if (image->dlpi_name[0]) return 0;
    printf("%d headers, the first of type %d\n", image->dlpi_phnum, image->dlpi_phdr[0].p_type);
    return 1;
}
__attribute__((force_align_arg_pointer)) void _start(void) {
    for (int i = 0; i < 1 << 16; i++) if (zeroed[i]) exit(3);
    dl_iterate_phdr(show, 0);
    exit(0);
}
"""
"""Without the start-up files of the C library, which bring notes."""

NO_NOTES = ("-nostartfiles", "-fcf-protection=none", "-Wa,-mx86-used-note=no", "-Wl,--build-id=none")


def find_linkers() -> list[str]:
    """Those of GNU ld, gold and lld that are installed, by the names the compiler has for them."""
    return [name for name in ("bfd", "gold", "lld") if shutil.which(f"ld.{name}")]


def compile_c(source: str, path: Path, *options: str) -> Path:
    """Compile and link one file of C."""
    run(["gcc", "-xc", "-", "-xnone", "-o", str(path), *options], source=source)
    return path


def run(command: Sequence[str], *, source: str = "", variables: Mapping[str, str] | None = None) -> str:
    """What a command prints; it must succeed and have nothing to warn of."""
    result = attempt(command, source=source, variables=variables)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def attempt(
    command: Sequence[str], *, source: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """How a command ends that has no more in its environment than `variables` and a path."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **(variables or {})}
    return subprocess.run(command, input=source, env=environment, capture_output=True, text=True, check=False)
