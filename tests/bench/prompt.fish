# Times what a shell does at its prompts, with a hook that is installed already. Called by prompt.py:
#
#   fish --no-config -i prompt.fish HOOK INSIDE OUTSIDE PROMPTS SWITCHES
#
# prints the microseconds that PROMPTS prompts took inside, then outside of the project, and SWITCHES times leaving and
# entering it. Status 3: the hook does not do its work.
#
# fish has no clock of its own: what it takes is asked of `date`, once before and once after.

source $argv[1]
set -g bench_inside $argv[2]
set -g bench_outside $argv[3]
set -g bench_prompts (string repeat -n $argv[4] 'x ' | string trim | string split ' ')
set -g bench_switches (string repeat -n $argv[5] 'x ' | string trim | string split ' ')

function bench_stay
    for each in $bench_prompts
        test -n "$each"; and emit fish_prompt
    end
end

function bench_leave_and_enter
    for each in $bench_switches
        test -n "$each"; or continue
        cd $bench_outside; or exit
        emit fish_prompt
        cd $bench_inside; or exit
        emit fish_prompt
    end
end

function bench_timed # function
    set -l start (date +%s%N)
    $argv[1]
    set -l stop (date +%s%N)
    math --scale 0 "($stop - $start) / 1000"
end

cd $bench_inside; or exit
emit fish_prompt
test "$BENCH_MARK" = inside; or exit 3
bench_timed bench_stay
cd $bench_outside; or exit
emit fish_prompt
set -q BENCH_MARK; and exit 3
bench_timed bench_stay
bench_timed bench_leave_and_enter
test "$BENCH_MARK" = inside; or exit 3
