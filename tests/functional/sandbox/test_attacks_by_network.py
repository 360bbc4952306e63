"""Build scripts that look for somebody to talk to: over networks, through sockets in files, with each other (J-03)."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandboxes import PRELUDE, Workshop

CONNECT = r"""
# connect FAMILY TYPE ADDRESS...: whether a connection came about, or something was sent
connect() { perl -e '
    use Socket qw(:all); $SIG{ALRM} = sub { exit 1 }; alarm 5;
    my ($family, $type, @place) = @ARGV;
    socket(my $it, $family, $type, 0) or exit 1;
    my $address = $family == AF_UNIX ? pack("S a*", 1, $place[0] =~ s/^@/\0/r)
        : $family == AF_INET6 ? pack_sockaddr_in6($place[1], inet_pton(AF_INET6, $place[0]))
        : $family == AF_INET ? pack_sockaddr_in($place[1], inet_aton($place[0])) : pack("S S L L x4", 40, 0, $place[1], $place[0]);
    connect($it, $address) or exit 1;
    send($it, "hello", 0) or exit 1;
' "$@"; }
"""


@contextlib.contextmanager
def listening(family: int, kind: int, address: object) -> Iterator[socket.socket]:
    """A socket of the host's that counts on nobody."""
    with socket.socket(family, kind) as server:
        server.bind(address)  # type: ignore[arg-type]
        if kind == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.2)
        yield server


def heard(server: socket.socket, kind: int) -> bool:
    """Whether somebody came."""
    with contextlib.suppress(TimeoutError):
        if kind == socket.SOCK_STREAM:
            server.accept()[0].close()
        else:
            server.recvfrom(10)
        return True
    return False


STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def test_no_host_on_any_network(workshop: Workshop) -> None:
    """TCP and UDP to the host's loopback, to the world, and to whoever runs the machine, end nowhere (J-03)."""
    with (
        listening(socket.AF_INET, STREAM, ("127.0.0.1", 0)) as tcp,
        listening(socket.AF_INET, DATAGRAM, ("127.0.0.1", 0)) as udp,
    ):
        own = {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}
        with socket.create_connection(("127.0.0.1", own["tcp"]), 1):
            assert heard(tcp, STREAM)
        script = f"""
{CONNECT}
try control true
try loopback connect 2 1 127.0.0.1 {own["tcp"]}
try loopback-six connect 10 1 ::1 {own["tcp"]}
try world connect 2 1 192.0.2.1 80
try world-udp connect 2 2 192.0.2.1 53
try metadata connect 2 1 169.254.169.254 80
try names perl -e 'exit(gethostbyname("devenv.example") ? 0 : 1)'
try virtual-machine connect 40 1 2 1024
try raw perl -e 'exit(socket(S, 2, 3, 1) ? 0 : 1)'
try packet perl -e 'exit(socket(S, 17, 3, 768) ? 0 : 1)'
connect 2 2 127.0.0.1 {own["udp"]} || true
tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > $out/devices
"""
        found = workshop.build(workshop.derive(PRELUDE + script))
        assert (found / "did").read_text().split() == ["control"]
        assert not heard(tcp, STREAM)
        assert not heard(udp, DATAGRAM)
        assert (found / "devices").read_text() == "lo\n"


def test_loopback_of_its_own(workshop: Workshop) -> None:
    """Tests of what is built may talk to themselves: each build has a loopback device (J-03)."""
    script = r"""
perl -e '
    use Socket; socket(my $server, PF_INET, SOCK_STREAM, 0) or die; bind($server, pack_sockaddr_in(8000, INADDR_LOOPBACK)) or die $!;
    listen($server, 1) or die; socket(my $client, PF_INET, SOCK_STREAM, 0) or die;
    connect($client, pack_sockaddr_in(8000, INADDR_LOOPBACK)) or die $!;
'
echo connected > $out
"""
    workshop.jobs = 2
    assert workshop.build(workshop.derive(script, "one")).read_text() == "connected\n"


@pytest.mark.parametrize("kind", [STREAM, DATAGRAM])
def test_no_socket_of_the_host(workshop: Workshop, tmp_path: Path, kind: int) -> None:
    """Sockets of Docker, D-Bus, X11 and agents, in files or abstract, cannot be reached (J-03)."""
    abstract = f"devenv-test-{os.getpid()}-{kind}"
    place = workshop.home / f"agent-{int(kind)}"
    with listening(socket.AF_UNIX, kind, str(place)) as file, listening(socket.AF_UNIX, kind, f"\0{abstract}") as name:
        script = f"""
{CONNECT}
try control true
for place in {place} /proc/1/root{place} /var/run/docker.sock /run/dbus/system_bus_socket /run/user/$UID/bus \\
  /tmp/.X11-unix/X0 @/tmp/.X11-unix/X0 @{abstract}; do
    try $place connect 1 {int(kind)} $place
done
cat /proc/net/unix > $out/sockets
"""
        found = workshop.build(workshop.derive(PRELUDE + script))
        assert (found / "did").read_text().split() == ["control"]
        assert abstract not in (found / "sockets").read_text()
        assert not heard(file, kind)
        assert not heard(name, kind)


SMUGGLER = r"""
mkdir $out
perl -e '
    use Socket; $SIG{ALRM} = sub { print "nobody\n"; exit 0 }; alarm 3;
    my @places = map { pack("S a*", 1, $_) } "\0devenv-smuggle", "/tmp/smuggle", "/build/smuggle", "/dev/shm/smuggle", "STORE/smuggle";
    my $mine = $ENV{role} eq "receiver";
    if ($mine) {
        my $bits = "";
        my @servers = map { socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, $_) and listen($s, 5); $s } @places;
        vec($bits, fileno($_), 1) = 1 for @servers;
        print select($bits, undef, undef, 2) > 0 ? "met\n" : "nobody\n";
    } else {
        for (1 .. 10) {
            for (@places) { socket(my $s, AF_UNIX, SOCK_STREAM, 0); if (connect($s, $_)) { print "met\n"; exit 0 } }
            select(undef, undef, undef, 0.2);
        }
        print "nobody\n";
    }
' > $out/met
"""


def test_two_builds_do_not_meet(workshop: Workshop) -> None:
    """Two builds at once find no place to hand a descriptor over, so neither can change what the other made (J-03)."""
    script = SMUGGLER.replace("STORE", str(workshop.store.root))
    pair = [replace(workshop.derive(script, role), environment={"role": role}) for role in ("receiver", "sender")]
    failures: list[BaseException] = []

    def build(number: int) -> None:
        try:
            workshop.build(pair[number])
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=build, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for each in pair:
        assert (workshop.object_of(each) / "met").read_text() == "nobody\n"
