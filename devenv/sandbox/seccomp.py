"""The filter of system calls for builds: what reaches beyond namespaces, or is the kernel's newest attack surface.

Namespaces do not cover kernel keyrings: a build would inherit the session's, with what its user keeps there (FAULTS
J-17). `io_uring` does what system calls do without being filtered itself; `bpf`, `perf_event_open` and `userfaultfd`
are of no use to a build, and the kernel's log (`syslog`) tells of everybody. All of them say ENOSYS, as an older kernel
would: programs know how to do without.

Nor are all sockets of a network namespace: those between virtual machines (AF_VSOCK) reach the host of this one from
everywhere. So there are those families only that a namespace confines, and others say EAFNOSUPPORT.

The program is classic BPF over `struct seccomp_data` (linux/seccomp.h): `nr` at offset 0, `arch` at offset 4, the low
half of the first argument at offset 16 on machines that put it first. Calls of another architecture than the machine's
own (32-bit ones) are refused whole: their numbers mean other things.
"""

from __future__ import annotations

import struct

ALLOW = 0x7FFF0000
ENOSYS = 0x00050000 | 38
"""SECCOMP_RET_ERRNO with the error's number."""
EAFNOSUPPORT = 0x00050000 | 97

LOAD_WORD = 0x20
"""BPF_LD | BPF_W | BPF_ABS"""
JUMP_EQUAL = 0x15
"""BPF_JMP | BPF_JEQ | BPF_K"""
JUMP_AT_LEAST = 0x35
"""BPF_JMP | BPF_JGE | BPF_K"""
RETURN = 0x06
"""BPF_RET | BPF_K"""

NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENT_OFFSET = 0, 4, 16

AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000
"""Calls of x86-64's 32-bit variant have it set; the numbers below mean the same."""

SOCKET = {"x86_64": 41, "aarch64": 198}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
"""What a network namespace confines, and programs ask for."""

REFUSED = {
    "x86_64": {
        "syslog": 103,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "perf_event_open": 298,
        "bpf": 321,
        "userfaultfd": 323,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
    },
    "aarch64": {
        "syslog": 116,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "perf_event_open": 241,
        "bpf": 280,
        "userfaultfd": 282,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
    },
}


def seccomp_filter(machine: str) -> bytes:
    """The filter's instructions (`struct sock_filter`, in the machine's byte order) for `x86_64` or `aarch64`.

    Raises KeyError for another machine.
    """
    tests = [(JUMP_EQUAL, number) for number in sorted(REFUSED[machine].values())]
    if machine == "x86_64":
        tests.append((JUMP_AT_LEAST, X32_BIT))
    # A jump counts the instructions that it skips. Behind the tests: allow, refuse, then what looks at families.
    body = [_instruction(code, len(tests) - index + 1, 0, value) for index, (code, value) in enumerate(tests)]
    families = sorted(FAMILIES.values())
    return b"".join(
        [
            _instruction(LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
            _instruction(JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURES[machine]),
            _instruction(RETURN, 0, 0, ENOSYS),
            _instruction(LOAD_WORD, 0, 0, NUMBER_OFFSET),
            *body,
            _instruction(JUMP_EQUAL, 2, 0, SOCKET[machine]),
            _instruction(RETURN, 0, 0, ALLOW),
            _instruction(RETURN, 0, 0, ENOSYS),
            _instruction(LOAD_WORD, 0, 0, ARGUMENT_OFFSET),
            *(_instruction(JUMP_EQUAL, len(families) - index, 0, each) for index, each in enumerate(families)),
            _instruction(RETURN, 0, 0, EAFNOSUPPORT),
            _instruction(RETURN, 0, 0, ALLOW),
        ]
    )


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
