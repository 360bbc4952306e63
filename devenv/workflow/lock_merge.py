"""Merges the two sides of a lock that git left in conflict: `devenv lock --merge`.

Where git knows the sides of the file (a merge, a rebase or the like is under way), they are taken from it: what stands
between the markers has lines in it that git put together from both. Else the markers tell them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from devenv.activation.state import leave_inherited
from devenv.build.project.git import GitError, ask_git, find_git, find_work_tree
from devenv.environment.project import Project, read_project, require_project_path, write_project
from devenv.errors import DevenvError, LockError, Place
from devenv.events import Step
from devenv.generations.generations import project_locked
from devenv.lock.conflicts import has_conflicts, split_conflicts
from devenv.lock.environments import find_difference
from devenv.lock.format import format_lock
from devenv.lock.grammar import FieldError
from devenv.lock.merge import Contradiction, LockSides, MergedAnswer, Side, Wanted, merge_locks, with_outputs
from devenv.lock.model import Lock, LockedEnvironment, LockedPackage
from devenv.lock.parse import parse_lock
from devenv.lock.satisfies import manifest_fingerprint
from devenv.lock.sections import LineError
from devenv.manifest.model import DEFAULT_ENVIRONMENT, Manifest, usual_suite
from devenv.packages.versions import answers_request
from devenv.project_names import LOCK_NAME
from devenv.workflow.edit import find_lacking, lock_project, make_lock, package_versions
from devenv.workflow.merge_results import LockMergeResult
from devenv.workflow.results import LockResult
from devenv.workflow.tools import Tools

Choose = Callable[[Contradiction], Side]

STAGES = {"1": "base", "2": "ours", "3": "theirs"}
"""What git calls the versions of a file that is in conflict."""


def merge_project(tools: Tools, start: Path, choose: Choose | None) -> LockMergeResult | LockResult:
    """Merge the sides of the lock and make it answer the manifest; a lock without any is only made to answer.

    `choose` decides what contradicts; None: nobody does. Raises LockError (`lock-contradiction`, `lock-conflict`, …),
    ManifestError, and as `lock_project` does. Then nothing was written.
    """
    path = require_project_path(start)
    project = read_project(path)
    manifest = project.manifest
    sides = find_sides(tools, project)
    if sides is None:
        return lock_project(tools, start)
    merged, answers = _merge(project, sides, choose)
    with project_locked(tools.settings, path):
        tools.usual_suite = usual_suite(manifest.inputs)
        tools.report(Step(f"locking {path}"))
        lock = make_lock(tools, replace(project, lock_bytes=format_lock(merged)))
        lock = with_outputs(lock, sides.iter_locks())
        write_project(project, replace(project, lock_bytes=format_lock(lock)))
    return LockMergeResult(
        path,
        tuple(_iter_kept(answers, lock)),
        tuple(sorted(lock.packages.keys() - merged.packages.keys())),
        package_versions(lock),
        lock.systems,
        find_lacking(lock),
    )


def find_sides(tools: Tools, project: Project) -> LockSides | None:
    """The sides of the project's lock; None where it is not in conflict. Raises LockError."""
    known = _find_stages(tools, project.path)
    if known:
        file = str(project.lock_path)
        locks = {name: _parse_side(content, file, name) for name, content in known.items()}
        return LockSides(locks.get("ours"), locks.get("theirs"), locks.get("base"))
    text = (project.lock_bytes or b"").decode(errors="replace")
    return _split(text, project.lock_path) if has_conflicts(text) else None


def _find_stages(tools: Tools, path: Path) -> dict[str, bytes]:
    """The versions of a lock that git has in conflict, by what they are called; none where it is not, or no git."""
    try:
        git, tree = find_git(leave_inherited(tools.settings, tools.environ), path), find_work_tree(path)
        if git is None or tree is None:
            return {}
        listing = ask_git(git, tree, path, ("ls-files", "--unmerged", "-z", "--", LOCK_NAME)).decode(errors="replace")
        found: dict[str, bytes] = {}
        for entry in listing.split("\0"):
            # `100644 <object> 2<tab>devenv.lock`
            mode, name, stage = ([*entry.partition("\t")[0].split(" "), "", "", ""])[:3]
            if mode.startswith("100") and stage in STAGES:
                found[STAGES[stage]] = ask_git(git, tree, path, ("cat-file", "blob", name))
    except (DevenvError, GitError, OSError):
        return {}
    return found


def _split(text: str, path: Path) -> LockSides:
    """What stands between the markers of a conflict."""
    try:
        texts = split_conflicts(text)
    except LineError as error:
        raise LockError(
            f"the lock cannot be merged: {error.reason}",
            hint="take either side with `git checkout --ours devenv.lock`, then run `devenv lock`",
            place=Place(str(path), error.line),
            slug="lock-conflict",
        ) from error
    # Git may have given one side tables of the other that only a later format has.
    ours, theirs = _raise_version(texts.ours, texts.theirs), _raise_version(texts.theirs, texts.ours)
    base = None
    if texts.base is not None:
        try:
            base = parse_lock(texts.base.encode(), str(path))
        except DevenvError:
            # It only spares questions.
            base = None
    return LockSides(
        _parse_side(ours.encode(), str(path), "ours"), _parse_side(theirs.encode(), str(path), "theirs"), base
    )


def _raise_version(text: str, other: str) -> str:
    """The text with the later of two formats."""
    lines = [next((line for line in each.split("\n") if line.startswith("version = ")), "") for each in (text, other)]
    if all(line.removeprefix("version = ").isdecimal() and len(line) < 20 for line in lines):
        later = max(lines, key=lambda line: int(line.removeprefix("version = ")))
        return text.replace(lines[0], later, 1)
    return text


def _parse_side(content: bytes, file: str, side: str) -> Lock | None:
    """One side; None where it has no lock. The error says which side it is, with a line of that side."""
    if not content.strip():
        return None
    try:
        return parse_lock(content, file)
    except LockError as error:
        line = "" if error.place is None or error.place.line is None else f" (its line {error.place.line})"
        hint = (
            error.hint if error.slug == "lock-newer" else "take the other side of the file as it is, then `devenv lock`"
        )
        slug = error.slug
        raise LockError(
            f"the side `{side}` of the lock cannot be merged{line}: {error.message}",
            hint=hint,
            place=Place(file),
            slug=slug,
        ) from error


def _merge(project: Project, sides: LockSides, choose: Choose | None) -> tuple[Lock, tuple[MergedAnswer, ...]]:
    """The merged lock, still to be completed. Raises LockError (`lock-contradiction`) where nobody decides."""
    undecided: list[Contradiction] = []

    def note(contradiction: Contradiction) -> Side:
        undecided.append(contradiction)
        return "ours"

    try:
        merged = _merge_environments(project.manifest, sides, _ask_once(choose or note))
    except FieldError as error:
        raise LockError(
            f"the two sides of the lock cannot be merged: {error}",
            hint="take either side with `git checkout --ours devenv.lock`, then run `devenv lock`",
            place=Place(str(project.lock_path)),
        ) from error
    if undecided:
        raise LockError(
            f"the two sides of the lock contradict each other about {_count(undecided)}",
            hint="`devenv lock --merge --ours` or `--theirs` takes that side for these; on a terminal you are asked",
            place=Place(str(project.lock_path)),
            details=tuple(f"{each.name}: {each.ours} in ours, {each.theirs} in theirs" for each in undecided),
            slug="lock-contradiction",
        )
    return merged


def _ask_once(choose: Choose) -> Choose:
    """Environments have much in common: what was decided for one is for the others."""
    decided: dict[Contradiction, Side] = {}

    def ask(contradiction: Contradiction) -> Side:
        if contradiction not in decided:
            decided[contradiction] = choose(contradiction)
        return decided[contradiction]

    return ask


def _merge_environments(manifest: Manifest, sides: LockSides, choose: Choose) -> tuple[Lock, tuple[MergedAnswer, ...]]:
    """The default environment, then each other one by itself; of these, what differs is kept."""
    default, answers = _merge_one(manifest, DEFAULT_ENVIRONMENT, sides, choose)
    inputs, environments = dict(default.inputs), {}
    for name in sorted(manifest.environments):
        own, more = _merge_one(manifest, name, sides, choose)
        part = LockedEnvironment(own.packages, own.dependencies, own.runtime)
        difference = find_difference(default, manifest.select(name), part)
        if difference:
            environments[name] = difference
            inputs = {**own.inputs, **inputs}
            names = {each.name for each in difference.iter_packages()}
            answers += tuple(replace(each, environment=name) for each in more if each.name in names)
    return replace(
        default, fingerprint=manifest_fingerprint(manifest), inputs=inputs, environments=environments
    ), answers


def _merge_one(
    manifest: Manifest, name: str, sides: LockSides, choose: Choose
) -> tuple[Lock, tuple[MergedAnswer, ...]]:
    chosen = manifest.select(name)
    views = [None if each is None else each.select(name, manifest) for each in (sides.ours, sides.theirs, sides.base)]
    wanted = Wanted(manifest_fingerprint(chosen), chosen.inputs, lambda package: _answers(chosen, package))
    return merge_locks(LockSides(*views), wanted, choose)


def _count(contradictions: list[Contradiction]) -> str:
    return f"`{contradictions[0].name}`" if len(contradictions) == 1 else f"{len(contradictions)} things"


def _answers(manifest: Manifest, package: LockedPackage) -> bool:
    """Whether a package answers what the manifest asks for."""
    request = manifest.packages.get(package.name)
    if request is None or request.input != package.input:
        return False
    return answers_request(request.version, package.version)


def _iter_kept(answers: tuple[MergedAnswer, ...], lock: Lock) -> list[MergedAnswer]:
    """The answers that one side gave alone, as far as they are in the lock as it is now."""
    return [each for each in answers if each.side != "both" and _has(lock, each)]


def _has(lock: Lock, answer: MergedAnswer) -> bool:
    name = answer.environment
    part: Lock | LockedEnvironment | None = lock if name is None else lock.environments.get(name)
    if part is None or answer.table == "inputs":
        return False
    if answer.table == "runtime":
        return part.runtime is not None
    return answer.name in (part.packages if answer.table == "packages" else part.dependencies)
