"""Makes projects from somebody else's templates, in a tree that a locator names: `devenv init --from`.

`templates/NAME/` of the tree is a template. Nothing of it is allowed to act: its files are written, and whoever made
the project looks at them before `devenv allow`.
"""

from __future__ import annotations

from pathlib import Path

from devenv.errors import UsageError
from devenv.events import Step
from devenv.manifest.locators import LocatorError, is_tree_locator, parse_tree_locator
from devenv.manifest.wording import find_closest, format_names, format_shown
from devenv.project_names import MANIFEST_NAME
from devenv.workflow.results import InitResult, TemplatesResult
from devenv.workflow.start import Template, make_from_template, refuse_taken
from devenv.workflow.tools import Tools
from devenv.workflow.trees import Trees

TEMPLATES = "templates"
DEFAULT_NAME = "default"
"""The template that is meant where a tree has several and none is named."""


def init_from(tools: Tools, here: Path, directory: Path, locator: str, name: str | None) -> InitResult:
    """Make a project in `directory` from the template `name` of a tree; relative paths begin at `here`.

    Without a name it is the tree's only template or the one called `default`, else the tree itself where that is a
    project. Raises FetchError, BuildError, UsageError (`locator-invalid`, `template-unknown`) and as
    `make_from_template` does; then nothing was written.
    """
    refuse_taken(directory)
    tree = _fetch(tools, here, locator)
    return make_from_template(tools, directory, _find_template(tree, name, locator), allow=False)


def find_templates_of(tools: Tools, here: Path, locator: str) -> TemplatesResult:
    """The templates of a tree."""
    return TemplatesResult(_names(_fetch(tools, here, locator)))


def _fetch(tools: Tools, here: Path, text: str) -> Path:
    if not is_tree_locator(text):
        raise UsageError(
            "`--from` takes the locator of a tree",
            hint="write `git+https://HOST/PATH?ref=main`, `path:DIRECTORY` or the address of an archive",
            slug="locator-invalid",
        )
    try:
        locator = parse_tree_locator(text)
    except LocatorError as error:
        # What is wrong may be a password: the text is not repeated.
        raise UsageError(error.message, hint=error.hint, slug="locator-invalid") from error
    tools.report(Step("fetching the template"))
    fetched = Trees(tools, here).fetch(locator, None)
    return tools.store.path(fetched.tree)


def _names(tree: Path) -> tuple[str, ...]:
    place = tree / TEMPLATES
    if place.is_symlink() or not place.is_dir():
        return ()
    found = (each.name for each in place.iterdir() if each.is_dir() and not each.is_symlink())
    return tuple(sorted(name for name in found if name.isprintable()))


def _find_template(tree: Path, name: str | None, locator: str) -> Template:
    names = _names(tree)
    if name is None:
        chosen = DEFAULT_NAME if DEFAULT_NAME in names else names[0] if len(names) == 1 else None
        if chosen is None and not names and (tree / MANIFEST_NAME).is_file():
            return Template(locator, tree)
    else:
        chosen = name if name in names else None
    if chosen is not None:
        return Template(chosen, tree / TEMPLATES / chosen)
    wanted = "" if name is None else f" `{format_shown(name)}`"
    meant = None if name is None else find_closest(name, names)
    hint = f"choose one of {format_names(names)} with `--template`" if names else "look at the locator"
    raise UsageError(
        f"the tree has no template{wanted}" if not names or name else "the tree has several templates",
        hint=f"did you mean `{meant}`?" if meant else hint,
        slug="template-unknown",
    )
