# shellcheck shell=bash
# Functions of the scripts in tests/slurm, in addition to tests/harness/preamble.sh. The scripts run inside tests/slurm/testbed.
# The work folder contains
#   jobs/    a copy of the job scripts
#   build    a link to the build folder
#   in.yaml  an input of 300 steps
#   ./slow   runs mckean with a slow MPI_Allreduce, so that a step takes at least 50 ms on any machine, and waits while a file
#            hold-TASK exists, where TASK is the array task of the job
# The log of a job is RUN.log, its output folder RUN.
. "$(dirname "${BASH_SOURCE[0]}")/../harness/preamble.sh"
testbed=$top/tests/slurm/testbed
jobs=() # the jobs to cancel at the end
trap '[ ${#jobs[@]} -eq 0 ] || scancel "${jobs[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cp -r "$top/jobs" .
ln -s "$build" build
export OMPI_MCA_mpi_yield_when_idle=1
fail() {
  echo "FAILED: $*"
  tail -n 20 "$log" ./*.log 2>/dev/null
  failed=$((failed + 1))
}

cat >slow.c <<'C'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  char hold[64];
  const char *task = getenv("SLURM_ARRAY_TASK_ID");
  snprintf(hold, sizeof hold, "hold-%s", task ? task : "");
  while (access(hold, F_OK) == 0) usleep(10000);
  if (count > 8) usleep(50000); /* a sum over units in a step; agreements are shorter */
  return PMPI_Allreduce(from, to, count, type, op, comm);
}
C
mpicc -shared -fPIC -o slow.so slow.c || exit 1
cat >slow <<SH
#!/bin/sh
LD_PRELOAD=$work/slow.so exec build/mckean "\$@"
SH
chmod +x slow

# input STEPS: prints an input with a network that two ranks share
input() {
  cat <<YAML
ensemble: {n: [3000]}
target: {type: spin, d: 5}
data: {mode: fixed, samples: 50, test: 20}
dynamics: {stages: [{steps: $1, dt: 0.1}]}
output: {history_every: 100, checkpoint_minutes: 0}
YAML
}
input 300 >in.yaml

# script FILE COPY [SED...]: creates jobs/COPY from the job script FILE for two nodes, with edits as users make them; SED: more
# edits, as commands of sed
script() {
  local edit line
  edit=(-e 's/^#SBATCH --nodes=.*/#SBATCH --nodes=2/' -e 's/^#SBATCH --ntasks-per-node=.*/#SBATCH --ntasks-per-node=1/'
    -e 's/^#SBATCH --time=.*/#SBATCH --time=10/' -e 's|^mckean=[^ ]*|mckean=./slow|')
  for line in "${@:3}"; do edit+=(-e "$line"); done
  sed "${edit[@]}" "$top/jobs/$1" >"jobs/$2"
}
# submit RUN FILE ARGUMENT...: submits a job and sets $job
submit() {
  local run=$1
  shift
  job=$(sbatch --parsable --output="$run.log" "$@") || { fail "sbatch $*"; exit 1; }
  jobs+=("$job")
}
# within SECONDS COMMAND...: waits until the command succeeds; false after SECONDS
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
# began RUN COUNT: true if the time loop of the run has begun at least COUNT times
began() { [ -e "$1/run.log" ] && [ "$(grep -c "^time limit: SLURM" "$1/run.log")" -ge "$2" ]; }
# stop JOB RUN COUNT: stops the run COUNT times by a signal to the script, each time after the time loop began
stop() {
  local i
  for ((i = 1; i <= $3; i++)); do
    within 120 began "$2" "$i" || { fail "$2 did not begin for the $i. time"; return; }
    scancel --batch --signal=USR2 "$1" || fail "scancel of $1"
  done
}
# field JOB NAME: prints a field of `scontrol show job`
field() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }
# completed JOB [SECONDS]: waits until the job is complete
completed() { "$testbed" wait "$1" "${2:-120}" || fail "job $1 did not complete"; }
# newest RUN: prints the path of the newest checkpoint
newest() {
  local files=("$1"/checkpoints/step-*.h5)
  echo "${files[-1]}"
}
# same RUN [INPUT [KEY=VALUE]]: the last checkpoint and the history have the same bits as those of an undisturbed run on one rank
same() {
  local run=$1 input=${2:-in.yaml} whole text
  shift $(($# < 2 ? $# : 2))
  whole=whole-$(echo "$input" "$@" | tr -c 'a-z0-9\n' -)
  [ -e "$whole" ] || "$build/mckean" run "$input" "run.output=$whole" "$@" >whole.txt 2>&1 || fail "the run without stops"
  text=$("$build/mckean" compare "$(newest "$whole")" "$(newest "$run")" 2>&1) || fail "$run: $text"
  text=$(h5diff "$whole/history.h5" "$run/history.h5" /ensemble /ensemble 2>&1) || fail "$run: its history differs: $text"
}
