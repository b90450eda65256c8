#include "cli/option.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/h5.h"
#include "io/json.h"

int option_flag(const struct option *option, const char *text, void *member) {
  (void)option;
  (void)text;
  *(bool *)member = true;
  return OK;
}

int option_text(const struct option *option, const char *text, void *member) {
  (void)option;
  *(const char **)member = text;
  return OK;
}

int option_file(const struct option *option, const char *text, void *member) {
  if (*text && strcmp(text, "-") != 0) return option_text(option, text, member);
  return FAIL(USAGE, "%s: expected a file name, received \"%s\"", option->name, text);
}

static int take_number(const struct option *option, const char *text, bool whole, double *value) {
  char *end;
  *value = strtod(text, &end);
  if (end != text && !*end && *value >= option->low && *value <= option->high && (!whole || *value == floor(*value)))
    return OK;
  return FAIL(USAGE,
              whole ? "%s: expected an integer from %.0f to %.0f, received \"%s\""
                    : "%s: expected a number from %g to %g, received \"%s\"",
              option->name, option->low, option->high, text);
}

int option_number(const struct option *option, const char *text, void *member) {
  return take_number(option, text, false, member);
}

int option_int(const struct option *option, const char *text, void *member) {
  double value;
  TRY(take_number(option, text, true, &value));
  *(int *)member = (int)value;
  return OK;
}

int option_int64(const struct option *option, const char *text, void *member) {
  double value;
  TRY(take_number(option, text, true, &value));
  *(int64_t *)member = (int64_t)value;
  return OK;
}

int option_parse(int count, const struct option *table, int argc, char **argv, void *request, int *rest) {
  const char *verb = argv[0];
  *rest = 0;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] != '-') {
      argv[(*rest)++] = argv[i];
      continue;
    }
    const struct option *option = table;
    while (option < table + count && strcmp(argv[i], option->name) != 0) option++;
    if (option == table + count)
      return strchr(argv[i], '=')
                 ? FAIL(USAGE, "%s: unknown option \"%s\"; write KEY=VALUE without dashes, and an option as -o FILE",
                        verb, argv[i])
                 : FAIL(USAGE, "%s: unknown option \"%s\"; `mckean %s --help` lists the options", verb, argv[i], verb);
    const bool valued = option->take != option_flag;
    if (valued && i + 1 == argc)
      return FAIL(USAGE, "%s: %s: its value is missing; `mckean %s --help` lists the options", verb, argv[i], verb);
    const char *text = valued ? argv[++i] : NULL;
    if (option->take(option, text, (char *)request + option->offset) != OK)
      return FAIL(USAGE, "%s: %s", verb, error_text());
  }
  return OK;
}

/* ---- files of results ---- */

static int check_folder(const char *option, const char *path) {
  struct stat found;
  const char *slash = strrchr(path, '/');
  char folder[4096];
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
    return FAIL(USAGE, "%s: %s: expected a file name, this is a folder", option, path);
  if (stat(folder, &found) != 0)
    return FAIL(USAGE, "%s: %s: the folder %s does not exist; create it: mkdir -p %s", option, path, folder, folder);
  return access(folder, W_OK) == 0 ? OK : FAIL(USAGE, "%s: %s: no permission to write in %s", option, path, folder);
}

/* A coarse check of the content; result_file_open (io/result_file.h) knows the format of the verb. */
static bool may_be_result(const char *path, bool json) {
  if (json) return json_is_result(path, NULL);
  return h5_is_format(path, "mckean-analysis") || h5_is_format(path, "mckean-outputs") ||
         h5_is_format(path, "mckean-prediction");
}

static int check_file(const char *option, const char *path) {
  struct stat found;
  if (!*path || strcmp(path, "-") == 0) return OK; /* option_file decides */
  TRY(check_folder(option, path));
  const bool content = stat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0;
  if (!content || may_be_result(path, strcmp(option, "--json") == 0)) return OK;
  return FAIL(USAGE, "%s: exists and is not an earlier result; give %s another name, or remove it", path, option);
}

int option_check_files(const struct comm *comm, int argc, char *const *argv) {
  int status = OK;
  for (int i = 0; i + 1 < argc && status == OK && comm->rank == 0; i++)
    if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--json") == 0) status = check_file(argv[i], argv[i + 1]);
  return comm_agree(comm, status);
}
