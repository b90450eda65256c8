#include "log/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fill.h"
#include "base/utf8.h"
#include "io/durable_file.h"
#include "parallel/comm.h"

/* Seconds between lines of progress: time so far * LINE_SHARE, in this range. */
static const double LINE_LEAST = 5, LINE_MOST = 600, LINE_SHARE = 0.1;
enum { HEAD_EVERY = 20 }; /* lines of progress between repeated heads of the columns */

struct report report_create(bool active) {
  return (struct report){.active = active, .line_at = comm_time()};
}

void report_log(struct report *report, const char *output) {
  if (!report->active) return;
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/run.log", output);
  const int file =
      open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666); /* O_NONBLOCK: it may be a pipe */
  report->log = file < 0 ? NULL : fdopen(file, "a");
  if (!report->log) report_line(report, "warning: %s: %s; continuing without a log", path, strerror(errno));
}

static void write_log(struct report *report, const char *text) {
  if (!report->log) return;
  fprintf(report->log, "%s\n", text);
  const bool lost = fflush(report->log) != 0;
  if (lost && !report->log_lost)
    fprintf(stderr, "warning: run.log cannot be written (%s); lines will be missing from it\n", strerror(errno));
  if (lost) __fpurge(report->log); /* discards the line, so that later lines can be written */
  report->log_lost = report->log_lost || lost;
}

/* Formats a message as valid text, because a file name can contain any byte. */
static char *compose(const char *format, va_list args) {
  char *text;
  if (vasprintf(&text, format, args) < 0) die("no memory for a line of the log");
  char *lines = utf8_lines(text);
  free(text);
  return lines;
}

/* Writes a line to run.log and, if `shown`, to standard output. */
static void write_line(struct report *report, bool shown, const char *format, va_list args) {
  if (!report->active) return;
  char *text = compose(format, args);
  write_log(report, text);
  if (shown) {
    puts(text);
    fflush(stdout);
  }
  free(text);
}

void report_line(struct report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  write_line(report, true, format, args);
  va_end(args);
}

void report_filled(struct report *report, const char *label, int indent, const char *format, ...) {
  va_list args;
  char *lines;
  size_t size;
  if (!report->active) return;
  va_start(args, format);
  char *text = compose(format, args);
  va_end(args);
  FILE *out = open_memstream(&lines, &size);
  if (!out) die("no memory for a line of the log");
  fill_print(out, label, indent, indent, text);
  fclose(out);
  lines[size - 1] = 0; /* report_line ends the last line */
  report_line(report, "%s", lines);
  free(lines);
  free(text);
}

void report_detail(struct report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  write_line(report, report->verbose, format, args);
  va_end(args);
}

void report_note(struct report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  write_line(report, false, format, args);
  va_end(args);
}

void report_header(struct report *report, const struct provenance *provenance, const char *config) {
  for (int i = 0; i < provenance->count; i++)
    report_note(report, "%-10s %s", provenance->fact[i].name, provenance->fact[i].value);
  report_note(report, "input\n%s", config);
}

void report_duration(double seconds, char text[32]) {
  const long long s = seconds < 0 || !isfinite(seconds) ? 0 : (long long)(seconds + 0.5);
  snprintf(text, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

void report_size(double bytes, char text[32]) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  int u = 0;
  while (bytes >= 999.5 && u < 5) {
    bytes /= 1000;
    u++;
  }
  snprintf(text, 32, "%.3g %s", bytes, units[u]);
}

bool report_progress_due(const struct report *report, double seconds) {
  return report->active && comm_time() - report->line_at >= fmin(fmax(LINE_SHARE * seconds, LINE_LEAST), LINE_MOST);
}

/* Writes one value, or two that differ, such as the t of the smallest and of the largest n. */
static void pair_text(const double value[2], char text[48]) {
  snprintf(text, 48, value[0] == value[1] ? "%.4g" : "%.4g to %.4g", value[0], value[1]);
}

static void print_head(struct report *report, const struct progress *progress) {
  char small[32], large[32] = "", loss[32];
  snprintf(small, sizeof small, "n = %lld", (long long)progress->n[0]);
  if (progress->n[1] != progress->n[0]) snprintf(large, sizeof large, "n = %lld", (long long)progress->n[1]);
  snprintf(loss, sizeof loss, "loss/%s", progress->scale);
  report_line(report, "%15s %*s %13s", "", progress->time[0] == progress->time[1] ? 9 : 18, "", loss);
  report_line(report, "%15s %*s %13s %12s %9s %9s", "step", progress->time[0] == progress->time[1] ? 9 : 18, "t", small,
              large, "pairs/s", "left");
}

void report_progress(struct report *report, const struct progress *progress) {
  /* Pairs, because steps of different stages differ in cost. */
  const double rate = progress->pairs / progress->seconds;
  char step[48], time[48], small[32], large[32] = "", left[32];
  if (!report->active) return;
  if (report->lines++ % HEAD_EVERY == 0) print_head(report, progress);
  report->line_at = comm_time();
  report_duration(progress->pairs_left / rate, left);
  snprintf(step, sizeof step, "%lld/%lld", (long long)progress->step, (long long)progress->steps);
  pair_text(progress->time, time);
  snprintf(small, sizeof small, isfinite(progress->loss[0]) ? "%.4g" : "-", progress->loss[0]);
  if (progress->n[1] != progress->n[0])
    snprintf(large, sizeof large, isfinite(progress->loss[1]) ? "%.4g" : "-", progress->loss[1]);
  report_line(report, "%15s %*s %13s %12s %9.3g %9s", step, progress->time[0] == progress->time[1] ? 9 : 18, time,
              small, large, rate, left);
}

void report_uncertain(double value, double error, char text[64]) {
  const int digits = isfinite(error) && error > 0 ? (int)ceil(1 - log10(error)) : 0;
  if (isfinite(error) && error > 0)
    snprintf(text, 64, "%.*f +- %.*f", digits > 0 ? digits : 0, value, digits > 0 ? digits : 0, error);
  else
    snprintf(text, 64, "%.6g (%s)", value, error == 0 ? "exact" : "error unknown");
}

void report_close(struct report *report) {
  if (report->log) fclose(report->log);
  *report = (struct report){0};
}
