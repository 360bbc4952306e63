# shellcheck shell=bash
# devenv's hook for bash 4.4 or later. In ~/.bashrc: eval "$(devenv hook bash)"
#
# At every prompt it asks: which project is this directory in, and is its environment the one that this shell has? As
# long as nothing changed that takes a few `stat`s, and no process; nor do entering and leaving. There are two
# exceptions: the program runs when `devenv.toml` or `devenv.lock` changed, and outside of projects a directory that was
# reached through a symbolic link costs one `$(pwd -P)` after the `cd`.
#
# - What a project does was allowed by its owner, and lies in the state directory since: nothing in a project directory
#   is read here, only existence and times.
# - Entering, and switching to a new generation, is one line on standard error. Leaving says nothing.
# - Leaving undoes what is still as it was set. What the user changed meanwhile stays.
# - `DEVENV_PROJECT`, `DEVENV_GENERATION` and `DEVENV_WAS_<NAME>` (what NAME was; absent: it was not set) are exported,
#   so that a child shell can leave. They are data: names and values to undo come from the state directory.
# - From bash 5.1 on the hook is the first element of `PROMPT_COMMAND`, so that a prompt that shows the environment
#   shows the new one. Before, the commands in that string see the status and the pipe status that those in front of
#   them leave: there it comes last.
# - It works whatever `set` and `shopt` say. The project's own code runs outside of our functions, under the user's options.
#
# Every name begins with `__devenv`, local ones included: bash looks variables up through all callers, so that a plain
# `local name` would hide the user's own variable `name` from what sets and restores it. No environment may set such
# names. Text is compared with `[`, which `nocasematch` does not change. `builtin` stands where people define functions of
# that name. State lies in arrays, since those are never inherited:
#
#   __devenv          single facts: `state` and `program` from the installation, `project`, `generation` and `hook` of
#                     what is loaded, `found` and `unallowed` of the last look
#   __devenv_here     its one key is the directory for which all is settled
#   __devenv_absent   what must not come to exist for that to stay so
#   __devenv_values   plain variables → what we give them
#   __devenv_entries  list variables → our entries; __devenv_tails → what follows where the variable is unset or empty
#   __devenv_lists    list variables → what we gave them, entries and all
#   __devenv_was      variables → what they were; absent: not set. __devenv_attributes → `x` where they were exported
#   __devenv_aliases  aliases → commands; __devenv_alias_was → `=` and what they were, or nothing

# --- at the prompt ---

__devenv_prompt() { # status 0: the caller is to evaluate $__devenv_pending, the project's own shell code
  local -
  set +eEfuvxT
  __devenv_pending=
  if [[ -n ${__devenv_here[$PWD]+set} ]]; then
    local __devenv_path
    for __devenv_path in "${__devenv_absent[@]}"; do
      [[ ! -e $__devenv_path ]] || break
    done
    if [[ ! -e $__devenv_path ]] && { [[ -z ${__devenv[project]} ]] || __devenv_current; }; then return 1; fi
  fi
  __devenv_here=()
  [[ -n ${__devenv[pinned]} ]] || __devenv_follow
  [[ -n $__devenv_pending ]]
}

__devenv_current() { # the generation of this shell is still that of its project, and the files are as they were
  [[ ${__devenv[link]} -ef ${__devenv[generation]} ]] && __devenv_fresh "${__devenv[project]}"
}

__devenv_fresh() { # project: its files have the times that they had when allowed; missing ones are still missing
  local __devenv_stamp=${__devenv[state]}/active${1%/}/@devenv
  [[ ! (${1%/}/devenv.toml -nt $__devenv_stamp/devenv.toml.stamp || \
    ${1%/}/devenv.toml -ot $__devenv_stamp/devenv.toml.stamp || \
    ${1%/}/devenv.lock -nt $__devenv_stamp/devenv.lock.stamp || \
    ${1%/}/devenv.lock -ot $__devenv_stamp/devenv.lock.stamp) ]]
}

__devenv_follow() { # brings this shell to the environment of $PWD
  local __devenv_before
  [[ -z ${__devenv[busy]} ]] || __devenv_leave # entering was interrupted
  [[ -n ${__devenv[adopted]} ]] || __devenv_adopt
  __devenv_look
  until [[ -z ${__devenv[found]} ]] || __devenv_fresh "${__devenv[found]}"; do
    if ! __devenv_ask "${__devenv[found]}"; then
      # Nobody said whether the changed files are allowed: what is loaded stays, nothing new is entered.
      [ "${__devenv[found]}" = "${__devenv[project]}" ] || __devenv_leave
      return
    fi
    __devenv_look
  done
  __devenv_before=${__devenv[project]}
  if [ "${__devenv[found]}" != "$__devenv_before" ] || { [[ -n $__devenv_before ]] && ! __devenv_current; }; then
    [[ -z $__devenv_before ]] || __devenv_leave
    [[ -z ${__devenv[found]} ]] || __devenv_enter "${__devenv[found]}" "$__devenv_before" || return
  elif [[ -n ${__devenv[inherited]} ]]; then
    __devenv_settle
  fi
  __devenv_here[$PWD]=1
  if [[ -n ${__devenv[unallowed]} ]]; then
    # shellcheck disable=SC2016 # backticks round a command are how messages are written
    __devenv_say_once 'the project %q is not allowed: read its `devenv.toml`, then run `devenv allow`' \
      "${__devenv[unallowed]}"
  else
    __devenv[said]=
  fi
}

# --- which project ---

__devenv_look() { # finds the project of $PWD
  local __devenv_path=${PWD%/}
  if ! __devenv_walk "$__devenv_path"; then
    # Projects are known by paths without symbolic links. The dot keeps newlines at the end of the path.
    __devenv_path=$(builtin pwd -P 2>/dev/null && builtin printf .)
    __devenv_path=${__devenv_path%$'\n.'}
    __devenv_walk "${__devenv_path%/}"
  fi
  [ "${__devenv[found]}" = "${__devenv[unanswered]}" ] || __devenv[unanswered]=
}

__devenv_walk() { # directory, from which to go up to the first project; status 1: on the way lies a symbolic link
  # Below a directory of the name `@devenv` the way would lead into a generation and packages, which anybody may have made.
  local __devenv_path=${1%%/@devenv*} __devenv_active=${__devenv[state]}/active
  __devenv[found]='' __devenv[unallowed]='' __devenv_absent=()
  until [[ -e $__devenv_active$__devenv_path/@devenv/activate.bash || -e $__devenv_path/devenv.toml ||
    -L $__devenv_path ]]; do
    __devenv_absent+=("$__devenv_active$__devenv_path/@devenv/activate.bash")
    [[ $__devenv_path == */* ]] || return 0
    __devenv_path=${__devenv_path%/*}
  done
  if [[ -e $__devenv_active$__devenv_path/@devenv/activate.bash ]]; then
    __devenv[found]=${__devenv_path:-/}
    return 0
  fi
  __devenv_absent+=("$__devenv_active$__devenv_path/@devenv/activate.bash")
  [[ -e $__devenv_active$__devenv_path/@denied ]] || __devenv[unallowed]=${__devenv_path:-/}
  while [[ $__devenv_path == */* ]]; do
    [[ ! -L $__devenv_path ]] || return 1
    __devenv_path=${__devenv_path%/*}
  done
}

__devenv_ask() { # project whose files changed: the program compares their content; status 1: it has not answered
  local __devenv_active=${__devenv[state]}/active${1%/}
  local __devenv_mark=$__devenv_active/@unanswered
  if [ "${__devenv[unanswered]}" = "$1" ] && ! [[ -e $__devenv_mark && \
    (${1%/}/devenv.toml -nt $__devenv_mark || ${1%/}/devenv.lock -nt $__devenv_mark) ]]; then
    return 1
  fi
  # First of all: who interrupts the program does not want it at the next prompt.
  __devenv[unanswered]=$1
  builtin printf '' 2>/dev/null >|"$__devenv_mark"
  if [[ -x ${__devenv[program]} ]] && "${__devenv[program]}" hook-changed -- "$1" </dev/null >&2; then
    if __devenv_fresh "$1" || [[ ! -e $__devenv_active/@devenv/activate.bash ]]; then
      __devenv[unanswered]=
      return 0
    fi
  fi
  # shellcheck disable=SC2016
  __devenv_say_once 'the files of %q changed, and nothing follows until `devenv status` works there' "$1"
  return 1
}

# --- reading a script of the state directory: its calls collect, nothing has an effect yet ---

__devenv_read() { # file, project, generation; status 1: it is another's, not complete, or for another version of us
  builtin source "$1" 2>/dev/null
  if [[ -n ${__devenv[complete]} ]] && [ "${__devenv[project]}" = "$2" ] && [[ $3 -ef ${__devenv[generation]} ]]; then
    return 0
  fi
  __devenv_reset
  return 1
}

__devenv_begin() { # format, project, generation
  [[ $1 == 1 ]] && __devenv[project]=$2 __devenv[generation]=$3
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

__devenv_reset() { # nothing is loaded
  __devenv_values=() __devenv_entries=() __devenv_tails=() __devenv_lists=() __devenv_was=() __devenv_attributes=()
  __devenv_aliases=() __devenv_alias_was=()
  __devenv[project]='' __devenv[generation]='' __devenv[hook]='' __devenv[complete]='' __devenv[inherited]=''
  __devenv[busy]=''
}

# --- entering ---

__devenv_enter() { # project, the project that was left just now
  __devenv[link]=${__devenv[state]}/active${1%/}/@devenv
  if ! __devenv_read "${__devenv[link]}/activate.bash" "$1" "${__devenv[link]}"; then
    # shellcheck disable=SC2016
    __devenv_say_once 'the environment of %q does not fit this shell: start a new one, or run `devenv allow`' "$1"
    return 1
  fi
  __devenv_apply
  if [ "$1" = "$2" ]; then
    __devenv_say 'switched to the new environment of %q' "${1##*/}"
  else
    __devenv_say 'entered %q' "${1##*/}"
  fi
}

__devenv_apply() { # carries out the script that was read
  local __devenv_name
  __devenv[busy]=1
  for __devenv_name in "${!__devenv_values[@]}"; do
    __devenv_remember "$__devenv_name"
    __devenv_give "$__devenv_name" "${__devenv_values[$__devenv_name]}" || builtin unset -v "__devenv_values[$__devenv_name]"
  done
  for __devenv_name in "${!__devenv_entries[@]}"; do
    __devenv_put_in "$__devenv_name"
  done
  builtin export "DEVENV_PROJECT=${__devenv[project]}" "DEVENV_GENERATION=${__devenv[generation]}"
  __devenv_start
  __devenv[busy]=
}

__devenv_start() { # what is not inherited, and what every interactive shell thus does for itself
  local __devenv_name
  # shellcheck disable=SC2139 # the command is meant to be put in now
  for __devenv_name in "${!__devenv_aliases[@]}"; do
    __devenv_alias_was[$__devenv_name]=${BASH_ALIASES[$__devenv_name]+=${BASH_ALIASES[$__devenv_name]}}
    builtin alias "$__devenv_name=${__devenv_aliases[$__devenv_name]}"
  done
  __devenv_pending=${__devenv[hook]}
}

__devenv_put_in() { # list variable: our entries come first
  __devenv_remember "$1"
  __devenv_join "$1"
  __devenv_give "$1" "${__devenv_lists[$1]}" || builtin unset -v "__devenv_entries[$1]" "__devenv_lists[$1]"
}

__devenv_join() { # list variable: works out what we give it, from what it was
  __devenv_lists[$1]=${__devenv_entries[$1]}${__devenv_was[$1]:+:}${__devenv_was[$1]:-${__devenv_tails[$1]}}
}

__devenv_remember() { # variable
  [[ -z ${!1+set} ]] || __devenv_was[$1]=${!1}
  __devenv_attributes[$1]=${!1@a}
}

__devenv_give() { # variable, value: exports it, and what it was; status 1: this shell does not allow it
  # Read-only, a number, an array …: assigning would fail, or would change what is assigned.
  if [[ -n ${__devenv_attributes[$1]#x} ]] || ! builtin export "$1=$2" 2>/dev/null; then
    __devenv_say '%q is special in this shell and stays as it is' "$1"
    return 1
  fi
  # A child does not inherit what is not exported: there, it was not set.
  if [[ -n ${__devenv_attributes[$1]} && -n ${__devenv_was[$1]+set} ]]; then
    builtin export "DEVENV_WAS_$1=${__devenv_was[$1]}"
  fi
}

# --- a shell that was started inside an environment ---

__devenv_adopt() { # takes over what the parent published, if it names a generation of this state directory
  local __devenv_path=${DEVENV_GENERATION-} __devenv_base=${__devenv[state]}/projects/ __devenv_name __devenv_old
  __devenv[adopted]=1
  if ! [[ ${__devenv_path#"$__devenv_base"} =~ ^[0-9a-f]{32}/generations/[0-9]{1,18}$ ]] ||
    ! __devenv_read "$__devenv_path/activate.bash" "${DEVENV_PROJECT-}" "$__devenv_path"; then
    builtin unset -v DEVENV_PROJECT DEVENV_GENERATION "${!DEVENV_WAS_@}"
    return
  fi
  __devenv[inherited]=1 __devenv[link]=${__devenv[state]}/active${__devenv[project]%/}/@devenv
  for __devenv_name in "${!__devenv_values[@]}" "${!__devenv_entries[@]}"; do
    __devenv_old=DEVENV_WAS_$__devenv_name
    [[ -z ${!__devenv_old+set} ]] || __devenv_was[$__devenv_name]=${!__devenv_old} __devenv_attributes[$__devenv_name]=x
  done
  for __devenv_name in "${!__devenv_entries[@]}"; do
    __devenv_join "$__devenv_name"
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
      builtin unset -v "__devenv_was[$__devenv_name]" "DEVENV_WAS_$__devenv_name"
      __devenv_put_in "$__devenv_name"
    fi
  done
  __devenv_start
}

# --- leaving ---

__devenv_leave() {
  local __devenv_name __devenv_old
  for __devenv_name in "${!__devenv_values[@]}"; do
    if [ "${!__devenv_name+=}${!__devenv_name-}" = "=${__devenv_values[$__devenv_name]}" ]; then
      __devenv_restore "$__devenv_name"
    fi
  done
  for __devenv_name in "${!__devenv_lists[@]}"; do
    __devenv_take_out "$__devenv_name"
  done
  for __devenv_name in "${!__devenv_alias_was[@]}"; do
    __devenv_old=${__devenv_alias_was[$__devenv_name]}
    if [ "${BASH_ALIASES[$__devenv_name]-}" != "${__devenv_aliases[$__devenv_name]}" ]; then
      continue
    elif [[ -n $__devenv_old ]]; then
      # shellcheck disable=SC2139
      builtin alias "$__devenv_name=${__devenv_old#=}"
    else
      builtin unalias "$__devenv_name"
    fi
  done
  builtin unset -v DEVENV_PROJECT DEVENV_GENERATION "${!DEVENV_WAS_@}"
  __devenv_reset
}

__devenv_take_out() { # list variable: our entries go, the first of each; what the user added stays, in its order
  if [ "${!1+=}${!1-}" = "=${__devenv_lists[$1]}" ]; then
    __devenv_restore "$1"
    return
  elif [[ -z ${!1+set} ]]; then
    return
  fi
  local __devenv_left=${__devenv_entries[$1]}: __devenv_entry __devenv_value=:${!1}:
  while [[ -n $__devenv_left ]]; do
    __devenv_entry=:${__devenv_left%%:*}: __devenv_left=${__devenv_left#*:}
    if [ "${__devenv_value#*"$__devenv_entry"}" != "$__devenv_value" ]; then
      __devenv_value=${__devenv_value%%"$__devenv_entry"*}:${__devenv_value#*"$__devenv_entry"}
    fi
  done
  __devenv_value=${__devenv_value#:}
  __devenv_value=${__devenv_value%:}
  if [[ -z ${__devenv_was[$1]-} ]] && [ "$__devenv_value" = "${__devenv_tails[$1]#:}" ]; then
    __devenv_restore "$1"
  else
    __devenv_assign "$1" "$__devenv_value"
  fi
}

__devenv_restore() { # variable: as it was before
  if [[ -n ${__devenv_was[$1]+set} ]]; then
    __devenv_assign "$1" "${__devenv_was[$1]}"
  else
    builtin unset -v "$1" 2>/dev/null || __devenv_say '%q is read-only now and stays as it is' "$1"
  fi
}

__devenv_assign() { # variable, value: exported if it was, or if it did not exist
  if [[ -n ${__devenv_was[$1]+set} && -z ${__devenv_attributes[$1]} ]]; then
    builtin export -n "$1=$2"
  else
    builtin export "$1=$2"
  fi 2>/dev/null || __devenv_say '%q is read-only now and stays as it is' "$1"
}

# --- words for people ---

__devenv_say() { # format with one %q, text for it from outside
  # %q makes control characters harmless, but what changes the direction of writing counts as printable: whatever is more
  # than letters and digits is spelt in ASCII.
  case $2 in *[![:alnum:]_./@+,:~=-]*) local LC_ALL=C ;; esac
  # shellcheck disable=SC2059 # the formats stand in this file
  builtin printf "devenv: $1\n" "$2" >&2
}

__devenv_say_once() { # the same, unless it was the last thing said
  [ "${__devenv[said]}" = "$1$2" ] || __devenv_say "$@"
  __devenv[said]=$1$2
}

# --- setting up ---

__devenv_pin() { # project, generation: for `devenv shell`, which stays in its environment wherever it goes
  local -
  set +eEfuvxT
  __devenv_pending=
  __devenv_adopt
  __devenv_leave
  if __devenv_read "$2/activate.bash" "$1" "$2"; then
    __devenv_apply
    __devenv[pinned]=1
  fi
  [[ -n $__devenv_pending ]]
}

__devenv_install() { # state directory, program
  local -
  set +eEfuvxT
  if ((${#__devenv[@]} < 2)); then # not read before by this shell: what is inherited is no array
    builtin unset -v __devenv "${!__devenv_@}"
    declare -gA __devenv=([pinned]='' [adopted]='' [busy]='' [said]='' [unanswered]='' [link]='' [project]='')
    declare -gA __devenv_here=() __devenv_values=() __devenv_entries=() __devenv_tails=() __devenv_lists=()
    declare -gA __devenv_was=() __devenv_attributes=() __devenv_aliases=() __devenv_alias_was=()
    declare -ga __devenv_absent=()
    __devenv_reset
  fi
  __devenv[state]=$1 __devenv[program]=$2
  # shellcheck disable=SC2016 # expanded at the prompt; evaluated there, code can set options and declare variables
  local __devenv_command='__devenv_prompt && builtin eval "$__devenv_pending" || :' __devenv_name
  for __devenv_name in "${PROMPT_COMMAND[@]}"; do
    [ "${__devenv_name#*__devenv_prompt}" = "$__devenv_name" ] || return 0
  done
  if [[ ${PROMPT_COMMAND@a} == *r* ]]; then
    __devenv_say '%q is read-only, so that environments cannot follow the directory' PROMPT_COMMAND
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
