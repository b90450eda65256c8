# shellcheck shell=bash disable=SC2034
# Shared by the scripts in tests/program, tests/fault, tests/slurm and tests/portable. Each script sources this file, or a file that sources
# it, before its first command, and is called as SCRIPT BUILD. This file sets
#   top     the root of the repository
#   build   BUILD as an absolute path; $mckean is the program in it
#   work    a new folder and the current folder of the script; the trap on EXIT removes it
#   log     a file to which scripts redirect the output of the command under test; "fail" prints its last lines
#   failed  the number of calls of "fail" so far
#   input, keys  the input file and the input keys of "run"
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${1:?usage: $(basename "$0") BUILD}")
mckean=$build/mckean
export MCKEAN=$mckean # for the Python package
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
log=$work/log
failed=0
input=in.yaml
keys=()
# The environment for mpirun. Under SLURM the job scripts must set it themselves.
[[ $0 == */slurm_* ]] || . "$top/tools/environment"

# Ends the script at an unknown command, so that no test passes because of a mistyped command.
command_not_found_handle() {
  echo "FAILED: $(basename "$0"): no command $1" >&2
  kill $$
}

# python ARGUMENT...: runs a Python that has numpy, h5py and matplotlib
python() { "$top/tools/python" "$@"; }

# fail TEXT: prints the text and the end of the log, and counts the failure
fail() {
  echo "FAILED: $*"
  [ ! -e "$log" ] || tail -n 20 "$log" | sed 's/^/    | /'
  failed=$((failed + 1))
}

# printed PATTERN [CASE]: fails unless a line of the log matches the grep pattern; the message includes CASE
printed() { grep -q -- "$1" "$log" || fail "expected \"$1\" in the output${2:+ ($2)}"; }

# has_terminal: false if this machine has no pseudo-terminals; prints then that the parts that need one are skipped
has_terminal() {
  python -c 'import pty; pty.openpty()' 2>/dev/null && return
  echo "$(basename "$0"): parts skipped: they need a pseudo-terminal (mount -t devpts devpts /dev/pts)"
  return 1
}

# run RANKS CODE FOLDER [ARGUMENT...]: runs $input with ${keys[@]} and the output folder FOLDER, and expects the exit code CODE.
# Open MPI gets a session folder of its own: a program without mpirun that has just ended may still remove the common one.
run() {
  local ranks=$1 code=$2 folder=$3 found session
  shift 3
  session=$(mktemp -d)
  OMPI_MCA_orte_tmpdir_base=$session timeout --kill-after=10 300 mpirun -n "$ranks" "$mckean" run "$input" "${keys[@]}" \
    "run.output=$folder" "$@" </dev/null >"$log" 2>&1
  found=$?
  rm -rf "$session"
  [ $found -eq "$code" ] || fail "run $folder $* on $ranks ranks: exit code $found, expected $code"
}

# flip_bit FILE BYTE: changes one bit of this byte
flip_bit() {
  printf "\\x$(printf %02x $(($(od -An -tu1 -j"$2" -N1 "$1") ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# set_version FILE VERSION: sets the format version of a checkpoint or history, and the CRC of its header
set_version() {
  python - "$1" "$2" <<'PYTHON' || fail "set_version $1"
import struct, sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

with open(sys.argv[1], "r+b") as file:
    header = bytearray(file.read(512))
    header[8:12] = struct.pack("<I", int(sys.argv[2]))
    header[508:] = struct.pack("<I", crc32c(header[:508]))
    file.seek(0)
    file.write(header)
PYTHON
}

# finish: prints the number of failures and returns 0 if there are none; the last command of a script
finish() {
  echo "$(basename "$0"): $failed failures"
  [ "$failed" -eq 0 ]
}
