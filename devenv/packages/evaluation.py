"""Evaluates recipe files: Starlark, hermetic, under limits on time, call depth and size.

`devenv.packages.package_set` is the only caller. Files come in as a mapping, so that nothing here touches a disk; what
comes out is plain data that `devenv.packages.package` checks. A failure becomes a RecipeError that points at the
recipe's own line, also where the standard module (`//std`) noticed it.

The limits stop accidents: a loop without end, a recursion without bottom. They do not bound memory, and the parser
recurses, so that a hostile file could still end the process. Sets that devenv did not ship need a process of their own.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from devenv.errors import Place, RecipeError

if TYPE_CHECKING:
    from starlark import AstModule, EvalOptions, FrozenModule, Globals, StarlarkError

TIME_LIMIT = 2.0
"""Seconds for one question to a recipe, the files that it loads included; a real one takes milliseconds."""

DEPTH_LIMIT = 64
"""Calls within calls; recipes go five deep."""

FILE_LIMIT = 64 * 1024
"""Characters of a recipe file; the largest that we ship has a tenth."""

MESSAGE_LIMIT = 300
"""Characters of a message that come from Starlark, which quotes the recipe's own values."""

FRAME_LIMIT = 8
"""Frames of a traceback that an error shows, the innermost ones."""

DRIVER = "driver"
"""Label of the module that asks a recipe; its frames are nobody's business."""

DRIVER_TEXT = """
load("{module}", recipe = "{symbol}")

def describe():
    return {{
        "summary": recipe.summary,
        "license": recipe.license,
        "homepage": recipe.homepage,
        "sources": [_fields(source) for source in recipe.sources],
        "smoke": recipe.smoke,
        "variables": recipe.variables,
        "search_paths": recipe.search_paths,
        "inputs": recipe.inputs,
        "tools": recipe.tools,
        "replaced": recipe.replaced,
    }}

def build(request):
    return recipe.build(struct(**request))

def _fields(source):
    return {{name: getattr(source, name) for name in dir(source)}}
"""
"""Functions cannot leave Starlark, so that a recipe's own functions are called from within, by this module."""

FRAME_PATTERN = re.compile(r"^  \* (?P<file>.+):(?P<line>[0-9]+), in (?P<function>.+)$", re.MULTILINE)
SPAN_PATTERN = re.compile(r"^ *--> (?P<file>.+):(?P<line>[0-9]+):(?P<column>[0-9]+)$", re.MULTILINE)
MESSAGE_PATTERN = re.compile(r"^error: (?:fail: |LookupError: )?(?P<message>.+)$", re.MULTILINE)
OVERFLOW = "Starlark call stack overflow"


class Recipes:
    """The recipe files of one package set, evaluated when they are first asked for."""

    def __init__(self, label: str, files: Mapping[str, str]) -> None:
        """`label` names the set in errors; `files` maps a path such as `packages/go.star` to its text."""
        self._label = label
        self._files = files
        self._modules: dict[str, FrozenModule] = {}
        self._drivers: dict[tuple[str, str], FrozenModule] = {}

    def ask(self, path: str, symbol: str, function: str, *arguments: object) -> object:
        """Call the driver's `function` (`describe` or `build`) on what the file at `path` calls `symbol`.

        Returns plain data: dict, list, str, int, float, bool, None. Raises RecipeError (`recipe-limit` for the limits).
        """
        question = _Question(self._label, path, self.place(path, symbol))
        driver = self._drivers.get((path, symbol))
        if driver is None:
            module = _module_name(path)
            self._load(module, question, ())
            text = DRIVER_TEXT.format(module=module, symbol=symbol)
            driver = self._drivers[path, symbol] = self._evaluate(DRIVER, text, question)
        from starlark import StarlarkError

        try:
            return driver.call_with(question.options(), function, *arguments).value
        except StarlarkError as error:
            raise question.failure(error) from error

    def place(self, path: str, symbol: str) -> Place:
        """Where the file at `path` defines `symbol`; without a line where it does not."""
        match = re.search(rf"^{re.escape(symbol)}\s*=", self._files[path], re.MULTILINE)
        line = self._files[path].count("\n", 0, match.start()) + 1 if match else None
        return Place(f"{self._label}/{path}", line)

    def _load(self, module: str, question: _Question, loading: tuple[str, ...]) -> None:
        """Evaluate `module` and what it loads, innermost first, unless that was done before."""
        path = module.removeprefix("//") + ".star"
        if module in self._modules or path not in self._files:
            return
        place = Place(f"{self._label}/{path}")
        if module in loading:
            circle = " → ".join([*loading[loading.index(module) :], module])
            raise RecipeError("recipe files load each other in a circle", place=place, details=(circle,))
        text = self._files[path]
        if len(text) > FILE_LIMIT:
            raise RecipeError(
                f"the recipe file has more than {FILE_LIMIT} characters", place=place, slug="recipe-limit"
            )
        syntax = self._parse(place.file, text, question)
        for load in syntax.loads():
            self._load(load.module_id, question, (*loading, module))
        self._modules[module] = self._evaluate(place.file, syntax, question)

    def _parse(self, label: str, text: str, question: _Question) -> AstModule:
        import starlark

        dialect = starlark.Dialect.standard()
        dialect.enable_types = starlark.DialectTypes.ENABLE
        dialect.enable_keyword_only_arguments = True
        dialect.enable_f_strings = True
        try:
            return starlark.parse(label, text, dialect)
        except starlark.StarlarkError as error:
            raise question.failure(error) from error

    def _evaluate(self, label: str, source: AstModule | str, question: _Question) -> FrozenModule:
        import starlark

        syntax = self._parse(label, source, question) if isinstance(source, str) else source
        module = starlark.Module()
        try:
            starlark.eval_with(
                question.options(),
                module,
                syntax,
                _globals(),
                starlark.FileLoader(self._loaded),
            )
            return module.freeze()
        except starlark.StarlarkError as error:
            raise question.failure(error) from error

    def _loaded(self, module: str) -> FrozenModule:
        if module not in self._modules:
            raise LookupError(f"there is no file `{module}` in this package set")
        return self._modules[module]


class _Question:
    """One question to a recipe: its deadline, and how its failure is told."""

    def __init__(self, label: str, path: str, place: Place) -> None:
        self._file = f"{label}/{path}"
        self._place = place
        self._deadline = time.monotonic() + TIME_LIMIT
        self._cancelled = False

    def options(self) -> EvalOptions:
        from starlark import EvalOptions

        return EvalOptions(check_cancelled=self._check_cancelled, max_callstack_size=DEPTH_LIMIT)

    def _check_cancelled(self) -> bool:
        self._cancelled = time.monotonic() > self._deadline
        return self._cancelled

    def failure(self, error: StarlarkError) -> RecipeError:
        """The RecipeError for what Starlark raised, which is one text: traceback, message, place, excerpt."""
        text = str(error)
        frames = [frame for frame in FRAME_PATTERN.finditer(text) if frame["file"] != DRIVER]
        details = tuple(f"{frame['file']}:{frame['line']}, in {frame['function']}" for frame in frames)
        match = MESSAGE_PATTERN.search(text)
        message = (match["message"] if match else text)[:MESSAGE_LIMIT].rstrip(". ")
        slug = None
        if self._cancelled:
            message, slug = f"the recipe takes longer than {TIME_LIMIT:g} seconds", "recipe-limit"
        elif message == OVERFLOW:
            message, slug = f"the recipe calls more than {DEPTH_LIMIT} functions deep", "recipe-limit"
        return RecipeError(
            message,
            place=self._find_place(text, frames),
            hint="correct the recipe; `docs/recipes.md` describes what it may say",
            details=details[-FRAME_LIMIT:],
            slug=slug,
        )

    def _find_place(self, text: str, frames: list[re.Match[str]]) -> Place:
        """The span of the error where it lies in the recipe, else the recipe's innermost frame.

        An error in another file while that is loaded stays there; one in the driver is the package's.
        """
        span = SPAN_PATTERN.search(text)
        if span is not None and span["file"] == self._file:
            return Place(self._file, int(span["line"]), int(span["column"]))
        for frame in reversed(frames):
            if frame["file"] == self._file:
                return Place(self._file, int(frame["line"]))
        if span is not None and span["file"] != DRIVER:
            return Place(span["file"], int(span["line"]), int(span["column"]))
        return self._place


@functools.cache  # making them takes as long as reading a small recipe
def _globals() -> Globals:
    """What every recipe finds without loading it."""
    import starlark

    return starlark.Globals.extended_by([starlark.LibraryExtension.StructType, starlark.LibraryExtension.Typing])


def _module_name(path: str) -> str:
    return "//" + path.removesuffix(".star")
