"""What a build script starts with, which is the same on every machine (J-10, J-11, J-16, J-18)."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from devenv.build.build_one import Builds, script_build
from devenv.build.script.run import build_script
from devenv.derivation.model import Derivation, Input
from devenv.errors import BuildError
from devenv.events import ignore
from devenv.store_path import StorePath
from tests.sandboxes import Workshop
from tests.scripts import derive_script

EXPECTED = """\
HOME=/homeless
LC_ALL=C.UTF-8
PATH=/usr/bin:/usr/sbin
PWD=/build
SHELL=/bin/bash
SHLVL=0
SOURCE_DATE_EPOCH=315532800
TERM=dumb
TMPDIR=/tmp
TZ=UTC
USER=builder
cores=2
inputs=
out=OUT
patches=
source=
sources=
tools=
"""


LEAKING = [
    "SECRET_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "HTTP_PROXY",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "PERL5LIB",
    "BASH_ENV",
    "ENV",
    "PS4",
    "LANG",
    "BASH_FUNC_ls%%",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
]


def test_environment_is_exact(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's environment gets in, not even what loaders and shells read; all else is fixed (J-10)."""
    for name in LEAKING:
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    old = os.umask(0o077)
    try:
        script = "(umask; perl -e 'print map { \"$_=$ENV{$_}\\n\" } grep { $_ ne q(_) } sort keys %ENV') > $out; tr '\\0' '\\n' < /proc/1/environ >> $out"
        path = workshop.build(script)
    finally:
        os.umask(old)
    assert path.read_text() == "0022\n" + EXPECTED.replace("OUT", str(path))


def test_descriptors(workshop: Workshop) -> None:
    """Standard input is empty, output and errors come to the log, and no other descriptor is open (J-11)."""
    with socket.socket() as listening, open(workshop.settings.base / "store.sqlite") as database:
        listening.listen()
        for each in (listening.fileno(), database.fileno()):
            os.set_inheritable(each, True)
        path = workshop.build(
            r"""
perl -e 'opendir(my $d, "/proc/self/fd"); my $own = fileno($d) // 3; print join(" ", sort grep { /\d/ && readlink("/proc/self/fd/$_") !~ m{/proc} } readdir($d)), "\n"' > /build/open
mkdir $out
cp /build/open $out/open
for pid in 1 $PPID; do for fd in /proc/$pid/fd/*; do echo "$fd $(readlink $fd)"; done; done > $out/others
cat > $out/input
"""
        )
    assert (path / "open").read_text() == "0 1 2\n"
    assert (path / "input").read_text() == ""
    others = [line.split()[1].partition(":")[0] for line in (path / "others").read_text().splitlines()]
    assert set(others) <= {"/dev/null", "pipe", "anon_inode"}


def test_host_paths_are_not_told(workshop: Workshop) -> None:
    """The arguments of what runs the sandbox tell nobody of the build's variables, inside or outside (J-02, J-10)."""
    path = workshop.build(
        replace(workshop.derive("cat /proc/[0-9]*/cmdline > $out"), environment={"password": "open-sesame"})
    )
    assert b"open-sesame" not in path.read_bytes()
    assert os.fsencode(workshop.home) not in path.read_bytes()


@pytest.mark.parametrize("name", ["-rf", "--bind", "--", "-c"])
def test_names_like_options(workshop: Workshop, name: str) -> None:
    """Values that look like options are values: of variables, of files that are seen, of scripts (J-16)."""
    script = '--share-net --bind / /host || true\n[[ -e /host ]] && exit 3\necho "$dashes" > $out\n'
    derivation = replace(workshop.derive(script), environment={"dashes": name})
    assert workshop.build(derivation).read_text() == f"{name}\n"


def build_again(workshop: Workshop, derivation: Derivation, **changes: object) -> StorePath:
    """The object that a build makes, whatever is known of it."""
    realized = {each: require(workshop, each) for each in derivation.inputs}
    builds = Builds(workshop.store, {}, ignore, realized, workshop.limits, workshop.bubblewrap)
    build = script_build(builds, derivation, realized)
    return build_script(replace(build, **changes))["out"]  # type: ignore[arg-type]


def require(workshop: Workshop, each: Input) -> StorePath:
    """What an input came out as."""
    path = workshop.store.find_realisation(each.derivation.key, each.output)
    assert path is not None
    return path


def test_deterministic_script(workshop: Workshop) -> None:
    """A script that uses only what it should comes out alike under other scratch names, at another time (J-18, N-03)."""
    derivation = workshop.derive(
        'mkdir -p $out/bin; echo "at $out, $SOURCE_DATE_EPOCH, $(hostname 2>/dev/null || uname -n), $(id -u)" > $out/bin/file; '
        "ln -s $out/bin/file $out/link; touch /tmp/x; stat -c %U:%G /build /tmp >> $out/bin/file; pwd >> $out/bin/file"
    )
    first = build_again(workshop, derivation)
    assert build_again(workshop, derivation, salt="again", cores=7) == first
    assert os.readlink(workshop.store.path(first) / "link") == "bin/file"


UNSTEADY = {
    "scratch": "printf %s $out | gzip -n > $out",
    "time": "date +%N > $out",
    "random": "head -c 16 /dev/urandom > $out",
    "cores": "echo $cores > $out",
    "process": "cat /proc/sys/kernel/random/uuid > $out",
}


@pytest.mark.parametrize("name", UNSTEADY)
def test_unsteady_script(workshop: Workshop, name: str) -> None:
    """What depends on scratch names, the clock, chance or the number of processors shows in a second build (J-18, N-01,
    N-03)."""
    derivation = workshop.derive(UNSTEADY[name], name)
    assert build_again(workshop, derivation) != build_again(workshop, derivation, salt="again", cores=7)


@pytest.mark.parametrize(
    "environment",
    [{"a b": "x"}, {"a=b": "x"}, {"": "x"}, {"a": "x\0y"}, {"BASH_FUNC_ls%%": "() { :; }"}, {"a\0b": "x"}],
)
def test_variables_that_cannot_be(workshop: Workshop, environment: dict[str, str]) -> None:
    """A variable that no program could be given is refused by name, before anything runs (J-10, K-08)."""
    derivation = replace(workshop.derive("echo x > $out"), environment=environment)
    assert workshop.fail(derivation).slug == "arguments-invalid"


def test_fixed_outputs_are_refused(workshop: Workshop) -> None:
    """No script is a fetch: it has no network, and one that promises a content is refused before it runs (N-04)."""
    derivation = replace(workshop.derive("echo x > $out"), output_hash="0" * 32 + "-thing")
    error = workshop.fail(derivation)
    assert error.slug == "output-hash-unsupported"
    assert not workshop.store.layout.log_path(derivation.key).exists()


def test_long_variable(workshop: Workshop) -> None:
    """A variable longer than the system hands to a program fails the build and says so (J-10)."""
    derivation = replace(workshop.derive("echo x > $out"), environment={"long": "x" * 200_000})
    with pytest.raises(BuildError) as caught:
        workshop.build(derivation)
    assert "long" in caught.value.message
    assert caught.value.slug == "arguments-invalid"


def test_sysroot_without_shell(workshop: Workshop) -> None:
    """A sysroot that lacks the shell is the package's fault, not the machine's (J-15)."""
    empty = workshop.add({b"usr": {b"bin": {b"x": b"x"}}}, "empty")
    error = workshop.fail(derive_script(empty, "true"))
    assert error.slug == "build-failed"
    assert "/usr/bin/bash" in "".join(error.details)
    assert Path("/usr/bin/bash").exists()
