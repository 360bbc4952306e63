# `use devenv` for direnv: an alternative to devenv's own hooks.
#
#   devenv hook direnv >~/.config/direnv/lib/devenv.sh
#   echo 'use devenv' >.envrc && devenv allow && direnv allow
#
# direnv evaluates this in its own bash and takes over what is exported.
# shellcheck shell=bash

use_devenv() {
  local __devenv_code
  # A project that is not allowed yet is looked at again after `devenv allow`.
  watch_file devenv.toml devenv.lock @DEVENV_STATE@/trust
  __devenv_code=$(@DEVENV_PROGRAM@ env --direnv) || return
  eval "$__devenv_code"
}
