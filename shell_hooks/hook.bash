# shellcheck shell=bash
# devenv's hook for bash 4.4 or later. In ~/.bashrc: eval "$(devenv hook bash)"
#
# At every prompt it asks: which project is this directory in, and is its environment the one that this shell has? As
# long as nothing changed that takes a few `stat`s, and no process: neither does entering or leaving. There are two
# exceptions. The program runs when `devenv.toml` or `devenv.lock` changed; and a directory that was reached through a
# symbolic link costs one `$(pwd -P)` after the `cd`.
#
# - What a project does is allowed by its owner, and then lies in the state directory: nothing in a project directory
#   is read here, only its existence and its times.
# - Entering and a switched generation are one line on standard error. Leaving says nothing.
# - Leaving undoes what is still as it was set. What the user changed meanwhile stays.
# - `DEVENV_PROJECT`, `DEVENV_GENERATION` and `DEVENV_WAS_<NAME>` (what NAME was; absent: it was not set) are exported,
#   so that a child shell can leave. They are only data; names and values to undo come from the state directory.
# - From bash 5.1 on the hook is the first element of `PROMPT_COMMAND`, so that the prompt shows the new environment.
#   Before, commands of that string see the status and the pipe status that those in front of them leave: there it
#   comes last.
# - Everything works with any `set` and `shopt` options; user code runs outside of our functions, under the user's own.
#
# Every name begins with `__devenv`, local ones included: bash looks variables up through all callers, so that a plain
# `local name` would hide the user's own variable `name` from what sets and restores it. No environment may set such
# names. Comparisons of text use `[`, which `nocasematch` does not change. `builtin` stands where people define
# functions of that name. State lies in arrays, since those are never inherited.

# --- at the prompt ---

__devenv_prompt() { # status 0: the caller is to evaluate $__devenv_pending, the project's own shell code
  local -
  set +eEfuvxT
  __devenv_pending=
  __devenv_steady || __devenv_follow
  [ -n "$__devenv_pending" ]
}

__devenv_steady() { # nothing changed since the last prompt
  local __devenv_path
  [ "$PWD" = "${__devenv[directory]}" ] || return 1
  for __devenv_path in "${__devenv_absent[@]}"; do
    if [[ -e $__devenv_path ]]; then return 1; fi
  done
  [ -z "${__devenv[project]}" ] || { __devenv_current && __devenv_fresh "${__devenv[project]}"; }
}

__devenv_current() { # the generation of this shell is still that of the project
  [[ ${__devenv[state]}/active${__devenv[project]%/}/@devenv -ef ${__devenv[generation]} ]]
}

__devenv_fresh() { # project: its files have the times they had when they were allowed; missing ones are still missing
  local __devenv_file __devenv_stamp
  for __devenv_file in devenv.toml devenv.lock; do
    __devenv_stamp=${__devenv[state]}/active${1%/}/@devenv/$__devenv_file.stamp
    __devenv_file=${1%/}/$__devenv_file
    if [[ $__devenv_file -nt $__devenv_stamp || $__devenv_file -ot $__devenv_stamp ]]; then return 1; fi
  done
}

__devenv_follow() { # brings this shell to the environment of $PWD
  local __devenv_before
  [ -z "${__devenv[pinned]}" ] || return 0
  __devenv[directory]=
  [ -z "${__devenv[busy]}" ] || __devenv_leave # entering was interrupted
  [ -n "${__devenv[adopted]}" ] || __devenv_adopt
  __devenv_look
  until [ -z "${__devenv[found]}" ] || __devenv_fresh "${__devenv[found]}"; do
    if ! __devenv_ask "${__devenv[found]}"; then
      # Nobody said whether the changed files are allowed: what is loaded stays, nothing new is entered.
      [ "${__devenv[found]}" = "${__devenv[project]}" ] || __devenv_leave
      return
    fi
    __devenv_look
  done
  __devenv_before=${__devenv[project]}
  if [ "${__devenv[found]}" != "$__devenv_before" ] || { [ -n "$__devenv_before" ] && ! __devenv_current; }; then
    [ -z "$__devenv_before" ] || __devenv_leave
    [ -z "${__devenv[found]}" ] || __devenv_enter "${__devenv[found]}" "$__devenv_before" || return
  elif [ -n "${__devenv[inherited]}" ]; then
    __devenv_settle
  fi
  __devenv[directory]=$PWD
  if [ -n "${__devenv[unallowed]}" ]; then
    # shellcheck disable=SC2016 # backticks round a command are how messages are written
    __devenv_say_once 'the project %s is not allowed: read its `devenv.toml`, then run `devenv allow`' \
      "${__devenv[unallowed]}"
  else
    __devenv[said]=
  fi
}

# --- which project ---

__devenv_look() { # finds the project of $PWD, and whatever must not come to exist for that to stay so
  local __devenv_path __devenv_base
  __devenv_locate
  __devenv_path=${__devenv[place]%/}
  __devenv[found]='' __devenv[unallowed]='' __devenv_absent=()
  while :; do
    # A directory of that name would lead into a generation, and on into packages, which anybody may have made.
    if [[ $__devenv_path/ != */@devenv/* ]]; then
      __devenv_base=${__devenv[state]}/active$__devenv_path
      if [[ -e $__devenv_base/@devenv/activate.bash ]]; then
        __devenv[found]=${__devenv_path:-/}
        break
      fi
      __devenv_absent+=("$__devenv_base/@devenv/activate.bash")
      if [[ -e $__devenv_path/devenv.toml ]]; then
        [[ -e $__devenv_base/@denied ]] || __devenv[unallowed]=${__devenv_path:-/}
        break
      fi
    fi
    [ -n "$__devenv_path" ] || break
    __devenv_path=${__devenv_path%/*}
  done
  [ "${__devenv[found]}" = "${__devenv[unanswered]}" ] || __devenv[unanswered]=
}

__devenv_locate() { # $PWD without symbolic links: projects are known by such paths
  local __devenv_path=$PWD
  [ "$PWD" != "${__devenv[logical]}" ] || return 0
  __devenv[logical]=$PWD __devenv[place]=${PWD/#\/\//\/}
  if [[ $PWD != /* ]]; then __devenv[place]=/; fi # somebody set PWD
  while [[ $__devenv_path == /* ]]; do
    if [[ -L $__devenv_path ]]; then
      __devenv_path=$(builtin pwd -P 2>/dev/null && builtin printf .) || return 0
      __devenv[place]=${__devenv_path%$'\n.'}
      return
    fi
    __devenv_path=${__devenv_path%/*}
  done
}

__devenv_ask() { # project whose files changed: the program compares their content; status 1: it has not answered
  local __devenv_mark=${__devenv[state]}/active${1%/}/@unanswered
  if [ "${__devenv[unanswered]}" = "$1" ] && ! [[ -e $__devenv_mark && \
    ($1/devenv.toml -nt $__devenv_mark || $1/devenv.lock -nt $__devenv_mark) ]]; then
    return 1
  fi
  __devenv[unanswered]=$1
  builtin printf '' 2>/dev/null >|"$__devenv_mark"
  if [[ -x ${__devenv[program]} ]] && "${__devenv[program]}" hook-changed -- "$1" </dev/null >&2; then
    if __devenv_fresh "$1" || ! [[ -e ${__devenv_mark%/*}/@devenv/activate.bash ]]; then
      __devenv[unanswered]=
      return 0
    fi
  fi
  # shellcheck disable=SC2016
  __devenv_say_once 'the files of %s changed and devenv did not say what to do: run `devenv status` there' "$1"
  return 1
}

# --- reading a script of the state directory: its calls collect, nothing has an effect yet ---

__devenv_read() { # file; status 1: it is not complete, or written for another version of this hook
  __devenv_reset
  builtin source "$1" 2>/dev/null
  [ -n "${__devenv[complete]}" ]
}

__devenv_begin() { # format, project, generation
  [ "$1" = 1 ] || return 1
  __devenv[script_project]=$2 __devenv[script_generation]=$3
}

__devenv_set() { # name, value
  __devenv_values[$1]=$2
}

__devenv_prepend() { # name, what follows the entries where the variable is unset or empty, entries
  local __devenv_name=$1 IFS=:
  __devenv_tails[$1]=$2
  shift 2
  __devenv_entries[$__devenv_name]=$*
}

__devenv_alias() { # name, command
  __devenv_aliases[$1]=$2
}

__devenv_enter_hook() { # code
  __devenv[hook]=$1
}

__devenv_end() {
  __devenv[complete]=1
}

__devenv_reset() { # no environment is loaded
  __devenv_values=() __devenv_entries=() __devenv_tails=() __devenv_aliases=()
  __devenv_ours=() __devenv_was=() __devenv_attributes=() __devenv_alias_was=()
  __devenv[project]='' __devenv[generation]='' __devenv[inherited]='' __devenv[busy]=''
  __devenv[complete]='' __devenv[script_project]='' __devenv[script_generation]='' __devenv[hook]=''
}

# --- entering ---

__devenv_enter() { # project, the project that was left just now
  local __devenv_link=${__devenv[state]}/active${1%/}/@devenv __devenv_name
  if ! __devenv_read "$__devenv_link/activate.bash" || [ "${__devenv[script_project]}" != "$1" ] ||
    ! [[ $__devenv_link -ef ${__devenv[script_generation]} ]]; then
    __devenv_reset
    # shellcheck disable=SC2016
    __devenv_say_once 'the environment of %s does not fit this shell: start a new one, or run `devenv allow`' "$1"
    return 1
  fi
  __devenv_apply
  __devenv_name=${1##*/}
  if [ "$1" = "$2" ]; then
    __devenv_say 'switched to the new environment of %s' "${__devenv_name:-/}"
  else
    __devenv_say 'entered %s' "${__devenv_name:-/}"
  fi
}

__devenv_apply() { # carries out the script that was read
  local __devenv_name
  __devenv[busy]=1
  __devenv[project]=${__devenv[script_project]} __devenv[generation]=${__devenv[script_generation]}
  for __devenv_name in "${!__devenv_values[@]}" "${!__devenv_entries[@]}"; do
    __devenv_change "$__devenv_name"
  done
  builtin export "DEVENV_PROJECT=${__devenv[project]}" "DEVENV_GENERATION=${__devenv[generation]}"
  __devenv_start
  __devenv[busy]=
}

__devenv_start() { # what no child inherits, and thus every interactive shell does for itself
  local __devenv_name
  # shellcheck disable=SC2139 # the command is meant to be put in now
  for __devenv_name in "${!__devenv_aliases[@]}"; do
    __devenv_alias_was[$__devenv_name]=${BASH_ALIASES[$__devenv_name]+=${BASH_ALIASES[$__devenv_name]}}
    builtin alias "$__devenv_name=${__devenv_aliases[$__devenv_name]}"
  done
  __devenv_pending=${__devenv[hook]}
}

__devenv_change() { # variable: sets it, remembers what it was, and publishes that for child shells
  __devenv_attributes[$1]=${!1@a}
  builtin unset -v "__devenv_was[$1]" "DEVENV_WAS_$1"
  [ -z "${!1+set}" ] || __devenv_was[$1]=${!1}
  __devenv_goal "$1"
  # Read-only, a number, an array …: assigning would fail, or would change what is assigned.
  if [ -n "${__devenv_attributes[$1]#x}" ] || ! builtin export "$1=${__devenv_ours[$1]}" 2>/dev/null; then
    builtin unset -v "__devenv_ours[$1]"
    __devenv_say '%s is special in this shell and stays as it is' "$1"
  elif [ -n "${__devenv_was[$1]+set}" ] && [ -n "${__devenv_attributes[$1]}" ]; then
    # Only what was exported: a child would not have inherited anything else.
    builtin export "DEVENV_WAS_$1=${__devenv_was[$1]}"
  fi
}

__devenv_goal() { # variable: works out the value that we give it, from what it was
  if [ -z "${__devenv_entries[$1]+set}" ]; then
    __devenv_ours[$1]=${__devenv_values[$1]}
  elif [ -n "${__devenv_was[$1]-}" ]; then
    __devenv_ours[$1]=${__devenv_entries[$1]}:${__devenv_was[$1]}
  else
    __devenv_ours[$1]=${__devenv_entries[$1]}${__devenv_tails[$1]}
  fi
}

# --- a shell that was started inside an environment ---

__devenv_adopt() { # takes over what the parent published, if it names a generation of this state directory
  local __devenv_path=${DEVENV_GENERATION-} __devenv_base=${__devenv[state]}/projects/ __devenv_name __devenv_old
  __devenv[adopted]=1
  if ! [[ ${__devenv_path#"$__devenv_base"} =~ ^[0-9a-f]{32}/generations/[0-9]{1,18}$ ]] ||
    ! __devenv_read "$__devenv_path/activate.bash" ||
    [ "${__devenv[script_project]}" != "${DEVENV_PROJECT-}" ] ||
    [ "${__devenv[script_generation]}" != "$__devenv_path" ]; then
    __devenv_reset
    builtin unset -v DEVENV_PROJECT DEVENV_GENERATION "${!DEVENV_WAS_@}"
    return
  fi
  __devenv[project]=${__devenv[script_project]} __devenv[generation]=$__devenv_path __devenv[inherited]=1
  for __devenv_name in "${!__devenv_values[@]}" "${!__devenv_entries[@]}"; do
    __devenv_old=DEVENV_WAS_$__devenv_name
    if [ -n "${!__devenv_old+set}" ]; then
      __devenv_was[$__devenv_name]=${!__devenv_old} __devenv_attributes[$__devenv_name]=x
    fi
    __devenv_goal "$__devenv_name"
  done
}

__devenv_settle() { # stays in what was inherited
  local __devenv_name __devenv_value
  __devenv[inherited]=
  for __devenv_name in "${!__devenv_entries[@]}"; do
    # A login shell sets PATH anew, an rc file puts its own directories in front: ours come first again.
    __devenv_value=${!__devenv_name-}:
    if [ "${__devenv_value#"${__devenv_entries[$__devenv_name]}:"}" = "$__devenv_value" ]; then
      __devenv_take_out "$__devenv_name"
      __devenv_change "$__devenv_name"
    fi
  done
  __devenv_start
}

# --- leaving ---

__devenv_leave() {
  local __devenv_name __devenv_old
  for __devenv_name in "${!__devenv_ours[@]}"; do
    if [ -n "${__devenv_entries[$__devenv_name]+set}" ]; then
      __devenv_take_out "$__devenv_name"
    elif [ "${!__devenv_name+=}${!__devenv_name-}" = "=${__devenv_ours[$__devenv_name]}" ]; then
      __devenv_restore "$__devenv_name"
    fi
    builtin unset -v "DEVENV_WAS_$__devenv_name"
  done
  for __devenv_name in "${!__devenv_alias_was[@]}"; do
    __devenv_old=${__devenv_alias_was[$__devenv_name]}
    if [ "${BASH_ALIASES[$__devenv_name]-}" != "${__devenv_aliases[$__devenv_name]}" ]; then
      continue
    elif [ -n "$__devenv_old" ]; then
      # shellcheck disable=SC2139
      builtin alias "$__devenv_name=${__devenv_old#=}"
    else
      builtin unalias "$__devenv_name"
    fi
  done
  builtin unset -v DEVENV_PROJECT DEVENV_GENERATION
  __devenv_reset
}

__devenv_take_out() { # list variable: our entries go, the first of each; what the user added stays, in its order
  local __devenv_left=${__devenv_entries[$1]}: __devenv_entry __devenv_value=:${!1-}:
  [ -n "${!1+set}" ] || return 0
  if [ "${!1}" = "${__devenv_ours[$1]}" ]; then
    __devenv_restore "$1"
    return
  fi
  while [ -n "$__devenv_left" ]; do
    __devenv_entry=:${__devenv_left%%:*}: __devenv_left=${__devenv_left#*:}
    if [ "${__devenv_value#*"$__devenv_entry"}" != "$__devenv_value" ]; then
      __devenv_value=${__devenv_value%%"$__devenv_entry"*}:${__devenv_value#*"$__devenv_entry"}
    fi
  done
  __devenv_value=${__devenv_value#:}
  __devenv_value=${__devenv_value%:}
  if [ -z "${__devenv_was[$1]-}" ] && [ "$__devenv_value" = "${__devenv_tails[$1]#:}" ]; then
    __devenv_restore "$1"
  else
    __devenv_assign "$1" "$__devenv_value"
  fi
}

__devenv_restore() { # variable: as it was before
  if [ -n "${__devenv_was[$1]+set}" ]; then
    __devenv_assign "$1" "${__devenv_was[$1]}"
  else
    builtin unset -v "$1" 2>/dev/null || __devenv_say '%s is read-only now and stays as it is' "$1"
  fi
}

__devenv_assign() { # variable, value: exported if it was, or if it did not exist
  if [ -n "${__devenv_was[$1]+set}" ] && [ -z "${__devenv_attributes[$1]}" ]; then
    builtin export -n "$1=$2"
  else
    builtin export "$1=$2"
  fi 2>/dev/null || __devenv_say '%s is read-only now and stays as it is' "$1"
}

# --- words for people ---

__devenv_say() { # format with one %s, text for it from outside
  local __devenv_text
  # %q makes control characters harmless. What changes the direction of writing counts as printable, though: what is
  # more than letters and digits is spelt in ASCII.
  case $2 in *[![:alnum:]_./@+,:~=-]*) local LC_ALL=C ;; esac
  builtin printf -v __devenv_text %q "$2"
  # shellcheck disable=SC2059 # the formats stand in this file
  builtin printf "devenv: $1\n" "$__devenv_text" >&2
}

__devenv_say_once() { # the same, unless it was the last thing said
  [ "${__devenv[said]}" = "$1$2" ] || __devenv_say "$@"
  __devenv[said]=$1$2
}

# --- setting up ---

__devenv_pin() { # generation: for `devenv shell`, which keeps its environment wherever it goes; status as of the prompt
  local -
  set +eEfuvxT
  __devenv_pending=
  __devenv_adopt
  __devenv_leave
  if __devenv_read "$1/activate.bash"; then
    __devenv_apply
    __devenv[pinned]=1
  fi
  [ -n "$__devenv_pending" ]
}

__devenv_install() { # state directory, program
  local -
  set +eEfuvxT
  if ((${#__devenv[@]} < 2)); then # not read before by this shell: an inherited variable is no array
    builtin unset -v __devenv "${!__devenv_@}"
    declare -gA __devenv=() __devenv_values=() __devenv_entries=() __devenv_tails=() __devenv_aliases=()
    declare -gA __devenv_ours=() __devenv_was=() __devenv_attributes=() __devenv_alias_was=()
    declare -ga __devenv_absent=()
    __devenv_reset
    __devenv[directory]='' __devenv[adopted]='' __devenv[pinned]='' __devenv[said]=''
    __devenv[found]='' __devenv[unallowed]='' __devenv[unanswered]='' __devenv[logical]='' __devenv[place]=''
  fi
  __devenv[state]=$1 __devenv[program]=$2
  # shellcheck disable=SC2016 # expanded at the prompt; evaluated there, code can set options and declare variables
  local __devenv_command='__devenv_prompt && builtin eval "$__devenv_pending" || :' __devenv_name
  for __devenv_name in "${PROMPT_COMMAND[@]}"; do
    [ "${__devenv_name#*__devenv_prompt}" = "$__devenv_name" ] || return 0
  done
  if [[ ${PROMPT_COMMAND@a} == *r* ]]; then
    __devenv_say '%s is read-only, so that environments cannot follow the directory' PROMPT_COMMAND
  elif ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
    PROMPT_COMMAND=("$__devenv_command" "${PROMPT_COMMAND[@]}")
  else
    # shellcheck disable=SC2178,SC2128 # a string in these versions
    PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}$__devenv_command
  fi
}

if [[ $- != *i* ]]; then
  :
elif ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  printf 'devenv: this bash is version %s, and its hook needs 4.4 or later\n' "$BASH_VERSION" >&2
else
  __devenv_install @DEVENV_STATE@ @DEVENV_PROGRAM@
fi
