# shellcheck shell=bash
# What the job scripts share; they source it after their settings.
#   fail TEXT          ends the job with exit code 2
#   start ARGUMENT...  $mckean on all tasks of the job; returns its exit code. USR2 and TERM to this script become USR2 to
#                      all ranks, which write a checkpoint and stop with 75; so does the run itself before SLURM's limit
#   run ARGUMENT...    the same of `mckean run`, and ends the script; after 75 the job comes again, at most $restarts times, by
#                      requeue or by a job that depends on this one; not after scancel

set -u
arguments=("$@") # of the script
fail() { echo "${SLURM_JOB_NAME:-$0}: $*" >&2; exit 2; }
[ -n "${SLURM_JOB_ID:-}" ] || fail "expected to run under SLURM: sbatch $0"
cd "${SLURM_SUBMIT_DIR:?}" || exit 2
[ -x "${mckean:?}" ] || fail "$mckean is not there; submit from the top folder of McKean, after make"
# Of an array's last task SLURM_JOB_ID is the id of the whole array: it would stop and requeue all tasks.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
array=(${SLURM_ARRAY_TASK_ID:+--array="$SLURM_ARRAY_TASK_ID"})
script=
for _ in 1 2 3 4 5; do # the controller may be busy
  script=$(scontrol show job "$job" | sed -n 's/^ *Command=//p') # and its arguments
  [ -z "$script" ] || break
  sleep 5
done
script=${script%" ${arguments[*]}"}
again=(sbatch ${array[@]+"${array[@]}"} "${script#"$PWD/"}" "${arguments[@]}")
MCKEAN_AGAIN=$(printf '%q ' "${again[@]}")
export MCKEAN_AGAIN=${MCKEAN_AGAIN% } # the last line of a stopped run's log
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=1

stopping=
cancelled=
interrupted=
process=
pass_on() {
  stopping=1 interrupted=1
  [ -z "$process" ] || kill -USR2 "$process" 2>/dev/null # both launchers send it to the ranks of all nodes
}
trap pass_on USR2
# TERM comes from scancel, or at the time limit from SLURM itself.
trap 'pass_on; [ "$(timeout 5 squeue -h -j "$job" -o %r)" = TimeLimit ] || cancelled=1' TERM

start() {
  local code
  [ -z "$stopping" ] || return 75
  case ${launcher:?} in
    srun) srun --mpi=pmix --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" "$mckean" "$@" & ;;
    mpirun) mpirun -n "${SLURM_NTASKS:?ask SLURM for tasks}" "$mckean" "$@" </dev/null & ;;
    *) fail "launcher: expected srun or mpirun, received \"$launcher\"" ;;
  esac
  process=$!
  [ -z "$stopping" ] || kill -USR2 "$process" # it came between
  while :; do # a trapped signal ends wait early
    interrupted=
    wait "$process"
    code=$?
    [ -n "$interrupted" ] || break
  done
  # Launcher or ranks that are not yet ready for the signal die of it: nothing is lost by this.
  [ -z "$stopping" ] || [ $code -ne $((128 + $(kill -l USR2))) ] || code=75
  process=
  return $code
}

go_on() {
  local done=${MCKEAN_RESTARTS:-${SLURM_RESTART_COUNT:-0}}
  if [ -n "$cancelled" ]; then
    printf 'cancelled; what goes on:\n%s\n' "$MCKEAN_AGAIN"
    exit 75
  fi
  if [ "$done" -ge "${restarts:?}" ]; then
    printf 'stopped early after %s restarts, the bound; what goes on:\n%s\n' "$done" "$MCKEAN_AGAIN"
    exit 75
  fi
  case ${chain:?} in
    requeue)
      echo "stopped early; requeue $((done + 1)) of at most $restarts"
      scontrol requeue "$job" || exit 75 # SLURM ends this script here
      sleep 60
      ;;
    depend)
      [ -n "$script" ] || fail "scontrol did not tell this job's script; submit the same job again to go on"
      next=$(MCKEAN_RESTARTS=$((done + 1)) sbatch --parsable --dependency=afterany:"$job" ${array[@]+"${array[@]}"} \
        "$script" "${arguments[@]}") || exit 75
      echo "stopped early; job $next goes on, $((done + 1)) of at most $restarts"
      ;;
    *) fail "chain: expected requeue or depend, received \"$chain\"" ;;
  esac
}

run() {
  start run "$@"
  local code=$?
  [ $code -ne 75 ] || go_on
  exit $code
}
