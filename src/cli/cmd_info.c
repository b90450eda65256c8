#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/h5.h"
#include "base/status.h"
#include "cli/cmd.h"
#include "model/kernel.h"
#include "model/observe.h"
#include "run/checkpoint.h"

const char cmd_info_options[] =
    "  FILE   a checkpoint, or the history.h5 of a run: sizes, columns, input, provenance\n";

static void print_indented(const char *text) {
  for (const char *line = text; *line;) {
    const size_t length = strcspn(line, "\n");
    printf("  %.*s\n", (int)length, line);
    line += length + (line[length] == '\n');
  }
}

static void print_provenance(struct h5 *file) {
  static const char *const facts[] = {"version", "compiler", "flags",   "libraries", "host",
                                      "ranks",   "started",  "command", "job",       "parent"};
  puts("provenance");
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    char *value;
    if (h5_get_text(file, "/provenance", facts[i], &value) != OK) continue;
    printf("  %-10s %s\n", facts[i], value);
    free(value);
  }
}

/* Sizes and, for a history, its rows and fields. */
static int print_members(struct h5 *file, bool history) {
  for (int e = 0;; e++) {
    char name[96];
    int64_t n, replicas;
    snprintf(name, sizeof name, "/ensemble/%d", e);
    if (!h5_exists(file, name)) return OK;
    TRY(h5_get_int(file, name, "n", &n));
    TRY(h5_get_int(file, name, "replicas", &replicas));
    printf("  %s: n = %lld, %lld replica(s)", name, (long long)n, (long long)replicas);
    if (history) {
      int rank;
      int64_t rows[H5_RANK_MAX] = {0}, fields[H5_RANK_MAX] = {0};
      snprintf(name, sizeof name, "/ensemble/%d/series/step", e);
      TRY(h5_shape(file, name, &rank, rows));
      snprintf(name, sizeof name, "/ensemble/%d/field/step", e);
      if (h5_exists(file, name)) TRY(h5_shape(file, name, &rank, fields));
      printf(", %lld rows, %lld fields", (long long)rows[0], (long long)fields[0]);
    }
    putchar('\n');
  }
}

static int print_file(struct h5 *file, const char *path) {
  char *format, *config;
  int64_t step;
  TRY(h5_get_text(file, "/", "format", &format));
  const bool history = strcmp(format, "mckean-history") == 0, checkpoint = strcmp(format, "mckean-checkpoint") == 0;
  free(format);
  if (!history && !checkpoint) return FAIL(USAGE, "%s: a checkpoint or a history of McKean was expected", path);
  TRY(h5_get_int(file, "/", "step", &step));
  printf("%s: %s, step %lld\n", path, history ? "history" : "checkpoint", (long long)step);
  TRY(print_members(file, history));
  if (history) {
    puts("columns of series");
    for (int c = 0; c < column_count; c++) printf("  %-20s %s\n", column_table[c].name, column_table[c].description);
  }
  TRY(h5_get_text(file, "/", "config", &config));
  puts("input");
  print_indented(config);
  free(config);
  print_provenance(file);
  return OK;
}

static int info(const char *path) {
  struct h5 *file;
  if (h5_open(path, false, &file) != OK) return FAIL(FAILED, "%s", status_text());
  const int status = print_file(file, path);
  h5_close(file);
  return status;
}

int cmd_info(const struct comm *comm, int argc, char **argv) {
  if (argc != 2)
    return FAIL(USAGE, "info: one checkpoint or history file was expected, received %d argument(s)", argc - 1);
  return comm_agree(comm, comm->rank == 0 ? info(argv[1]) : OK);
}
