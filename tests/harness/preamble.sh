# shellcheck shell=bash disable=SC2034
# What the scripts in tests/program, tests/fault and tests/slurm share. Each script sources this file, or a file that sources
# it, before its first command, and is called as SCRIPT BUILD. This file sets
#   top     the root of the repository
#   build   BUILD as an absolute path; $mckean is the program in it
#   work    a new folder, which is the current folder of the script; the trap on EXIT removes it
#   log     the file whose last lines fail prints: the output of the last command that the script tests
#   failed  the number of calls of fail
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${1:?usage: $(basename "$0") BUILD}")
mckean=$build/mckean
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
log=$work/log
failed=0
# The environment of mpirun. Under SLURM the job scripts have to set it.
[[ $0 == */slurm_* ]] || . "$top/tools/environment"

# A mistyped command does not let a test pass.
command_not_found_handle() {
  echo "FAILED: $(basename "$0"): no command $1"
  kill $$
}

# python ARGUMENT...: with numpy, h5py and matplotlib
python() { "$top/tools/python" "$@"; }

# fail TEXT: prints the text and the end of the log, and counts the failure
fail() {
  echo "FAILED: $*"
  [ ! -e "$log" ] || tail -n 20 "$log" | sed 's/^/    | /'
  failed=$((failed + 1))
}

# printed PATTERN [CASE]: the log contains the pattern
printed() { grep -q -- "$1" "$log" || fail "expected \"$1\" in the output${2:+ ($2)}"; }

# finish: the last line of a script
finish() {
  echo "$(basename "$0"): $failed failures"
  [ "$failed" -eq 0 ]
}
