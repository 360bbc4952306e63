#!/bin/sh
# shellcheck disable=SC3044,SC3067 # `shopt` in bash only; `-O`: see below
# What stands on PATH as `devenv`: `run`, `exec` and `shell` in an environment that is ready start no Python.
#
# These need the project's variables and then become another program. Where the environment is there and nothing
# changed, a shell can do that in a millisecond: the generation that the project's link in the state directory leads to
# has a script that says by itself whether it still holds (`activate.sh`, see `devenv.activation.scripts.posix`). For
# everything else, and wherever there is any doubt, this becomes `devenv-main`, the program proper, which lies beside it
# and gets the same arguments: it knows all answers, and what it says is said there only.
#
# - On the fast way no process is started. On the other, only a symbolic link (of pipx, uv) costs one `readlink`.
# - Nothing in a project directory is read: only existence and times. Scripts come from the user's own state directory,
#   which must belong to whoever runs this.
# - What this leaves in the environment of the program is what `devenv.activation.environ` says.
#
# POSIX, with `-nt`, `-ot` and `-O` of `test`, which dash, bash (3.2 too), busybox, ksh and zsh have. Every name begins
# with `__devenv`. `command` keeps functions that people export from standing in for builtins, and keeps a damaged script
# from ending the shell. Nothing here relies on options that `SHELLOPTS` may bring along.

__devenv_clear() {
  unset -v __devenv_command __devenv_directory __devenv_entry __devenv_format __devenv_here __devenv_line \
    __devenv_logical __devenv_old __devenv_project __devenv_ready __devenv_rest __devenv_self __devenv_settings \
    __devenv_state __devenv_there __devenv_verb
}

# --- the program ---

__devenv_program() { # arguments: becomes the program, which is told by what path this was called
  trap - EXIT
  __devenv_self=$0
  case $__devenv_self in
    */*) ;;
    *) __devenv_self=$(command -v "$0") ;; # `sh devenv`
  esac
  __devenv_here=$__devenv_self
  while [ -L "$__devenv_here" ]; do
    # The system's own: the environment that we were called in may have another. The dot keeps newlines in names.
    __devenv_there=$(command -p readlink "$__devenv_here" && printf .) || break
    __devenv_there=${__devenv_there%??}
    case $__devenv_there in
      /*) __devenv_here=$__devenv_there ;;
      *) __devenv_here=${__devenv_here%/*}/$__devenv_there ;;
    esac
  done
  __devenv_here=${__devenv_here%/*}/devenv-main
  if ! [ -x "$__devenv_here" ]; then
    # shellcheck disable=SC2016 # backticks round a command are how messages are written
    printf 'devenv: error: the program `devenv-main`, which belongs beside `devenv`, is missing\n  hint: %s\n' \
      'install devenv again, with the tool that it was installed with' >&2
    exit 127
  fi
  set -- "$__devenv_here" "$__devenv_self" "$@"
  __devenv_clear
  exec "$@"
}

# --- the fast way: returns where there is any doubt ---

__devenv_fast() { # arguments
  [ -z "${_DEVENV_COMPLETE+set}" ] || return
  __devenv_verb=${1-} __devenv_directory=
  case $__devenv_verb in
    run) [ $# -ge 2 ] && shift ;;
    shell) [ $# = 1 ] && shift ;;
    exec)
      case ${2-} in
        '' | -*) return ;;
        /*) __devenv_directory=$2 ;;
        *) __devenv_directory=./$2 ;;
      esac
      shift 2
      ;;
    *) return ;;
  esac || return
  [ "${1-}" != -- ] || shift
  __devenv_command=${1-}
  case $__devenv_verb$__devenv_command in
    shell) __devenv_command=${SHELL:-/bin/sh} ;;
    run | exec | run-* | exec-*) return ;;
  esac
  __devenv_place && __devenv_enter && __devenv_become "$@"
}

__devenv_place() { # sets $__devenv_project: of the working directory, or of $__devenv_directory
  __devenv_logical=$PWD __devenv_old=${OLDPWD+=}${OLDPWD-}
  command cd -P . 2>/dev/null || return
  __devenv_here=$PWD __devenv_there=$PWD
  if [ -n "$__devenv_directory" ]; then
    # First it is made sure that there is a way back.
    __devenv_there=
    if command cd -P "$__devenv_here" 2>/dev/null && command cd -P "$__devenv_directory" 2>/dev/null; then
      __devenv_there=$PWD
    fi
    command cd -P "$__devenv_here" || exit
  fi
  PWD=$__devenv_logical
  case $__devenv_old in
    =*) OLDPWD=${__devenv_old#=} ;;
    *) unset -v OLDPWD ;;
  esac
  # Below a directory `@devenv` the way through the state directory would lead into a generation.
  case $__devenv_there/ in
    *//?* | */@devenv/*) return 1 ;;
    /*) ;;
    *) return 1 ;;
  esac
  __devenv_project=${__devenv_there%/}
  until [ -e "$__devenv_project/devenv.toml" ] || [ -L "$__devenv_project/devenv.toml" ]; do
    [ -n "$__devenv_project" ] || return
    __devenv_project=${__devenv_project%/*}
  done
}

__devenv_enter() { # puts the environment of $__devenv_project into ours; status 1: it is not known to be ready
  case ${HOME-} in
    /*) ;;
    *) return 1 ;;
  esac
  # The state directory may be elsewhere, as the settings say. Whichever is looked at: a script holds only if the
  # settings are those, by their time, with which the program wrote it there.
  __devenv_settings=$HOME/.config/devenv/settings.toml
  __devenv_source "$HOME/.local/state/devenv" && return
  [ -f "$__devenv_settings" ] || return
  __devenv_state=
  while IFS= read -r __devenv_line || [ -n "$__devenv_line" ]; do
    case $__devenv_line in
      state*=*\"/*\"*) __devenv_state=${__devenv_line#*\"} __devenv_state=${__devenv_state%%\"*} ;;
      state*=*\'/*\'*) __devenv_state=${__devenv_line#*\'} __devenv_state=${__devenv_state%%\'*} ;;
    esac
  done <"$__devenv_settings"
  [ -n "$__devenv_state" ] && __devenv_source "$__devenv_state"
}

__devenv_source() { # state directory
  __devenv_state=$1 __devenv_ready='' __devenv_format=1
  set -- "$1/active$__devenv_project/@devenv/activate.sh"
  # A script in which something went wrong is not worth a word: the program deals with it.
  # shellcheck disable=SC1090
  [ -O "$__devenv_state" ] && [ -O "$1" ] && command . "$1" 2>/dev/null
  [ -n "$__devenv_ready" ]
}

__devenv_become() { # command and arguments, none for a shell
  __devenv_find "$__devenv_command" || return
  if [ "$__devenv_verb" = shell ]; then
    case ${__devenv_command##*/} in
      bash)
        set -- "$__devenv_command" --rcfile "$DEVENV_GENERATION/shell.bash"
        [ -e "$3" ] || return
        ;;
      fish)
        case $DEVENV_GENERATION in
          *[\'\\]*) return ;;
        esac
        set -- "$__devenv_command" --init-command "source '$DEVENV_GENERATION/shell.fish'"
        [ -e "$DEVENV_GENERATION/shell.fish" ] || return
        ;;
      zsh)
        set -- "$__devenv_command"
        [ -e "$DEVENV_GENERATION/shell.zsh/.zshenv" ] || return
        unset -v DEVENV_USER_ZDOTDIR
        [ -z "${ZDOTDIR+set}" ] || export DEVENV_USER_ZDOTDIR="$ZDOTDIR"
        export ZDOTDIR="$DEVENV_GENERATION/shell.zsh"
        ;;
      *) set -- "$__devenv_command" ;;
    esac
    # What this process is going to be has the generation in use as long as it lives.
    { printf %s "$DEVENV_GENERATION" >|"$__devenv_state/shells/$$"; } 2>/dev/null
  fi
  # What the system refuses (a script whose interpreter is missing) the program explains. dash ends then, bash goes on.
  trap '__devenv_program "$@"' EXIT
  # shellcheck disable=SC3044 # only bash is asked
  [ -z "${BASH_VERSION-}" ] || command shopt -s execfail
  __devenv_clear
  exec "$@"
}

__devenv_find() { # command: whether there is such a program
  case $1 in
    */*)
      [ -f "$1" ] && [ -x "$1" ]
      return
      ;;
  esac
  case $PATH in
    *%*) return 1 ;; # in dash it begins something else than a name
  esac
  __devenv_rest=$PATH:
  while [ -n "$__devenv_rest" ]; do
    __devenv_entry=${__devenv_rest%%:*} __devenv_rest=${__devenv_rest#*:}
    [ -f "${__devenv_entry:-.}/$1" ] && [ -x "${__devenv_entry:-.}/$1" ] && return
  done
  return 1
}

__devenv_clear
__devenv_fast "$@" || :
__devenv_program "$@"
