"""Where the links of an output may lead: inside it, or to what it may use at run time.

A link within the output becomes a relative one, so that it does not name the object. Whether anything stands at its end
is not asked: a package may wait for what others put beside it.
"""

from __future__ import annotations

import posixpath

from devenv.build.script.scope import ALLOWED, Realm, Scope, parent
from devenv.build.script.survey import Goal, Survey


def fix_target(survey: Survey, scope: Scope, path: bytes, target: bytes) -> bytes:
    """The target that the link at `path` gets.

    Raises BuildError (`output-link-outside`, `tool-referenced`) if it may not lead there.
    """
    goal = _goal(survey, path, target)
    realm = Realm.OWN if goal.inside else scope.realm_of(goal.path)
    if realm is Realm.TOOL:
        raise scope.tool_error(path, goal.path)
    if realm not in ALLOWED or (realm is Realm.OWN and not path):
        raise scope.link_error(path, target)
    if not target.startswith(b"/"):
        return target
    own = survey.own_names(target)
    if own is None or (b".." in own and not goal.inside):
        return goal.path
    inner = goal.path if b".." in own else b"/".join(own)
    return posixpath.relpath(b"/" + inner, b"/" + parent(path))


def _goal(survey: Survey, path: bytes, target: bytes) -> Goal:
    """An output that is a link has nothing around it that is its own."""
    if not path and not target.startswith(b"/"):
        return Goal(False, b"/")
    return survey.follow(parent(path), target)
