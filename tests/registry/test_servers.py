"""Servers of `builtin:base` for real, as an ordinary user: each starts and answers, on its own libraries alone."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devenv.store_path import store_root
from tests.registry.maps import foreign_code, iter_processes, require_isolated
from tests.registry.user import User

START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True)
class Project:
    """A directory with some packages, whose programs see no others."""

    user: User
    directory: Path

    @classmethod
    def make(cls, user: User, name: str, *packages: str) -> Project:
        """A new one in the user's home."""
        project = cls(user, user.home / name)
        user.call("init", str(project.directory))
        user.call("add", *packages, directory=project.directory)
        return project

    def command(self, *arguments: str) -> Sequence[str]:
        return [*self.user.command, "run", "--", *arguments]

    def run(self, *arguments: str, **variables: str) -> str:
        """What the command prints."""
        return self.user.run(self.command(*arguments), self.directory, PATH="", **variables)

    def write(self, name: str, text: str) -> Path:
        """A file that the user may read."""
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    @contextmanager
    def serving(self, *arguments: str, ready: Callable[[], object], **variables: str) -> Iterator[None]:
        """The server runs, and `ready` has succeeded; afterwards it ends by SIGTERM."""
        server = self.user.start(self.command(*arguments), self.directory, PATH="", **variables)
        try:
            await_success(ready, lambda: server.poll() is None)
            yield
        finally:
            server.terminate()
            server.communicate(timeout=STOP_SECONDS)


def await_success(action: Callable[[], object], is_running: Callable[[], bool]) -> None:
    """Call until it raises nothing. Where a server says itself when it is ready, that is not needed."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            action()
        except (AssertionError, OSError, httpx.HTTPError):
            assert is_running(), "the server has ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def port() -> int:
    """One on the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


def ask(port: int, request: bytes) -> bytes:
    """The first that a server answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(4096)


def stop_daemons(user: User) -> None:
    """What servers leave running: Erlang's directory of names has no other end."""
    for process in iter_processes(store_root(user.settings.base)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)


def test_code_of_the_host_is_seen(tmp_path: Path) -> None:
    """The proof of isolation can fail: this interpreter is not from a store that is elsewhere."""
    assert foreign_code(os.getpid(), tmp_path)


@pytest.mark.catalogue
def test_two_postgresqls_side_by_side(nobody: User) -> None:
    """Two major versions, one project each, make clusters, keep data, compile queries and find their own extensions."""
    projects = {major: Project.make(nobody, f"pg{major}", f"postgresql@{major}") for major in ("15", "17")}
    for project in projects.values():
        data, sockets = project.directory / "data", project.directory
        project.run("initdb", f"--pgdata={data}", "--auth=trust", "--no-sync")
        options = f"-k {sockets} -c listen_addresses="
        project.run("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(sockets / "log"), "start")
    try:
        for major, project in projects.items():
            statements = (
                "create extension pg_trgm",
                "create table plants (name text)",
                "insert into plants values ('beech')",
                "set jit_above_cost = 0",
                "select name, similarity(name, 'birch') > 0, current_setting('server_version') from plants",
            )
            commands = [word for statement in statements for word in ("-c", statement)]
            answer = project.run("psql", "-h", str(project.directory), "-d", "postgres", "-qAt", *commands)
            assert answer.startswith(f"beech|t|{major}.")
        assert "postgres" in require_isolated(nobody)
    finally:
        for project in projects.values():
            project.run("pg_ctl", "-D", str(project.directory / "data"), "-w", "stop")


def test_redis(nobody: User, port: int) -> None:
    """Answers its client, runs Lua, and keeps its data over a restart."""
    project = Project.make(nobody, "redis", "redis")
    server = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(project.directory))

    def client(*arguments: str) -> str:
        return project.run("redis-cli", "-e", "-p", str(port), *arguments)

    with project.serving(*server, ready=lambda: ask(port, b"PING\r\n")):
        client("set", "tree", "beech")
        assert client("eval", "return cjson.encode({1})", "0") == "[1]\n"
        assert "redis-server" in require_isolated(nobody)
        client("save")
    with project.serving(*server, ready=lambda: ask(port, b"PING\r\n")):
        assert client("get", "tree") == "beech\n"


@pytest.mark.catalogue
def test_memcached(nobody: User, port: int) -> None:
    """Stores a value and gives it back."""
    project = Project.make(nobody, "memcached", "memcached")
    server = ("memcached", "-p", str(port), "-l", "127.0.0.1")
    with project.serving(*server, ready=lambda: ask(port, b"version\r\n")):
        assert ask(port, b"set tree 0 0 5\r\nbeech\r\nget tree\r\n").startswith(b"STORED\r\n")
        assert b"beech" in ask(port, b"get tree\r\n")
        assert "memcached" in require_isolated(nobody)


def test_nginx(nobody: User, port: int) -> None:
    """Serves a project's directory with the project's own configuration, and writes nowhere else."""
    project = Project.make(nobody, "nginx", "nginx")
    nobody.run(["mkdir", "html", "conf"], project.directory)
    project.write("html/index.html", "hello\n")
    project.write(
        "conf/nginx.conf",
        f"daemon off; events {{}} http {{ server {{ listen 127.0.0.1:{port}; root html; "
        "location /up { client_body_in_file_only on; proxy_pass http://127.0.0.1:$server_port/; } } }",
    )
    project.run("nginx", "-t")
    with project.serving("nginx", ready=lambda: httpx.get(f"http://127.0.0.1:{port}/")):
        assert httpx.get(f"http://127.0.0.1:{port}/").text == "hello\n"
        httpx.post(f"http://127.0.0.1:{port}/up", content="a body")
        assert "nginx" in require_isolated(nobody)
    names = {path.name for path in project.directory.iterdir()}
    assert names >= {"access.log", "temp-body", "temp-proxy"}
    assert list((project.directory / "temp-body").iterdir())


@pytest.mark.catalogue
@pytest.mark.parametrize("version", ["11.8", "10.11"])
def test_mariadb(nobody: User, version: str) -> None:
    """Makes a data directory, starts without any file of the host's, and answers its client."""
    project = Project.make(nobody, f"mariadb{version}", f"mariadb@{version}")
    data, listener = project.directory / "data", project.directory / "socket"
    project.run("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal")

    def query(statement: str) -> str:
        return project.run("mariadb", "--no-defaults", "-S", str(listener), "-u", "root", "-BN", "-e", statement)

    server = ("mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={listener}", "--skip-networking")
    with project.serving(*server, ready=lambda: query("select 1")):
        query("create database garden; create table garden.plants (name text); insert into garden.plants values ('ä')")
        assert query("select name, char_length(name) from garden.plants") == "ä\t1\n"
        assert query("select version()").startswith(f"{version}.")
        assert "mariadbd" in require_isolated(nobody)


@pytest.mark.catalogue
@pytest.mark.parametrize("version", ["4", "3"])
def test_rabbitmq(nobody: User, port: int, version: str) -> None:
    """Starts with a data directory of the project's own; its tools reach it."""
    project = Project.make(nobody, f"rabbitmq{version}", f"rabbitmq@{version}")
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        distribution, names = (str(each.getsockname()[1]) for each in (first, second))
    variables = {
        "RABBITMQ_NODENAME": f"test{version}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": distribution,
        "ERL_EPMD_PORT": names,
        "RABBITMQ_MNESIA_BASE": str(project.directory / "data"),
        "RABBITMQ_LOG_BASE": str(project.directory / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(project.directory / "plugins"),
    }
    with project.serving("rabbitmq-server", ready=lambda: ask(port, b"AMQP\0\0\x09\1"), **variables):
        assert f"RabbitMQ version: {version}." in project.run("rabbitmqctl", "status", **variables)
        assert "beam.smp" in require_isolated(nobody)
    stop_daemons(nobody)


@pytest.mark.catalogue
@pytest.mark.parametrize("version", ["25", "21", "17", "11"])
def test_openjdk(nobody: User, version: str) -> None:
    """Compiles and runs a program, which trusts the authorities of the web."""
    project = Project.make(nobody, f"java{version}", f"openjdk@{version}")
    project.write("Main.java", JAVA)
    project.run("javac", "Main.java")
    answer = project.run("java", "-cp", ".", "Main").splitlines()
    assert answer[0].startswith(f"{version}.")
    assert int(answer[1]) > 100
    assert Path(answer[2], "bin", "javac").is_file()


JAVA = """
import java.security.KeyStore;
import javax.net.ssl.*;
public class Main {
    public static void main(String[] arguments) throws Exception {
        System.out.println(System.getProperty("java.version"));
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init((KeyStore) null);
        System.out.println(((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length);
        System.out.println(System.getenv("JAVA_HOME"));
    }
}
"""


@pytest.mark.catalogue
def test_maven(nobody: User) -> None:
    """Runs on its own JDK where the environment has none, else on the environment's."""
    alone = Project.make(nobody, "mvn", "maven")
    assert "maven-3" in next(line for line in alone.run("mvn", "--version").splitlines() if "runtime:" in line)
    together = Project.make(nobody, "mvn17", "maven", "openjdk@17")
    assert "Java version: 17." in together.run("mvn", "--version")
