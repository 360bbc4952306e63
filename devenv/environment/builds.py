"""Derivations of what a project builds itself: `[build.NAME]` and `[checks]` of its manifest.

Both are scripts in the sandbox with the lock's sysroot as `/`. What a build says in its manifest becomes a script by
the same recipe functions that packages use (`project.star` of `builtin:source`). A check is a derivation too: the same
content is not checked twice.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from devenv.build.script.arguments import SCRIPT_BUILDER, variable_of
from devenv.build.source import source_derivation
from devenv.derivation.model import Derivation, Input
from devenv.environment.lock_derivations import LockDerivations, derive_environment
from devenv.environment.project_sets import iter_exports
from devenv.errors import UsageError
from devenv.lock.model import RUNTIME_NAME
from devenv.lock.satisfies import SYSROOT_NAME
from devenv.manifest.model import Check, Manifest, ProjectBuild
from devenv.packages.package import BuildPlan, Package
from devenv.packages.project_build import ProjectQuestion
from devenv.store_path import StorePath, object_name

SOURCE_NAME = "source"
ENVIRONMENT_NAME = "environment"

CHECK_SCRIPT = """\
mkdir source
if [ -d "$source" ]; then
    cp -r --preserve=timestamps,mode,links "$source/." source
else
    file=${{source##*/}}
    cp --preserve=timestamps,mode "$source" "source/${{file#*-}}"
fi
chmod -R u+w source
cd source
(
{exports}
exec /usr/bin/bash -e -c {command}
)
mkdir "$out"
"""
"""The command is handed over as one word: it cannot end what stands around it (FAULTS K-07)."""

Role = tuple[str, str, Derivation]
"""Name, role and derivation of an input."""


@dataclass
class ProjectDerivations:
    """The derivations of a project's builds and checks, each made once.

    `add_source` makes an object of a path of the project; `plan` asks the recipes how a build is done.
    """

    locked: LockDerivations
    add_source: Callable[[str], StorePath]
    plan: Callable[[ProjectQuestion], BuildPlan]
    source_objects: dict[str, StorePath] = field(default_factory=dict)
    """The project's paths that were asked for, and what they are."""
    _made: dict[str, Derivation] = field(default_factory=dict)

    @property
    def manifest(self) -> Manifest:
        """Of the project."""
        return self.locked.manifest

    @functools.cached_property
    def runtime(self) -> Derivation | None:
        """What is built runs on it."""
        return self.locked.runtime()

    def target(self, name: str) -> Derivation:
        """A build, else a package of the manifest. Raises UsageError (`target-unknown`)."""
        if name in self.manifest.builds:
            return self.build(name)
        if name in self.manifest.packages:
            return self.locked.package(name, self.runtime)
        import difflib

        known = sorted({*self.manifest.builds, *self.manifest.packages})
        near = difflib.get_close_matches(name, known, 1)
        raise UsageError(
            f"`{name[:100]}` is neither a build nor a package of this project",
            hint=f"did you mean `{near[0]}`?" if near else "add `[build.NAME]` to `devenv.toml`, or a package",
            slug="target-unknown",
        )

    def build(self, name: str) -> Derivation:
        """The derivation of a build of the project; the manifest has no circles among them."""
        if name not in self._made:
            self._made[name] = self._derive_build(self.manifest.builds[name])
        return self._made[name]

    def _derive_build(self, build: ProjectBuild) -> Derivation:
        source = None if build.source is None else self._source(build.source)
        question = ProjectQuestion(
            name=build.name,
            version=build.version,
            system=self.locked.system,
            kind=build.kind,
            has_source=source is not None,
            inputs=build.inputs,
            tools=build.tools,
            flags=build.flags,
            env=build.env,
            phases=build.phases,
        )
        plan = self.plan(question)
        inputs = [("tool", name) for name in plan.tools] + [("input", name) for name in plan.inputs]
        roles = [(name, role, self.target(name)) for role, name in inputs]
        exports = "".join(f"{line}\n" for name, _, _ in roles for line in self._iter_exports(name, variable_of(name)))
        return self._derive_script(
            object_name(build.name, build.version) if build.version else build.name,
            exports + str(plan.arguments["script"]),
            [*roles, *([] if source is None else [(SOURCE_NAME, "source", source)])],
            plan.environment,
        )

    def check(self, check: Check) -> Derivation:
        """The derivation of a check, which succeeds where its command does in the project's environment."""
        packages = {name: self.locked.package(name, self.runtime) for name in sorted(self.locked.lock.packages)}
        environment = derive_environment(self.locked, packages)
        exports = [
            line for name in sorted(packages) for line in self._iter_exports(name, variable_of(ENVIRONMENT_NAME))
        ]
        # Not as the build's own: a variable `source` of the project is not the builder's.
        exports += [f"export {name}={shlex.quote(value)}" for name, value in self.manifest.env.items()]
        script = CHECK_SCRIPT.format(exports="\n".join(exports), command=shlex.quote(check.command))
        source = self._source(check.source)
        roles: list[Role] = [(ENVIRONMENT_NAME, "tool", environment), (SOURCE_NAME, "source", source)]
        return self._derive_script(f"check-{check.name}", script, roles, {})

    def _iter_exports(self, name: str, variable: str) -> Iterator[str]:
        """What an environment with the package sets, for a script that has the object's path in `variable`."""
        package = self._find_package(name)
        if package is None:
            return
        yield from iter_exports(package, variable)

    def _find_package(self, name: str) -> Package | None:
        locked = self.locked.lock.packages.get(name)
        return None if locked is None else self.locked.sets[locked.input].package(name)

    def _derive_script(self, name: str, script: str, roles: list[Role], environment: Mapping[str, str]) -> Derivation:
        system = self.locked.system
        runtime = self.runtime
        sysroot = self.locked.dependency(SYSROOT_NAME, runtime)
        fixed: list[Role] = [(SYSROOT_NAME, "sysroot", sysroot)]
        fixed += [] if runtime is None else [(RUNTIME_NAME, "runtime", runtime)]
        inputs = [*fixed, *roles]
        return Derivation(
            name,
            str(system),
            SCRIPT_BUILDER,
            arguments={
                "script": script,
                "inputs": [each for each, _, _ in inputs],
                "roles": [role for _, role, _ in inputs],
                "sources": [],
            },
            environment=environment,
            inputs=tuple(Input(derivation) for _, _, derivation in inputs),
        )

    def _source(self, path: str) -> Derivation:
        """What stands for files of the project; they are read once."""
        if path not in self.source_objects:
            self.source_objects[path] = self.add_source(path)
        return source_derivation(self.source_objects[path])
