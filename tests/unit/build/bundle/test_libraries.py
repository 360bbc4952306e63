"""Every program finds its loader and its libraries in the tree; what would be missing is an error of the build."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from devenv.build.bundle import libraries
from devenv.build.bundle.libraries import iter_images, plan_libraries
from devenv.build.bundle.place import Place
from devenv.build.bundle.tree import Link, Made, Tree, TreeFile
from devenv.elf.image import ElfImage, parse_elf
from devenv.errors import BuildError
from tests.debs import TarEntry, symlink
from tests.trees import Script
from tests.unit.build.bundle.conftest import OUT, Built, Bundle
from tests.unit.build.bundle.test_merge import file, slug_of
from tests.unit.elf.images import AARCH64, Sketch, make_elf

MULTIARCH = b"usr/lib/x86_64-linux-gnu/"
LOADER = MULTIARCH + b"ld-linux-x86-64.so.2"
HOST_PATHS = b"\0".join(
    [
        b"",
        b"/etc/ld.so.preload",
        b"/etc/ld.so.cache",
        b"/lib/x86_64-linux-gnu/",
        b"/usr/lib/x86_64-linux-gnu/",
        b"/lib/",
        b"/usr/lib/",
        b"",
    ]
)
CONVERTERS = b"\0/usr/lib/x86_64-linux-gnu/gconv\0/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache\0GCONV_PATH\0"
LINK = Link("", b"../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")


def library(path: bytes, *needed: bytes, **sketch: object) -> TarEntry:
    name = path.rpartition(b"/")[2]
    return file(path, make_elf(Sketch(interpreter=None, needed=needed, soname=name, **sketch)))  # type: ignore[arg-type]


def program(path: bytes, *needed: bytes, **sketch: object) -> TarEntry:
    return file(path, make_elf(Sketch(needed=needed, **sketch)), 0o755)  # type: ignore[arg-type]


def never(path: bytes) -> bool:
    del path
    return False


GLIBC = [
    library(b"lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", payload=HOST_PATHS),
    symlink(b"lib64/ld-linux-x86-64.so.2", b"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    file(
        b"lib/x86_64-linux-gnu/libc.so.6",
        make_elf(Sketch(needed=[b"ld-linux-x86-64.so.2"], soname=b"libc.so.6", payload=CONVERTERS)),
        0o755,
    ),
]


def image_of(built: Built, path: bytes) -> ElfImage:
    entry = built[b"root/" + path]
    content = entry.content if isinstance(entry, Script) else entry
    assert isinstance(content, bytes)
    image = parse_elf(content)
    assert image is not None
    return image


def test_program(bundle: Bundle) -> None:
    """A program gets the tree's own loader, by its real path, and looks for libraries relative to itself."""
    built = bundle({"libc6": GLIBC, "tool": [program(b"bin/tool", b"libc.so.6")]})
    image = image_of(built, b"usr/bin/tool")
    assert image.interpreter is not None
    assert image.interpreter.endswith(OUT.rpartition(b"/")[2] + b"/root/" + LOADER)
    assert (image.rpath, image.runpath) == (b"$ORIGIN/../lib/x86_64-linux-gnu", None)


def test_libraries_stay_as_they_are(bundle: Bundle) -> None:
    """Libraries without a search path of their own are the package's, byte for byte: bundles share them."""
    zlib = library(b"usr/lib/x86_64-linux-gnu/libz.so.1", b"libc.so.6")
    built = bundle({"libc6": GLIBC, "zlib": [zlib]})
    assert built[b"root/" + MULTIARCH + b"libz.so.1"] == zlib.content


def test_loader_and_libc_are_sealed(bundle: Bundle) -> None:
    """The loader does not search the host, nor does the C library; neither names the object, so bundles share them."""
    built = bundle({"libc6": GLIBC})
    loader, libc = built[b"root/" + LOADER], built[b"root/" + MULTIARCH + b"libc.so.6"]
    assert isinstance(loader, bytes)
    assert isinstance(libc, Script)
    for host in (b"/etc/ld.so", b"\0/lib/x86", b"\0/usr/"):
        assert host not in loader + libc.content
    assert OUT not in loader + libc.content


def test_libraries_with_plugins_are_sealed(bundle: Bundle) -> None:
    """What loads plugins finds those of its bundle or none, never the host's."""
    entries = []
    for name, plugins in {"libcrypto.so.3": b"ossl-modules", "libsasl2.so.2": b"sasl2"}.items():
        entry = library(MULTIARCH + name.encode(), b"libc.so.6")
        entries.append(dataclasses.replace(entry, content=entry.content + b"\0/" + MULTIARCH + plugins + b"\0"))
    built = bundle({"libc6": GLIBC, "tool": entries})
    crypto, sasl = (built[b"root/" + MULTIARCH + name] for name in (b"libcrypto.so.3", b"libsasl2.so.2"))
    assert isinstance(crypto, bytes)
    assert isinstance(sasl, bytes)
    assert crypto.endswith(b"\0$ORIGIN///////////////////ossl-modules\0")
    assert sasl.endswith(b"\0/sys/lib/x86_64-linux-gnu/sasl2\0")


def test_private_directories(bundle: Bundle) -> None:
    """Own paths come first, translated; then the usual directory; then where else the closure's libraries lie."""
    tool = [
        program(b"usr/lib/tool/bin/tool", b"liba.so", runpath=b"/usr/lib/tool/own:$ORIGIN/../own:/usr/local/lib:rel:"),
        library(b"usr/lib/tool/own/liba.so", b"libb.so"),
        library(b"usr/lib/tool/deep/libb.so", b"libc.so.6"),
    ]
    image = image_of(bundle({"libc6": GLIBC, "tool": tool}), b"usr/lib/tool/bin/tool")
    assert image.rpath == b"$ORIGIN/../own:$ORIGIN/../../x86_64-linux-gnu:$ORIGIN/../deep"


def test_configured_directories(bundle: Bundle) -> None:
    """A directory that a package tells the host's loader of serves here as well."""
    tool = [
        file(b"etc/ld.so.conf.d/fake.conf", b"# x\n/usr/lib/x86_64-linux-gnu/fake\n/absent\nrelative\n"),
        library(b"usr/lib/x86_64-linux-gnu/fake/libfake.so"),
        program(b"usr/bin/tool", b"libc.so.6"),
    ]
    image = image_of(bundle({"libc6": GLIBC, "tool": tool}), b"usr/bin/tool")
    assert image.rpath == b"$ORIGIN/../lib/x86_64-linux-gnu:$ORIGIN/../lib/x86_64-linux-gnu/fake"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"runpath": b"/usr/lib/tool"}, b"$ORIGIN/tool"),
        ({"runpath": b"$ORIGIN/tool"}, b"$ORIGIN/tool"),
        ({"rpath": b"${ORIGIN}"}, b"$ORIGIN"),
        ({"rpath": b"/nowhere"}, None),
    ],
)
def test_own_path_of_a_library(bundle: Bundle, own: dict[str, bytes], expected: bytes | None) -> None:
    """A library's own path is translated, as DT_RPATH: a DT_RUNPATH would hide that of the program."""
    tool = [library(b"usr/lib/libtool.so.1", b"libc.so.6", **own), file(b"usr/lib/tool/x")]
    image = image_of(bundle({"libc6": GLIBC, "tool": tool}), b"usr/lib/libtool.so.1")
    assert (image.rpath, image.runpath) == (expected, None)


@pytest.mark.parametrize(
    "entry",
    [
        program(b"usr/bin/tool", b"libabsent.so"),
        program(b"usr/bin/tool", b"/usr/lib/x86_64-linux-gnu/libc.so.6"),
        program(b"usr/bin/tool", interpreter=b"/lib/ld-musl-x86_64.so.1"),
        library(b"usr/lib/libtool.so", b"libabsent.so"),
        library(b"usr/lib/libtool.so", b"libother.so"),
    ],
)
def test_missing_library(bundle: Bundle, entry: TarEntry) -> None:
    """What the tree lacks is an error that names file and library, unless the recipe says that it may be absent."""
    other = library(b"usr/lib/x86_64-linux-gnu/libother.so", machine=AARCH64)
    debs = {"libc6": GLIBC, "tool": [entry, other]}
    with pytest.raises(BuildError) as caught:
        bundle(debs)
    assert slug_of(caught) == "library-missing"
    assert entry.name.decode() in caught.value.message
    assert b"root/" + entry.name in bundle(debs, optional=["usr/*/*tool*"])


def test_library_needed_deep_down(bundle: Bundle) -> None:
    """A plugin may need what its program has loaded by then, wherever that lies."""
    tool = [library(b"usr/lib/tool/plugin.so", b"libcore.so"), library(b"usr/lib/tool/core/libcore.so")]
    assert b"root/usr/lib/tool/plugin.so" in bundle({"libc6": GLIBC, "tool": tool})


def test_foreign_and_data(bundle: Bundle) -> None:
    """Images of other machines are data; without a loader everything is."""
    foreign = program(b"usr/lib/tool/foreign", b"libabsent.so", machine=AARCH64)
    assert bundle({"libc6": GLIBC, "x": [foreign]})[b"root/usr/lib/tool/foreign"] == Script(foreign.content)
    lonely = program(b"usr/bin/tool", b"libabsent.so")
    assert bundle({"x": [lonely]})[b"root/usr/bin/tool"] == Script(lonely.content)


def test_damaged_image(bundle: Bundle) -> None:
    """A damaged program names itself; test data of that kind can be marked as such."""
    damaged = file(b"usr/lib/tool/damaged", make_elf(Sketch())[:200])
    debs = {"libc6": GLIBC, "x": [damaged]}
    with pytest.raises(BuildError) as caught:
        bundle(debs)
    assert slug_of(caught) == "elf-invalid"
    assert bundle(debs, optional=["*/damaged"])[b"root/usr/lib/tool/damaged"] == damaged.content


def test_image_that_cannot_be_changed(bundle: Bundle) -> None:
    """Test data that passes for a program stays as it is where nobody needs it: without a recipe, outside of `bin`."""
    odd = make_elf(Sketch(base=(1 << 47) + (1 << 20)))
    data = [file(b"usr/share/tool/testdata/odd", odd), library(MULTIARCH + b"libm.so.6")]
    assert bundle({"libc6": GLIBC, "x": data}, plain=True)[b"root/usr/share/tool/testdata/odd"] == odd
    for entries, arguments in ((data, {}), ([file(b"usr/bin/odd", odd, 0o755), data[1]], {"plain": True})):
        with pytest.raises(BuildError) as caught:
            bundle({"libc6": GLIBC, "x": entries}, **arguments)
        assert slug_of(caught) == "elf-invalid"


def test_large_image(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is read and changed in memory, so one that is too large for that is an error, or left as it is."""
    entry = program(b"usr/bin/tool", payload=bytes(4000))
    monkeypatch.setattr(libraries, "IMAGE_LIMIT", 4000)
    with pytest.raises(BuildError) as caught:
        bundle({"libc6": GLIBC, "tool": [entry]})
    assert slug_of(caught) == "elf-invalid"
    assert bundle({"libc6": GLIBC, "tool": [entry]}, optional=["*/tool"])[b"root/usr/bin/tool"] == Script(entry.content)


def test_plugin_of_a_package_without_a_recipe(bundle: Bundle) -> None:
    """Without a recipe a plugin may want what its package only suggests; a program, and what it loads, may not."""
    plugin = library(b"usr/lib/tool/plugin.so", b"libsuggested.so.1")
    tool = program(b"usr/bin/tool", b"libtool.so.1")
    whole = library(MULTIARCH + b"libtool.so.1", b"libc.so.6")
    assert bundle({"libc6": GLIBC, "tool": [tool, whole, plugin]}, plain=True)
    broken = library(MULTIARCH + b"libtool.so.1", b"libsuggested.so.1")
    for entries in ([tool, broken], [program(b"usr/bin/tool", b"libsuggested.so.1")]):
        with pytest.raises(BuildError) as caught:
            bundle({"libc6": GLIBC, "tool": entries}, plain=True)
        assert slug_of(caught) == "library-missing"


def test_only_heads_are_read_of_foreign_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image for another machine is not read as a whole: its size says nothing about the memory that is needed."""
    foreign = Made("", True, make_elf(Sketch(machine=AARCH64)))
    monkeypatch.setattr(Made, "read", lambda _: pytest.fail("it is read"))
    assert not list(iter_images(Tree.of({b"usr/bin/x": foreign}, {}), "x86_64", never))


@pytest.mark.parametrize(
    ("limit", "enough"), [("MAX_ASKED_BYTES", 3000), ("MAX_LOOKUPS", 400), ("MAX_OWN_DIRECTORIES", 2)]
)
def test_bounds(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, limit: str, enough: int) -> None:
    """What images ask for together, the look-ups for them and their own search paths are bounded."""
    tool = [program(b"usr/bin/tool", b"libc.so.6", runpath=b"/usr/lib:$ORIGIN")]
    monkeypatch.setattr(libraries, limit, enough)
    assert bundle({"libc6": GLIBC, "tool": tool})
    monkeypatch.setattr(libraries, limit, 1)
    with pytest.raises(BuildError) as caught:
        bundle({"libc6": GLIBC, "tool": tool})
    assert slug_of(caught) == "elf-invalid"


def test_libraries_in_too_many_directories(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search path that every look-up of the program would have to go through is no path of a package."""
    libs = [library(b"usr/lib/%d/lib%d.so" % (number, number), b"libc.so.6") for number in range(5)]
    tool = program(b"usr/bin/tool", *(b"lib%d.so" % number for number in range(5)))
    monkeypatch.setattr(libraries, "MAX_DIRECTORIES", 5)
    with pytest.raises(BuildError) as caught:
        bundle({"libc6": GLIBC, "tool": [tool, *libs]})
    assert slug_of(caught) == "elf-invalid"
    assert bundle({"libc6": GLIBC, "tool": [tool, *libs[1:]]}, optional=["usr/bin/tool"])


def test_libraries_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree is asked once for each library, however many programs need it and wherever they look for it."""
    count = 30
    paths = [b"usr/lib/%d/lib%d.so" % (number, number) for number in range(count)]
    entries = [library(path, *(path.rpartition(b"/")[2] for path in paths)) for path in paths]
    own = b":".join(path.rpartition(b"/")[0].join([b"/", b""]) for path in paths)
    entries += [program(b"usr/bin/tool%d" % number, b"lib0.so", runpath=own) for number in range(count)]
    files: dict[bytes, TreeFile] = {entry.name: Made("", True, entry.content) for entry in entries}
    tree = Tree.of(files | {LOADER: Made("", True, GLIBC[0].content)}, {b"usr/lib64/ld-linux-x86-64.so.2": LINK})
    asked: list[bytes] = []
    find_file = Tree.find_file

    def counted(self: Tree, path: bytes) -> bytes | None:
        asked.append(path)
        return find_file(self, path)

    monkeypatch.setattr(Tree, "find_file", counted)
    changes = plan_libraries(tree, "amd64", Place(Path("/s/x")), never)
    assert len(changes) == count + 1
    assert len(asked) < 3 * count
