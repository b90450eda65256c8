/* harness: CMocka under MPI.
 *
 * If an assert failed on one rank only, the other ranks would wait in a collective call forever. So the ranks agree on
 * a condition first; then the test fails on all ranks or on none. Rank 0 prints.
 *
 * A test file starts with a line "// ranks: 1 2 3 4" (the rank counts at which tests/run starts it) and ends with
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

/* Collective: fails on all ranks unless the condition holds on every rank; prints the condition, its place and the
 * ranks on which it does not hold. assert_all_for also prints the case, which a printf format and its arguments
 * describe. */
#define assert_all(condition)          harness_assert_all((condition), #condition, __FILE__, __LINE__)
#define assert_all_for(condition, ...) harness_assert_all_for((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)

/* Conditions in a loop whose cases differ from rank to rank. expect is local: it records the first failure of this rank
 * with its case, and returns, so that the loop continues. assert_expected is collective and follows the loop: it fails
 * on all ranks if any expect since the last assert_expected failed on any rank, and prints condition, place, case and
 * ranks. harness_run fails if an expect has no assert_expected after it. */
#define expect(condition, ...) harness_expect((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)
#define assert_expected()      harness_assert_expected(__FILE__, __LINE__)

/* Collective: the call returned this status on all ranks; otherwise prints the status and the error text. */
#define assert_ok(call)               harness_assert_status((call), OK, #call, __FILE__, __LINE__)
#define assert_status(expected, call) harness_assert_status((call), (expected), #call, __FILE__, __LINE__)

/* Local, for tests on one rank: |a - b| <= tolerance * max(1, |b|) */
#define assert_near(a, b, tolerance) harness_assert_near((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)

void harness_assert_all(bool condition, const char *text, const char *file, int line);
void harness_assert_all_for(bool condition, const char *text, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void harness_expect(bool condition, const char *text, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void harness_assert_expected(const char *file, int line);
void harness_assert_status(int status, int expected, const char *text, const char *file, int line);
void harness_assert_near(double a, double b, double tolerance, const char *text_a, const char *text_b, const char *file,
                         int line);

/* A new empty folder for the files of the test, the same on all ranks. harness_run removes it. Collective. */
const char *harness_folder(void);

/* Starts MPI, runs the tests and prints CMocka's summary. Returns the exit code of main. */
int harness_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
