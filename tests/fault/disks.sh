# shellcheck shell=bash disable=SC2034
# Functions of the tests of disks, in addition to tests/harness/preamble.sh: they mount small disks, fill them, unmount them and
# make them fail. DISKS_NEEDED, which the test sets first, describes what it tests on them. If no disk can be mounted, the test
# ends here and prints that it was skipped; in continuous integration it fails.
#   disk KIND FOLDER [MB]     mounts a disk of MB megabytes (12) at FOLDER. KIND: tmpfs; ext4; ext2, which cannot reserve space;
#                             quota, btrfs with a quota; failing, ext4 on a device that fail_disk makes fail
#   quota KB FOLDER           sets the quota to KB kilobytes
#   leave KB FOLDER           fills the disk with a file named fill until KB kilobytes are free
#   drop_disks                unmounts all disks

. "$(dirname "${BASH_SOURCE[0]}")/../harness/preamble.sh"
trap 'end_all; drop_disks; rm -rf "$work"' EXIT

disks=()
drop_disks() {
  local i folder kind
  for ((i = ${#disks[@]} - 1; i >= 0; i--)); do
    read -r kind folder <<<"${disks[i]}"
    umount -l "$folder" 2>/dev/null
    case $kind in zram*) for _ in $(seq 50); do echo "${kind#zram}" >/sys/class/zram-control/hot_remove && break; sleep 0.1; done 2>/dev/null ;; esac
  done
  disks=()
}

no_disks() {
  echo "SKIPPED: $1, so these were NOT tested: $DISKS_NEEDED"
  drop_disks
  [ "${CI:-}" != true ]
  exit
}

disk() {
  local kind=$1 folder=$2 size=${3:-12} device=
  mkdir -p "$folder" || exit 1
  case $kind in
    tmpfs) mount -t tmpfs -o "size=${size}m" none "$folder" || no_disks "nothing can be mounted here (are you root?)" ;;
    ext4 | ext2)
      truncate -s "${size}M" "$folder.image" && "mkfs.$kind" -q -F -m 0 "$folder.image" &&
        mount -o loop "$folder.image" "$folder" || no_disks "no file can be mounted here as a disk"
      ;;
    failing)
      device=$(cat /sys/class/zram-control/hot_add 2>/dev/null) || return 1
      kind=zram$device
      disks+=("$kind $folder")
      echo "${size}M" >"/sys/block/$kind/disksize" && mkfs.ext4 -q -F -m 0 -O ^has_journal "/dev/$kind" &&
        mount "/dev/$kind" "$folder" || return 1
      return 0
      ;;
    quota)
      truncate -s "${size}M" "$folder.image" && mkfs.btrfs -q "$folder.image" >mkfs 2>&1 && mount -o loop "$folder.image" "$folder" &&
        btrfs quota enable "$folder" || no_disks "btrfs cannot be mounted here"
      ;;
  esac
  disks+=("$kind $folder")
}

leave() {
  local free
  rm -f "$2/fill"
  sync -f "$2"
  free=$(df -k --output=avail "$2" | tail -n 1)
  [ "$free" -gt "$1" ] || { echo "$2 has only $free kB free"; return 1; }
  head -c "$((free - $1))K" /dev/zero >"$2/fill" 2>/dev/null # the last block may not fit
  sync -f "$2"
}

# fail_disk FOLDER: from now on, writes to this disk (of kind failing) fail
fail_disk() {
  local kind
  kind=$(printf '%s\n' "${disks[@]}" | sed -n "s/ $1\$//p")
  echo 1M >"/sys/block/$kind/mem_limit" # less memory than the device already uses
}
quota() { btrfs qgroup limit "$1K" "$2" && sync -f "$2"; }

# ---- the runs ----

# run RANKS CODE FOLDER [ARGUMENT...]: replaces that of the preamble; expects the exit code CODE within a minute
run() {
  local ranks=$1 code=$2 folder=$3 began found
  shift 3
  began=$(date +%s%N)
  timeout --kill-after=10 60 mpirun -n "$ranks" "$mckean" run in.yaml "run.output=$folder" "$@" </dev/null >log 2>&1
  found=$?
  took=$((($(date +%s%N) - began) / 1000000))
  [ "$code" -ne 1 ] || [ "$took" -le "$longest" ] || longest=$took
  [ $found -eq "$code" ] || fail "run $folder $* on $ranks ranks: exit code $found, expected $code"
}
longest=0 # ms; the longest time of a run with the expected exit code 1

# launch RANKS FOLDER [ARGUMENT...]: runs in.yaml in the background for at most 100 s, and sets $job to the process to wait for
launch() {
  local ranks=$1 folder=$2
  shift 2
  timeout --kill-after=10 100 mpirun -n "$ranks" "$mckean" run in.yaml "run.output=$folder" "$@" </dev/null >log 2>&1 &
  job=$!
  jobs+=("$job")
}
jobs=()
# ends CODE: waits for $job, and expects the exit code CODE
ends() {
  wait "$job"
  local found=$?
  [ $found -eq "$1" ] || fail "exit code $found, expected $1"
}
end_all() { [ ${#jobs[@]} -eq 0 ] || kill "${jobs[@]}" 2>/dev/null; }
# ranks_of FOLDER: prints the process IDs of the ranks of the run that writes to FOLDER
# signal_one SIGNAL FOLDER: sends the signal to the last of these processes
ranks_of() { pgrep -f "^$mckean run in.yaml run.output=$1( |\$)"; }
signal_one() { kill "-$1" "$(ranks_of "$2" | tail -n 1)"; }

# until_true WHAT COMMAND...: waits until the command succeeds, for at most half a minute, while $job runs
until_true() {
  local what=$1
  shift
  for _ in $(seq 300); do
    ! "$@" || return 0
    kill -0 "$job" 2>/dev/null || break
    sleep 0.1
  done
  fail "expected within 30 s: $what"
}

# whole_to STEP FOLDER [CASE]: the newest checkpoint has that step, mckean verify passes, and there are no temporary files
whole_to() {
  local newest
  newest=$(ls "$2/checkpoints" | tail -n 1)
  [ "$newest" = "$(printf 'step-%012d.h5' "$1")" ] || fail "$2: the newest checkpoint is ${newest:-missing}, not of step $1${3:+ ($3)}"
  "$mckean" verify "$2" >verified 2>&1 || fail "$2: $(cat verified)${3:+ ($3)}"
  [ -z "$(find "$2" -name '.*' -type f)" ] || fail "$2: temporary files are left: $(find "$2" -name '.*')${3:+ ($3)}"
}

# same FOLDER [OTHER]: the last checkpoint and the history have the same bits as those of OTHER (default: whole)
same() {
  local last other=${2:-whole}
  last=checkpoints/$(ls "$other/checkpoints" | tail -n 1)
  "$mckean" compare "$other/$last" "$1/$last" >compared 2>&1 || fail "$1: $(tail -n 3 compared)"
  h5diff "$other/history.h5" "$1/history.h5" /ensemble /ensemble >compared 2>&1 || fail "$1: the history differs: $(tail -n 3 compared)"
}
