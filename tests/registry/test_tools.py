"""Tools of `builtin:base` for real, as an ordinary user: version control over networks, terminals, shells, archives.

Programs see no others than those of their environment, and what they start by an absolute path (`/bin/sh`).
"""

from __future__ import annotations

import functools
import http.server
import os
import pwd
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devenv.store_path import store_root
from tests.registry.maps import require_isolated
from tests.registry.test_servers import Project, await_success
from tests.registry.user import User

PACKAGES = (
    *("git", "openssh", "openssl", "curl", "rsync", "tmux", "vim", "zsh", "fish", "bash", "coreutils"),
    *("tar", "gzip", "bzip2", "xz", "zstd", "zip", "unzip", "p7zip", "gnupg"),
)
AUTHOR = {f"GIT_{role}_{field}": "x@host.example" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
LOOPBACK = "127.0.0.1"
STOP_SECONDS = 30
PASSWD = "nobody:x:65534:65534::/nonexistent:/bin/sh\n"


@pytest.fixture(scope="module")
def tools(nobody: User) -> Project:
    """A project with all that the tests try."""
    return Project.make(nobody, "tools", *PACKAGES)


@pytest.fixture
def place(tools: Project, request: pytest.FixtureRequest) -> Path:
    """An empty directory of the user's, in which a command may work."""
    path = tools.directory / str(request.node.name)
    tools.run("mkdir", str(path))
    return path


def git(tools: Project, directory: Path, *arguments: str, **variables: str) -> str:
    """What git prints, with nothing of a machine's settings."""
    return tools.run("git", "-C", str(directory), *arguments, **AUTHOR, GIT_CONFIG_NOSYSTEM="1", **variables)


def make_repository(tools: Project, place: Path) -> tuple[Path, Path]:
    """A bare repository with one commit, and the one that it was pushed from."""
    bare, work = place / "origin.git", place / "work"
    git(tools, place, "init", "--bare", "--initial-branch=main", str(bare))
    git(tools, place, "init", "--initial-branch=main", str(work))
    commit(tools, work, "first")
    git(tools, work, "push", str(bare), "main")
    return bare, work


def commit(tools: Project, work: Path, name: str) -> None:
    """One that adds a file of that name."""
    tools.run("cp", "/proc/self/comm", str(work / name))
    git(tools, work, "add", name)
    git(tools, work, "commit", "-m", name)


def subjects(tools: Project, work: Path, revision: str = "HEAD") -> list[str]:
    """Those of its commits, the newest first."""
    return git(tools, work, "log", "--format=%s", revision).split()


@contextmanager
def serving_files(directory: Path, certificate: Path, key: Path) -> Iterator[str]:
    """The directory's files over TLS; gives the address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(directory))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://{LOOPBACK}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def make_certificate(tools: Project, place: Path) -> tuple[Path, Path]:
    """A certificate for the loopback interface, which is its own authority, and its key."""
    certificate, key = place / "cert.pem", place / "key.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=loopback", "-days", "2"]
    names = ["-addext", f"subjectAltName=IP:{LOOPBACK}"]
    tools.run("openssl", *request, *names, "-keyout", str(key), "-out", str(certificate))
    return certificate, key


def test_git_and_curl_over_https(tools: Project, place: Path) -> None:
    """Clones and downloads trust the authority that they are told of, and no unknown one."""
    bare, _ = make_repository(tools, place)
    git(tools, bare, "update-server-info")
    certificate, key = make_certificate(tools, place)
    with serving_files(place, certificate, key) as address:
        trust = {"GIT_SSL_CAINFO": str(certificate)}
        git(tools, place, "clone", f"{address}/origin.git", "copy", **trust)
        assert subjects(tools, place / "copy") == ["first"]
        with pytest.raises(AssertionError, match="certificate"):
            git(tools, place, "clone", f"{address}/origin.git", "untrusted")
        assert tools.run("curl", "-fsS", "--cacert", str(certificate), f"{address}/cert.pem") == certificate.read_text()


@contextmanager
def serving_shells(tools: Project, place: Path) -> Iterator[str]:
    """sshd, and a configuration for its clients, in which it is the host `loopback`."""
    for name in ("host", "user"):
        tools.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name))
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port = listener.getsockname()[1]
    environment = tools.user.ask("status", directory=tools.directory)["environment"]
    programs = store_root(tools.user.settings.base) / environment / "bin"
    name = pwd.getpwuid(place.stat().st_uid).pw_name
    server, client = (text.format(place=place, port=port, programs=programs, name=name) for text in (SERVER, CLIENT))
    tools.write(f"{place.name}/server", server)
    known = f"[{LOOPBACK}]:{port} {(place / 'host.pub').read_text()}"
    tools.write(f"{place.name}/known", known)
    command = [str(programs / "sshd"), "-D", "-e", "-f", str(place / "server")]
    process = tools.user.start(command, place, outside=with_shell(tools, place))
    try:
        await_success(lambda: socket.create_connection((LOOPBACK, port)).close(), lambda: process.poll() is None)
        yield f"ssh -F {tools.write(f'{place.name}/client', client)}"
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)


SERVER = """ListenAddress 127.0.0.1:{port}
HostKey {place}/host
AuthorizedKeysFile {place}/user.pub
PidFile none
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
SetEnv PATH={programs}
"""
CLIENT = """Host loopback
HostName 127.0.0.1
Port {port}
User {name}
IdentityFile {place}/user
IdentitiesOnly yes
UserKnownHostsFile {place}/known
GlobalKnownHostsFile none
"""


def with_shell(tools: Project, place: Path) -> list[str]:
    """What starts a server that sees the ordinary user as one with a shell: `nobody` has none, and root is none."""
    if os.geteuid() != 0:
        return []
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs `unshare` (util-linux) to give the ordinary user a shell")
    passwd = tools.write(f"{place.name}/passwd", PASSWD)
    return [unshare, "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', str(passwd)]


def test_git_and_rsync_over_ssh(tools: Project, place: Path) -> None:
    """Clone, commit, rebase and push over a connection to a server as old as the client; files and folders likewise."""
    bare, work = make_repository(tools, place)
    with serving_shells(tools, place) as ssh:
        remote = {"GIT_SSH_COMMAND": ssh}
        git(tools, place, "clone", f"loopback:{bare}", "copy", **remote)
        commit(tools, work, "second")
        git(tools, work, "push", f"loopback:{bare}", "main", **remote)
        copy = place / "copy"
        commit(tools, copy, "third")
        git(tools, copy, "pull", "--rebase", **remote)
        git(tools, copy, "push", **remote)
        assert subjects(tools, bare, "main") == ["third", "second", "first"]
        tools.run("rsync", "-a", "-e", ssh, f"{work}/second", f"loopback:{place}/synchronized/")
        assert (place / "synchronized" / "second").read_bytes() == (work / "second").read_bytes()
        tools.run("scp", "-q", *ssh.split()[1:], f"loopback:{work}/second", str(place / "copied"))
        assert (place / "copied").read_bytes() == (work / "second").read_bytes()


def test_git_scripts_and_interaction(tools: Project, place: Path) -> None:
    """Commands that are scripts of the shell or of Perl find their libraries; an interactive rebase its editor."""
    _, work = make_repository(tools, place)
    commit(tools, work, "second")
    commit(tools, work, "third")
    squash = "vim -es -u NONE -c 2s/pick/fixup/ -c wq"
    git(tools, work, "rebase", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=squash)
    assert subjects(tools, work) == ["second", "first"]
    git(tools, work, "filter-branch", "--msg-filter", "tr s S", "HEAD", FILTER_BRANCH_SQUELCH_WARNING="1")
    assert subjects(tools, work) == ["Second", "firSt"]


def test_editor_in_a_multiplexer(tools: Project, place: Path) -> None:
    """tmux and vim know the terminals that they draw on, from their own bundles, and map no code of the host."""
    tools.write(f"{place.name}/text", "one\n")
    server = ["tmux", "-S", str(place / "socket"), "-f", "/dev/null"]
    tools.run(*server, "new-session", "-d", "vim", "-u", "NONE", str(place / "text"), TERM="xterm-256color")
    try:
        capture = [*server, "capture-pane", "-p"]

        def require(text: str) -> None:
            assert text in tools.run(*capture)

        await_success(lambda: require("one"), lambda: True)
        tools.run(*server, "send-keys", "yyp", ":%s/one/two/", "Enter")
        await_success(lambda: require("two\ntwo"), lambda: True)
        assert {"tmux: server", "vim"} <= require_isolated(tools.user)
    finally:
        tools.run(*server, "kill-server")


def test_editor_as_a_script(tools: Project, place: Path) -> None:
    """vim finds its runtime: it knows file types, and edits without a terminal."""
    made = place / "made"
    write = ["-c", f"call writefile([&filetype], '{made}')", "-c", "q!"]
    tools.run("vim", "-es", "-u", "NONE", "-c", "filetype on", "-c", "edit text.py", *write)
    assert made.read_text() == "python\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["zsh", "-fc", "autoload -Uz compinit && compinit -u -D && print $_comps[git]"], "_git"),
        (["zsh", "-fc", "zmodload zsh/datetime zsh/pcre && [[ abc =~ 'b(.)' ]] && print $match"], "c"),
        (["fish", "-c", "string join , (math 6 x 7) (functions --query cd; and echo cd)"], "42,cd"),
        (["bash", "-c", "complete -W 'x' y && compgen -A builtin pus"], "pushd"),
    ],
    ids=["zsh", "modules", "fish", "bash"],
)
def test_shells(tools: Project, command: list[str], answer: str) -> None:
    """Each shell has its functions, its completion and its modules."""
    assert tools.run(*command).split() == [answer]


def test_archives_round_trip(tools: Project, place: Path) -> None:
    """What was packed in any format comes out the same, through the compressors of the environment."""
    tools.write(f"{place.name}/text", "text\n" * 1000)
    for number, name in enumerate(("a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst")):
        out = place / f"out{number}"
        tools.run("mkdir", str(out))
        tools.run("tar", "-C", str(place), "-caf", str(place / name), "text")
        tools.run("tar", "-C", str(out), "-xf", str(place / name))
        assert (out / "text").read_text() == "text\n" * 1000
    tools.run("zip", "-qj", str(place / "a.zip"), str(place / "text"))
    assert tools.run("unzip", "-p", str(place / "a.zip")) == "text\n" * 1000
    tools.run("7z", "a", str(place / "a.7z"), str(place / "text"))
    assert tools.run("7z", "x", "-so", str(place / "a.7z")) == "text\n" * 1000


def test_keys_and_signatures(tools: Project, place: Path) -> None:
    """GnuPG's programs find each other in the bundle: a key is made by the agent that the client starts."""
    home = {"GNUPGHOME": str(place)}
    tools.run("chmod", "700", str(place))
    batch = ["gpg", "--batch", "--passphrase", "", "--quiet"]
    tools.run(*batch, "--quick-generate-key", "x@host.example", "ed25519", **home)
    try:
        text = tools.write(f"{place.name}/text", "text\n")
        tools.run(*batch, "--detach-sign", str(text), **home)
        tools.run("gpg", "--verify", f"{text}.sig", str(text), **home)
        assert "gpg-agent" in require_isolated(tools.user)
    finally:
        tools.run("gpgconf", "--kill", "all", **home)
