#include "parse_terms.h"

#include <stdarg.h>
#include <string.h>

enum { PATH_SIZE = 80, MESSAGE_SIZE = 512 };

struct check {
  const struct yaml_reader *yaml;
  void (*report)(void *context, const struct yaml_reader_entry *entry, const char *message);
  void *context;
};

/* Returns the first entry at or below a path, or NULL. */
static const struct yaml_reader_entry *find(const struct check *check, const char *path) {
  for (int i = 0; i < check->yaml->count; i++)
    if (yaml_reader_below(check->yaml->entry[i].path, path)) return &check->yaml->entry[i];
  return NULL;
}

static void report(const struct check *check, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void report(const struct check *check, const char *path, const char *format, ...) {
  char message[MESSAGE_SIZE];
  const int used = snprintf(message, sizeof message, "%s: ", path);
  va_list args;
  va_start(args, format);
  vsnprintf(message + used, sizeof message - (size_t)used, format, args);
  va_end(args);
  check->report(check->context, find(check, path), message);
}

/* Reports a key that an item of a list lacks, at the position of the item. Returns whether the item has it. */
static bool require(const struct check *check, const char *item, const char *key, const char *what) {
  char path[PATH_SIZE + 16];
  snprintf(path, sizeof path, "%s.%s", item, key);
  if (find(check, path)) return true;
  report(check, item, "%s is required: %s", key, what);
  return false;
}

static void check_factor(const struct check *check, const struct hermite_spec *spec, int t, int j) {
  const struct hermite_term *term = &spec->term[t];
  const struct hermite_factor *factor = &term->factor[j];
  char item[PATH_SIZE], path[PATH_SIZE + 16];
  snprintf(item, sizeof item, "target.terms[%d].factors[%d]", t, j);
  snprintf(path, sizeof path, "%s.direction", item);
  require(check, item, "degree", "the degree of the Hermite polynomial");
  if (!require(check, item, "direction", "the number of a direction, from 0")) return;
  if (factor->direction >= spec->directions)
    report(check, path, "expected a number below target.directions, which is %d, received %d; the first direction is 0",
           spec->directions, factor->direction);
  for (int i = 0; i < j; i++)
    if (term->factor[i].direction == factor->direction) {
      report(check, path,
             "expected different directions in the factors of a term, received %d again; he_j he_k of one direction is "
             "a sum of he_i: write one term for each i, such as he_1^2 = 1 + sqrt(2) he_2",
             factor->direction);
      return;
    }
}

void parse_terms_check(const struct config *config, const struct yaml_reader *yaml,
                       void (*call)(void *context, const struct yaml_reader_entry *entry, const char *message),
                       void *context) {
  const struct check check = {.yaml = yaml, .report = call, .context = context};
  const struct hermite_spec *spec = &config->target.hermite;
  for (int t = 0; t < spec->terms; t++) {
    char item[PATH_SIZE];
    snprintf(item, sizeof item, "target.terms[%d]", t);
    require(&check, item, "coefficient", "a number");
    require(&check, item, "factors", "a list of {direction, degree}; [] is the constant 1");
    for (int j = 0; j < spec->term[t].factors; j++) check_factor(&check, spec, t, j);
  }
}
