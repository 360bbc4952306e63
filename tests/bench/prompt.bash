# Times what a shell does at its prompts, with a hook that is installed already. Called by prompt.py:
#
#   bash --noprofile --norc -i prompt.bash HOOK INSIDE OUTSIDE PROMPTS SWITCHES
#
# prints the microseconds that PROMPTS prompts took inside, then outside of the project, and SWITCHES times leaving and
# entering it. Status 3: the hook does not do its work.
# shellcheck shell=bash

# shellcheck source=/dev/null
source "$1"
inside=$2 outside=$3 prompts=$4 switches=$5

# What bash does before it shows a prompt, as an alias: a function would add to the time of a prompt.
alias at_prompt='for each in "${PROMPT_COMMAND[@]}"; do eval "$each"; done'

stay() {
  local i each
  for ((i = 0; i < prompts; i++)); do
    at_prompt
  done
}

leave_and_enter() {
  local i each
  for ((i = 0; i < switches; i++)); do
    cd "$outside" || exit
    at_prompt
    cd "$inside" || exit
    at_prompt
  done
}

timed() { # function
  local start=${EPOCHREALTIME/[.,]/} end
  "$1"
  end=${EPOCHREALTIME/[.,]/}
  printf '%d\n' $((end - start))
}

cd "$inside" || exit
at_prompt
[[ $BENCH_MARK == inside ]] || exit 3
timed stay
cd "$outside" || exit
at_prompt
[[ -z ${BENCH_MARK+set} ]] || exit 3
timed stay
timed leave_and_enter
[[ $BENCH_MARK == inside ]] || exit 3
