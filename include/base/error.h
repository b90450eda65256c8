/* status: how every function of McKean fails.
 *
 * A function that can fail returns OK or one of the codes below; the text of the failure is kept per process.
 * Collective functions end their local phase with comm_agree (parallel/comm.h), after which all ranks hold the same code
 * and text; above that only TRY is needed. A broken invariant is not a status: it calls die. */
#ifndef MCKEAN_BASE_ERROR_H
#define MCKEAN_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* These are also the exit codes of the program, but that FULL and UNREAD end it as FAILED does. */
enum status {
  OK = 0,
  FAILED = 1, /* the run failed: input or output, a number that is not finite, no memory */
  USAGE = 2,  /* wrong usage or wrong input: nothing was done */
  FULL = 3,   /* no room on the disk or in the quota: may be tried again (io/durable_file.h, run/disk_full.h) */
  UNREAD =
      4, /* a file could not be read just now, and may be whole: may be tried again (io/durable_file.h, store/restart.h) */
  STOPPED = 75 /* stopped early with a checkpoint, or a rank hung: run the same command again */
};

/* Local. Records "what was expected, what was received, where, what to do" and returns code. */
#define FAIL(code, ...) error_fail((code), __VA_ARGS__)

/* Returns the status of call from the enclosing function unless it is OK. */
#define TRY(call)                                                                                                      \
  do {                                                                                                                 \
    const int try_status_ = (call);                                                                                    \
    if (try_status_ != OK) return try_status_;                                                                         \
  } while (0)

/* Alone. Prints rank, host and place of a broken invariant and aborts all ranks. */
#define die(...) error_die(__FILE__, __LINE__, __VA_ARGS__)

int error_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "?" for the control characters of a text that comes from a file, but for ends of lines and tabs: a terminal would
 * obey them. error_fail does so. */
void error_printable(char *text);

/* Text of the last failure of this process, "" before the first. Lives until the next failure. */
const char *error_text(void);

/* What die calls after its message; comm_start sets it to MPI_Abort. */
void error_set_abort(void (*abort_all)(void));

_Noreturn void error_die(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
