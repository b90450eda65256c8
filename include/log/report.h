/* report: the messages of a run, on the terminal and in <output>/run.log.
 *
 * Only rank 0 prints; on other ranks the functions do nothing. All functions are local. On a terminal, progress is a
 * bar that is redrawn. Otherwise, and in the log, it is a line, printed at growing intervals. If the log cannot be
 * written, this is reported once, the log lacks these lines, and the run continues. */
#ifndef MCKEAN_LOG_REPORT_H
#define MCKEAN_LOG_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "log/provenance.h"

struct report {
  FILE *log;              /* NULL before report_log */
  bool log_lost;          /* a write failed and was reported */
  bool active;            /* rank 0 */
  int terminal;           /* descriptor of the terminal for the bar, -1: none */
  bool bar_drawn;         /* the bar is on the terminal, not yet overwritten */
  double bar_at, line_at; /* clock times of the last bar and the last line */
};

struct report report_create(bool active);

/* Opens <output>/run.log to append to it. */
void report_log(struct report *report, const char *output);

/* report_line prints a line on the terminal and in the log, report_note in the log only. */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the provenance and the input, with all defaults, to the log. */
void report_header(struct report *report, const struct provenance *provenance, const char *config);

struct progress {
  int64_t step, steps; /* current and last step */
  double seconds;      /* since the run started or resumed */
  double pairs;        /* (unit x sample) pairs computed in this time, all ranks */
  double pairs_left;   /* pairs in the remaining steps */
  double time, loss;   /* t; a loss to print, NAN: none */
};
void report_progress(struct report *report, const struct progress *progress);
void report_close(struct report *report);

/* Writes a duration as "1:02:03" and a size as "1.25 GB". */
void report_duration(double seconds, char text[32]);
void report_size(double bytes, char text[32]);

#endif
