#include "run/report.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/comm.h"

enum { BAR = 30 };
static const double BAR_EVERY = 0.2, LINE_EVERY = 10; /* seconds */

/* Open MPI gives every rank a pseudo-terminal, so isatty says nothing there: what counts is where mpirun itself, our
 * parent on the first node, writes. */
static bool on_terminal(void) {
  if (!isatty(STDOUT_FILENO)) return false;
  if (!getenv("OMPI_COMM_WORLD_SIZE")) return true;
  char link[64], target[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/fd/1", (int)getppid());
  const ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return false;
  target[length] = 0;
  return strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0;
}

struct report report_create(bool speaks) {
  return (struct report){.speaks = speaks, .terminal = speaks && on_terminal(), .last = comm_time()};
}

void report_log(struct report *report, const char *output) {
  if (!report->speaks) return;
  char path[4200];
  snprintf(path, sizeof path, "%s/run.log", output);
  report->log = fopen(path, "a");
  if (!report->log) report_line(report, "warning: %s: %s; going on without a log", path, strerror(errno));
}

static void say(struct report *report, bool log_only, const char *format, va_list args) {
  if (!report->speaks) return;
  if (report->log) {
    va_list again;
    va_copy(again, args);
    vfprintf(report->log, format, again);
    va_end(again);
    fputc('\n', report->log);
    const bool lost = fflush(report->log) != 0;
    if (lost && !report->log_lost)
      fprintf(stderr, "warning: run.log cannot be written (%s); it will lack lines\n", strerror(errno));
    if (lost) __fpurge(report->log); /* the line is lost: later ones may find room */
    report->log_lost = report->log_lost || lost;
  }
  if (log_only) return;
  if (report->bar_drawn) fputs("\r\033[K", stdout);
  report->bar_drawn = false;
  vprintf(format, args);
  putchar('\n');
  fflush(stdout);
}

void report_line(struct report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(report, false, format, args);
  va_end(args);
}

static void log_line(struct report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(report, true, format, args);
  va_end(args);
}

void report_header(struct report *report, const struct provenance *provenance, const char *config) {
  for (int i = 0; i < provenance->count; i++)
    log_line(report, "%-10s %s", provenance->fact[i].name, provenance->fact[i].value);
  log_line(report, "input\n%s", config);
}

void report_duration(double seconds, char text[32]) {
  const long long s = seconds < 0 || !isfinite(seconds) ? 0 : (long long)(seconds + 0.5);
  snprintf(text, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

void report_progress(struct report *report, int64_t start, int64_t step, int64_t steps, double seconds, double loss) {
  if (!report->speaks) return;
  const double now = comm_time();
  if (now - report->last < (report->terminal ? BAR_EVERY : LINE_EVERY)) return;
  report->last = now;
  const double done = (double)step / (double)steps, rate = (double)(step - start) / seconds;
  char left[32], value[48] = "";
  report_duration((double)(steps - step) / rate, left);
  if (isfinite(loss)) snprintf(value, sizeof value, "  loss %.4g", loss);
  if (!report->terminal) {
    report_line(report, "step %lld of %lld (%.0f %%)%s  %.4g steps/s  %s left", (long long)step, (long long)steps,
                100 * done, value, rate, left);
    return;
  }
  char bar[BAR + 1];
  for (int i = 0; i < BAR; i++) bar[i] = i < (int)(done * BAR) ? '#' : '.';
  bar[BAR] = 0;
  printf("\r\033[K[%s] %3.0f %%  step %lld/%lld%s  %s left", bar, 100 * done, (long long)step, (long long)steps, value,
         left);
  fflush(stdout);
  report->bar_drawn = true;
}

void report_close(struct report *report) {
  if (report->log) fclose(report->log);
  report->log = NULL;
}
