/* error: how functions of McKean report failure.
 *
 * A function that can fail returns OK or one of the codes below. Each process stores the text of its last failure.
 * Collective functions end their local phase with comm_agree (parallel/comm.h), after which all ranks hold the same
 * code and text; the layers above need only TRY. If an invariant is broken, the code calls die() instead. */
#ifndef MCKEAN_BASE_ERROR_H
#define MCKEAN_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* These are also the exit codes of the program, except that it exits with FAILED for FULL and UNREAD. */
enum status {
  OK = 0,
  FAILED = 1,  /* the run failed: I/O error, non-finite number, out of memory */
  USAGE = 2,   /* wrong usage or wrong input; nothing was done */
  FULL = 3,    /* no free space on the disk or in the quota; a retry may succeed (io/durable_file.h, run/disk_full.h) */
  UNREAD = 4,  /* transient or permission error while reading; the state of the file is unknown, and a retry may succeed
                  (io/durable_file.h, store/restart.h) */
  STOPPED = 75 /* stopped early with a checkpoint, or a rank hung: run the same command again; `mckean status`: not all
                  runs are done */
};

/* Local. Records a message, "what was expected, what was received, where, what to do", and returns code. The arguments
 * after code are those of printf. */
#define FAIL(code, ...) error_fail((code), __VA_ARGS__)

/* Makes the enclosing function return the status of call, unless it is OK. */
#define TRY(call)                                                                                                      \
  do {                                                                                                                 \
    const int try_status_ = (call);                                                                                    \
    if (try_status_ != OK) return try_status_;                                                                         \
  } while (0)

/* Local. Reports a broken invariant with source line and host, and aborts all ranks. */
#define die(...) error_die(__FILE__, __LINE__, __VA_ARGS__)

int error_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces control characters other than newline and tab with "?", so that text from a file cannot send control
 * sequences to the terminal. error_fail calls it for every message. */
void error_printable(char *text);

/* Returns the text of the last failure of this process, or "" if there was none. Valid until the next failure. */
const char *error_text(void);

/* Sets the function that die calls after it has printed its message. comm_start sets it to a call of MPI_Abort. */
void error_set_abort(void (*abort_all)(void));

_Noreturn void error_die(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
