/* harness: CMocka under MPI.
 *
 * If an assertion failed on one rank only, the other ranks would wait forever in a collective call. Therefore the ranks
 * first agree on a condition, and the test fails on all ranks or on none. Rank 0 prints.
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
#include <sys/resource.h>

#include <cmocka.h>

#include "base/error.h"
#include "parallel/comm.h"

extern struct comm world; /* all ranks of the test */

/* Collective. Fails on all ranks unless the condition holds on every rank; prints the condition, its file and line, and
 * the ranks on which it does not hold. assert_all_for also prints the case: a printf format and its arguments. */
#define assert_all(condition)          harness_assert_all((condition), #condition, __FILE__, __LINE__)
#define assert_all_for(condition, ...) harness_assert_all_for((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)

/* Conditions in a loop whose cases differ between ranks. expect is local: it counts failures, keeps the message of the
 * first one, and returns, so that the loop continues. assert_expected is collective and follows the loop: it fails on
 * all ranks if any expect since the last assert_expected failed on any rank, and prints condition, file, line, case and
 * ranks. harness_run fails if no assert_expected follows the last expect of the program. */
#define expect(condition, ...) harness_expect((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)
#define assert_expected()      harness_assert_expected(__FILE__, __LINE__)

/* Collective. Fails on all ranks unless the call returned this status on every rank; prints the status and the error
 * text. */
#define assert_ok(call)               harness_assert_status((call), OK, #call, __FILE__, __LINE__)
#define assert_status(expected, call) harness_assert_status((call), (expected), #call, __FILE__, __LINE__)

/* Local. Fails on this rank unless |a - b| <= tolerance * max(1, |b|). At several ranks, a and b must be equal on
 * all. */
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

/* Returns the folder for the files of the test program, the same on all ranks. The first call is collective and creates
 * it, empty; harness_run removes it. */
const char *harness_folder(void);

/* Local. Limits the address space to its present size plus `more` bytes, so that larger allocations fail; RLIM_INFINITY
 * removes the limit. Does nothing under AddressSanitizer, which reserves terabytes of address space. */
void harness_limit_memory(rlim_t more);

/* Local. A notice callback of checkpoint_newest; keeps the last notice in harness_notice. */
extern char harness_notice[4096];
void harness_keep_notice(void *context, const char *text);

/* Collective. Starts MPI, runs the tests, prints CMocka's summary and stops MPI. Returns the exit code of main: 1 if a
 * test failed on any rank, otherwise 0. Dies if the number of ranks is not MCKEAN_TEST_RANKS. */
int harness_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#endif
