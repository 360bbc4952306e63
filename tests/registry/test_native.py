"""Programs made with the compilers and libraries of `builtin:base`: compiled, linked and run, with nothing of the host.

Shells and the tools that `configure` scripts take for granted are the host's. That the compiler was not is seen from
the programs: they name a loader of the store.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from devenv.elf.image import parse_elf
from devenv.store_path import store_root
from tests.registry.user import User

C_HELLO = "#include <stdio.h>\n#include <zlib.h>\nint main(void) { puts(zlibVersion()); return 0; }\n"
THREADS = """#include <iostream>
#include <thread>
int main() { std::thread([] { std::cout << "threaded\\n"; }).join(); }
"""
ANSWER = "int answer(void) { return 42; }\n"
ASKS = '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); return 0; }\n'
CONVERTS = '#include <iconv.h>\nint main(void) { return iconv_open("UTF-8", "CP1252") == (iconv_t)-1; }\n'
FAILS = "static int fail(volatile int *where) { return *where; }\nint main(void) { return fail(0); }\n"
LEAKS = "#include <stdlib.h>\nint main(void) { char *volatile lost = malloc(77); lost = 0; return lost != 0; }\n"


class Workshop:
    """A project in which things are made."""

    def __init__(self, user: User, name: str, *packages: str) -> None:
        self.user, self.directory = user, user.home / name
        user.call("init", str(self.directory))
        user.call("add", *packages, directory=self.directory)

    def write(self, **texts: str) -> None:
        """Files by name, `_` for the dot."""
        for name, text in texts.items():
            (self.directory / name.replace("_", ".")).write_text(text)

    def run(self, command: str) -> str:
        """What a shell's command prints."""
        return self.user.call("run", "--", "sh", "-ec", command, directory=self.directory)

    def run_made(self, name: str) -> str:
        """What a program that was made here prints; its loader is one of the store."""
        program = self.directory / name
        image = parse_elf(program.read_bytes())
        assert image is not None
        assert image.interpreter is not None
        assert Path(image.interpreter.decode()).is_relative_to(store_root(self.user.settings.base))
        # Without the environment: a program finds its libraries by itself.
        return self.user.run([str(program)])


@pytest.fixture(scope="module")
def compiler(user: User) -> Workshop:
    """Has the GNU compilers and a library."""
    workshop = Workshop(user, "compiler", "gcc", "zlib", "pkg-config")
    workshop.write(hello_c=C_HELLO, threads_cc=THREADS, answer_c=ANSWER, asks_c=ASKS)
    return workshop


def test_c_program_with_a_library_runs(compiler: Workshop) -> None:
    """A library of the environment is found by its name alone, and by the program without the environment."""
    compiler.run("cc hello.c -o hello -lz")

    assert compiler.run_made("hello").startswith("1.")


def test_pkg_config_leads_to_a_library(compiler: Workshop) -> None:
    """`pkg-config` knows the libraries of the environment."""
    compiler.run("cc hello.c -o described $(pkg-config --cflags --libs zlib)")

    assert compiler.run_made("described").startswith("1.")


def test_cpp_program_with_threads_runs(compiler: Workshop) -> None:
    """The C++ library is the compiler's own, not the host's."""
    compiler.run("c++ -pthread threads.cc -o threads")

    assert compiler.run_made("threads") == "threaded\n"


def test_shared_library_serves_a_program(compiler: Workshop) -> None:
    """A library that was just made is linked and found as usual."""
    compiler.run("cc -shared -fPIC answer.c -o libanswer.so && cc asks.c -o asks -L. -lanswer -Wl,-rpath,'$ORIGIN'")

    assert compiler.run_made("asks") == "42\n"


def test_programs_convert_between_character_sets(compiler: Workshop) -> None:
    """In the environment, a program that was made finds the converters of its C library; the host's find their own."""
    compiler.write(converts_c=CONVERTS)

    compiler.run("cc converts.c -o converts && ./converts && iconv -f CP1252 -t UTF-8 converts.c >/dev/null")


def test_static_program_needs_no_loader(compiler: Workshop) -> None:
    """`-static` gives a program that runs anywhere."""
    compiler.run("cc -static hello.c -o static -lz")

    image = parse_elf((compiler.directory / "static").read_bytes())
    assert image is None or image.interpreter is None
    assert compiler.run("./static").startswith("1.")


def test_response_file_and_verbose_link_give_whole_programs(compiler: Workshop) -> None:
    """What build systems do: arguments in a file, `-v` while linking, a program from stdin."""
    compiler.run("echo 'hello.c -o listed -lz' >arguments && cc @arguments && cc -v hello.c -o told -lz 2>told.log")
    compiler.run("echo 'int main(void) { return 0; }' | cc -x c - -o piped")

    assert compiler.run_made("listed") == compiler.run_made("told")
    assert compiler.run_made("piped") == ""


@pytest.mark.catalogue
def test_libraries_of_libraries_are_found(user: User) -> None:
    """Libraries that need others, which the environment does not show, are linked and loaded; several together."""
    workshop = Workshop(user, "libraries", "gcc", "pkg-config", "libxml2", "libpq", "openssl", "sqlite", "readline")
    workshop.write(
        both_c="#include <libpq-fe.h>\n#include <libxml/parser.h>\n#include <openssl/ssl.h>\n#include <sqlite3.h>\n"
        "#include <stdio.h>\n#include <readline/readline.h>\n"
        "int main(void) { LIBXML_TEST_VERSION; SSL_CTX_new(TLS_method()); rl_initialize();\n"
        'printf("%d %s\\n", PQlibVersion() > 0, sqlite3_libversion()); return 0; }\n'
    )

    workshop.run("cc both.c -o both $(pkg-config --cflags --libs libxml-2.0 libpq openssl sqlite3 readline)")

    assert workshop.run_made("both").startswith("1 3.")


@pytest.mark.catalogue
def test_clang_links_with_either_linker(user: User) -> None:
    """clang compiles C++ with the library of its own bundle, and lld links as well."""
    workshop = Workshop(user, "clang", "clang", "zlib")
    workshop.write(hello_c=C_HELLO, threads_cc=THREADS)

    workshop.run("clang -Werror hello.c -o hello -lz && clang++ -Werror -fuse-ld=lld -pthread threads.cc -o threads")

    assert workshop.run_made("hello").startswith("1.")
    assert workshop.run_made("threads") == "threaded\n"


@pytest.mark.catalogue
def test_cargo_builds_without_another_compiler(user: User, tmp_path: Path) -> None:
    """A crate is built and run with nothing else in the environment: rust brings its linker."""
    workshop = Workshop(user, "rust", "rust")
    bare = {"PATH": str(tmp_path), "CARGO_HOME": str(user.home / "cargo")}

    user.call("run", "--", "cargo", "new", "--vcs", "none", "made", directory=workshop.directory, **bare)
    for verb in ("test", "build"):
        manifest = ("--manifest-path", "made/Cargo.toml")
        user.call("run", "--", "cargo", verb, *manifest, directory=workshop.directory, **bare)

    assert workshop.run_made("made/target/debug/made") == "Hello, world!\n"


@pytest.mark.catalogue
def test_go_builds_with_and_without_c(user: User) -> None:
    """A module builds by itself, and with cgo by the environment's compiler."""
    workshop = Workshop(user, "go", "go", "gcc")
    workshop.write(go_mod="module made\n\ngo 1.21\n")
    main = 'package main\n\n{c}import "fmt"\n\nfunc main() {{ fmt.Println({value}) }}\n'
    workshop.write(main_go=main.format(c="", value='"plain"'))
    workshop.run("CGO_ENABLED=0 go build -o plain .")
    workshop.write(main_go=main.format(c='// int answer(void) { return 42; }\nimport "C"\n', value="C.answer()"))
    workshop.run("CGO_ENABLED=1 go build -o mixed .")

    assert workshop.run("./plain") == "plain\n"
    assert workshop.run_made("mixed") == "42\n"


@pytest.mark.catalogue
def test_cmake_project_builds_and_installs(user: User) -> None:
    """CMake finds the environment's compiler, Ninja and library, and what it installs still runs."""
    workshop = Workshop(user, "cmake", "cmake", "ninja", "gcc", "zlib")
    workshop.write(hello_c=C_HELLO)
    (workshop.directory / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(made C)\nfind_package(ZLIB REQUIRED)\n"
        "add_executable(made hello.c)\ntarget_link_libraries(made ZLIB::ZLIB)\ninstall(TARGETS made)\n"
    )

    workshop.run('cmake -G Ninja -B build -DCMAKE_INSTALL_PREFIX="$PWD/out" && cmake --build build --target install')

    assert workshop.run_made("out/bin/made").startswith("1.")


@pytest.mark.catalogue
def test_meson_project_builds_and_installs(user: User) -> None:
    """Meson finds compiler, Ninja and, by pkg-config, the library, and what it installs still runs."""
    workshop = Workshop(user, "meson", "meson", "ninja", "gcc", "zlib", "pkg-config")
    workshop.write(
        hello_c=C_HELLO,
        meson_build="project('made', 'c')\n"
        "executable('made', 'hello.c', dependencies: dependency('zlib'), install: true)\n",
    )

    workshop.run('meson setup build --prefix "$PWD/out" && meson install -C build')

    assert workshop.run_made("out/bin/made").startswith("1.")


@pytest.mark.catalogue
def test_autotools_project_with_libtool_builds(user: User) -> None:
    """From configure.ac to an installed program and its shared library."""
    workshop = Workshop(user, "autotools", "autoconf", "automake", "libtool", "m4", "make", "gcc")
    workshop.write(
        answer_c=ANSWER,
        asks_c=ASKS,
        configure_ac="AC_INIT([made], [1])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAM_PROG_AR\nLT_INIT\n"
        "AC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
        Makefile_am="lib_LTLIBRARIES = libanswer.la\nlibanswer_la_SOURCES = answer.c\n"
        "bin_PROGRAMS = made\nmade_SOURCES = asks.c\nmade_LDADD = libanswer.la\n",
    )

    workshop.run('autoreconf -i && ./configure --prefix="$PWD/out" && make install')

    assert workshop.run_made("out/bin/made") == "42\n"


@pytest.mark.catalogue
def test_gdb_prints_a_backtrace(user: User) -> None:
    """The debugger runs a program to its fault, reads its symbols, and runs Python."""
    workshop = Workshop(user, "gdb", "gcc", "gdb")
    workshop.write(fails_c=FAILS)
    workshop.run("cc -g -O0 fails.c -o fails")

    told = workshop.run("gdb -batch -ex run -ex backtrace -ex 'python print(6 * 7)' ./fails 2>&1")

    assert "SIGSEGV" in told
    assert "fail (where=" in told
    assert "fails.c:2" in told
    assert told.endswith("42\n")


@pytest.mark.catalogue
def test_valgrind_finds_a_leak(user: User) -> None:
    """Valgrind knows the functions of the bundle's C library."""
    workshop = Workshop(user, "valgrind", "gcc", "valgrind")
    workshop.write(leaks_c=LEAKS)
    workshop.run("cc -g -O0 leaks.c -o leaks")

    assert "77 bytes in 1 blocks" in workshop.run("valgrind --leak-check=full ./leaks 2>&1")
