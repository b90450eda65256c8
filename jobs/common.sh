# shellcheck shell=bash
# Functions of the job scripts, which source this file after their settings.
#   fail TEXT          ends the job with exit code 2
#   start ARGUMENT...  runs $mckean on all tasks of the job and returns its exit code. If this script receives USR2 or TERM,
#                      it sends USR2 to all ranks, which write a checkpoint and stop with exit code 75. Without a signal,
#                      `mckean run` also stops before SLURM's time limit
#   run ARGUMENT...    runs `mckean run` and ends the script. After exit code 75, unless the job was canceled (scancel), it
#                      submits the job again, at most $restarts times: by requeue, or as a new job that depends on this one

set -u
arguments=("$@") # of the job script
fail() { echo "${SLURM_JOB_NAME:-$0}: $*" >&2; exit 2; }
[ -n "${SLURM_JOB_ID:-}" ] || fail "expected to run under SLURM: sbatch $0"
cd "${SLURM_SUBMIT_DIR:?}" || exit 2
[ -x "${mckean:?}" ] || fail "$mckean does not exist or is not executable; run make, and submit from the top folder of McKean"
# For the last task of an array, SLURM_JOB_ID is the id of the whole array, with which scontrol would requeue all tasks.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
array=(${SLURM_ARRAY_TASK_ID:+--array="$SLURM_ARRAY_TASK_ID"})
script=
for _ in 1 2 3 4 5; do # the controller may be busy
  script=$(scontrol show job "$job" | sed -n 's/^ *Command=//p') # path and arguments of the job script
  [ -z "$script" ] || break
  sleep 5
done
script=${script%" ${arguments[*]}"}
again=(sbatch ${array[@]+"${array[@]}"} "${script#"$PWD/"}" "${arguments[@]}")
MCKEAN_AGAIN=$(printf '%q ' "${again[@]}")
export MCKEAN_AGAIN=${MCKEAN_AGAIN% } # a stopped run prints it as the last line of its log
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=1

stopping=
canceled=
interrupted=
process=
stop_signal=USR2
forward_stop() {
  stopping=1 interrupted=1
  [ -z "$process" ] || kill "-$stop_signal" "$process" 2>/dev/null # the launcher forwards it to the ranks on all nodes
}
trap forward_stop USR2
# SLURM sends TERM after scancel and at the time limit. At the time limit squeue reports the reason TimeLimit.
trap 'forward_stop; [ "$(timeout 5 squeue -h -j "$job" -o %r)" = TimeLimit ] || canceled=1' TERM

mpirun_is_mpich() { mpirun --version 2>/dev/null | grep -q HYDRA; }

# Open MPI's mpirun does not start as root unless two variables allow it.
refuses_root() {
  [ "$(id -u)" -eq 0 ] && [ "${OMPI_ALLOW_RUN_AS_ROOT:-} ${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-}" != "1 1" ] &&
    mpirun --version 2>/dev/null | grep -q "Open MPI"
}

start() {
  local code
  [ -z "$stopping" ] || return 75
  [ "${launcher:?}" != mpirun ] || ! mpirun_is_mpich || stop_signal=TERM # USR2 ends this mpirun, TERM ends Open MPI's
  [ "${launcher:?}" != mpirun ] || ! refuses_root ||
    fail "launcher: mpirun: expected a user, received root: Open MPI does not start as root; submit as a user or, in a container, with: sbatch --export=ALL,OMPI_ALLOW_RUN_AS_ROOT=1,OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ..."
  case $launcher in
    srun) srun --mpi=pmix --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" "$mckean" "$@" & ;;
    mpirun) mpirun -n "${SLURM_NTASKS:?request tasks from SLURM: --ntasks}" "$mckean" "$@" </dev/null & ;;
    *) fail "launcher: expected srun or mpirun, received \"$launcher\"" ;;
  esac
  process=$!
  [ -z "$stopping" ] || kill -USR2 "$process" # the signal arrived while the launcher was starting
  while :; do # a trapped signal interrupts wait
    interrupted=
    wait "$process"
    code=$?
    [ -n "$interrupted" ] || break
  done
  # USR2 kills a launcher or ranks that have not installed their handlers yet. Nothing is lost then, so the code becomes 75.
  [ -z "$stopping" ] || [ $code -ne $((128 + $(kill -l USR2))) ] || code=75
  # After a signal, MPICH's mpirun returns 0 instead of 75 at times. If the run was complete, the next job ends at once.
  [ -z "$stopping" ] || [ "$stop_signal" != TERM ] || [ $code -ne 0 ] || code=75
  process=
  return $code
}

submit_again() {
  local done=${MCKEAN_RESTARTS:-${SLURM_RESTART_COUNT:-0}}
  if [ -n "$canceled" ]; then
    printf 'canceled; to resume:\n%s\n' "$MCKEAN_AGAIN"
    exit 75
  fi
  if [ "$done" -ge "${restarts:?}" ]; then
    printf 'stopped early after %s restarts, the maximum; to resume:\n%s\n' "$done" "$MCKEAN_AGAIN"
    exit 75
  fi
  case ${chain:?} in
    requeue)
      echo "stopped early; requeue $((done + 1)) of at most $restarts"
      scontrol requeue "$job" || exit 75 # SLURM ends this script here
      sleep 60
      ;;
    depend)
      [ -n "$script" ] || fail "scontrol did not report the script of this job; submit the same job again to resume"
      next=$(MCKEAN_RESTARTS=$((done + 1)) sbatch --parsable --dependency=afterany:"$job" ${array[@]+"${array[@]}"} \
        "$script" "${arguments[@]}") || exit 75
      echo "stopped early; job $next resumes, restart $((done + 1)) of at most $restarts"
      ;;
    *) fail "chain: expected requeue or depend, received \"$chain\"" ;;
  esac
}

run() {
  start run "$@"
  local code=$?
  [ $code -ne 75 ] || submit_again
  exit $code
}
