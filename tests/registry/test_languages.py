"""Languages of `builtin:base` do what people do with them: run scripts, take packages, compile.

Shells that they start are the host's, as `system` of any C library has it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.user import User

EXTENSION = """#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", "", -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&module); }
"""
PYTHON_PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "native"
version = "1"

[tool.setuptools]
ext-modules = [{ name = "native", sources = ["native.c"] }]
"""
GEM = """Gem::Specification.new do |gem|
  gem.name, gem.version = "hello-made", "1.0"
  gem.summary, gem.authors, gem.files = "Says hello", ["Ada"], ["lib/hello_made.rb"]
end
"""
PHP = '<?php echo mb_strtoupper(json_decode(\'{"word": "gr\\u00fcn"}\')->word), "\\n";'


def make_project(user: User, name: str, *packages: str, **texts: str) -> Path:
    """A project with the packages, and with files by name (`_` for the dot)."""
    project = user.home / name
    user.call("init", str(project))
    user.call("add", *packages, directory=project)
    for file, text in texts.items():
        (project / file.replace("_", ".")).write_text(text)
    return project


def run(user: User, project: Path, *command: str) -> str:
    """What a command prints in the project's environment."""
    return user.call("run", "--", *command, directory=project)


@pytest.mark.parametrize("version", ["3.13", pytest.param("3.11", marks=pytest.mark.catalogue)])
def test_python_installs_a_wheel_and_builds_an_extension(user: User, version: str) -> None:
    """A virtual environment takes wheels and source with C, and works without devenv's environment."""
    project = make_project(
        user, f"python-{version}", f"python@{version}", "gcc", native_c=EXTENSION, pyproject_toml=PYTHON_PROJECT
    )

    run(user, project, "python", "-m", "venv", ".venv")
    run(user, project, ".venv/bin/pip", "install", "--quiet", "idna", ".")

    python = str(project / ".venv/bin/python")
    assert user.run([python, "-c", "import idna, native; print(native.answer())"]) == "42\n"
    home = Path(user.run([python, "-c", "import sys; print(sys.base_prefix)"]).strip())
    assert home.name == "usr"
    assert f"-python-{version}" in home.parent.parent.name, "it belongs to Python's object, not to one environment"


def test_python_takes_no_packages_outside_of_a_virtual_environment(user: User) -> None:
    """What would go to the store, or to the host's directories, is refused with the next step."""
    project = make_project(user, "python-kept", "python")

    said = run(user, project, "sh", "-c", "! pip install idna 2>&1")

    assert "python -m venv .venv" in said


def test_ruby_takes_a_gem(user: User) -> None:
    """A gem goes below the home directory and is found there."""
    project = make_project(user, "ruby", "ruby", hello_gemspec=GEM)
    (project / "lib").mkdir()
    (project / "lib/hello_made.rb").write_text('def greet = "hello from a gem"\n')

    run(user, project, "gem", "build", "--quiet", "hello.gemspec")
    run(user, project, "gem", "install", "--quiet", "--local", "hello-made-1.0.gem")

    (project / "lib/hello_made.rb").unlink()
    assert run(user, project, "ruby", "-rhello_made", "-e", "puts greet") == "hello from a gem\n"
    directory = run(user, project, "ruby", "-e", "puts Gem::Specification.find_by_name('hello-made').gem_dir")
    assert Path(directory).is_relative_to(user.home)


def test_ruby_knows_its_own_libraries_and_encodings(user: User) -> None:
    """Libraries in C, bundler and the encodings beside UTF-8 work in a program and in one that it starts."""
    project = make_project(user, "ruby-own", "ruby")
    script = 'require "psych"; require "openssl"; require "bundler"; puts "ü".encode("ISO-8859-1").bytes.inspect'

    assert run(user, project, "ruby", "-e", script) == "[252]\n"
    assert (
        run(user, project, "ruby", "-e", "system(RbConfig.ruby, '-e', ARGV[0], exception: true)", script) == "[252]\n"
    )


def test_php_has_its_extensions(user: User) -> None:
    """A script uses extensions without any configuration; composer starts with the same PHP."""
    project = make_project(user, "php", "php", "composer", upper_php=PHP)

    assert run(user, project, "php", "upper.php") == "GRÜN\n"
    assert "Composer version" in run(user, project, "composer", "--version", "--no-ansi")


def test_perl_finds_modules_in_c(user: User) -> None:
    """Core modules in C load, in programs that a program starts too, and the user's own modules stand before them."""
    project = make_project(user, "perl", "perl")
    (project / "own/List").mkdir(parents=True)
    (project / "own/List/Util.pm").write_text('package List::Util; sub mine { "mine" } 1;\n')
    script = "use Digest::SHA 'sha1_hex'; print sha1_hex('a'), qq(\\n)"

    assert run(user, project, "perl", "-e", script).startswith("86f7e437")
    assert run(user, project, "perl", "-e", "system $^X, '-e', $ARGV[0]", script).startswith("86f7e437")
    own = run(user, project, "env", f"PERL5LIB={project}/own", "perl", "-MList::Util", "-e", "print List::Util::mine()")
    assert own == "mine"


def test_small_languages_run_scripts(user: User) -> None:
    """Lua, Tcl and Guile run, each with its own library."""
    project = make_project(
        user,
        "small",
        "lua",
        "tcl",
        "guile",
        hello_tcl="package require http\nputs [clock format 0 -gmt 1 -format %Y]\n",
    )

    assert run(user, project, "lua", "-e", "print(string.rep('a', 3))") == "aaa\n"
    assert run(user, project, "tclsh", "hello.tcl") == "1970\n"
    guile = "(use-modules (srfi srfi-1)) (display (fold + 0 '(1 2 3)))"
    assert run(user, project, "guile", "--no-auto-compile", "-c", guile) == "6"


def test_graphviz_draws(user: User) -> None:
    """A graph becomes a picture: plugins are known, and there are fonts."""
    project = make_project(user, "drawing", "graphviz", graph_dot='digraph { a -> b [label = "leads to"] }\n')

    assert ">leads to<" in run(user, project, "dot", "-Tsvg", "graph.dot")
    run(user, project, "dot", "-Tpng", "-o", "graph.png", "graph.dot")
    assert (project / "graph.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.catalogue
def test_r_computes_and_draws(user: User) -> None:
    """A script uses a recommended package and draws with the bundle's fonts."""
    project = make_project(user, "r", "r")

    assert run(user, project, "Rscript", "-e", "x <- 1:3; y <- c(3, 5, 7); cat(round(coef(lm(y ~ x))))") == "1 2"
    run(user, project, "Rscript", "-e", "library(MASS); png('plot.png', type = 'cairo'); plot(1:3)")
    assert (project / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.catalogue
def test_erlang_and_elixir_evaluate(user: User) -> None:
    """Both run, with applications beyond the smallest; elixir also makes, compiles and tests a project."""
    project = make_project(user, "elixir", "erlang", "elixir")
    evaluated = 'io:format("~s", [binary:encode_hex(crypto:hash(sha, "a"))]), halt().'

    assert run(user, project, "erl", "-noshell", "-eval", evaluated).lower().startswith("86f7e437")
    run(user, project, "mix", "new", "made")
    tested = run(user, project, "sh", "-ec", "cd made && mix test")
    assert "0 failures" in tested


@pytest.mark.catalogue
@pytest.mark.parametrize("version", ["5", "4"])
def test_ocaml_compiles(user: User, version: str) -> None:
    """A program in OCaml is compiled and linked without a compiler beside, and runs without the environment."""
    project = make_project(user, f"ocaml-{version}", f"ocaml@{version}", hello_ml='let () = print_endline "hello"\n')

    run(user, project, "ocamlfind", "ocamlopt", "-package", "str", "-linkpkg", "hello.ml", "-o", "hello")
    assert user.run([str(project / "hello")]) == "hello\n"
    assert run(user, project, "ocaml", "hello.ml") == "hello\n"
    run(user, project, "dune", "init", "project", "made")
    assert "Hello, World!" in run(user, project, "dune", "exec", "--root", "made", "made")


@pytest.mark.catalogue
def test_haskell_compiles(user: User) -> None:
    """A program in Haskell is compiled and linked without a compiler beside, and runs without the environment."""
    project = make_project(user, "ghc", "ghc", Hello_hs='import Data.Map\nmain = putStrLn (singleton 1 "hello" ! 1)\n')

    run(user, project, "ghc", "Hello.hs")
    assert user.run([str(project / "Hello")]) == "hello\n"
    assert run(user, project, "runghc", "Hello.hs") == "hello\n"
