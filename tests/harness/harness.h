/* harness: CMocka under MPI.
 *
 * An assert that fails on one rank only would leave the others in a collective call for ever. So tests first agree on a
 * condition over all ranks; then either all ranks fail there or none does. Rank 0 alone prints.
 *
 * A test file starts with a line "// ranks: 1 2 3 4" (the counts tests/run starts it with) and ends with
 *   int main(int argc, char **argv) { return harness_run(argc, argv, tests, sizeof tests / sizeof *tests); } */
#ifndef MCKEAN_TESTS_HARNESS_H
#define MCKEAN_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "parallel/comm.h"

extern struct comm world; /* all ranks of the test */

/* Collective: fails on all ranks, with the place and the ranks that saw it fail, unless condition holds on all. */
#define assert_all(condition) harness_assert_all((condition), #condition, __FILE__, __LINE__)

/* Collective: the call returned OK on all ranks; prints the status text otherwise. */
#define assert_ok(call)               harness_assert_status((call), OK, #call, __FILE__, __LINE__)
#define assert_status(expected, call) harness_assert_status((call), (expected), #call, __FILE__, __LINE__)

/* Local, for tests on one rank: |a - b| <= tolerance * max(1, |b|) */
#define assert_near(a, b, tolerance) harness_assert_near((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)

void harness_assert_all(bool condition, const char *text, const char *file, int line);
void harness_assert_status(int status, int expected, const char *text, const char *file, int line);
void harness_assert_near(double a, double b, double tolerance, const char *text_a, const char *text_b, const char *file,
                         int line);

/* A new empty folder for the test's files, the same on all ranks, removed at the end. Collective. */
const char *harness_folder(void);

int harness_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
