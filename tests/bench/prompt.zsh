# Times what a shell does at its prompts, with a hook that is installed already. Called by prompt.py:
#
#   zsh -f -i prompt.zsh HOOK INSIDE OUTSIDE PROMPTS SWITCHES
#
# prints the microseconds that PROMPTS prompts took inside, then outside of the project, and SWITCHES times leaving and
# entering it. Status 3: the hook does not do its work.
zmodload zsh/datetime
source "$1"
inside=$2 outside=$3 prompts=$4 switches=$5

# What zsh does before it shows a prompt, as an alias: a function would add to the time of a prompt. After `cd` zsh
# itself calls `chpwd_functions`.
alias at_prompt='for each in $precmd_functions; do $each; done'

stay() {
  local i each
  for ((i = 0; i < prompts; i++)); do
    at_prompt
  done
}

leave_and_enter() {
  local i each
  for ((i = 0; i < switches; i++)); do
    cd -q $outside || exit
    for each in $chpwd_functions; do $each; done
    at_prompt
    cd -q $inside || exit
    for each in $chpwd_functions; do $each; done
    at_prompt
  done
}

timed() { # function
  local -F start=$EPOCHREALTIME
  $1
  printf '%.0f\n' $(((EPOCHREALTIME - start) * 1000000))
}

cd $inside || exit
at_prompt
[[ $BENCH_MARK == inside ]] || exit 3
timed stay
cd $outside || exit
at_prompt
[[ -z ${BENCH_MARK+set} ]] || exit 3
timed stay
timed leave_and_enter
[[ $BENCH_MARK == inside ]] || exit 3
