#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/fill.h"
#include "cli/cmd.h"
#include "dynamics/observables.h"
#include "io/durable_file.h"
#include "io/h5.h"
#include "log/report.h"
#include "particles/kernel.h"
#include "store/checkpoint.h"
#include "store/history_file.h"

const char cmd_info_options[] = "  FILE   a checkpoint, or the history.h5 of a run: sizes, columns, input,\n"
                                "         provenance\n"
                                "  RUN    a run folder: its newest intact checkpoint and its history.h5, then the\n"
                                "         input\n";

/* Prints the input. Lines are broken only inside a list or a quoted text, so the output is the same YAML. */
static void print_input(char *text) {
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n"));) {
    const int indent = (int)strspn(line, " ");
    if (*line) fill_print(stdout, "", indent + 2, indent + 6, line + indent);
  }
}

static void print_provenance(struct h5 *file) {
  static const char *const facts[] = {"version", "compiler", "flags", "libraries", "host",   "ranks",
                                      "started", "command",  "job",   "parent",    "initial"};
  enum { INDENT = 13 };
  char label[32];
  puts("provenance");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    char *value;
    if (h5_get_text(file, "/provenance", facts[i], &value) != OK) continue;
    snprintf(label, sizeof label, "  %s", facts[i]);
    fill_print(stdout, label, INDENT, INDENT, value);
    free(value);
  }
}

/* Prints the time of the last history row of a member, and its losses averaged over replicas. rows: the number of
 * history rows. */
static int print_last(struct h5 *file, int member, int64_t rows, int64_t replicas) {
  static const char *const columns[] = {"loss", "test_loss"};
  char name[96];
  double time, *values = alloc_small(sizeof *values * (size_t)replicas);
  snprintf(name, sizeof name, "/ensemble/%d/series/time", member);
  int status = h5_read_rows(file, name, H5_DOUBLE, 1, &rows, rows - 1, 1, &time);
  if (status == OK) printf("\n    at t = %g:", time);
  for (int c = 0; c < 2 && status == OK; c++) {
    snprintf(name, sizeof name, "/ensemble/%d/series/%s", member, columns[c]);
    double mean = 0;
    status = h5_read_rows(file, name, H5_DOUBLE, 2, (int64_t[]){rows, replicas}, rows - 1, 1, values);
    for (int64_t r = 0; r < replicas && status == OK; r++) mean += values[r] / (double)replicas;
    if (status == OK) printf("%s %s %.4g", c ? "," : "", columns[c], mean);
  }
  free(values);
  return status;
}

static int print_rows(struct h5 *file, int member, int64_t replicas) {
  char name[96];
  int rank;
  int64_t rows[H5_RANK_MAX] = {0}, fields[H5_RANK_MAX] = {0};
  snprintf(name, sizeof name, "/ensemble/%d/series/step", member);
  TRY(h5_shape(file, name, &rank, rows));
  snprintf(name, sizeof name, "/ensemble/%d/field/step", member);
  if (h5_exists(file, name)) TRY(h5_shape(file, name, &rank, fields));
  printf(", %lld rows, %lld fields", (long long)rows[0], (long long)fields[0]);
  return rows[0] > 0 ? print_last(file, member, rows[0], replicas) : OK;
}

/* Prints the sizes of each member and, for a history, the numbers of rows and fields. */
static int print_members(struct h5 *file, bool history) {
  for (int e = 0;; e++) {
    char name[96], *unit;
    int64_t n, replicas;
    snprintf(name, sizeof name, "/ensemble/%d", e);
    if (!h5_exists(file, name)) return OK;
    TRY(h5_get_int(file, name, "n", &n));
    TRY(h5_get_int(file, name, "replicas", &replicas));
    TRY(h5_get_text(file, name, "unit", &unit));
    printf("  %s: n = %lld %s units, %lld replica%s", name, (long long)n, unit, (long long)replicas,
           replicas == 1 ? "" : "s");
    free(unit);
    double time; /* of this size; only in checkpoints of runs with dt_power */
    if (!history && h5_get_double(file, name, "time", &time) == OK) printf(", t = %g", time);
    if (history) TRY(print_rows(file, e, replicas));
    putchar('\n');
  }
}

static void print_size(const char *path) {
  struct stat found;
  char size[32], when[64] = "";
  struct tm utc;
  if (stat(path, &found) != 0) return;
  report_size((double)found.st_size, size);
  gmtime_r(&found.st_mtime, &utc);
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
  printf("  %s, written %s\n", size, when);
}

/* Verifies the metadata of a checkpoint, and prints the details that only a checkpoint has. */
static int print_checkpoint(struct h5 *file, const char *path) {
  struct checkpoint_info info;
  char *precision;
  TRY(checkpoint_inspect(path, &info));
  int status = h5_get_text(file, "/", "precision", &precision);
  if (status == OK) {
    printf("  t = %g", info.time);
    if (info.segment.dt > 0) printf(", dt = %g since step %lld", info.segment.dt, (long long)info.segment.step);
    if (info.segment.power != 0) printf(", times n^%g", info.segment.power);
    printf("\n  seed %llu, %s precision, ISA level %s\n", (unsigned long long)info.seed, precision,
           isa_names[info.isa]);
    printf("  update rule %s; fields", update_table[info.update].name);
    for (int k = 0; k < info.fields.count; k++) {
      char field[UPDATE_FIELD_NAME];
      update_field_name(&update_table[info.update], &info.fields.field[k], field);
      printf("%s %s", k > 0 ? "," : "", field);
    }
    putchar('\n');
    puts("  user block and metadata are intact; `mckean verify` checks the particles, too");
    free(precision);
  }
  checkpoint_info_free(&info);
  return status;
}

/* Prints C_f of the target with its origin, and where the points come from. Histories of older programs lack some of
 * this. */
static int print_target(struct h5 *file) {
  static const char *const sets[][2] = {{"/train", "training"}, {"/test", "test"}};
  double C_f, linear, error = NAN;
  char text[64], label[32], *origin;
  TRY(h5_get_double(file, "/target", "C_f", &C_f));
  if (h5_get_double(file, "/target", "C_f_error", &error) != OK) error = NAN;
  if (h5_get_double(file, "/target", "linear_fraction", &linear) != OK) linear = NAN;
  report_uncertain(C_f, error, text);
  printf("  target: C_f = %s", text);
  if (error != 0 && h5_get_text(file, "/target", "C_f_origin", &origin) == OK) {
    printf(", from %s", origin);
    free(origin);
  }
  if (isfinite(linear)) printf(", linear fraction %.3g", linear);
  putchar('\n');
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    if (!h5_exists(file, sets[i][0]) || h5_get_text(file, sets[i][0], "origin", &origin) != OK) continue;
    snprintf(label, sizeof label, "  %s: ", sets[i][1]);
    fill_print(stdout, label, (int)strlen(label), 4, origin);
    free(origin);
  }
  return OK;
}

/* Prints the columns of a history, with the descriptions in the file. */
static int print_columns(struct h5 *file) {
  enum { INDENT = 23 };
  puts("columns of series");
  for (int c = 0; c < column_count; c++) {
    char name[96], *description;
    bool printed = false; /* column_table may list a name once per loss */
    for (int before = 0; before < c; before++) printed |= strcmp(column_table[before].name, column_table[c].name) == 0;
    snprintf(name, sizeof name, "/ensemble/0/series/%s", column_table[c].name);
    if (printed || !h5_exists(file, name)) continue;
    TRY(h5_get_text(file, name, "description", &description));
    snprintf(name, sizeof name, "  %s", column_table[c].name);
    fill_print(stdout, name, INDENT, INDENT, description);
    free(description);
  }
  return OK;
}

/* Prints the input and the provenance. */
static int print_origin(struct h5 *file) {
  char *config;
  TRY(h5_get_text(file, "/", "config", &config));
  puts("input");
  print_input(config);
  free(config);
  print_provenance(file);
  return OK;
}

static int print_file(struct h5 *file, const char *path, bool history) {
  int64_t step;
  TRY(h5_get_int(file, "/", "step", &step));
  printf("%s: %s, step %lld\n", path, history ? "history" : "checkpoint", (long long)step);
  print_size(path);
  if (!history) TRY(print_checkpoint(file, path));
  TRY(print_members(file, history));
  if (history) TRY(print_target(file));
  return OK;
}

/* Verifies a file before the HDF5 library reads it. whole: prints also the columns of a history, the input and the
 * provenance. */
static int info(const char *path, bool whole) {
  struct h5 *file = NULL;
  const bool checkpoint = checkpoint_looks(path);
  if (checkpoint) {
    TRY(checkpoint_inspect(path, NULL));
    TRY(h5_open(path, false, &file));
  } else {
    TRY(history_file_open(path, &file));
  }
  int status = print_file(file, path, !checkpoint);
  if (status == OK && whole && !checkpoint) status = print_columns(file);
  if (status == OK && whole) status = print_origin(file);
  h5_close(file);
  return status;
}

/* Prints the history of a run, which may be missing, then its checkpoint. */
static int info_run(const char *run, const char *checkpoint) {
  char history[PATH_BYTES];
  snprintf(history, sizeof history, "%s/history.h5", run);
  if (info(history, false) != OK) printf("%s\n", error_text());
  putchar('\n');
  return info(checkpoint, true);
}

int cmd_info(const struct comm *comm, int argc, char **argv) {
  if (argc != 2)
    return FAIL(USAGE, "info: expected one checkpoint, history file or run folder, received %d argument(s)", argc - 1);
  char *path;
  TRY(checkpoint_choose(comm, argv[1], -1, true, &path)); /* a file: itself */
  int status = OK;
  if (comm->rank == 0) status = strcmp(path, argv[1]) == 0 ? info(path, true) : info_run(argv[1], path);
  free(path);
  return comm_agree(comm, status);
}
