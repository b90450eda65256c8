# shellcheck shell=bash disable=SC2034
# Shared by tests/portable/portable_*.
#   gcc, clang, aarch64  the programs that tests/portable/run compiled
. "$(dirname "${BASH_SOURCE[0]}")/../harness/preamble.sh"
. "$top/tests/portable/tests"
gcc=$mckean
clang=$build/portable/clang/mckean
aarch64=$build/portable/aarch64/mckean

# emulator BITS: prints the command that runs aarch64 programs on a processor whose SVE vectors have this many bits
emulator() { echo "qemu-aarch64 -L $build/portable/arm64/root -cpu max,sve-max-vq=$(($1 / 128))"; }

# module_tests NAME LEVEL [EMULATOR]: runs the tests in the build NAME, which have to test the kernels of this ISA level
module_tests() {
  MCKEAN_TEST_TIMEOUT=${MCKEAN_TEST_TIMEOUT:-900} MCKEAN_TEST_EMULATOR=${3:-} "$top/tests/run" "$build/portable/$1" "${tests[@]}" >log 2>&1 ||
    fail "tests of $1"
  printed "^level $2$"
  grep -E "^level|: h within|passed|FAILED" log
}
