#include "cli/option.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

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
