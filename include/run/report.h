/* report: what a run tells while it works, on the terminal and in <output>/run.log. Rank 0 speaks, the functions are
 * local and do nothing elsewhere. On a terminal progress is a bar that is drawn over itself; otherwise a plain line now
 * and then. A log that cannot be written is said once, lacks these lines, and never stops the run. */
#ifndef MCKEAN_RUN_REPORT_H
#define MCKEAN_RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "run/config.h"
#include "run/provenance.h"

struct report {
  FILE *log;     /* NULL before report_log */
  bool log_lost; /* it could not be written at some time, which was said */
  bool speaks;   /* rank 0 */
  bool terminal; /* draw a bar */
  bool bar_drawn;
  double last; /* time of the last progress line */
};

struct report report_create(bool speaks);
void report_log(struct report *report, const char *output); /* opens run.log, appending */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Provenance and the resolved input, the latter in the log only. */
void report_header(struct report *report, const struct provenance *provenance, const char *config);

/* start, step, steps: where this run began, is, ends; seconds since it began; loss: a number to watch, NAN for none. */
void report_progress(struct report *report, int64_t start, int64_t step, int64_t steps, double seconds, double loss);
void report_close(struct report *report);

/* "1:02:03" */
void report_duration(double seconds, char text[32]);

#endif
