/* report: what a run tells while it works, on the terminal and in <output>/run.log. Rank 0 speaks, the functions are
 * local and do nothing elsewhere. On a terminal progress is a bar that is drawn over itself; otherwise, and in the log, a
 * plain line now and then, less often as time goes on. A log that cannot be written is said once, lacks these lines, and
 * never stops the run. */
#ifndef MCKEAN_LOG_REPORT_H
#define MCKEAN_LOG_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "log/provenance.h"

struct report {
  FILE *log;              /* NULL before report_log */
  bool log_lost;          /* it could not be written at some time, which was said */
  bool speaks;            /* rank 0 */
  int terminal;           /* file of the one that shows it, where a bar is drawn; -1: none */
  bool bar_drawn;         /* and not yet overwritten */
  double bar_at, line_at; /* times of the last ones */
};

struct report report_create(bool speaks);
void report_log(struct report *report, const char *output); /* opens run.log, appending */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3))); /* log only */

/* Provenance and the resolved input, the latter in the log only. */
void report_header(struct report *report, const struct provenance *provenance, const char *config);

struct progress {
  int64_t step, steps; /* where the run is, ends */
  double seconds;      /* since this start of it */
  double pairs;        /* (unit x sample) pairs done in these, and */
  double pairs_left;   /* those to come, of all ranks */
  double time, loss;   /* t; a number to watch, NAN for none */
};
void report_progress(struct report *report, const struct progress *progress);
void report_close(struct report *report);

/* "1:02:03"; "1.25 GB" */
void report_duration(double seconds, char text[32]);
void report_size(double bytes, char text[32]);

#endif
