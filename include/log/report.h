/* report: the messages of a run, on the terminal and in <output>/run.log.
 *
 * Only rank 0 prints; on other ranks the functions do nothing. All functions are local. On a terminal, progress is a
 * bar that is redrawn. In the log, and if the output is not a terminal, progress is a line, printed at growing
 * intervals. A failure to write the log is reported once; the lines that could not be written are missing from the log,
 * and the run continues. */
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
  int terminal;           /* file descriptor of the terminal that shows the bar; -1: no terminal */
  bool bar_drawn;         /* the cursor is at the end of the bar; the next line must overwrite the bar */
  double bar_at, line_at; /* clock times of the last bar and the last line */
};

struct report report_create(bool active);

/* Opens <output>/run.log for appending. If this fails, prints a warning; the run then has no log. */
void report_log(struct report *report, const char *output);

/* report_line prints a line on standard output and writes it to the log; report_note only writes it to the log. */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the provenance and the input, with all defaults, to the log. */
void report_header(struct report *report, const struct provenance *provenance, const char *config);

struct progress {
  int64_t step, steps; /* current and last step */
  double seconds;      /* since the time loop began */
  double pairs;        /* (unit x sample) pairs computed in these seconds by all ranks */
  double pairs_left;   /* pairs in the remaining steps */
  double time[2];      /* t of the smallest and of the largest n */
  double loss;         /* the loss to print, NAN: none */
};

/* Draws the bar or prints a line if enough time has passed since the last one; otherwise does nothing. */
void report_progress(struct report *report, const struct progress *progress);
/* Ends the bar and closes the log; the report then prints nothing. */
void report_close(struct report *report);

/* Write a duration as "1:02:03", and a size as "1.25 GB". */
void report_duration(double seconds, char text[32]);
void report_size(double bytes, char text[32]);

/* Writes a value with its standard error as "3.92 +- 0.021"; with an error of 0 as "3.92345 (exact)"; with an unknown
 * error (NAN) as "3.92345 (error unknown)". */
void report_uncertain(double value, double error, char text[64]);

#endif
