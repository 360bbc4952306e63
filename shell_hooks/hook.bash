# shellcheck shell=bash
# devenv's hook for bash 4.4 or later. `devenv hook --install bash` has ~/.bashrc read it.
#
# At every prompt it asks: which project is this directory in, and is its environment the one that this shell has? As
# long as nothing changed that takes a few looks at files, and no process; nor do entering and leaving. Exceptions: when
# a file of the project changed, the program is started, in the background; outside of projects a directory that was
# reached through a symbolic link costs one `$(pwd -P)` after the `cd`.
#
# - What a project does was allowed by its owner, and lies in the state directory since: nothing in a project directory
#   is read here, only existence and times.
# - No prompt waits. Where files changed, the environment stays that was allowed, until the program has made another one
#   and switched the project to it, or has taken it away; what it has to say lies in a file, and is said once.
# - Entering, and switching to a new generation, is one line on standard error. Leaving says nothing.
# - Leaving undoes what is still as it was set. What the user changed meanwhile stays.
# - `DEVENV_PROJECT`, `DEVENV_GENERATION` and `DEVENV_WAS_<NAME>` (what NAME was; absent: it was not set) are exported,
#   so that a child shell can leave. They are data: names and values to undo come from the state directory.
# - From bash 5.1 on the hook is the first element of `PROMPT_COMMAND`, so that a prompt that shows the environment
#   shows the new one. Before, the commands in that string see the status and the pipe status that those in front of
#   them leave: there it comes last.
# - `cd`, `pushd` and `popd` become functions that look as a prompt does, so that `cd project && make` is right as well.
# - It works whatever `set` and `shopt` say. The project's own code runs outside of our functions on entering, under the
#   user's options.
#
# Every name begins with `__devenv`, local ones included: bash looks variables up through all callers, so that a plain
# `local name` would hide the user's own variable `name` from what sets and restores it. No environment may set such
# names. `builtin` stands where people define functions of that name. Paths of projects end in a slash here. A command
# costs about a microsecond; where there is a choice, the common way has few: a generation's script defines functions
# that do for all variables at once what is common (none was set before; all are as we left them), and one that calls
# another function for each, which is for the rest. What is kept from prompt to prompt:
#
#   __devenv_here     its one key is a colon and the directory for which all is settled
#   __devenv_missing, __devenv_absent     what must not come to exist for that to stay so
#   __devenv_project, __devenv_generation, __devenv_link     what is loaded, if anything
#   __devenv_linked   a path through the link at which only this generation has something
#   __devenv_noted    the generation of which the program knows that this shell is in it
#   __devenv_read_generation, __devenv_read_project     whose script was read last; __devenv_script_… is what it defines
#   __devenv_plainly, __devenv_plainly_called     `yes`: no variable, no alias was there before
#   __devenv_values   otherwise: plain variables → `=` and what we gave them, or `-` where we unset them
#   __devenv_lists    list variables → what we gave them, entries and all
#   __devenv_was, __devenv_attributes     variables → what they were (absent: not set), and `x` if exported
#   __devenv_called_was, __devenv_functions_was   aliases, functions → `=` and what was there, or `none`
#   __devenv_functions    functions → what bash makes of ours
#   __devenv_asked, __devenv_marked       the project that was asked about; whether the time of it tells of more changes
#   __devenv_answered, __devenv_said      the program's last answer, and the last notice: each is said once

# --- at the prompt ---

__devenv_prompt() { # status 0: the caller is to evaluate $__devenv_pending, the project's own shell code
  # One test, since each costs. More than eight directories in which a project may come to exist are not tested here but
  # looked at anew; so is everything where an option would print what is done.
  if [[ -n ${__devenv_here[:$PWD]+set} && $- != *[uvx]* && ! -e $__devenv_missing && ! (-n ${__devenv_absent[0]} && (\
    -e ${__devenv_absent[0]} || -e ${__devenv_absent[1]} || -e ${__devenv_absent[2]} || -e ${__devenv_absent[3]} || \
    -n ${__devenv_absent[4]} && (-e ${__devenv_absent[4]} || -e ${__devenv_absent[5]} || \
    -e ${__devenv_absent[6]} || -e ${__devenv_absent[7]} || -n ${__devenv_absent[8]}))) ]] && {
    [[ -z $__devenv_project ]] || __devenv_script_watched
  }; then
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
  if [[ $__devenv_found != "$__devenv_project" ]]; then
    [[ -z $__devenv_project ]] || __devenv_leave
    [[ -z $__devenv_found ]] || __devenv_enter "$__devenv_found" entered || return
  elif [[ -n $__devenv_project ]]; then
    __devenv_stay || return
  fi
  if [[ -z $__devenv_project ]]; then
    __devenv_asked=
  elif __devenv_script_watched; then
    __devenv_asked='' __devenv_answered=''
  else
    __devenv_ask
    return
  fi
  __devenv_here=([:"$PWD"]=1)
  [[ -z $__devenv_unallowed$__devenv_said ]] || __devenv_remark
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
  if [[ -z $__devenv_unallowed ]]; then
    __devenv_said=
  elif ! __devenv_tell_answer "${__devenv_unallowed%/}/"; then
    # shellcheck disable=SC2016 # backticks round a command are how messages are written
    __devenv_say_once 'the project %q is not allowed: read its `devenv.toml`, then run `devenv allow`' \
      "$__devenv_unallowed"
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

# --- what is loaded and changed: the program is asked, and nobody waits ---

__devenv_ask() { # once for each change; what the program answers is looked for at each prompt
  [[ -d $__devenv_project ]] || return
  local __devenv_path=$__devenv_project __devenv_mark=$__devenv_active$__devenv_project@asked \
    __devenv_answer=$__devenv_active$__devenv_project@answer
  if [[ $__devenv_asked == "$__devenv_path" ]]; then
    # With a file from the future a further change could not be told from the one that was asked about.
    [[ -z $__devenv_marked ]] || ! __devenv_script_newer "$__devenv_mark" || __devenv_asked=
  elif [[ -e $__devenv_mark ]] && ! __devenv_script_newer "$__devenv_mark" &&
    __devenv_script_newer "$__devenv_generation/activate.bash"; then
    # Another shell has asked. Of a time that went back, and of a file that is gone, the time tells nothing.
    __devenv_asked=$__devenv_path __devenv_marked=yes
  fi
  if [[ $__devenv_asked == "$__devenv_path" ]]; then
    __devenv_tell_answer "$__devenv_path"
  else
    __devenv_asked=$__devenv_path __devenv_answered='' __devenv_marked=yes
    # What was told before is not about this change.
    [[ ! -e $__devenv_answer ]] || builtin printf '' 2>/dev/null >|"$__devenv_answer"
    builtin printf '' 2>/dev/null >|"$__devenv_mark"
    ! __devenv_script_newer "$__devenv_mark" || __devenv_marked=
    __devenv_ask_program "${__devenv_path%/}" "$__devenv_answer"
  fi
}

__devenv_ask_program() { # project, file for the answer
  # shellcheck disable=SC2016
  local __devenv_format='the files of %q changed, and nothing follows until `devenv status` works there\n'
  if [[ ! -x $__devenv_program || -d $__devenv_program ]]; then
    __devenv_say "${__devenv_format%??}" "${1:-/}"
  else
    # Twice in the background, so that no job appears, and away from the terminal.
    (
      {
        "$__devenv_program" hook-changed -- "${1:-/}" || [[ -s $2 ]] ||
          __devenv_spell "$__devenv_format" "${1:-/}" >|"$2"
      } </dev/null >/dev/null 2>&1 &
    )
  fi
}

__devenv_tell_answer() { # project; status 1: the program has told nothing of it
  local __devenv_line=
  [[ -s $__devenv_active$1@answer ]] && IFS= builtin read -r __devenv_line <"$__devenv_active$1@answer" || return
  [[ $__devenv_line == "$__devenv_answered" ]] || builtin printf 'devenv: %s\n' "$__devenv_line" >&2
  __devenv_answered=$__devenv_line
}

# --- entering: a script of the state directory calls `script`, and the others in a block that runs if that succeeds ---

__devenv_enter() { # project, what to say of it
  __devenv_link=$__devenv_active$1@devenv
  __devenv_read "$__devenv_link" "$1"
  if [[ -z $__devenv_project ]]; then
    [[ -e $__devenv_link/activate.bash ]] || return 1 # taken away at this very moment: the next prompt looks again
    __devenv_unfit=$1
    # shellcheck disable=SC2016
    __devenv_say_once 'the environment of %q does not fit this shell: start a new one, or run `devenv allow`' "$1"
    return 1
  fi
  __devenv_say "$2 %q" "${DEVENV_PROJECT##*/}"
}

__devenv_read() { # generation, the project it must belong to; where it does not, $__devenv_project stays empty
  local __devenv_pin=$__devenv_state/shells/$BASHPID
  __devenv_unsettled=entering
  # What was read once holds, unless it was written since this shell last noted a generation: with the state directory
  # made anew, numbers begin again.
  if [[ $__devenv_read_project != "$2" || ! $__devenv_read_generation -ef $1 ||
    $1/activate.bash -nt $__devenv_pin ]]; then
    [[ -e $__devenv_pin ]] || __devenv_noted=''
    __devenv_read_generation='' __devenv_source=$1 __devenv_expected=$2
    if [[ -z $__devenv_unfit ]]; then
      builtin source "$1/activate.bash"
    else
      builtin source "$1/activate.bash" 2>/dev/null # bash said before what is wrong with it
    fi
  fi
  if [[ -n $__devenv_read_generation ]]; then
    __devenv_load
    [[ $__devenv_generation == "$__devenv_noted" ]] || __devenv_note
  fi
  __devenv_unsettled='' __devenv_unfit=''
}

__devenv_note() { # tells the program not to delete this generation: of the last one noted, as long as this shell lives
  builtin printf %s "$__devenv_generation" 2>/dev/null >|"$__devenv_state/shells/$BASHPID" &&
    __devenv_noted=$__devenv_generation
}

__devenv_script() { # format, project, generation, name; status 1: nothing of this script is to be run
  [[ $1 == 2 && ${2%/}/ == "$__devenv_expected" && $3 -ef $__devenv_source ]] || return 1
  __devenv_read_project=$__devenv_expected __devenv_script_generation=$3 __devenv_script_name=$4 \
    __devenv_script_enter='' __devenv_script_leave='' __devenv_script_commands=()
}

__devenv_load() { # what was read comes into this shell
  local __devenv_name
  __devenv_project=$__devenv_read_project __devenv_generation=$__devenv_read_generation \
    __devenv_linked=$__devenv_link/${__devenv_read_generation##*/}
  if [[ -n $__devenv_inherited ]]; then
    __devenv_script_variables __devenv_recall_variable
    __devenv_script_lists __devenv_recall_list
    return
  fi
  __devenv_name=${__devenv_project%/}
  builtin export "DEVENV_PROJECT=${__devenv_name:-/}" "DEVENV_GENERATION=$__devenv_generation" \
    "DEVENV_NAME=$__devenv_script_name"
  if __devenv_script_plain; then __devenv_plainly=yes; else __devenv_script_variables __devenv_set; fi
  __devenv_script_lists __devenv_put_in
  __devenv_load_interactive
}

__devenv_load_interactive() { # what is not inherited by child shells
  local __devenv_name
  if __devenv_script_plain_aliases; then __devenv_plainly_called=yes; else __devenv_script_aliases __devenv_alias; fi
  __devenv_script_functions __devenv_function
  if [[ -n ${__devenv_script_commands[*]} ]]; then
    __devenv_completed=' '
    for __devenv_name in "${__devenv_script_commands[@]}"; do
      ! builtin complete -p -- "$__devenv_name" || __devenv_completed+="$__devenv_name "
    done >/dev/null 2>&1
  fi
  if [[ -n ${DEVENV_PROMPT_MARK-} && ${PS1@a} != *r* ]]; then
    __devenv_prompt_mark="(${__devenv_script_name//[![:alnum:]._ -]/_}) "
    PS1=$__devenv_prompt_mark${PS1-}
  fi
  __devenv_pending=$__devenv_script_enter
}

__devenv_set() { # name, `=` and value, or `-`
  if [[ -z ${!1+set} ]]; then
    __devenv_values[$1]=$2
    [[ $2 == - ]] || builtin export "$1$2"
  else
    __devenv_values[$1]=$2
    __devenv_give "$1" "$2" || builtin unset -v "__devenv_values[$1]"
  fi
}

__devenv_put_in() { # list variable, what stands for its value where that is empty, entries before and after
  # Each but the first is parted from what precedes it by a colon, and an empty one is none.
  local __devenv_value=$3${!1:+:}${!1:-$2}${4:+:}$4
  [[ -n $3 ]] || __devenv_value=${__devenv_value#:}
  __devenv_lists[$1]=$__devenv_value
  if [[ -z ${!1+set} ]]; then
    builtin export "$1=$__devenv_value"
  else
    __devenv_give "$1" "=$__devenv_value" || builtin unset -v "__devenv_lists[$1]"
  fi
}

__devenv_give() { # variable that is set, `=` and value, or `-`; status 1: this shell does not allow it
  __devenv_was[$1]=${!1} __devenv_attributes[$1]=${!1@a}
  case ${__devenv_attributes[$1]}$2 in
    # What was is for children, and they do not inherit what is not exported: there, it was not set.
    x=*) builtin export "DEVENV_WAS_$1=${!1}" "$1$2" ;;
    =*) builtin export "$1$2" ;;
    x-) builtin export "DEVENV_WAS_$1=${!1}" && builtin unset -v "$1" ;;
    -) builtin unset -v "$1" ;;
    *) # read-only, a number, an array …: assigning would fail, or would change what is assigned
      builtin unset -v "__devenv_was[$1]"
      __devenv_say '%q is special in this shell and stays as it is' "$1"
      return 1
      ;;
  esac
}

__devenv_alias() { # name, command
  __devenv_called_was[$1]=none
  [[ -z ${BASH_ALIASES[$1]+set} ]] || __devenv_called_was[$1]="=${BASH_ALIASES[$1]}"
  # shellcheck disable=SC2139 # the command is meant to be put in now
  builtin alias -- "$1=$2"
}

__devenv_function() { # name, body
  local __devenv_old=none __devenv_text
  ! __devenv_spell_function "$1" || __devenv_old="=$__devenv_text"
  # After this word no alias is put in.
  if builtin eval "function $1 {
$2
}"; then
    __devenv_spell_function "$1"
    __devenv_functions_was[$1]=$__devenv_old __devenv_functions[$1]=$__devenv_text
  fi
}

__devenv_spell_function() { # function: sets $__devenv_text to what bash makes of it; status 1: there is none
  __devenv_text=
  builtin declare -F -- "$1" >/dev/null || return
  # By way of a file, since a command substitution is a process.
  if builtin declare -f -- "$1" 2>/dev/null >|"$__devenv_state/shells/$BASHPID.function"; then
    IFS= builtin read -rd '' __devenv_text <"$__devenv_state/shells/$BASHPID.function" || :
  else
    __devenv_text=$(builtin declare -f -- "$1")
  fi
}

__devenv_reset() { # nothing is loaded; the other arrays are only asked for the keys of these
  __devenv_values=() __devenv_lists=() __devenv_was=() __devenv_called_was=() __devenv_functions_was=() \
    __devenv_plainly='' __devenv_plainly_called='' __devenv_completed='' __devenv_prompt_mark='' \
    __devenv_project='' __devenv_pending='' __devenv_inherited=''
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

__devenv_recall_variable() { # variable, what the parent gave it
  __devenv_values[$1]=$2
  __devenv_recall "$1"
}

__devenv_recall_list() { # list variable and the rest of `put_in`
  __devenv_recall "$1"
  local __devenv_old=${__devenv_was[$1]-}
  local __devenv_value=$3${__devenv_old:+:}${__devenv_old:-$2}${4:+:}$4
  [[ -n $3 ]] || __devenv_value=${__devenv_value#:}
  __devenv_lists[$1]=$__devenv_value
}

__devenv_recall() { # variable: what it was, by the parent
  local __devenv_old=DEVENV_WAS_$1
  [[ -z ${!__devenv_old+set} ]] || __devenv_was[$1]=${!__devenv_old} __devenv_attributes[$1]=x
}

__devenv_settle() { # stays in what was inherited, and adds what is not
  __devenv_inherited=
  __devenv_script_lists __devenv_put_first
  __devenv_load_interactive
}

__devenv_put_first() { # list variable and the rest of `put_in`
  # A login shell sets PATH anew, an rc file puts its own directories in front: ours come first again.
  if [[ ${!1-}: != "$3:"* ]]; then
    __devenv_take_out "$@"
    builtin unset -v "__devenv_was[$1]" "DEVENV_WAS_$1"
    __devenv_put_in "$@"
  fi
}

# --- leaving ---

__devenv_leave() {
  if [[ -n $__devenv_read_generation ]]; then
    __devenv_undo
  fi
  builtin unset -v DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME
  __devenv_reset
}

__devenv_undo() { # what `load` did
  local __devenv_name
  # Code for entering that did not run yet needs no leaving.
  [[ -z $__devenv_script_leave || -n $__devenv_inherited$__devenv_pending ]] || __devenv_leaving || :
  [[ -z $__devenv_completed$__devenv_prompt_mark ]] || __devenv_unload
  if [[ -z $__devenv_plainly ]]; then
    for __devenv_name in "${!__devenv_values[@]}"; do
      if [[ ${!__devenv_name+=}${!__devenv_name--} == "${__devenv_values[$__devenv_name]}" ]]; then
        __devenv_restore "$__devenv_name"
      fi
    done
  elif __devenv_script_same; then
    __devenv_script_unset
  else
    __devenv_script_variables __devenv_unset
  fi
  __devenv_script_lists __devenv_put_back
  for __devenv_name in "${!__devenv_was[@]}"; do
    builtin unset -v "DEVENV_WAS_$__devenv_name"
  done
  if [[ -n $__devenv_plainly_called ]] && __devenv_script_same_aliases; then
    __devenv_script_unalias
  elif [[ -n $__devenv_plainly_called || -n ${__devenv_called_was[*]} ]]; then
    __devenv_script_aliases __devenv_unalias
  fi
  [[ -z ${__devenv_functions_was[*]} ]] || __devenv_script_functions __devenv_undefine
}

__devenv_leaving() { # a `return` in the project's own code ends here
  builtin eval "$__devenv_script_leave"
}

__devenv_unload() { # completions that were loaded meanwhile, and the mark in the prompt
  local __devenv_name
  if [[ -n $__devenv_completed ]]; then
    for __devenv_name in "${__devenv_script_commands[@]}"; do
      [[ $__devenv_completed == *" $__devenv_name "* ]] || builtin complete -r -- "$__devenv_name"
    done 2>/dev/null
  fi
  [[ -z $__devenv_prompt_mark || ${PS1-} != "$__devenv_prompt_mark"* || ${PS1@a} == *r* ]] ||
    PS1=${PS1#"$__devenv_prompt_mark"}
}

__devenv_unset() { # variable that was not there before, what we gave it
  [[ ${!1+=}${!1-} != "$2" ]] || builtin unset -v "$1"
}

__devenv_put_back() { # list variable and the rest of `put_in`
  if [[ -z ${__devenv_lists[$1]+set} ]]; then
    return 0
  elif [[ ${!1+=}${!1-} == "=${__devenv_lists[$1]}" ]]; then
    __devenv_restore "$1"
  else
    __devenv_take_out "$@"
  fi
}

__devenv_unalias() { # alias, command
  local __devenv_old=${__devenv_called_was[$1]-none}
  if [[ ${BASH_ALIASES[$1]-} != "$2" ]]; then
    return 0
  elif [[ $__devenv_old == =* ]]; then
    # shellcheck disable=SC2139
    builtin alias -- "$1=${__devenv_old#=}"
  else
    builtin unalias -- "$1"
  fi
}

__devenv_undefine() { # function
  local __devenv_text
  [[ -n ${__devenv_functions_was[$1]+set} ]] && __devenv_spell_function "$1" || return 0
  if [[ $__devenv_text != "${__devenv_functions[$1]}" ]]; then
    return 0
  elif [[ ${__devenv_functions_was[$1]} != =* ]]; then
    builtin unset -f -- "$1"
  elif [[ $BASHOPTS == *expand_aliases* ]]; then
    # In what bash spells all aliases are expanded.
    builtin shopt -u expand_aliases
    builtin eval "function ${__devenv_functions_was[$1]#=}"
    builtin shopt -s expand_aliases
  else
    builtin eval "function ${__devenv_functions_was[$1]#=}"
  fi
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

__devenv_take_out() { # list variable and the rest of `put_in`: our entries go; what the user added stays, in its order
  [[ -n ${!1+set} ]] || return 0
  local - IFS=: __devenv_entry __devenv_index __devenv_value=${!1}:
  local -a __devenv_elements __devenv_behind __devenv_order
  set -f
  # shellcheck disable=SC2206 # split at colons; one that ends the text would not count as a further element
  __devenv_elements=($__devenv_value) __devenv_behind=($4)
  # shellcheck disable=SC2086
  for __devenv_entry in $3; do
    for __devenv_index in "${!__devenv_elements[@]}"; do
      if [[ ${__devenv_elements[__devenv_index]} == "$__devenv_entry" ]]; then
        builtin unset -v "__devenv_elements[$__devenv_index]"
        break
      fi
    done
  done
  while [[ -n ${__devenv_behind[*]} ]]; do # the last of those behind first, and of each its last occurrence
    __devenv_entry=${__devenv_behind[-1]}
    builtin unset -v '__devenv_behind[-1]'
    __devenv_order=()
    for __devenv_index in "${!__devenv_elements[@]}"; do
      [[ ${__devenv_elements[__devenv_index]} != "$__devenv_entry" ]] || __devenv_order=("$__devenv_index")
    done
    [[ -z ${__devenv_order[*]} ]] || builtin unset -v "__devenv_elements[${__devenv_order[0]}]"
  done
  __devenv_value="${__devenv_elements[*]}"
  if [[ -z ${__devenv_was[$1]-} && $__devenv_value == "${2#:}" ]]; then
    __devenv_restore "$1"
  else
    __devenv_assign "$1" "$__devenv_value"
  fi
}

# --- words for people ---

__devenv_spell() { # format with one %q, text for it from outside
  # %q makes control characters harmless, but what changes the direction of writing counts as printable: whatever is
  # more than letters and digits is spelt in ASCII.
  case $2 in *[![:alnum:]_./@+,:~=-]*) local LC_ALL=C ;; esac
  # shellcheck disable=SC2059 # the formats stand in this file
  builtin printf "$1" "$2"
}

__devenv_say() { # format without its end, text
  __devenv_spell "devenv: $1\n" "$2" >&2
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
    declare -ga __devenv_installed=(yes yes) __devenv_absent=() __devenv_script_commands=()
    declare -gA __devenv_here=() __devenv_values=() __devenv_lists=() __devenv_was=() __devenv_attributes=()
    declare -gA __devenv_called_was=() __devenv_functions=() __devenv_functions_was=()
    __devenv_unsettled=new __devenv_pinned='' __devenv_said='' __devenv_asked='' __devenv_marked='' __devenv_unfit=''
    __devenv_link='' __devenv_missing='' __devenv_found='' __devenv_unallowed='' __devenv_deferred='' __devenv_noted=''
    __devenv_read_generation='' __devenv_read_project='' __devenv_answered='' __devenv_script_leave=''
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
