# shellcheck shell=bash disable=SC2034
# Shared by the scripts in tests/program, tests/fault and tests/slurm. Each script sources this file, or a file that sources
# it, before its first command, and is called as SCRIPT BUILD. This file sets
#   top     the root of the repository
#   build   BUILD as an absolute path; $mckean is the program in it
#   work    a new folder and the current folder of the script; the trap on EXIT removes it
#   log     a file to which scripts redirect the output of the command under test; "fail" prints its last lines
#   failed  the number of calls of "fail" so far
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${1:?usage: $(basename "$0") BUILD}")
mckean=$build/mckean
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
log=$work/log
failed=0
# The environment for mpirun. Under SLURM the job scripts must set it themselves.
[[ $0 == */slurm_* ]] || . "$top/tools/environment"

# Ends the script at an unknown command, so that no test passes because of a mistyped command.
command_not_found_handle() {
  echo "FAILED: $(basename "$0"): no command $1"
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

# finish: prints the number of failures and returns 0 if there are none; the last command of a script
finish() {
  echo "$(basename "$0"): $failed failures"
  [ "$failed" -eq 0 ]
}
