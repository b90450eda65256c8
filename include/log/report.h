/* report: the messages of a run, on the terminal and in <output>/run.log.
 *
 * Only rank 0 prints; on other ranks the functions do nothing. All functions are local. Progress is a line of at most
 * 80 columns, printed at growing intervals. A failure to write the log is reported once; the lines that could not be
 * written are missing from the log, and the run continues. */
#ifndef MCKEAN_LOG_REPORT_H
#define MCKEAN_LOG_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "log/provenance.h"

struct report {
  FILE *log;      /* NULL before report_log */
  bool log_lost;  /* a write failed and was reported */
  bool active;    /* rank 0 */
  bool verbose;   /* report_detail also prints */
  double line_at; /* clock time of the last line of progress */
  int lines;      /* of progress so far */
};

struct report report_create(bool active);

/* Opens <output>/run.log for appending. If this fails, prints a warning; the run then has no log. */
void report_log(struct report *report, const char *output);

/* report_line prints a line on standard output and writes it to the log; report_note only writes it to the log;
 * report_detail writes it to the log, and prints it if the report is verbose. */
void report_line(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_detail(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a text as report_line does, but in lines of at most 80 columns. The first line begins with the label; the
 * others are indented by `indent` columns. */
void report_filled(struct report *report, const char *label, int indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes the provenance and the input, with all defaults, to the log. */
void report_header(struct report *report, const struct provenance *provenance, const char *config);

struct progress {
  int64_t step, steps; /* current and last step */
  double seconds;      /* since the time loop began */
  double pairs;        /* (unit x point) pairs computed in these seconds by all ranks */
  double pairs_left;   /* pairs in the remaining steps */
  int64_t n[2];        /* the smallest and the largest n; the next members are of their networks */
  double time[2];      /* t */
  double loss[2];      /* mean loss over replicas / E l(0, y), in the last row of the history; NAN: unknown */
  const char *scale;   /* name of E l(0, y): "C_f" or "loss_0" */
};

/* report_progress_due returns whether enough time has passed since the last line of progress; seconds: since the time
 * loop began. report_progress prints the line. */
bool report_progress_due(const struct report *report, double seconds);
void report_progress(struct report *report, const struct progress *progress);
/* Closes the log; the report then prints nothing. */
void report_close(struct report *report);

/* Write a duration as "1:02:03", and a size as "1.25 GB". */
void report_duration(double seconds, char text[32]);
void report_size(double bytes, char text[32]);

/* Writes a value with its standard error as "3.92 +- 0.021"; with an error of 0 as "3.92345 (exact)"; with an unknown
 * error (NAN) as "3.92345 (error unknown)". */
void report_uncertain(double value, double error, char text[64]);

#endif
