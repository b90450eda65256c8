# shellcheck shell=bash disable=SC2034
# Functions of fault_kill, fault_rival, fault_sleep, fault_states and program_durable, in addition to tests/harness/preamble.sh:
# they start runs in the background, find their processes, and compare their outputs.
. "$(dirname "${BASH_SOURCE[0]}")/../harness/preamble.sh"
# A killed Open MPI leaves sockets and shared memory behind; here they are in $work, which is removed. Two programs that create
# the same socket folder at the same instant fail, so each mpirun has its own folder; programs without mpirun share mpi.0.
export OMPI_MCA_btl_vader_backing_directory=$work TMPDIR=$work/mpi.0
mkdir "$TMPDIR"
export OMPI_MCA_ess_singleton_isolated=1 # without mpirun, mckean starts no daemon
started=() # processes that must not outlive the test
clean_up() {
  local process
  for process in "${started[@]}"; do
    [ -d "/proc/$process" ] && tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline" | grep -q "mckean" && kill -9 "$process"
  done
  cd / && rm -rf "$work"
} 2>/dev/null
trap clean_up EXIT
exec {clock}<> <(:) # an empty pipe: `pause SECONDS` reads from it until a timeout, and needs no process
pause() { read -r -t "$1" -u "$clock"; true; }

# give_up TEXT: counts a failure and ends the test
give_up() {
  fail "$*"
  exit 1
}

# launch RANKS INPUT ARGUMENT...: starts a run in the background, with output in $log, and sets $job to its mpirun
launches=0
launch() {
  local ranks=$1
  shift
  mkdir "$work/mpi.$((++launches))"
  TMPDIR=$work/mpi.$launches mpirun -n "$ranks" "$mckean" run "$@" </dev/null >"$log" 2>&1 &
  job=$!
  started+=("$job")
}
# ranks_of JOB: sets $ranks to the process IDs of its ranks
ranks_of() {
  local list=
  read -r list 2>/dev/null <"/proc/$1/task/$1/children"
  read -r -a ranks <<<"$list"
  [[ " ${started[*]} " == *" ${list% } "* ]] || started+=("${ranks[@]}")
}
# runs JOB: true while the job runs
runs() { kill -0 "$1" 2>/dev/null; }
# alive PROCESS: true while the process runs; false for a zombie
alive() {
  local line
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  [[ "${line##*) }" != [ZX]* ]]
}
# until_ends JOB TEXT: waits until the job ends; sets $code to its exit code. A job that hangs ends the test.
until_ends() {
  local end=$((SECONDS + 120))
  while runs "$1"; do
    [ $SECONDS -lt $end ] || give_up "$2 does not end"
    pause 0.02
  done
  wait "$1" 2>/dev/null
  code=$?
}
# until_gone TEXT PROCESS...: waits until the processes have ended
until_gone() {
  local text=$1 process end=$((SECONDS + 120))
  shift
  for process; do
    while alive "$process"; do
      [ $SECONDS -lt $end ] || give_up "$text: process $process still runs"
      pause 0.02
    done
  done
}
# until_owner FOLDER JOB: waits until the lock names a rank of the job, and sets $owner to it; false if the job ends first
until_owner() {
  local line end=$((SECONDS + 120))
  while runs "$2"; do
    [ $SECONDS -lt $end ] || give_up "$1: the run does not take its lock"
    ranks_of "$2"
    if [ ${#ranks[@]} -gt 0 ]; then
      owner=
      while read -r line; do [[ $line == "pid "* ]] && owner=${line#pid }; done 2>/dev/null <"$1/lock"
      [[ -n $owner && " ${ranks[*]} " == *" $owner "* ]] && return 0
    fi
    pause 0.005
  done
  return 1
}
# newest FOLDER: sets $newest to the path of the newest checkpoint, or to "" if there is none
newest() {
  local found=("$1"/checkpoints/step-*.h5)
  newest=${found[-1]}
  [ -e "$newest" ] || newest=
}

# run RANKS CODE FOLDER [ARGUMENT...]: replaces that of the preamble; waits as until_ends does
run() {
  local count=$1 expected=$2 folder=$3
  shift 3
  launch "$count" in.yaml "run.output=$folder" "$@"
  until_ends "$job" "run $folder $*"
  [ "$code" -eq "$expected" ] || fail "run $folder $* on $count ranks: exit code $code, expected $expected"
}

# make_faulty: compiles tests/fault/faulty.c for LD_PRELOAD, and sets $faulty to the library
make_faulty() {
  faulty=$work/faulty.so
  "${CC:-cc}" -D_GNU_SOURCE -O1 -fPIC -shared -Wall -Werror -o "$faulty" "$top/tests/fault/faulty.c" -ldl || give_up "cannot compile faulty.c"
}

# same WHOLE FOLDER: FOLDER contains every checkpoint and the history of WHOLE with the same bits, no duplicate rows, and no
# temporary or damaged files
same() {
  local path
  for path in "$1"/checkpoints/step-*.h5; do
    "$mckean" compare "$path" "$2/checkpoints/${path##*/}" >log 2>&1 || fail "$2: ${path##*/} differs from that of $1"
  done
  python "$top/tests/fault/same_history.py" "$1/history.h5" "$2/history.h5" >log 2>&1 || fail "$2: the history differs"
  [ -z "$(find "$2" -name '.*' -type f)" ] || fail "$2: temporary files are left: $(find "$2" -name '.*' -type f)"
  [ -z "$(find "$2" -name '*.damaged')" ] || fail "$2: a checkpoint counts as damaged"
}
