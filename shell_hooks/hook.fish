# devenv's hook for fish 3.6 or later. In ~/.config/fish/config.fish: devenv hook fish | source
#
# What it does is what `hook.bash` does, with the same messages; there its promises are written down. What is fish's own:
#
# - It runs at the event `fish_prompt`, and whenever PWD changes, so that in `cd project; and make` the environment is
#   there for `make`. fish keeps `$status` and `$pipestatus` over events.
# - No process is started, but for one when files of the project changed, which asks the program in the background.
#   Command substitutions of builtins and functions run inside the shell.
# - Functions that run the project's own code see their caller's scope (`--no-scope-shadowing`): what such code sets is
#   as if it were typed.
# - A substitution splits at newlines. Paths may hold some: they are taken apart with groups of `string match --regex`,
#   and lists between colons with variables that are `--path`, which neither splits nor forks.
# - Globals of an environment hide the user's universal variables, which show again once the globals are erased.
# - An alias is a function, and a function is still ours if its text is as it was right after it was defined.
# - `fish_complete_path` stays as it is: where it changes fish forgets all completions that it loaded, and loads none of
#   them again. Commands of the environment get a completion that loads theirs when it is first asked (direnv#1539).
#
# Every name begins with `__devenv`, local ones included: a local `name` would hide the user's `$name` from what sets and
# restores it. Paths of projects end in a slash. What is kept, all of it global:
#
#   __devenv_here      the directory for which all is settled, or nothing
#   __devenv_watch     arguments of `test`, true if what was settled is so no more
#   __devenv_project, __devenv_generation, __devenv_link     what is loaded, if anything
#   __devenv_watched   the project's files that are compared; __devenv_files is the part of the watch for them
#   __devenv_names, __devenv_values     plain variables, and what we give them
#   __devenv_gone      variables that are unset inside
#   __devenv_lists     list variables; of each NAME __devenv_before_NAME_, __devenv_after_NAME_ and __devenv_tail_NAME_ are
#                      our entries and what stands for the user's where there are none, __devenv_made_NAME_ is the whole
#   __devenv_kept      variables that were set: of each NAME __devenv_was_NAME_ is what it was, and __devenv_kind_NAME_
#                      whether it was `exported`, `plain` or `universal`
#   __devenv_functions our functions and aliases; __devenv_user_NAME is the user's own one

# --- at the prompt ---

function __devenv_prompt --on-event fish_prompt --no-scope-shadowing
    test "$PWD" = "$__devenv_here"; and not test $__devenv_watch; and return
    __devenv_follow
end

function __devenv_moved --on-variable PWD --no-scope-shadowing
    # Code of the project may change the directory itself: the next prompt follows.
    status is-command-substitution; or test -n "$__devenv_stage"; or __devenv_follow
end

function __devenv_follow --no-scope-shadowing # brings this shell to the environment of $PWD
    set -g __devenv_here
    test -z "$__devenv_stage"; or __devenv_prepare; or return 0
    __devenv_walk
    if test "$__devenv_found" != "$__devenv_project"
        __devenv_leave
        test -z "$__devenv_found"; or __devenv_enter $__devenv_found entered; or return 0
    else if test -n "$__devenv_found"
        if not test $__devenv_link -ef $__devenv_generation
            __devenv_leave
            __devenv_enter $__devenv_found 'switched to the new environment of'; or return 0
        else if test -n "$__devenv_inherited"
            __devenv_settle
        end
    end
    if test -n "$__devenv_project"; and test -n '' $__devenv_files
        __devenv_ask
        return 0
    end
    set -g __devenv_asked
    set -g __devenv_here $PWD
    set -g __devenv_watch -n '' $__devenv_absent $__devenv_files
    __devenv_remark
end

function __devenv_prepare --no-scope-shadowing # at first, after an interruption, where the shell stays (status 1)
    test "$__devenv_stage" != pinned; or return 1
    if test "$__devenv_stage" = new
        __devenv_adopt
    else
        __devenv_leave
    end
    set -g __devenv_stage
    return 0
end

function __devenv_remark # what there is to say of a directory without an environment, and that nothing else is so any more
    if test -z "$__devenv_unallowed"
        set -g __devenv_said
        return
    end
    __devenv_tell $__devenv_active$__devenv_unallowed@answer; and return
    set -l __devenv_path
    string match -rq '^(?s)(?<__devenv_path>.*)/\z' -- $__devenv_unallowed
    test $__devenv_unallowed = /; and set __devenv_path /
    __devenv_say_once 'the project %s is not allowed: read its `devenv.toml`, then run `devenv allow`' $__devenv_path
end

# --- which project ---

function __devenv_walk # from $PWD up; where a symbolic link is on the way, from where that really is
    __devenv_walk_up $PWD; and return
    set -l __devenv_path (builtin pwd -P 2>/dev/null)
    if set -q __devenv_path[2] # a path with newlines
        builtin pwd -P | read -z __devenv_path
        string match -rq '^(?s)(?<__devenv_path>.*)\n\z' -- $__devenv_path
    end
    test -n "$__devenv_path"; or set __devenv_path $PWD
    __devenv_walk_up $__devenv_path physical
end

function __devenv_walk_up # directory, whether it is known to be without links; status 1: it is not
    set -l __devenv_path
    # Below a directory `@devenv` the way would lead into a generation and its packages, which anybody may have made.
    string match -rq '^(?s)(?<__devenv_path>.*?)(/@devenv(/.*)?)?/?\z' -- $argv[1]
    set -g __devenv_found
    set -g __devenv_unallowed
    set -g __devenv_absent
    set -l __devenv_missing
    set -l __devenv_there yes # not looked for twice: it may be taken away in between
    while not test -e $__devenv_active$__devenv_path/@devenv/activate.fish
        if test -n "$__devenv_absent" -o -d $__devenv_active$__devenv_path
            set -a __devenv_absent -o -e $__devenv_active$__devenv_path/@devenv
        else
            set __devenv_missing -o -e $__devenv_active$__devenv_path # nothing can come to exist below either
        end
        if test -L $__devenv_path -a -z "$argv[2]"
            return 1
        else if test -e $__devenv_path/devenv.toml
            test -e $__devenv_active$__devenv_path/@denied; or set __devenv_unallowed $__devenv_path/
            set __devenv_there
            break
        else if test -z "$__devenv_path"
            set __devenv_there
            break
        end
        string match -rq '^(?s)(?<__devenv_path>.*)/[^/]*\z' -- $__devenv_path
    end
    set -p __devenv_absent $__devenv_missing
    if test -n "$__devenv_there"
        set __devenv_found $__devenv_path/
        return 0
    end
    while test -n "$__devenv_path" -a -z "$argv[2]"
        not test -L $__devenv_path; or return
        string match -rq '^(?s)(?<__devenv_path>.*)/[^/]*\z' -- $__devenv_path
    end
    return 0
end

# --- files that changed: the program is asked in the background, and what is loaded stays until it answers ---

function __devenv_ask # the project is loaded, and its files are not as they were
    set -l __devenv_mark $__devenv_active{$__devenv_project}@asked
    set -l __devenv_newer -n ''
    set -l __devenv_back
    set -l __devenv_stamp $__devenv_stamps
    for __devenv_file in $__devenv_watched
        set -a __devenv_newer -o $__devenv_file -nt $__devenv_mark
        # Times that go back, and old files that appear, cannot be seen by the mark.
        if test $__devenv_file -ot $__devenv_stamp[1]; or test -e $__devenv_file -a '!' -e $__devenv_stamp[1]
            set __devenv_back yes
        end
        set -e __devenv_stamp[1]
    end
    if test "$__devenv_asked" = $__devenv_generation
        test -z "$__devenv_future"; and test $__devenv_newer; and __devenv_start $__devenv_mark
    else if test -n "$__devenv_back" -o $__devenv_mark -ot $__devenv_generation; or test $__devenv_newer
        __devenv_start $__devenv_mark
    end # else another shell asked
    set -g __devenv_asked $__devenv_generation
    # A file from the future could not be told from a further change.
    set -g __devenv_future
    test $__devenv_newer; and set __devenv_future yes
    # What was answered before somebody asked is no answer.
    set -l __devenv_answer $__devenv_active{$__devenv_project}@answer
    test $__devenv_answer -ot $__devenv_mark; or __devenv_tell $__devenv_answer
    return 0
end

function __devenv_start # mark: starts the program; a process in between keeps it from being a job of the user's
    if not test -w $__devenv_active$__devenv_project
        __devenv_say_once $__devenv_unheard $__devenv_root
        return
    end
    echo >$argv[1]
    command /bin/sh -c 'trap "" HUP INT QUIT
        { "$1" hook-changed -- "$2" || { [ -e "$3" ] && ! [ "$3" -ot "$4" ]; } || printf "%s\n" "$5" >"$3"; } &' \
        sh $__devenv_program $__devenv_root $__devenv_active{$__devenv_project}@answer $argv[1] \
        (printf $__devenv_unheard (__devenv_show $__devenv_root)) </dev/null >/dev/null 2>/dev/null
end

function __devenv_tell # file: prints the line in it, once in this shell; status 1: there is none
    test -f $argv[1] -a -r $argv[1]; or return
    read -l __devenv_line <$argv[1]
    test -n "$__devenv_line"; or return
    test "$__devenv_told" = "$argv[1]:$__devenv_line"; or printf 'devenv: %s\n' $__devenv_line >&2
    set -g __devenv_told "$argv[1]:$__devenv_line"
end

# --- entering: a script of the state directory calls `begin`, and sets what follows if that succeeds ---

function __devenv_enter --no-scope-shadowing # project, what to say of it
    set -g __devenv_link $__devenv_active$argv[1]@devenv
    test -z "$__devenv_unfit"; or test "$(builtin realpath $__devenv_link 2>/dev/null)" != "$__devenv_unfit"; or return
    __devenv_read $__devenv_link $argv[1]
    if test -z "$__devenv_project"
        test -e $__devenv_link/activate.fish; or return
        # fish reports on a broken script: once is enough.
        set -g __devenv_unfit "$(builtin realpath $__devenv_link 2>/dev/null)"
        __devenv_say 'the environment of %s does not fit this shell: start a new one, or run `devenv allow`' $argv[1]
        return 1
    end
    set -g __devenv_said
    set -g __devenv_unfit
    string match -rq '(?<__devenv_place>[^/]*)\z' -- $__devenv_root
    __devenv_say "$argv[2] %s" "$__devenv_place"
    if test -n "$__devenv_hook"
        eval $__devenv_hook
    end
    return 0
end

function __devenv_read # generation, the project it must belong to; where it does not, $__devenv_project stays empty
    set -g __devenv_source $argv[1]
    set -g __devenv_expected $argv[2]
    set -g __devenv_stage entering
    # It may be taken away at this very moment.
    test -e $argv[1]/activate.fish; and source $argv[1]/activate.fish
    if test -n "$__devenv_project"
        if test "$__devenv_generation" != "$__devenv_noted" -a -d $__devenv_state/shells -a -w $__devenv_state/shells
            # Tells the program not to delete this generation, as long as this shell lives.
            echo -n $__devenv_generation >$__devenv_state/shells/$fish_pid
            set -g __devenv_noted $__devenv_generation
        end
    end
    set -g __devenv_stage
end

function __devenv_begin # format, project, generation, name, watched files and their stamps …; status 1: nothing of this is to be run
    test "$argv[1]" = 1 -a $argv[3] -ef $__devenv_source; or return
    string match -q -- '*/' $argv[2]; and test $argv[2] = $__devenv_expected; or test $argv[2]/ = $__devenv_expected
    or return
    set -g __devenv_project $__devenv_expected
    set -g __devenv_root $argv[2]
    set -g __devenv_generation $argv[3]
    # The first stamp is looked up through the project's link and below a name that only this generation has: once the
    # link points elsewhere, it is not there.
    string match -rq '(?<__devenv_number>[0-9]+)\z' -- $argv[3]
    set -l __devenv_linked $__devenv_link/$__devenv_number/
    set -l __devenv_file
    for __devenv_word in $argv[5..]
        if test -z "$__devenv_file"
            set __devenv_file $__devenv_project$__devenv_word
            continue
        end
        set -ga __devenv_files -o $__devenv_file -nt $__devenv_linked$__devenv_word \
            -o $__devenv_file -ot $argv[3]/$__devenv_word
        set -ga __devenv_watched $__devenv_file
        set -ga __devenv_stamps $argv[3]/$__devenv_word
        set __devenv_file
        set __devenv_linked $argv[3]/
    end
    test -z "$__devenv_inherited"; or return 0
    set -gx DEVENV_PROJECT $argv[2]
    set -gx DEVENV_GENERATION $argv[3]
    set -gx DEVENV_NAME $argv[4]
end

function __devenv_apply # after all is told: sets it, or finds out what it was where it was inherited
    if test -n "$__devenv_inherited"
        for __devenv_name in $__devenv_names $__devenv_gone $__devenv_lists
            __devenv_recall $__devenv_name
        end
        for __devenv_name in $__devenv_lists
            set -l __devenv_was __devenv_was_{$__devenv_name}_
            __devenv_join $__devenv_name "$$__devenv_was"
        end
        return
    end
    __devenv_set
    for __devenv_name in $__devenv_gone
        set -qg $__devenv_name; or continue
        __devenv_keep $__devenv_name
        set -eg $__devenv_name 2>/dev/null; or __devenv_refuse __devenv_gone $__devenv_name
    end
    for __devenv_name in $__devenv_lists
        __devenv_put_in $__devenv_name
    end
    __devenv_define
end

function __devenv_set # the plain variables
    set -l __devenv_value $__devenv_values
    set -q $__devenv_names
    if test $status = "$__devenv_size" # none of them is there
        for __devenv_name in $__devenv_names
            set -gx $__devenv_name $__devenv_value[1]
            set -e __devenv_value[1]
        end
        set -g __devenv_new yes
        return
    end
    for __devenv_name in $__devenv_names
        __devenv_give $__devenv_name $__devenv_value[1]; or __devenv_refuse __devenv_names $__devenv_name
        set -e __devenv_value[1]
    end
end

function __devenv_give # name, value; status 1: this shell does not allow it
    test $argv[1] != argv; or return
    set -q $argv[1]; and __devenv_keep $argv[1]
    true # `set` leaves the status as it is where nothing is wrong
    set -gx $argv[1] $argv[2] 2>/dev/null
end

function __devenv_refuse # list, name: nothing is to be done with that variable any more
    set -l __devenv_index (contains -i -- $argv[2] $$argv[1])
    set -e $argv[1][$__devenv_index]
    test $argv[1] != __devenv_names; or set -e __devenv_values[$__devenv_index]
    set -e __devenv_{before,after,tail,made}_{$argv[2]}_
    __devenv_forget $argv[2]
    __devenv_say '%s is special in this shell and stays as it is' $argv[2]
end

function __devenv_keep # variable that is set: what it is
    set -g __devenv_was_$argv[1]_ $$argv[1]
    set -ga __devenv_kept $argv[1]
    if set -qg $argv[1]
        if set -qgx $argv[1]
            set -g __devenv_kind_$argv[1]_ exported
            set -gx DEVENV_WAS_$argv[1] "$$argv[1]"
        else # for children, which do not inherit it, it was not set
            set -g __devenv_kind_$argv[1]_ plain
        end
    else
        set -g __devenv_kind_$argv[1]_ universal
        set -qUx $argv[1]; and set -gx DEVENV_WAS_$argv[1] "$$argv[1]"
    end
end

function __devenv_recall # variable: what it was, by the parent
    set -l __devenv_was DEVENV_WAS_$argv[1]
    set -q $__devenv_was; or return
    set -ga __devenv_kept $argv[1]
    set -g __devenv_was_$argv[1]_ $$__devenv_was
    set -g __devenv_kind_$argv[1]_ inherited
end

function __devenv_forget # variable: what it was
    set -l __devenv_index (contains -i -- $argv[1] $__devenv_kept); or return
    set -e __devenv_kept[$__devenv_index]
    set -e __devenv_was_$argv[1]_ __devenv_kind_$argv[1]_ DEVENV_WAS_$argv[1]
end

function __devenv_join # list variable, what is there: __devenv_made_NAME_ becomes that with our entries
    set -l __devenv_before __devenv_before_$argv[1]_
    set -l __devenv_after __devenv_after_$argv[1]_
    set -l __devenv_middle __devenv_tail_$argv[1]_
    set -l --path __devenv_all $$__devenv_middle
    test -z "$argv[2]"; or set __devenv_all $argv[2]
    set -p __devenv_all $$__devenv_before
    set -a __devenv_all $$__devenv_after
    set -g __devenv_made_$argv[1]_ "$__devenv_all"
end

function __devenv_put_in # list variable: our entries stand round what is there
    __devenv_join $argv[1] "$$argv[1]"
    set -l __devenv_made __devenv_made_$argv[1]_
    __devenv_give $argv[1] $$__devenv_made; or __devenv_refuse __devenv_lists $argv[1]
end

# --- functions, aliases, completions and the prompt ---

function __devenv_define # all of them
    set -l __devenv_code $__devenv_codes
    for __devenv_name in $__devenv_functions
        functions -q $__devenv_name; and functions -c $__devenv_name __devenv_user_$__devenv_name
        eval $__devenv_code[1]
        set -e __devenv_code[1]
    end
    test -z "$__devenv_functions"; or set -g __devenv_text "$(functions --no-details $__devenv_functions 2>/dev/null)"
    for __devenv_name in $__devenv_completions
        # What is there already, the user's own, stays.
        count (complete -c $__devenv_name) >/dev/null; and continue
        set -ga __devenv_unloaded $__devenv_name
        set -ga __devenv_completed $__devenv_name
        complete -c $__devenv_name -f -n "contains $__devenv_name \$__devenv_unloaded" -a "(__devenv_load $__devenv_name)"
    end
    test -z "$DEVENV_PROMPT_MARK"; or __devenv_mark_prompt
    set -g __devenv_defined yes
end

function __devenv_undefine # what is still as we made it; of the rest the user's old one goes
    set -l __devenv_code $__devenv_codes
    set -l __devenv_same
    test -n "$__devenv_functions"
    and test "$__devenv_text" = "$(functions --no-details $__devenv_functions 2>/dev/null)"
    and set __devenv_same yes
    for __devenv_name in $__devenv_functions
        set -l __devenv_user __devenv_user_$__devenv_name
        if test -n "$__devenv_same"; or __devenv_is_ours $__devenv_name $__devenv_code[1]
            functions -e $__devenv_name
            string match -q 'function * --wraps *' -- $__devenv_code[1]; and __devenv_unwrap $__devenv_name
            functions -q $__devenv_user; and functions -c $__devenv_user $__devenv_name
        end
        functions -e $__devenv_user
        set -e __devenv_code[1]
    end
    for __devenv_name in $__devenv_completed
        complete -e -c $__devenv_name
        # fish loads a file once: what may have been loaded beside ours is read again.
        contains -- $__devenv_name $__devenv_unloaded; or __devenv_complete_from $__devenv_name $fish_complete_path
    end
    set -e __devenv_mark_shown
    if test -n "$__devenv_prompt_text"; and test "$__devenv_prompt_text" = "$(functions --no-details fish_prompt)"
        functions -e fish_prompt
        functions -c __devenv_user_prompt fish_prompt
        functions -e __devenv_user_prompt
    end # else something may call ours, and through it the user's
    set -e __devenv_prompt_text
end

function __devenv_load # command: reads its completions, and completes what is typed
    set -e __devenv_unloaded[(contains -i -- $argv[1] $__devenv_unloaded)]
    __devenv_complete_from $argv[1] $__devenv_directories
    complete -C "$(commandline -cp)"
end

function __devenv_complete_from # command, directories
    for __devenv_file in $argv[2..]/$argv[1].fish
        test -r $__devenv_file; and source $__devenv_file; and return
    end
end

function __devenv_unwrap # alias: that it is completed as another command ends, if there is nothing else
    set -l __devenv_line (complete -c $argv[1])
    set -q __devenv_line[1]; and not set -q __devenv_line[2]; or return
    string match -q '*--wraps*' -- $__devenv_line; and complete -e -c $argv[1]
end

function __devenv_is_ours # function, code that defines ours: the user's own with the same commands counts
    functions -q $argv[1]; or return
    eval "$(string replace -r '^function \S+' 'function __devenv_ours' -- $argv[2])"
    set -l __devenv_lines
    for __devenv_name in __devenv_ours $argv[1]
        # The first line also has what `complete` knows of the name.
        set -l __devenv_body (functions --no-details $__devenv_name)
        set -a __devenv_lines "$(string trim --chars ' ;'\t -- $__devenv_body[2..] | string match -v '')"
    end
    functions -e __devenv_ours
    complete -e -c __devenv_ours
    test "$__devenv_lines[1]" = "$__devenv_lines[2]"
end

function __devenv_mark_prompt # the name of the project stands before the prompt
    set -g __devenv_mark_shown "($(__devenv_show $DEVENV_NAME)) "
    # Where there is one already, what the user made of the prompt calls it or does not want it.
    functions -q __devenv_user_prompt; and return
    functions -q fish_prompt; or return
    functions -c fish_prompt __devenv_user_prompt
    # The status of the last command is there for the user's prompt as long as no command comes before it.
    function fish_prompt
        printf '%s%s' "$__devenv_mark_shown" (__devenv_user_prompt | string collect -N --allow-empty)
    end
    set -g __devenv_prompt_text "$(functions --no-details fish_prompt)"
end

# --- a shell that was started inside an environment ---

function __devenv_adopt # takes over what the parent published, if it names a generation of this state directory
    if string match -rq -- $__devenv_generations "$DEVENV_GENERATION"
        and test -e $DEVENV_GENERATION/activate.fish -a -n "$DEVENV_PROJECT"
        set -g __devenv_inherited yes
        string match -rq '^(?s)(?<__devenv_path>.*?)/?\z' -- $DEVENV_PROJECT
        set -g __devenv_link $__devenv_active$__devenv_path/@devenv
        __devenv_read $DEVENV_GENERATION $__devenv_path/
    end
    test -z "$__devenv_project"; or return 0
    set -e __devenv_inherited
    set -e DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME
    for __devenv_name in (set -ngx | string match -r '^DEVENV_WAS_[A-Za-z0-9_]+$')
        set -eg $__devenv_name
    end
end

function __devenv_settle --no-scope-shadowing # stays in what was inherited, and adds what is not
    set -e __devenv_inherited
    __devenv_gather
    __devenv_define
    if test -n "$__devenv_hook"
        eval $__devenv_hook
    end
end

function __devenv_gather # a login shell sets PATH anew, an rc file puts its own directories in front: ours come round them
    for __devenv_name in $__devenv_lists
        set -l __devenv_made __devenv_made_{$__devenv_name}_
        test "$$__devenv_name" != "$$__devenv_made"; or continue
        __devenv_take_out $__devenv_name
        __devenv_forget $__devenv_name
        __devenv_put_in $__devenv_name
    end
end

# --- leaving ---

function __devenv_leave --no-scope-shadowing
    if test -n "$__devenv_leave_hook" -a -n "$__devenv_defined" -a -z "$__devenv_stage"
        eval $__devenv_leave_hook
    end
    __devenv_undo
    return 0
end

function __devenv_undo
    # Two lists are the same if they are so joined by spaces, and joined by colons.
    set -l __devenv_now $$__devenv_names
    set -l --path __devenv_now_path $__devenv_now
    set -l --path __devenv_then_path $__devenv_values
    if test -n "$__devenv_new" -a "x$__devenv_now" = "x$__devenv_values" -a "x$__devenv_now_path" = "x$__devenv_then_path"
        if set -q $__devenv_names
            set -eg $__devenv_names
        else
            __devenv_undo_each
        end
    else
        __devenv_undo_each
    end
    for __devenv_name in $__devenv_gone
        set -q $__devenv_name; or __devenv_restore $__devenv_name
    end
    for __devenv_name in $__devenv_lists
        set -l __devenv_made __devenv_made_{$__devenv_name}_
        if test "$$__devenv_name" = "$$__devenv_made"; and set -q $__devenv_name
            __devenv_restore $__devenv_name
        else
            __devenv_take_out $__devenv_name
        end
        set -e __devenv_{before,after,tail,made}_{$__devenv_name}_
    end
    for __devenv_name in $__devenv_kept
        set -e __devenv_was_{$__devenv_name}_ __devenv_kind_{$__devenv_name}_ DEVENV_WAS_$__devenv_name
    end
    test -z "$__devenv_defined"; or __devenv_undefine
    set -e DEVENV_PROJECT DEVENV_GENERATION DEVENV_NAME
    __devenv_reset
end

function __devenv_undo_each # the plain variables that are as we left them
    set -l __devenv_value $__devenv_values
    for __devenv_name in $__devenv_names
        # One that is not set is not as we left it, though ours is empty.
        if test "$$__devenv_name" = "$__devenv_value[1]"; and set -q $__devenv_name
            __devenv_restore $__devenv_name
        end
        set -e __devenv_value[1]
    end
end

function __devenv_restore # variable: as it was before
    set -l __devenv_was __devenv_was_$argv[1]_
    set -l __devenv_kind __devenv_kind_$argv[1]_
    switch "$$__devenv_kind"
        case exported
            set -gx $argv[1] $$__devenv_was
        case plain
            set -gu $argv[1] $$__devenv_was
        case inherited # fish drops globals that are what an exported universal variable is anyhow
            set -eg $argv[1]
            set -qUx $argv[1]; and test "$$argv[1]" = "$$__devenv_was"; or set -gx $argv[1] $$__devenv_was
        case '*'
            set -eg $argv[1]
    end
end

function __devenv_take_out # list variable: our entries go, one of each; what the user added stays, in its order
    set -q $argv[1]; or return
    set -l __devenv_before __devenv_before_$argv[1]_
    set -l __devenv_after __devenv_after_$argv[1]_
    set -l __devenv_tail __devenv_tail_$argv[1]_
    set -l __devenv_was __devenv_was_$argv[1]_
    set -l __devenv_kind __devenv_kind_$argv[1]_
    set -l --path __devenv_all "$$argv[1]"
    for __devenv_entry in $$__devenv_before
        set -l __devenv_index (contains -i -- $__devenv_entry $__devenv_all); and set -e __devenv_all[$__devenv_index]
    end
    for __devenv_entry in $$__devenv_after[1][-1..1]
        set -l __devenv_index (contains -i -- $__devenv_entry $__devenv_all[-1..1])
        and set -e __devenv_all[-$__devenv_index]
    end
    set -l --path __devenv_default $$__devenv_tail
    if test -z "$$__devenv_was" -a "x$__devenv_all" = "x$__devenv_default"
        __devenv_restore $argv[1]
    else
        set -l __devenv_text "$__devenv_all"
        test -n "$__devenv_text"; or set __devenv_text # no element: an empty one would become `.` in PATH
        if test "$$__devenv_kind" = plain
            set -gu $argv[1] $__devenv_text
        else
            set -gx $argv[1] $__devenv_text
        end
    end
end

function __devenv_reset # nothing is loaded
    set -eg __devenv_{inherited,project,generation,root,hook,leave_hook,defined,new,size,names,values,gone,lists,kept}
    set -eg __devenv_{functions,codes,unloaded,completed,directories,completions,files,watched,stamps}
end

# --- words for people ---

function __devenv_show # text from outside, as it may be printed
    # What changes the direction of writing is no letter: everything that is not harmless is spelt in ASCII.
    if string match -rq $__devenv_harmless -- $argv[1]
        printf %s $argv[1]
    else if string match -rq '[^\x01-\x7f]' -- $argv[1]
        string escape --style=url -- $argv[1]
    else
        string escape -- $argv[1]
    end
end

function __devenv_say # format with one %s, text for it from outside
    if string match -rq $__devenv_harmless -- $argv[2]
        printf "devenv: $argv[1]\n" $argv[2] >&2
    else
        printf "devenv: $argv[1]\n" "$(__devenv_show $argv[2])" >&2
    end
end

function __devenv_say_once # the same, unless it was the last thing said
    test "$__devenv_said" = "$argv[1]$argv[2]"; or __devenv_say $argv
    set -g __devenv_said "$argv[1]$argv[2]"
end

# --- setting up ---

function __devenv_pin --no-scope-shadowing # project, generation: for `devenv shell`, which stays in its environment
    __devenv_adopt
    __devenv_undo
    string match -rq '^(?s)(?<__devenv_path>.*?)/?\z' -- $argv[1]
    __devenv_read $argv[2] $__devenv_path/
    if test -n "$__devenv_hook"
        eval $__devenv_hook
    end
    set -g __devenv_stage pinned
end

function __devenv_install # state directory, program
    if not set -q __devenv_installed[2] # not read before by this shell: what is inherited has one element
        for __devenv_name in (set -n | string match -r '^__devenv_[A-Za-z0-9_]+$')
            test $__devenv_name = __devenv_name; or set -eg $__devenv_name
        end
        set -g __devenv_installed yes yes
        set -g __devenv_stage new
        __devenv_reset
    end
    set -g __devenv_state $argv[1]
    set -g __devenv_active $argv[1]/active
    set -g __devenv_program $argv[2]
    set -g __devenv_generations \
        "^$(string escape --style=regex -- $argv[1] | string collect)/projects/[0-9a-f]{32}/generations/[0-9]{1,18}\z"
    set -g __devenv_harmless '^[\p{L}\p{N}_./@+,:~=-]+\z'
    set -g __devenv_unheard 'the files of %s changed, and nothing follows until `devenv status` works there'
end

if status is-interactive
    __devenv_install @DEVENV_STATE@ @DEVENV_PROGRAM@
else
    functions -e __devenv_prompt __devenv_moved
end
