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
# - `cd`, `pushd` and `popd` become functions that look as a prompt does, so that `cd project && make` is right as well.
# - It works whatever `set` and `shopt` say. The project's own code runs outside of our functions, under the user's
#   options.
#
# Every name begins with `__devenv`, local ones included: bash looks variables up through all callers, so that a plain
# `local name` would hide the user's own variable `name` from what sets and restores it. No environment may set such
# names. `builtin` stands where people define functions of that name. Paths of projects end in a slash here. A command
# costs about a microsecond; where there is a choice, the common way has few. What is kept from prompt to prompt:
#
#   __devenv_here     its one key is a colon and the directory for which all is settled
#   __devenv_missing, __devenv_absent     what must not come to exist for that to stay so
#   __devenv_project, __devenv_generation, __devenv_link, __devenv_hook     what is loaded, if anything
#   __devenv_noted    the generation of which the program knows that this shell is in it
#   __devenv_manifest, __devenv_lock and their stamps     the files whose times are compared
#   __devenv_values   plain variables → what we give them
#   __devenv_entries  list variables → our entries
#   __devenv_tails    list variables → what follows our entries where the variable is unset or empty
#   __devenv_lists    list variables → what we gave them, entries and all
#   __devenv_was, __devenv_attributes     variables → what they were (absent: not set), and `x` if exported
#   __devenv_aliases, __devenv_alias_was  aliases → commands, and `=` with what they were, or `none`

# --- at the prompt ---

__devenv_prompt() { # status 0: the caller is to evaluate $__devenv_pending, the project's own shell code
  # One test, since each costs. More than eight directories in which a project may come to exist are not tested here but
  # looked at anew; so is everything where an option would print what is done. The first stamp is looked up through the
  # project's link and below a name that only this generation has: once the link points elsewhere, it is not there.
  if [[ -n ${__devenv_here[:$PWD]+set} && $- != *[uvx]* && ! -e $__devenv_missing && ! (-n ${__devenv_absent[0]} && (\
    -e ${__devenv_absent[0]} || -e ${__devenv_absent[1]} || -e ${__devenv_absent[2]} || -e ${__devenv_absent[3]} || \
    -n ${__devenv_absent[4]} && (-e ${__devenv_absent[4]} || -e ${__devenv_absent[5]} || \
    -e ${__devenv_absent[6]} || -e ${__devenv_absent[7]} || -n ${__devenv_absent[8]}))) && (-z $__devenv_project || ! (\
    $__devenv_manifest -nt $__devenv_linked_stamp || $__devenv_manifest -ot $__devenv_manifest_stamp || \
    $__devenv_lock -nt $__devenv_lock_stamp || $__devenv_lock -ot $__devenv_lock_stamp)) ]]; then
    return 1
  fi
  __devenv_guard __devenv_follow
}

__devenv_moved() { # after a change of directory: what follows on the same line runs in the new environment
  [[ $BASH_SUBSHELL == 0 ]] || return 0
  # The project's own code waits for the prompt: what it declares would be local to our function.
  if __devenv_prompt; then __devenv_deferred=$__devenv_pending __devenv_here=(); fi
}

__devenv_guard() { # function, arguments: runs it whatever the user's options are; status 0: there is code to evaluate
  __devenv_pending=$__devenv_deferred __devenv_deferred=
  # Of the options only these matter: `set -e` and `ERR` traps do not act in a list with `&&`, where this is called.
  [[ $- != *[ETuvx]* ]] || { local - && set +ETuvx; }
  # shellcheck disable=SC2050 # constant but for `nocasematch`
  if [[ a != A ]]; then
    "$@"
  else
    builtin shopt -u nocasematch
    "$@"
    builtin shopt -s nocasematch
  fi
  [[ -n $__devenv_pending ]]
}

__devenv_follow() { # brings this shell to the environment of $PWD
  __devenv_here=()
  [[ -z $__devenv_unsettled ]] || __devenv_prepare || return
  __devenv_walk "${PWD%/}" || __devenv_walk_physical
  [[ -z $__devenv_found ]] || __devenv_fresh "$__devenv_found" || __devenv_ask || return
  if [[ $__devenv_found != "$__devenv_project" ]]; then
    [[ -z $__devenv_project ]] || __devenv_leave
    [[ -z $__devenv_found ]] || __devenv_enter "$__devenv_found" entered || return
  elif [[ -n $__devenv_project ]]; then
    __devenv_stay || return
  fi
  __devenv_here=([:"$PWD"]=1)
  [[ -z $__devenv_unallowed$__devenv_unanswered$__devenv_said ]] || __devenv_remark
}

__devenv_prepare() { # the first time, after an interruption, and in a shell that stays where it is (status 1)
  [[ -z $__devenv_pinned ]] || return 1
  [[ $__devenv_unsettled != entering ]] || __devenv_leave
  [[ $__devenv_unsettled != new ]] || __devenv_adopt
  __devenv_unsettled=
}

__devenv_stay() { # the project is the one whose environment is loaded
  if [[ ! $__devenv_link -ef $__devenv_generation ]]; then
    __devenv_leave
    __devenv_enter "$__devenv_found" 'switched to the new environment of'
  elif [[ -n $__devenv_inherited ]]; then
    __devenv_settle
  fi
}

__devenv_remark() { # what there is to say of a directory without an environment, and that other things are no longer so
  __devenv_unanswered=
  if [[ -n $__devenv_unallowed ]]; then
    # shellcheck disable=SC2016 # backticks round a command are how messages are written
    __devenv_say_once 'the project %q is not allowed: read its `devenv.toml`, then run `devenv allow`' \
      "$__devenv_unallowed"
  else
    __devenv_said=
  fi
}

# --- which project ---

__devenv_walk() { # directory, from which to go up to the first project; status 1: on the way lies a symbolic link
  local __devenv_path=$1
  # Below a directory `@devenv` the way would lead into a generation and its packages, which anybody may have made.
  [[ $1/ != */@devenv/* ]] || __devenv_path=${1%%/@devenv/*} __devenv_path=${__devenv_path%/@devenv}
  __devenv_found='' __devenv_unallowed='' __devenv_missing='' __devenv_absent=()
  until [[ -e $__devenv_active$__devenv_path/@devenv/activate.bash ]]; do
    if [[ -n ${__devenv_absent[0]} || -d $__devenv_active$__devenv_path ]]; then
      __devenv_absent+=("$__devenv_active$__devenv_path/@devenv")
    else
      __devenv_missing=$__devenv_active$__devenv_path # nothing can come to exist below either
    fi
    if [[ -L $__devenv_path || -e $__devenv_path/devenv.toml || $__devenv_path != */* ]]; then
      __devenv_walk_end "$__devenv_path"
      return
    fi
    __devenv_path=${__devenv_path%/*}
  done
  __devenv_found=$__devenv_path/
}

__devenv_walk_end() { # directory that ended the way up without a project
  local __devenv_path=$1
  if [[ -e $__devenv_path/devenv.toml && ! -e $__devenv_active$__devenv_path/@denied ]]; then
    __devenv_unallowed=${__devenv_path:-/}
  fi
  while [[ $__devenv_path == */* ]]; do
    [[ ! -L $__devenv_path ]] || return 1
    __devenv_path=${__devenv_path%/*}
  done
}

__devenv_walk_physical() { # the same, from where $PWD really is: projects are known by paths without symbolic links
  local __devenv_path
  __devenv_path=$(builtin pwd -P 2>/dev/null && builtin printf .) # the dot keeps newlines at the end of the path
  __devenv_path=${__devenv_path%$'\n.'}
  __devenv_walk "${__devenv_path%/}"
}

__devenv_fresh() { # project: its files have the times that they had when allowed; missing ones are still missing
  local __devenv_stamps=$__devenv_active$1@devenv
  [[ ! ($1devenv.toml -nt $__devenv_stamps/0.stamp || $1devenv.toml -ot $__devenv_stamps/0.stamp ||
    $1devenv.lock -nt $__devenv_stamps/1.stamp || $1devenv.lock -ot $__devenv_stamps/1.stamp) ]]
}

__devenv_ask() { # what is found changed: the program compares its content; status 1: what is loaded is to stay
  until [[ -z $__devenv_found ]] || __devenv_fresh "$__devenv_found"; do
    if ! __devenv_ask_program "$__devenv_found"; then
      # Nobody said whether the changed files are allowed: nothing new is entered.
      [[ $__devenv_found == "$__devenv_project" ]] || __devenv_leave
      return 1
    fi
    __devenv_walk "${PWD%/}" || __devenv_walk_physical
  done
}

__devenv_ask_program() { # project; status 1: the program has not answered
  local __devenv_path=${1%/}
  if [[ $__devenv_unanswered == "$1" && ! (-n $__devenv_mark && \
    ($1devenv.toml -nt $__devenv_mark || $1devenv.lock -nt $__devenv_mark)) ]]; then
    return 1
  fi
  # First of all: who interrupts the program does not want it at the next prompt.
  __devenv_unanswered=$1 __devenv_mark=$__devenv_active$1@asked
  builtin printf '' 2>/dev/null >|"$__devenv_mark"
  # A file from the future, or no mark, could not be told from a further change.
  [[ ! ($1devenv.toml -nt $__devenv_mark || $1devenv.lock -nt $__devenv_mark) ]] || __devenv_mark=
  if [[ -x $__devenv_program ]] && "$__devenv_program" hook-changed -- "${__devenv_path:-/}" </dev/null >&2; then
    if __devenv_fresh "$1" || [[ ! -e $__devenv_active$1@devenv/activate.bash ]]; then
      __devenv_unanswered=
      return 0
    fi
  fi
  # shellcheck disable=SC2016
  __devenv_say_once 'the files of %q changed, and nothing follows until `devenv status` works there' \
    "${__devenv_path:-/}"
  return 1
}

# --- entering: a script of the state directory calls `begin`, and the others in a block that runs if that succeeds ---

__devenv_enter() { # project, what to say of it
  __devenv_link=$__devenv_active$1@devenv
  __devenv_read "$__devenv_link" "$1"
  if [[ -z $__devenv_project ]]; then
    __devenv_unfit=$1
    # shellcheck disable=SC2016
    __devenv_say_once 'the environment of %q does not fit this shell: start a new one, or run `devenv allow`' "$1"
    return 1
  fi
  __devenv_say "$2 %q" "${DEVENV_PROJECT##*/}"
}

__devenv_read() { # generation, the project it must belong to; where it does not, $__devenv_project stays empty
  __devenv_source=$1 __devenv_expected=$2 __devenv_unsettled=entering
  if [[ -z $__devenv_unfit ]]; then
    builtin source "$1/activate.bash"
  else
    builtin source "$1/activate.bash" 2>/dev/null # bash said before what is wrong with it
  fi
  [[ -z $__devenv_project || $__devenv_generation == "$__devenv_noted" ]] || __devenv_note
  __devenv_unsettled='' __devenv_unfit=''
}

__devenv_note() { # tells the program not to delete this generation: of the last one noted, as long as this shell lives
  builtin printf %s "$__devenv_generation" 2>/dev/null >|"$__devenv_state/shells/$BASHPID" &&
    __devenv_noted=$__devenv_generation
}

__devenv_begin() { # format, project, generation; status 1: nothing of this script is to be run
  [[ $1 == 1 && ${2%/}/ == "$__devenv_expected" && $3 -ef $__devenv_source ]] || return 1
  __devenv_project=$__devenv_expected __devenv_generation=$3 \
    __devenv_manifest=${__devenv_expected}devenv.toml __devenv_manifest_stamp=$3/0.stamp \
    __devenv_lock=${__devenv_expected}devenv.lock __devenv_lock_stamp=$3/1.stamp \
    __devenv_linked_stamp=$__devenv_link/${3##*/}/0.stamp
  [[ -n $__devenv_inherited ]] || builtin export "DEVENV_PROJECT=$2" "DEVENV_GENERATION=$3"
}

__devenv_set() { # name, value
  __devenv_values[$1]=$2
  if [[ -z $__devenv_inherited${!1+set} ]]; then
    builtin export "$1=$2"
  elif [[ -n $__devenv_inherited ]]; then
    __devenv_recall "$1"
  else
    __devenv_give "$1" "$2" || builtin unset -v "__devenv_values[$1]"
  fi
}

__devenv_prepend() { # name, what follows the entries where the variable is unset or empty, entries between colons
  __devenv_tails[$1]=$2 __devenv_entries[$1]=$3
  if [[ -n $__devenv_inherited ]]; then
    __devenv_recall "$1"
    __devenv_lists[$1]=$3${__devenv_was[$1]:+:}${__devenv_was[$1]:-$2}
  else
    __devenv_put_in "$1"
  fi
}

__devenv_alias() { # name, command
  __devenv_aliases[$1]=$2
  [[ -n $__devenv_inherited ]] || __devenv_define "$1"
}

__devenv_enter_hook() { # code
  __devenv_hook=$1
  [[ -n $__devenv_inherited ]] || __devenv_pending=$1
}

__devenv_put_in() { # list variable: our entries come first
  __devenv_lists[$1]=${__devenv_entries[$1]}${!1:+:}${!1:-${__devenv_tails[$1]}}
  if [[ -z ${!1+set} ]]; then
    builtin export "$1=${__devenv_lists[$1]}"
  else
    __devenv_give "$1" "${__devenv_lists[$1]}" || builtin unset -v "__devenv_entries[$1]" "__devenv_lists[$1]"
  fi
}

__devenv_give() { # variable that is set, value; status 1: this shell does not allow it
  __devenv_was[$1]=${!1} __devenv_attributes[$1]=${!1@a}
  case ${__devenv_attributes[$1]} in
    # What was is for children, and they do not inherit what is not exported: there, it was not set.
    x) builtin export "DEVENV_WAS_$1=${!1}" "$1=$2" ;;
    '') builtin export "$1=$2" ;;
    *) # read-only, a number, an array …: assigning would fail, or would change what is assigned
      builtin unset -v "__devenv_was[$1]"
      __devenv_say '%q is special in this shell and stays as it is' "$1"
      return 1
      ;;
  esac
}

__devenv_define() { # alias
  __devenv_alias_was[$1]=${BASH_ALIASES[$1]-none}
  [[ -z ${BASH_ALIASES[$1]+set} ]] || __devenv_alias_was[$1]="=${BASH_ALIASES[$1]}"
  # shellcheck disable=SC2139 # the command is meant to be put in now
  builtin alias "$1=${__devenv_aliases[$1]}"
}

__devenv_reset() { # nothing is loaded; the other arrays are only asked for the keys of these
  __devenv_values=() __devenv_lists=() __devenv_was=() __devenv_alias_was=() \
    __devenv_project='' __devenv_hook='' __devenv_pending='' __devenv_inherited=''
}

# --- a shell that was started inside an environment ---

__devenv_adopt() { # takes over what the parent published, if it names a generation of this state directory
  local __devenv_path=${DEVENV_GENERATION-} __devenv_parent=$__devenv_state/projects/ __devenv_old=${DEVENV_PROJECT-}
  if [[ ${__devenv_path#"$__devenv_parent"} =~ ^[0-9a-f]{32}/generations/[0-9]{1,18}$ &&
    -e $__devenv_path/activate.bash ]]; then
    __devenv_inherited=1 __devenv_link=$__devenv_active${__devenv_old%/}/@devenv
    __devenv_read "$__devenv_path" "${__devenv_old%/}/"
  fi
  if [[ -z $__devenv_project ]]; then
    __devenv_inherited=
    builtin unset -v DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME "${!DEVENV_WAS_@}"
  fi
}

__devenv_recall() { # variable: what it was, by the parent
  local __devenv_old=DEVENV_WAS_$1
  [[ -z ${!__devenv_old+set} ]] || __devenv_was[$1]=${!__devenv_old} __devenv_attributes[$1]=x
}

__devenv_settle() { # stays in what was inherited, and adds what is not
  local __devenv_name __devenv_value
  __devenv_inherited='' __devenv_pending=$__devenv_hook
  for __devenv_name in "${!__devenv_lists[@]}"; do
    # A login shell sets PATH anew, an rc file puts its own directories in front: ours come first again.
    __devenv_value=${!__devenv_name-}:
    if [[ $__devenv_value != "${__devenv_entries[$__devenv_name]}:"* ]]; then
      __devenv_take_out "$__devenv_name"
      builtin unset -v "__devenv_was[$__devenv_name]" "DEVENV_WAS_$__devenv_name"
      __devenv_put_in "$__devenv_name"
    fi
  done
  for __devenv_name in "${!__devenv_aliases[@]}"; do
    __devenv_define "$__devenv_name"
  done
}

# --- leaving ---

__devenv_leave() {
  local __devenv_name
  for __devenv_name in "${!__devenv_values[@]}"; do
    if [[ ${!__devenv_name+=}${!__devenv_name-} == "=${__devenv_values[$__devenv_name]}" ]]; then
      __devenv_restore "$__devenv_name"
    fi
  done
  for __devenv_name in "${!__devenv_lists[@]}"; do
    if [[ ${!__devenv_name+=}${!__devenv_name-} == "=${__devenv_lists[$__devenv_name]}" ]]; then
      __devenv_restore "$__devenv_name"
    else
      __devenv_take_out "$__devenv_name"
    fi
  done
  for __devenv_name in "${!__devenv_was[@]}"; do
    builtin unset -v "DEVENV_WAS_$__devenv_name"
  done
  [[ -z ${__devenv_alias_was[*]} ]] || __devenv_undefine
  builtin unset -v DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME
  __devenv_reset
}

__devenv_undefine() { # every alias of ours that is still what we made it
  local __devenv_name
  for __devenv_name in "${!__devenv_alias_was[@]}"; do
    if [[ ${BASH_ALIASES[$__devenv_name]-} != "${__devenv_aliases[$__devenv_name]}" ]]; then
      continue
    elif [[ ${__devenv_alias_was[$__devenv_name]} == =* ]]; then
      # shellcheck disable=SC2139
      builtin alias "$__devenv_name=${__devenv_alias_was[$__devenv_name]#=}"
    else
      builtin unalias "$__devenv_name"
    fi
  done
}

__devenv_restore() { # variable: as it was before
  if [[ -n ${__devenv_was[$1]+set} ]]; then
    __devenv_assign "$1" "${__devenv_was[$1]}"
  else
    builtin unset -v "$1"
  fi
}

__devenv_assign() { # variable, value: exported if it was, or if it did not exist
  if [[ -n ${__devenv_was[$1]+set} && -z ${__devenv_attributes[$1]} ]]; then
    builtin export -n "$1=$2"
  else
    builtin export "$1=$2"
  fi
}

__devenv_take_out() { # list variable: our entries go, the first of each; what the user added stays, in its order
  [[ -n ${!1+set} ]] || return 0
  local - IFS=: __devenv_entry __devenv_all=${!1}: __devenv_value=
  local -A __devenv_count=() # an element → a letter for each time that it is to go; no key is empty
  set -f
  # shellcheck disable=SC2086 # split at colons; one that ends the text would not count as a further element
  for __devenv_entry in ${__devenv_entries[$1]}; do
    __devenv_count[:$__devenv_entry]+=x
  done
  # shellcheck disable=SC2086
  for __devenv_entry in $__devenv_all; do
    if [[ -n ${__devenv_count[:$__devenv_entry]-} ]]; then
      __devenv_count[:$__devenv_entry]=${__devenv_count[:$__devenv_entry]#x}
    else
      __devenv_value+=:$__devenv_entry
    fi
  done
  __devenv_value=${__devenv_value#:}
  if [[ -z ${__devenv_was[$1]-} && $__devenv_value == "${__devenv_tails[$1]#:}" ]]; then
    __devenv_restore "$1"
  else
    __devenv_assign "$1" "$__devenv_value"
  fi
}

# --- words for people ---

__devenv_say() { # format with one %q, text for it from outside
  # %q makes control characters harmless, but what changes the direction of writing counts as printable: whatever is
  # more than letters and digits is spelt in ASCII.
  case $2 in *[![:alnum:]_./@+,:~=-]*) local LC_ALL=C ;; esac
  # shellcheck disable=SC2059 # the formats stand in this file
  builtin printf "devenv: $1\n" "$2" >&2
}

__devenv_say_once() { # the same, unless it was the last thing said
  [[ $__devenv_said == "$1$2" ]] || __devenv_say "$@"
  __devenv_said=$1$2
}

# --- setting up ---

__devenv_pin() { # project, generation: for `devenv shell`, which stays in its environment wherever it goes
  __devenv_adopt
  __devenv_leave
  __devenv_read "$2" "${1%/}/"
  __devenv_pinned=$__devenv_project __devenv_unsettled=pinned
}

__devenv_install() { # state directory, program
  local -
  set +eEfuvxT
  if [[ -z ${__devenv_installed[1]-} ]]; then # not read before by this shell: what is inherited is no array
    builtin unset -v "${!__devenv_@}"
    declare -ga __devenv_installed=(yes yes) __devenv_absent=()
    declare -gA __devenv_here=() __devenv_values=() __devenv_entries=() __devenv_tails=() __devenv_lists=()
    declare -gA __devenv_was=() __devenv_attributes=() __devenv_aliases=() __devenv_alias_was=()
    __devenv_unsettled=new __devenv_pinned='' __devenv_said='' __devenv_unanswered='' __devenv_mark='' __devenv_unfit=''
    __devenv_link='' __devenv_missing='' __devenv_found='' __devenv_unallowed='' __devenv_deferred='' __devenv_noted=''
    __devenv_reset
  fi
  __devenv_state=$1 __devenv_active=$1/active __devenv_program=$2
  local __devenv_name __devenv_command
  for __devenv_name in cd pushd popd; do # functions of the user stay: then the next prompt follows
    builtin declare -F "$__devenv_name" >/dev/null ||
      builtin eval "function $__devenv_name { builtin $__devenv_name \"\$@\" && __devenv_moved; }"
  done
  # shellcheck disable=SC2016 # expanded at the prompt; evaluated there, code can set options and declare variables
  __devenv_command='__devenv_prompt && builtin eval "$__devenv_pending" || :'
  for __devenv_name in "${PROMPT_COMMAND[@]}"; do
    [[ $__devenv_name != *__devenv_prompt* ]] || return 0
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
