#include "log/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "io/durable_file.h"
#include "parallel/comm.h"

enum { BAR_MAX = 40, LINE = 512 };
static const double BAR_EVERY = 0.2;                  /* seconds */
static const double LINE_LEAST = 10, LINE_MOST = 600; /* seconds between lines: time so far / 20, in this range */

/* Returns a descriptor of the terminal that shows the output, or -1. Under Open MPI, standard output of each rank is a
 * pseudo-terminal, so isatty always succeeds. Therefore, under Open MPI, uses the standard output of the parent
 * process, which is mpirun on the first node. */
static int terminal(void) {
  if (!isatty(STDOUT_FILENO)) return -1;
  if (!getenv("OMPI_COMM_WORLD_SIZE")) return STDOUT_FILENO;
  char link[64], target[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/fd/1", (int)getppid());
  const ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return -1;
  target[length] = 0;
  if (strncmp(target, "/dev/pts/", 9) != 0 && strncmp(target, "/dev/tty", 8) != 0) return -1;
  const int file = open(target, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  return file < 0 ? STDOUT_FILENO : file;
}

/* The current width of the terminal in columns. */
static int width(const struct report *report) {
  struct winsize size;
  if (ioctl(report->terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char *columns = getenv("COLUMNS");
  const int given = columns ? atoi(columns) : 0;
  return given > 0 ? given : 80;
}

struct report report_create(bool active) {
  const double now = comm_time();
  return (struct report){.active = active, .terminal = active ? terminal() : -1, .bar_at = now, .line_at = now};
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

/* Formats a message. Control characters except newlines, for example in file names, become question marks. */
static char *compose(const char *format, va_list args) {
  char *text;
  if (vasprintf(&text, format, args) < 0) die("no memory for a line of the log");
  for (char *c = text; *c; c++)
    if (((unsigned char)*c < ' ' && *c != '\n') || *c == 127) *c = '?';
  return text;
}

void report_line(struct report *report, const char *format, ...) {
  if (!report->active) return;
  va_list args;
  va_start(args, format);
  char *text = compose(format, args);
  va_end(args);
  write_log(report, text);
  printf("%s%s\n", report->bar_drawn ? "\r\033[K" : "", text);
  fflush(stdout);
  report->bar_drawn = false;
  free(text);
}

void report_note(struct report *report, const char *format, ...) {
  if (!report->active) return;
  va_list args;
  va_start(args, format);
  char *text = compose(format, args);
  va_end(args);
  write_log(report, text);
  free(text);
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

/* Draws a bar in the space before the text. A terminal that is too narrow shows only the text, truncated. */
static void draw_bar(struct report *report, double done, const char *text) {
  const int columns = width(report) - 1, space = columns - (int)strlen(text) - 4,
            length = space < BAR_MAX ? space : BAR_MAX;
  char bar[BAR_MAX + 1] = "";
  for (int i = 0; i < length; i++) bar[i] = i < (int)(done * length) ? '#' : '.';
  if (length < 5)
    printf("\r\033[K%.*s", columns > 0 ? columns : 0, text);
  else
    printf("\r\033[K[%.*s]  %s", length, bar, text);
  fflush(stdout);
  report->bar_drawn = true;
}

void report_progress(struct report *report, const struct progress *progress) {
  if (!report->active) return;
  const double now = comm_time(), done = (double)progress->step / (double)progress->steps;
  const bool bar = report->terminal >= 0 && now - report->bar_at >= BAR_EVERY;
  const double every = fmin(fmax(progress->seconds / 20, LINE_LEAST), LINE_MOST);
  const bool line = now - report->line_at >= every;
  if (!bar && !line) return;
  const double rate =
      progress->pairs / progress->seconds; /* in pairs, because steps of different stages differ in cost */
  char left[32], loss[48] = "", last[32] = "", text[LINE];
  report_duration(progress->pairs_left / rate, left);
  if (isfinite(progress->loss)) snprintf(loss, sizeof loss, "  loss %.4g", progress->loss);
  if (progress->time[1] != progress->time[0]) snprintf(last, sizeof last, " to %.4g", progress->time[1]);
  /* The most important values come first, because a narrow terminal shows only the beginning. */
  snprintf(text, sizeof text, "%3.0f %%  %s left  step %lld/%lld%s  t %.4g%s  %.3g pairs/s", 100 * done, left,
           (long long)progress->step, (long long)progress->steps, loss, progress->time[0], last, rate);
  if (line) {
    report->line_at = now;
    if (report->terminal >= 0)
      report_note(report, "%s", text);
    else
      report_line(report, "%s", text);
  }
  if (!bar) return;
  report->bar_at = now;
  draw_bar(report, done, text);
}

void report_uncertain(double value, double error, char text[64]) {
  const int digits = isfinite(error) && error > 0 ? (int)ceil(1 - log10(error)) : 0;
  if (isfinite(error) && error > 0)
    snprintf(text, 64, "%.*f +- %.*f", digits > 0 ? digits : 0, value, digits > 0 ? digits : 0, error);
  else
    snprintf(text, 64, "%.6g (%s)", value, error == 0 ? "exact" : "error unknown");
}

void report_close(struct report *report) {
  if (report->bar_drawn) puts("");
  if (report->terminal > STDERR_FILENO) close(report->terminal);
  if (report->log) fclose(report->log);
  *report = (struct report){.terminal = -1};
}
