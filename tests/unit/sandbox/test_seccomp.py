"""The filter of system calls: its very bytes, and what it says to every number, by a small interpreter of BPF."""

from __future__ import annotations

import struct

import pytest

from devenv.sandbox.seccomp import AUDIT_ARCHITECTURES, REFUSED, SOCKET, seccomp_filter

ALLOW, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x00050026, 0x00050061

X86_64 = """
20 0 0 00000004  15 1 0 c000003e  06 0 0 00050026  20 0 0 00000000
15 c 0 00000067  15 b 0 000000f8  15 a 0 000000f9  15 9 0 000000fa  15 8 0 0000012a  15 7 0 00000141
15 6 0 00000143  15 5 0 000001a9  15 4 0 000001aa  15 3 0 000001ab  35 2 0 40000000
15 2 0 00000029  06 0 0 7fff0000  06 0 0 00050026
20 0 0 00000010  15 4 0 00000001  15 3 0 00000002  15 2 0 0000000a  15 1 0 00000010  06 0 0 00050061  06 0 0 7fff0000
"""
AARCH64 = """
20 0 0 00000004  15 1 0 c00000b7  06 0 0 00050026  20 0 0 00000000
15 b 0 00000074  15 a 0 000000d9  15 9 0 000000da  15 8 0 000000db  15 7 0 000000f1  15 6 0 00000118
15 5 0 0000011a  15 4 0 000001a9  15 3 0 000001aa  15 2 0 000001ab
15 2 0 000000c6  06 0 0 7fff0000  06 0 0 00050026
20 0 0 00000010  15 4 0 00000001  15 3 0 00000002  15 2 0 0000000a  15 1 0 00000010  06 0 0 00050061  06 0 0 7fff0000
"""


def assemble(text: str) -> bytes:
    """The instructions in hexadecimal: operation, jump if true, jump if false, operand."""
    words = [int(word, 16) for word in text.split()]
    return b"".join(struct.pack("=HBBI", *words[at : at + 4]) for at in range(0, len(words), 4))


def interpret(program: bytes, data: bytes) -> int:
    """What the kernel would return; only what filters here use is known."""
    instructions = list(struct.iter_unpack("=HBBI", program))
    at, accumulator = 0, 0
    for _ in range(len(instructions)):
        operation, if_true, if_false, operand = instructions[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += if_true if accumulator == operand else if_false
            case 0x35:
                at += if_true if accumulator >= operand else if_false
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(f"operation {operation:#x}")
    raise AssertionError("it does not end")


def call(number: int, architecture: int, *arguments: int) -> bytes:
    """`struct seccomp_data`."""
    values = [*arguments, *[0] * (6 - len(arguments))]
    return struct.pack("=IIQ6Q", number & 0xFFFFFFFF, architecture, 0, *(value & (1 << 64) - 1 for value in values))


@pytest.mark.parametrize(("machine", "text"), [("x86_64", X86_64), ("aarch64", AARCH64)])
def test_bytes(machine: str, text: str) -> None:
    """The filter of each machine, byte for byte: a change of it is a decision (J-17)."""
    assert seccomp_filter(machine) == assemble(text)


@pytest.mark.parametrize("machine", REFUSED)
def test_every_number(machine: str) -> None:
    """Of the numbers up to 1024 exactly those in the list are refused, as if the kernel did not know them (J-17)."""
    program, architecture = seccomp_filter(machine), AUDIT_ARCHITECTURES[machine]
    refused = {number for number in range(1025) if interpret(program, call(number, architecture, 1)) != ALLOW}
    assert refused == set(REFUSED[machine].values())
    assert {interpret(program, call(number, architecture)) for number in refused} == {ENOSYS}


@pytest.mark.parametrize("machine", REFUSED)
def test_families_of_sockets(machine: str) -> None:
    """Sockets are those that a network namespace confines; the upper half of the argument means nothing (J-03)."""
    program, architecture, number = seccomp_filter(machine), AUDIT_ARCHITECTURES[machine], SOCKET[machine]
    answers = {family: interpret(program, call(number, architecture, family)) for family in range(64)}
    assert {family for family, answer in answers.items() if answer == ALLOW} == {1, 2, 10, 16}
    assert set(answers.values()) == {ALLOW, EAFNOSUPPORT}
    assert interpret(program, call(number, architecture, 40 + (1 << 32))) == EAFNOSUPPORT
    assert interpret(program, call(number, architecture, 2 + (1 << 32))) == ALLOW
    assert interpret(program, call(number, architecture, -1)) == EAFNOSUPPORT


@pytest.mark.parametrize("machine", REFUSED)
@pytest.mark.parametrize("architecture", [0, 0x40000003, 0x40000028, 0xC0000016, 0xC00000F3, 0xFFFFFFFF])
def test_other_architectures(machine: str, architecture: int) -> None:
    """Calls of 32-bit programs, whose numbers mean other things, are refused whole (J-17)."""
    program = seccomp_filter(machine)
    assert {interpret(program, call(number, architecture, 1)) for number in range(1025)} == {ENOSYS}


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 + 41, 0x40000000 + 425, 0x7FFFFFFF, 0xFFFFFFFF])
def test_x32(number: int) -> None:
    """So are those of x86-64's 32-bit variant, which are numbers of the same architecture (J-17)."""
    assert interpret(seccomp_filter("x86_64"), call(number, AUDIT_ARCHITECTURES["x86_64"], 1)) == ENOSYS


def test_other_machines() -> None:
    """For a machine whose numbers nobody wrote down there is no filter, and so no sandbox (J-17)."""
    with pytest.raises(KeyError):
        seccomp_filter("riscv64")
