"""Files to start from: a workflow for GitHub's runners, a job for GitLab's, and a Dockerfile."""

from __future__ import annotations

from pathlib import Path

from devenv.workflow.ci.results import CiTemplateResult

FILES = {"github": "github.yml", "gitlab": "gitlab.yml", "docker": "Dockerfile"}


def read_template(name: str) -> CiTemplateResult:
    """The file for `name`, one of `FILES`."""
    return CiTemplateResult(name, (Path(__file__).parent / "files" / FILES[name]).read_text(encoding="utf-8"))
