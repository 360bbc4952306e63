"""The command line: one file a verb. A verb turns arguments into one call of `devenv.workflow` and returns its result;

`command` prints that, or the error, and nothing else in this package prints.
"""

from devenv.cli.group import devenv_command

__all__ = ["devenv_command"]
