# shellcheck shell=bash disable=all
# devenv's hook for zsh 5.8 or later. In ~/.zshrc: eval "$(devenv hook zsh)"
#
# At every prompt it asks: which project is this directory in, and is its environment the one that this shell has? As
# long as nothing changed that takes one look at each file that decides, and no process; nor do entering and leaving.
# Only where such a file changed the program is started, beside the shell: no prompt waits for it.
#
# - What a project does was allowed by its owner, and lies in the state directory since: nothing in a project directory
#   is read here, only existence and times.
# - Entering, and switching to a new generation, is one line on standard error. Leaving says nothing.
# - Leaving undoes what is still as it was set. What the user changed meanwhile stays.
# - `DEVENV_PROJECT`, `DEVENV_GENERATION` and `DEVENV_WAS_<NAME>` (what NAME was; absent: it was not set) are exported,
#   so that a child shell can leave. They are data: names and values to undo come from the state directory.
# - The hook is the first of `precmd_functions`, so that a prompt that shows the environment shows the new one, and of
#   `chpwd_functions`, so that `cd project && make` is right as well. zsh itself keeps `$?` and `$pipestatus` round them.
# - It works whatever `setopt` says. What is common runs under the user's options, since `emulate` costs; all else under
#   those of `__devenv_follow`. The project's own code runs under the user's options.
#
# Every name begins with `__devenv`, local ones included: a function sees the variables of its callers, so that a plain
# `local name` would hide the user's own variable `name` from what sets and restores it. No environment may set such
# names. `builtin` stands where people define functions of that name. Paths of projects end in a slash here. Calling a
# function costs ten times what a command does. What is kept from prompt to prompt:
#
#   __devenv_here     the directory for which all is settled
#   __devenv_missing, __devenv_absent_1 …     what must not come to exist for that to stay so
#   __devenv_looked, __devenv_times_were      files, and the times that they must still have
#   __devenv_project, __devenv_generation, __devenv_link      what is loaded, if anything
#   __devenv_deferred, __devenv_leave_code    the project's own code that is still to run
#   __devenv_noted    the generation of which the program knows that this shell is in it
#   __devenv_names, __devenv_pairs    plain variables, and `NAME=value` for each
#   __devenv_unsets   variables that are to be unset
#   __devenv_lists    four elements for each list variable: name, entries in front, entries behind, value on their own
#   __devenv_given    variables → what we made them, where that is not as easily told
#   __devenv_was, __devenv_plain      variables → what they were (absent: not set); `1` if they were not exported
#   __devenv_aliases  `NAME=command` for each
#   __devenv_functions    names and bodies, one after the other; with `_was`: `=` with what they did, or nothing

# --- at the prompt ---

function __devenv_prompt {
  builtin local -a __devenv_times
  # More than eight directories in which a project may come to exist are not tested here but looked at anew.
  if [[ "$PWD" == "$__devenv_here" && ! -e "$__devenv_missing" && (-z "$__devenv_absent_1" || \
    ! -e "$__devenv_absent_1" && ! -e "$__devenv_absent_2" && ! -e "$__devenv_absent_3" && ! -e "$__devenv_absent_4" && \
    (-z "$__devenv_absent_5" || ! -e "$__devenv_absent_5" && ! -e "$__devenv_absent_6" && \
    ! -e "$__devenv_absent_7" && ! -e "$__devenv_absent_8")) || -n "$__devenv_pinned" ]] && {
    [[ -z "$__devenv_times_were" ]] || {
      # One look at each file. The last one is looked up through the project's link and below a name that only this
      # generation has: once the link points elsewhere, it is not there.
      builtin zstat -A __devenv_times -gF '%y%j%T%N' +mtime -- "${__devenv_looked[@]}" 2>/dev/null &&
        [[ "${__devenv_times[*]}" == "$__devenv_times_were" ]]
    }
  }; then
    return 0
  fi
  while __devenv_follow prompt; do
    builtin eval "$__devenv_code" || :
  done
  return 0
}

function __devenv_moved { # after a change of directory: what follows on the same line runs in the new environment
  # Completing a word, and what keys are bound to, change the directory for a moment; the next prompt follows.
  [[ $ZSH_SUBSHELL == 0 && -z "${WIDGET-}${compstate+set}" && -z "$__devenv_pinned" ]] || return 0
  while __devenv_follow moved; do
    builtin eval "$__devenv_code" || :
  done
  return 0
}

function __devenv_follow { # `prompt` or `moved`; status 0: the caller is to evaluate $__devenv_code and to come back
  builtin emulate -L zsh -o no_aliases -o no_err_exit -o no_err_return -o no_xtrace -o no_bg_nice -o no_hup
  local -a __devenv_absent __devenv_stamps __devenv_times
  local __devenv_found __devenv_unallowed __devenv_path __devenv_file __devenv_stale __devenv_word=entered
  __devenv_here='' __devenv_code='' __devenv_times_were=''
  [[ -z $__devenv_unsettled ]] || __devenv_prepare || return 1
  __devenv_walk
  if [[ $__devenv_found != "$__devenv_project" ||
    -n $__devenv_project && ! $__devenv_link -ef $__devenv_generation ]]; then
    if [[ -n $__devenv_project ]]; then
      if [[ -n $__devenv_leave_code ]]; then
        __devenv_code=$__devenv_leave_code __devenv_leave_code=''
        # Code for entering that did not run yet needs no leaving.
        [[ -n $__devenv_deferred ]] || return 0
      fi
      [[ $__devenv_found != "$__devenv_project" ]] || __devenv_word='switched to the new environment of'
      __devenv_leave
    fi
    [[ -z $__devenv_found ]] || __devenv_enter || return 1
  elif [[ -n $__devenv_inherited ]]; then
    __devenv_settle
  fi
  if [[ -z $__devenv_project ]]; then
    __devenv_remark
  elif __devenv_is_fresh; then
    __devenv_said=''
  else
    __devenv_ask
    __devenv_stale=1
  fi
  if [[ -n $__devenv_deferred ]]; then
    [[ $1 == prompt ]] || return 1
    __devenv_code=$__devenv_deferred __devenv_deferred=''
    return 0
  fi
  [[ -z $__devenv_stale ]] && (($#__devenv_absent <= 8)) || return 1
  __devenv_here=$PWD
  __devenv_absent_1=$__devenv_absent[1] __devenv_absent_2=$__devenv_absent[2] __devenv_absent_3=$__devenv_absent[3]
  __devenv_absent_4=$__devenv_absent[4] __devenv_absent_5=$__devenv_absent[5] __devenv_absent_6=$__devenv_absent[6]
  __devenv_absent_7=$__devenv_absent[7] __devenv_absent_8=$__devenv_absent[8]
  return 1
}

function __devenv_prepare { # the first time and after an interruption; status 1: this shell stays where it is
  [[ -z $__devenv_pinned ]] || return 1
  [[ $__devenv_unsettled != entering ]] || __devenv_leave
  [[ $__devenv_unsettled != new ]] || __devenv_adopt
  __devenv_unsettled=''
}

# --- which project ---

function __devenv_walk { # from where $PWD really is up to the first project: they are known without symbolic links
  __devenv_path=${PWD:A}
  # A link on the way may lead elsewhere since; a directory that was deleted is in no project.
  [[ $__devenv_path == "$PWD" || . -ef $__devenv_path ]] || __devenv_path=''
  # Below a directory `@devenv` the way would lead into a generation and its packages, which anybody may have made.
  [[ $__devenv_path/ != */@devenv/* ]] ||
    { __devenv_path=${__devenv_path%%/@devenv/*} __devenv_path=${__devenv_path%/@devenv} }
  __devenv_path=${__devenv_path%/} __devenv_missing=''
  until [[ -e $__devenv_active$__devenv_path/@devenv/activate.zsh ]]; do
    if (($#__devenv_absent)) || [[ -d $__devenv_active$__devenv_path ]]; then
      __devenv_absent[$#__devenv_absent+1]=$__devenv_active$__devenv_path/@devenv
    else
      __devenv_missing=$__devenv_active$__devenv_path # nothing can come to exist below either
    fi
    if [[ -e $__devenv_path/devenv.toml ]]; then
      [[ -e $__devenv_active$__devenv_path/@denied ]] || __devenv_unallowed=${__devenv_path:-/}
      return
    fi
    [[ -n $__devenv_path ]] || return
    __devenv_path=${__devenv_path%/*}
  done
  __devenv_found=$__devenv_path/
}

function __devenv_remark { # what there is to say of a directory without an environment
  local __devenv_notice='the project %q is not allowed: read its `devenv.toml`, then run `devenv allow`'
  if [[ -z $__devenv_unallowed ]]; then
    __devenv_said=''
    return
  fi
  __devenv_file=$__devenv_active${__devenv_unallowed%/}/@answer
  # One of the two: the program first takes an environment away, then says why.
  if [[ -s $__devenv_file && $__devenv_said != "$__devenv_notice$__devenv_unallowed" ]]; then
    __devenv_tell_answer
  else
    __devenv_say_once "$__devenv_notice" "$__devenv_unallowed"
  fi
}

# --- files that changed ---

function __devenv_is_fresh { # the project's files have the times that they had when allowed; missing ones are missing
  local -i __devenv_index=0 __devenv_count
  local __devenv_name
  __devenv_looked=()
  for __devenv_name in "${__devenv_watched[@]}"; do
    __devenv_file=$__devenv_project$__devenv_name __devenv_path=$__devenv_generation/$((__devenv_index++)).stamp
    if [[ -e $__devenv_file ]]; then
      __devenv_looked[$#__devenv_looked+1]=$__devenv_file
      [[ -e $__devenv_path ]] && __devenv_stamps[$#__devenv_stamps+1]=$__devenv_path || __devenv_stale=1
    else
      __devenv_absent[$#__devenv_absent+1]=$__devenv_file
      [[ ! -e $__devenv_path ]] || __devenv_stale=1
    fi
  done
  __devenv_count=$#__devenv_looked
  __devenv_looked[__devenv_count+1]=$__devenv_link/${__devenv_generation##*/}/activate.zsh
  [[ -z $__devenv_stale ]] || return 1
  builtin zstat -A __devenv_times -gF '%y%j%T%N' +mtime -- \
    "${__devenv_looked[@]}" "${__devenv_stamps[@]}" 2>/dev/null || return 1
  [[ "${__devenv_times[1,__devenv_count]}" == "${__devenv_times[__devenv_count+2,-1]}" ]] || return 1
  __devenv_times=("${(@)__devenv_times[1,__devenv_count+1]}")
  __devenv_times_were="${__devenv_times[*]}"
}

function __devenv_ask { # the program compares the content of what changed, beside this shell; what it answered is told
  local __devenv_mark=$__devenv_active${__devenv_project}@asked __devenv_path=${__devenv_project%/}
  __devenv_path=${__devenv_path:-/} __devenv_file=$__devenv_active${__devenv_project}@answer
  local __devenv_broken='the files of %q changed, and nothing follows until `devenv status` works there'
  if [[ ! -f $__devenv_program || ! -x $__devenv_program ]]; then
    __devenv_say_once "$__devenv_broken" "$__devenv_path"
  elif __devenv_is_news; then
    __devenv_said=''
    {
      builtin print -rn -- '' >|$__devenv_mark
      # What was told before is not about this change.
      [[ ! -s $__devenv_file ]] || builtin print -rn -- '' >|$__devenv_file
    } 2>/dev/null
    __devenv_spell "$__devenv_path"
    (
      {
        "$__devenv_program" hook-changed -- "$__devenv_path" || [[ -s $__devenv_file ]] ||
          builtin print -r -- "${__devenv_broken/\%q/$__devenv_spelt}" >|$__devenv_file
      } </dev/null >/dev/null 2>&1 &!
    )
  elif [[ -s $__devenv_file ]]; then
    __devenv_tell_answer
  fi
}

function __devenv_is_news { # nobody has asked since the files changed; what a shell asked once it does not ask again
  local -a __devenv_changed=("${(@)__devenv_looked[1,-2]}")
  local __devenv_name
  # A file that is gone shows in its directory.
  (($#__devenv_changed == $#__devenv_watched)) || __devenv_changed+=("${__devenv_path}")
  # Changed was also what got an older time.
  builtin zstat -A __devenv_times -F %s%N +ctime -- "${__devenv_changed[@]}" 2>/dev/null
  [[ $__devenv_asked != "$__devenv_project${__devenv_times[*]}" ]] || return 1
  __devenv_asked="$__devenv_project${__devenv_times[*]}"
  [[ -e $__devenv_mark ]] || return 0
  builtin zstat -A __devenv_stamps -F %s%N +mtime -- "$__devenv_mark" 2>/dev/null || return 0
  for __devenv_name in "${__devenv_times[@]}"; do
    ((__devenv_name <= __devenv_stamps[1])) || return 0
  done
  return 1
}

function __devenv_tell_answer { # of the file $__devenv_file, once
  local __devenv_line=${$(<$__devenv_file)%%$'\n'*}
  [[ -n $__devenv_line && $__devenv_said != "=$__devenv_line" ]] || return 0
  __devenv_said="=$__devenv_line"
  builtin print -u2 -r -- "devenv: ${(V)__devenv_line}"
}

# --- entering: a script of the state directory calls `begin`, and fills the arrays in a block if that succeeds ---

function __devenv_enter {
  __devenv_link=$__devenv_active${__devenv_found}@devenv
  __devenv_read "$__devenv_link" "$__devenv_found"
  if [[ -z $__devenv_project ]]; then
    [[ -e $__devenv_link/activate.zsh ]] || return 1 # taken away at this very moment: the next prompt looks again
    __devenv_say_once 'the environment of %q does not fit this shell: start a new one, or run `devenv allow`' \
      "$__devenv_found"
    return 1
  fi
  __devenv_say "$__devenv_word %q" "${DEVENV_PROJECT##*/}"
}

function __devenv_read { # generation, the project it must belong to; where it does not, $__devenv_project stays empty
  __devenv_source=$1 __devenv_expected=$2 __devenv_unsettled=entering
  builtin source "$1/activate.zsh" 2>/dev/null
  if [[ -n $__devenv_project ]]; then
    if [[ -n $__devenv_inherited ]]; then __devenv_recall; else __devenv_apply; fi
    [[ $__devenv_generation == "$__devenv_noted" ]] || __devenv_note
  fi
  __devenv_unsettled=''
}

function __devenv_note { # tells the program not to delete this generation: of the last one noted, while this shell lives
  { builtin print -rn -- "$__devenv_generation" >|"$__devenv_state/shells/$$" } 2>/dev/null &&
    __devenv_noted=$__devenv_generation
}

function __devenv_begin { # format, project, generation; status 1: nothing of this script is to be run
  [[ $1 == 1 && ${2%/}/ == "$__devenv_expected" && $3 -ef $__devenv_source ]] || return 1
  __devenv_project=$__devenv_expected __devenv_generation=$3 __devenv_root=$2
}

function __devenv_apply { # everything that the script said
  local __devenv_name __devenv_value __devenv_front __devenv_behind __devenv_alone
  __devenv_look
  if [[ -z $__devenv_set ]]; then
    __devenv_easy=1 __devenv_now=("${__devenv_pairs[@]}")
  else
    __devenv_now=()
    for __devenv_value in "${__devenv_pairs[@]}"; do
      __devenv_give "${__devenv_value%%=*}" "${__devenv_value#*=}"
    done
  fi
  builtin export "DEVENV_PROJECT=$__devenv_root" "DEVENV_GENERATION=$__devenv_generation" \
    "DEVENV_NAME=$__devenv_project_name" "${__devenv_now[@]}"
  for __devenv_name in "${__devenv_unsets[@]}"; do
    (($+parameters[$__devenv_name])) || continue
    __devenv_keep "$__devenv_name" && builtin unset "$__devenv_name"
  done
  for __devenv_name __devenv_front __devenv_behind __devenv_alone in "${__devenv_lists[@]}"; do
    if [[ -n ${(P)__devenv_name-} ]]; then
      __devenv_value=$__devenv_front${__devenv_front:+:}${(P)__devenv_name}${__devenv_behind:+:}$__devenv_behind
    else
      __devenv_value=$__devenv_alone
    fi
    (($+parameters[$__devenv_name] == 0)) || __devenv_keep "$__devenv_name" || continue
    builtin export "$__devenv_name=$__devenv_value"
    __devenv_given[$__devenv_name]=${(P)__devenv_name} # `typeset -U` may have changed it
  done
  __devenv_adorn
}

function __devenv_give { # variable, value
  if (($+parameters[$1])); then
    __devenv_keep "$1" || return 0
  fi
  builtin export "$1=$2"
  __devenv_given[$1]=${(P)1}
}

function __devenv_keep { # variable that is set: what it was is kept; status 1: this shell does not allow to change it
  case $parameters[$1] in
    # Assigning would fail, or would change what is assigned.
    scalar*(readonly|left|right|lower|upper)*) ;;
    scalar*export*)
      # What was is for children, and they do not inherit what is not exported: there, it was not set.
      __devenv_was[$1]=${(P)1}
      builtin export "DEVENV_WAS_$1=${(P)1}"
      return
      ;;
    scalar*)
      __devenv_plain[$1]=1
      # zsh itself has an empty `MANPATH`, and some more, for the arrays that are tied to them: nobody set those.
      [[ -z ${(P)1} && $parameters[$1] == *tied*special* ]] || __devenv_was[$1]=${(P)1}
      return
      ;;
  esac
  __devenv_say '%q is special in this shell and stays as it is' "$1"
  return 1
}

function __devenv_adorn { # what only this shell has: aliases, functions, completions, the prompt, the project's code
  local __devenv_name __devenv_value
  for __devenv_name in "${(@)__devenv_aliases%%=*}"; do
    if (($+aliases[$__devenv_name])); then
      __devenv_alias_was[$__devenv_name]="=$aliases[$__devenv_name]"
    elif (($+galiases[$__devenv_name])); then
      __devenv_alias_was[$__devenv_name]="g$galiases[$__devenv_name]"
    fi
  done
  (($#__devenv_aliases == 0)) || builtin alias -- "${__devenv_aliases[@]}"
  for __devenv_name __devenv_value in "${__devenv_functions[@]}"; do
    (($+functions[$__devenv_name])) && __devenv_function_was[$__devenv_name]="=$functions[$__devenv_name]"
    functions[$__devenv_name]=$__devenv_value
    __devenv_function_given[$__devenv_name]=${functions[$__devenv_name]-}
  done
  (($#__devenv_completion_directories == 0)) || __devenv_complete
  if [[ -n ${DEVENV_PROMPT_MARK-} ]]; then
    # What a prompt would expand, by `setopt prompt_subst` too, is no part of it.
    __devenv_mark="(${__devenv_project_name//[^[:alnum:]._ -]/_}) "
    [[ $PS1 == "$__devenv_mark"* ]] || PS1=$__devenv_mark$PS1
  fi
  __devenv_deferred=$__devenv_enter_code
}

function __devenv_complete { # functions that complete commands of the environment
  local __devenv_name __devenv_value __devenv_word
  fpath=("${__devenv_completion_directories[@]}" "${(@)fpath:|__devenv_completion_directories}")
  for __devenv_name __devenv_value in "${__devenv_completions[@]}"; do
    if (($+functions[$__devenv_name])); then
      __devenv_function_was[$__devenv_name]="=$functions[$__devenv_name]"
      builtin unfunction -- "$__devenv_name"
    fi
    builtin autoload -Uz -- "$__devenv_name"
    (($+_comps)) && [[ $__devenv_value != -[pPkK]* ]] || continue
    for __devenv_word in ${=__devenv_value}; do
      [[ $__devenv_word != *[^[:alnum:]_.+@:,-]* ]] || continue
      (($+_comps[$__devenv_word])) && __devenv_completed_was[$__devenv_word]=$_comps[$__devenv_word]
      __devenv_completed[$__devenv_word]=$__devenv_name
      _comps[$__devenv_word]=$__devenv_name
    done
  done
}

# --- a shell that was started inside an environment ---

function __devenv_adopt { # takes over what the parent published, if it names a generation of this state directory
  local __devenv_path=${DEVENV_GENERATION-} __devenv_parent=$__devenv_state/projects/ __devenv_old=${DEVENV_PROJECT-}
  local __devenv_rest=${__devenv_path#"$__devenv_parent"}
  local __devenv_id=${__devenv_rest%%/*} __devenv_number=${__devenv_rest##*/}
  if [[ $__devenv_path == "$__devenv_parent$__devenv_id/generations/$__devenv_number" &&
    $#__devenv_id -eq 32 && $__devenv_id != *[^0-9a-f]* &&
    $#__devenv_number -ge 1 && $#__devenv_number -le 18 && $__devenv_number != *[^0-9]* &&
    -e $__devenv_path/activate.zsh ]]; then
    __devenv_inherited=1 __devenv_link=$__devenv_active${__devenv_old%/}/@devenv
    __devenv_read "$__devenv_path" "${__devenv_old%/}/"
  fi
  if [[ -z $__devenv_project ]]; then
    __devenv_inherited=''
    builtin unset DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME
    builtin unset -m 'DEVENV_WAS_*'
  fi
}

function __devenv_recall { # what the variables were, by the parent, and what that made of them
  local __devenv_name __devenv_old __devenv_front __devenv_behind __devenv_alone
  for __devenv_name in "${__devenv_pairs[@]}"; do
    __devenv_given[${__devenv_name%%=*}]=${__devenv_name#*=}
  done
  for __devenv_name in "${__devenv_names[@]}" "${__devenv_unsets[@]}"; do
    __devenv_old=DEVENV_WAS_$__devenv_name
    [[ -z ${(P)__devenv_old+set} ]] || __devenv_was[$__devenv_name]=${(P)__devenv_old}
  done
  for __devenv_name __devenv_front __devenv_behind __devenv_alone in "${__devenv_lists[@]}"; do
    __devenv_old=DEVENV_WAS_$__devenv_name
    [[ -z ${(P)__devenv_old+set} ]] || __devenv_was[$__devenv_name]=${(P)__devenv_old}
    if [[ -n ${(P)__devenv_old-} ]]; then
      __devenv_given[$__devenv_name]=$__devenv_front${__devenv_front:+:}${(P)__devenv_old}
      __devenv_given[$__devenv_name]+=${__devenv_behind:+:}$__devenv_behind
    else
      __devenv_given[$__devenv_name]=$__devenv_alone
    fi
  done
}

function __devenv_settle { # stays in what was inherited, and adds what is not
  local __devenv_name __devenv_front __devenv_behind __devenv_alone __devenv_value
  __devenv_inherited=''
  for __devenv_name __devenv_front __devenv_behind __devenv_alone in "${__devenv_lists[@]}"; do
    # A login shell sets PATH anew, an rc file puts its own directories in front: ours come first and last again.
    __devenv_value=:${(P)__devenv_name-}:
    if [[ $__devenv_value != ":$__devenv_front${__devenv_front:+:}"*"${__devenv_behind:+:}$__devenv_behind:" ]]; then
      __devenv_take_out "$__devenv_name" "$__devenv_front" "$__devenv_behind" "$__devenv_alone"
      builtin unset "__devenv_was[$__devenv_name]" "DEVENV_WAS_$__devenv_name"
      if [[ -n ${(P)__devenv_name-} ]]; then
        __devenv_value=$__devenv_front${__devenv_front:+:}${(P)__devenv_name}${__devenv_behind:+:}$__devenv_behind
      else
        __devenv_value=$__devenv_alone
      fi
      __devenv_give "$__devenv_name" "$__devenv_value"
    fi
  done
  __devenv_adorn
}

# --- leaving ---

function __devenv_leave {
  local __devenv_name __devenv_front __devenv_behind __devenv_alone
  local -a __devenv_gone
  if [[ -n $__devenv_easy ]] && __devenv_look && [[ "${__devenv_now[*]}" == "${__devenv_pairs[*]}" ]]; then
    __devenv_gone=("${__devenv_names[@]}")
  else
    __devenv_leave_variables
  fi
  for __devenv_name in "${__devenv_unsets[@]}"; do
    (($+parameters[$__devenv_name] == 0 && $+__devenv_was[$__devenv_name])) && __devenv_restore "$__devenv_name"
  done
  for __devenv_name __devenv_front __devenv_behind __devenv_alone in "${__devenv_lists[@]}"; do
    if (($+__devenv_given[$__devenv_name] == 0 || $+parameters[$__devenv_name] == 0)); then
      continue
    elif [[ ${(P)__devenv_name} == "$__devenv_given[$__devenv_name]" ]]; then
      __devenv_restore "$__devenv_name"
    else
      __devenv_take_out "$__devenv_name" "$__devenv_front" "$__devenv_behind" "$__devenv_alone"
    fi
  done
  (($#__devenv_was == 0)) || __devenv_gone+=("DEVENV_WAS_${(@k)^__devenv_was}")
  builtin unset DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME "${__devenv_gone[@]}"
  [[ -n $__devenv_inherited ]] || __devenv_strip
  __devenv_reset
}

function __devenv_leave_variables { # each plain variable that is still as we made it
  local __devenv_name
  if [[ -n $__devenv_easy ]]; then
    for __devenv_name in "${__devenv_pairs[@]}"; do
      __devenv_given[${__devenv_name%%=*}]=${__devenv_name#*=}
    done
  fi
  for __devenv_name in "${__devenv_names[@]}"; do
    (($+__devenv_given[$__devenv_name] && $+parameters[$__devenv_name])) || continue
    [[ ${(P)__devenv_name} != "$__devenv_given[$__devenv_name]" ]] || __devenv_restore "$__devenv_name"
  done
}

function __devenv_restore { # variable: as it was before
  if (($+__devenv_was[$1])); then
    __devenv_assign "$1" "$__devenv_was[$1]"
  elif (($+__devenv_plain[$1])); then
    builtin typeset -g +x "$1="
  else
    [[ $parameters[$1] != *special* ]] || builtin typeset -g +x "$1=" # else set again, it would be exported
    builtin unset "$1"
  fi
}

function __devenv_assign { # variable, value: exported if it was, or if it did not exist
  if (($+__devenv_was[$1] && $+__devenv_plain[$1])); then
    builtin typeset -g +x "$1=$2"
  else
    builtin export "$1=$2"
  fi
}

function __devenv_take_out { # the four elements of a list: our entries go, of those in front the first, else the last
  (($+parameters[$1])) || return 0
  local -a __devenv_all=("${(@s.:.)${(P)1}}") __devenv_entries
  local __devenv_entry __devenv_value __devenv_tail
  local -i __devenv_index
  [[ -z $2 ]] || __devenv_entries=("${(@s.:.)2}")
  for __devenv_entry in "${__devenv_entries[@]}"; do
    for ((__devenv_index = 1; __devenv_index <= $#__devenv_all; __devenv_index++)); do
      [[ $__devenv_all[__devenv_index] == "$__devenv_entry" ]] || continue
      __devenv_all[__devenv_index]=()
      break
    done
  done
  __devenv_entries=()
  [[ -z $3 ]] || __devenv_entries=("${(@Oas.:.)3}")
  for __devenv_entry in "${__devenv_entries[@]}"; do
    for ((__devenv_index = $#__devenv_all; __devenv_index >= 1; __devenv_index--)); do
      [[ $__devenv_all[__devenv_index] == "$__devenv_entry" ]] || continue
      __devenv_all[__devenv_index]=()
      break
    done
  done
  __devenv_value=${(j.:.)__devenv_all[@]}
  __devenv_tail=${4#"$2"} __devenv_tail=${__devenv_tail%"$3"}
  [[ -z $2 ]] || __devenv_tail=${__devenv_tail#:}
  [[ -z $3 ]] || __devenv_tail=${__devenv_tail%:}
  if [[ -z ${__devenv_was[$1]-} && $__devenv_value == "$__devenv_tail" ]]; then
    __devenv_restore "$1"
  else
    __devenv_assign "$1" "$__devenv_value"
  fi
}

function __devenv_strip { # aliases, functions, completions and the mark, where they are still as we made them
  local __devenv_name __devenv_value __devenv_old
  local -a __devenv_gone
  for __devenv_value in "${__devenv_aliases[@]}"; do
    __devenv_name=${__devenv_value%%=*}
    (($+aliases[$__devenv_name])) && [[ $aliases[$__devenv_name] == "${__devenv_value#*=}" ]] || continue
    __devenv_old=${__devenv_alias_was[$__devenv_name]-}
    case $__devenv_old in
      '') __devenv_gone[$#__devenv_gone+1]=$__devenv_name ;;
      '='*) builtin alias -- "$__devenv_name=${__devenv_old#=}" ;;
      *) builtin alias -g -- "$__devenv_name=${__devenv_old#g}" ;;
    esac
  done
  (($#__devenv_gone == 0)) || builtin unalias -- "${__devenv_gone[@]}"
  for __devenv_name __devenv_value in "${__devenv_functions[@]}"; do
    (($+functions[$__devenv_name])) || continue
    [[ $functions[$__devenv_name] == "$__devenv_function_given[$__devenv_name]" ]] || continue
    __devenv_put_back "$__devenv_name"
  done
  if (($#__devenv_completion_directories)); then
    fpath=("${(@)fpath:|__devenv_completion_directories}")
    for __devenv_name __devenv_value in "${__devenv_completions[@]}"; do
      (($+functions[$__devenv_name] == 0)) || __devenv_put_back "$__devenv_name"
    done
    for __devenv_name __devenv_value in "${(@kv)__devenv_completed}"; do
      [[ ${_comps[$__devenv_name]-} == "$__devenv_value" ]] || continue
      if (($+__devenv_completed_was[$__devenv_name])); then
        _comps[$__devenv_name]=$__devenv_completed_was[$__devenv_name]
      else
        builtin unset "_comps[$__devenv_name]"
      fi
    done
  fi
  [[ -z $__devenv_mark ]] || PS1=${PS1#"$__devenv_mark"}
}

function __devenv_put_back { # function: as it was before
  if (($+__devenv_function_was[$1])); then
    functions[$1]=${__devenv_function_was[$1]#=}
  else
    builtin unfunction -- "$1"
  fi
}

function __devenv_reset { # nothing is loaded
  __devenv_names=() __devenv_pairs=() __devenv_now=() __devenv_unsets=() __devenv_lists=() __devenv_watched=() \
    __devenv_given=() __devenv_was=() __devenv_plain=() __devenv_aliases=() __devenv_alias_was=() \
    __devenv_functions=() __devenv_function_was=() __devenv_function_given=() __devenv_completion_directories=() \
    __devenv_completions=() __devenv_completed=() __devenv_completed_was=() \
    __devenv_project='' __devenv_generation='' __devenv_project_name='' __devenv_enter_code='' \
    __devenv_leave_code='' __devenv_deferred='' __devenv_inherited='' __devenv_mark='' __devenv_easy='' __devenv_set=''
}

# --- words for people ---

function __devenv_spell { # text from outside → $__devenv_spelt, in which nothing acts on a terminal
  if [[ -z $1 || $1 == *[^[:alnum:]_./@+,:~=-]* ]]; then
    # What changes the direction of writing counts as printable: whatever is more than letters and digits is ASCII.
    local LC_ALL=C
    __devenv_spelt=${(q+)1}
  else
    __devenv_spelt=$1
  fi
}

function __devenv_say { # format with one %q, text for it from outside
  __devenv_spell "$2"
  builtin print -u2 -r -- "devenv: ${1/\%q/$__devenv_spelt}"
}

function __devenv_say_once { # the same, unless it was the last thing said
  [[ $__devenv_said == "$1$2" ]] || __devenv_say "$@"
  __devenv_said=$1$2
}

# --- setting up ---

function __devenv_pin { # project, generation: for `devenv shell`, which stays in its environment wherever it goes
  __devenv_stay_in "$@"
  builtin eval "$__devenv_code" || :
}

function __devenv_stay_in {
  builtin emulate -L zsh -o no_aliases -o no_err_exit -o no_err_return -o no_xtrace
  __devenv_adopt
  __devenv_leave
  __devenv_read "$2" "${1%/}/"
  __devenv_pinned=$__devenv_project __devenv_unsettled=pinned
  __devenv_code=$__devenv_deferred __devenv_deferred=''
}

function __devenv_install { # state directory, program
  builtin emulate -L zsh -o no_aliases -o no_err_exit -o no_err_return -o no_xtrace
  if [[ ${(t)__devenv_installed} != array ]]; then # not read before by this shell: what is inherited is no array
    if [[ $ZSH_VERSION != (5.<8->|<6->)* ]] || ! zmodload -F zsh/stat b:zstat 2>/dev/null; then
      builtin print -u2 -r -- "devenv: this zsh is version $ZSH_VERSION, and its hook needs 5.8 or later with \`zsh/stat\`"
      return
    fi
    zmodload zsh/parameter
    builtin unset -m '__devenv_*'
    typeset -ga __devenv_installed=(yes) __devenv_looked __devenv_names __devenv_pairs __devenv_now __devenv_unsets
    typeset -ga __devenv_lists __devenv_watched __devenv_aliases __devenv_functions __devenv_completions
    typeset -ga __devenv_completion_directories
    typeset -gA __devenv_given __devenv_was __devenv_plain __devenv_alias_was __devenv_function_was
    typeset -gA __devenv_function_given __devenv_completed __devenv_completed_was
    typeset -g __devenv_here= __devenv_missing= __devenv_times_were= __devenv_pinned= __devenv_said= __devenv_noted=
    typeset -g __devenv_absent_1= __devenv_absent_2= __devenv_absent_3= __devenv_absent_4= __devenv_absent_5=
    typeset -g __devenv_absent_6= __devenv_absent_7= __devenv_absent_8= __devenv_link= __devenv_asked= __devenv_code=
    typeset -g __devenv_unsettled=new __devenv_source= __devenv_expected= __devenv_spelt= __devenv_project=
    typeset -g __devenv_generation= __devenv_project_name= __devenv_enter_code= __devenv_leave_code=
    typeset -g __devenv_root= __devenv_deferred= __devenv_inherited= __devenv_mark= __devenv_easy= __devenv_set=
  fi
  typeset -g __devenv_state=$1 __devenv_active=$1/active __devenv_program=$2
  typeset -ga precmd_functions chpwd_functions
  (($precmd_functions[(Ie)__devenv_prompt])) || precmd_functions=(__devenv_prompt $precmd_functions)
  (($chpwd_functions[(Ie)__devenv_moved])) || chpwd_functions=(__devenv_moved $chpwd_functions)
}

if [[ -o interactive ]]; then
  __devenv_install @DEVENV_STATE@ @DEVENV_PROGRAM@
fi
