/* Values of keys as text: what is accepted, reading, printing. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/utf8.h"
#include "table.h"

static void range_text(const struct parameter *parameter, char *text, size_t size) {
  if (parameter->above)
    snprintf(text, size, " > %.10g and <= %.10g", parameter->low, parameter->high);
  else
    snprintf(text, size, " from %.15g to %.15g", parameter->low, parameter->high);
}

void parameter_expects(const struct parameter *parameter, char *text, size_t size) {
  char range[96];
  range_text(parameter, range, sizeof range);
  switch (parameter->kind) {
  case P_INTEGER:
  case P_COUNT:
    snprintf(text, size, "an integer%s", range);
    break;
  case P_COUNT_AUTO:
    snprintf(text, size, "auto, or an integer%s", range);
    break;
  case P_SEED:
    snprintf(text, size, "an integer from 0 to 2^64 - 1");
    break;
  case P_REAL:
    snprintf(text, size, "a number%s", range);
    break;
  case P_AUTO:
    snprintf(text, size, "auto, or a number%s", range);
    break;
  case P_FLAG:
    snprintf(text, size, "true or false");
    break;
  case P_TEXT:
  case P_PATH:
  case P_FOLDER:
    snprintf(text, size, "UTF-8 text without control characters, in quotes if it is ~ or null");
    break;
  case P_SIZES:
    snprintf(text, size, "an integer%s, or a list of at most %d different ones, such as [64, 256]", range,
             ENSEMBLE_MAX);
    break;
  case P_STEPS:
    snprintf(text, size, "a list of at most %d steps (integers)%s, such as [0, 100], {every: N} or {log: K}", STEPS_MAX,
             range);
    break;
  case P_INTERVALS:
    snprintf(text, size, "an integer%s, or {0: N, STEP: N, ...} with ascending steps", range);
    break;
  case P_FIELDS:
    snprintf(text, size, "a list of c, a, b, such as [c, a]");
    break;
  case P_RIDGE:
    snprintf(text, size, "a number%s, or {c: NUMBER, a: NUMBER, b: NUMBER}", range);
    break;
  case P_LIST:
    snprintf(text, size, "a list of at most %d items, such as [%s]", parameter_list(parameter)->max,
             parameter_list(parameter)->item);
    break;
  case P_CHOICE: {
    size_t used = (size_t)snprintf(text, size, "one of ");
    for (int i = 0; parameter->choice(i).name && used < size; i++)
      used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", parameter->choice(i).name);
  }
  }
}

/* Reads a decimal number. Hexadecimal numbers, nan, inf and trailing text are errors. */
static bool number(const char *text, double *value) {
  if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
  char *end;
  errno = 0;
  *value = strtod(text, &end);
  return end != text && *end == 0 && isfinite(*value);
}

static bool in_range(const struct parameter *parameter, double value) {
  return value <= parameter->high && (parameter->above ? value > parameter->low : value >= parameter->low);
}

static bool whole(const struct parameter *parameter, const char *text, int64_t *result) {
  double value;
  if (!number(text, &value) || value != floor(value) || fabs(value) > 0x1p53 || !in_range(parameter, value))
    return false;
  *result = (int64_t)value;
  return true;
}

/* Digits are read exactly up to 2^64 - 1; other forms, such as 2e1, as by whole(). */
static bool seed(const char *text, uint64_t *result) {
  static const struct parameter range = {.high = 0x1p53};
  int64_t value = 0;
  if (text[strspn(text, "0123456789")]) {
    const bool right = whole(&range, text, &value);
    *result = (uint64_t)value;
    return right;
  }
  errno = 0;
  *result = strtoull(text, NULL, 10);
  return *text && errno == 0;
}

static bool size_item(const struct parameter *parameter, struct ensemble_spec *ensemble, int item, const char *text) {
  int64_t n = 0; /* a wrong item, which no later item equals */
  if (item == 0) ensemble->members = 0;
  if (item >= ENSEMBLE_MAX || item != ensemble->members) return false;
  const bool right = whole(parameter, text, &n);
  ensemble->members = item + 1;
  ensemble->n[item] = n;
  if (!right) return false;
  for (int i = 0; i < item; i++)
    if (ensemble->n[i] == n) return false;
  return true;
}

static bool step_item(const struct parameter *parameter, struct steps *steps, int item, const char *text) {
  int64_t step;
  if (item == 0) *steps = (struct steps){0};
  return whole(parameter, text, &step) && steps_insert(steps, step);
}

/* Sets an interval from the key of its first step and its text: {0: 10, 500: 100}. */
static bool interval_item(const struct parameter *parameter, struct intervals *intervals, const char *key,
                          const char *text) {
  static const struct parameter steps = {.high = STEPS_LIMIT};
  int64_t after, every;
  if (!whole(&steps, key, &after) || !whole(parameter, text, &every)) return false;
  if (after == 0) intervals->count = 0;
  const int last = intervals->count - 1;
  return (last < 0 || after > intervals->after[last]) && intervals_change(intervals, after, every);
}

/* The number of one parameter, given by its name: {c: 0.1, a: 0}. */
static bool ridge_item(const struct parameter *parameter, double *ridge, const char *name, const char *text) {
  for (int id = 0; id < FIELDS; id++)
    if (strcmp(name, field_table[id].name) == 0) return number(text, &ridge[id]) && in_range(parameter, ridge[id]);
  return false;
}

bool parameter_assign_form(const struct parameter *parameter, void *base, const char *form, const char *text) {
  void *at = (char *)base + parameter->offset;
  if (parameter->kind == P_INTERVALS) return interval_item(parameter, at, form, text);
  if (parameter->kind == P_RIDGE) return ridge_item(parameter, at, form, text);
  static const struct parameter count = {.low = 1, .high = STEPS_LIMIT};
  struct steps *steps = at;
  if (parameter->kind != P_STEPS) return false;
  steps->count = 0;
  return (strcmp(form, "every") == 0 && whole(&count, text, &steps->every)) ||
         (strcmp(form, "log") == 0 && whole(&count, text, &steps->log));
}

static bool field_item(unsigned *train, int item, const char *text) {
  if (item == 0) *train = 0;
  for (int id = 0; id < FIELDS; id++)
    if (strcmp(text, field_table[id].name) == 0) {
      *train |= 1u << id;
      return true;
    }
  return false;
}

static bool choice_item(const struct parameter *parameter, int *value, const char *text) {
  for (int i = 0; parameter->choice(i).name; i++) {
    const struct choice choice = parameter->choice(i);
    if (strcasecmp(choice.name, text) != 0 && !(choice.alias && strcasecmp(choice.alias, text) == 0)) continue;
    *value = i + (int)parameter->low;
    return true;
  }
  return false;
}

static size_t text_size(const struct parameter *parameter) {
  const struct config *config = NULL;
  return parameter->offset == offsetof(struct config, name)                   ? sizeof config->name
         : parameter->offset == offsetof(struct config, unit.import.checksum) ? sizeof config->unit.import.checksum
                                                                              : sizeof config->output;
}

/* Returns the value that stands for auto; it is below the range. */
static double auto_value(const struct parameter *parameter) {
  return parameter->above ? parameter->low : parameter->low - 1;
}

bool parameter_quotable(const struct parameter *parameter) {
  const enum parameter_kind kind = parameter->kind;
  return kind == P_TEXT || kind == P_PATH || kind == P_FOLDER || kind == P_CHOICE || kind == P_FIELDS;
}

/* Returns whether YAML reads this text without quotes as no value. */
static bool is_null(const char *text) {
  return strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

bool parameter_assign(const struct parameter *parameter, void *base, int item, const char *text, bool quoted) {
  void *at = (char *)base + parameter->offset;
  if (quoted && !parameter_quotable(parameter)) return false;
  int64_t integer;
  switch (parameter->kind) {
  case P_INTEGER:
    if (!whole(parameter, text, &integer)) return false;
    *(int *)at = (int)integer;
    return true;
  case P_COUNT:
    return whole(parameter, text, at);
  case P_COUNT_AUTO:
    *(int64_t *)at = -1;
    return strcmp(text, "auto") == 0 || whole(parameter, text, at);
  case P_SEED:
    return seed(text, at);
  case P_REAL:
    return number(text, at) && in_range(parameter, *(double *)at);
  case P_AUTO:
    *(double *)at = auto_value(parameter);
    return strcasecmp(text, "auto") == 0 || (number(text, at) && in_range(parameter, *(double *)at));
  case P_FLAG:
    *(bool *)at = strcasecmp(text, "true") == 0;
    return *(bool *)at || strcasecmp(text, "false") == 0;
  case P_TEXT:
  case P_PATH:
  case P_FOLDER:
    return (quoted || !is_null(text)) && utf8_is_plain(text) && /* the YAML reader must accept the echo */
           snprintf(at, text_size(parameter), "%s", text) < (int)text_size(parameter);
  case P_CHOICE:
    return choice_item(parameter, at, text);
  case P_SIZES:
    return size_item(parameter, at, item, text);
  case P_STEPS:
    return step_item(parameter, at, item, text);
  case P_INTERVALS:
    return interval_item(parameter, at, "0", text);
  case P_FIELDS:
    return field_item(at, item, text);
  case P_RIDGE: {
    bool right = true;
    for (int id = 0; id < FIELDS; id++) right &= ridge_item(parameter, at, field_table[id].name, text);
    return right;
  }
  case P_LIST:
    *parameter_items(parameter, base) = 0;
    return strcmp(text, "[]") == 0;
  }
  return false;
}

/* Prints the number with the fewest digits, at least 15, that read back to the same bits. */
static void print_real(FILE *out, double value) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, out);
}

static void print_text(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', out);
    if ((unsigned char)*text < 0x20)
      fprintf(out, "\\x%02x", (unsigned char)*text);
    else
      fputc(*text, out);
  }
  fputc('"', out);
}

static void print_intervals(FILE *out, const struct intervals *intervals) {
  if (intervals->count == 1) {
    fprintf(out, "%lld", (long long)intervals->every[0]);
    return;
  }
  for (int i = 0; i < intervals->count; i++)
    fprintf(out, "%s%lld: %lld", i ? ", " : "{", (long long)intervals->after[i], (long long)intervals->every[i]);
  fputc('}', out);
}

static void print_list(FILE *out, int count, const int64_t *values) {
  fputc('[', out);
  for (int i = 0; i < count; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)values[i]);
  fputc(']', out);
}

static void print_fields(FILE *out, unsigned train) {
  const char *separator = "";
  fputc('[', out);
  for (int id = 0; id < FIELDS; id++)
    if (train & 1u << id) {
      fprintf(out, "%s%s", separator, field_table[id].name);
      separator = ", ";
    }
  fputc(']', out);
}

/* Prints one number if it applies to all parameters, otherwise those that are not 0. */
static void print_ridge(FILE *out, const double *ridge) {
  const char *separator = "{";
  bool same = true;
  for (int id = 1; id < FIELDS; id++) same &= ridge[id] == ridge[0];
  if (same) {
    print_real(out, ridge[0]);
    return;
  }
  for (int id = 0; id < FIELDS; id++) {
    if (ridge[id] == 0) continue;
    fprintf(out, "%s%s: ", separator, field_table[id].name);
    print_real(out, ridge[id]);
    separator = ", ";
  }
  fputc('}', out);
}

int *parameter_items(const struct parameter *parameter, void *base) {
  return (int *)((char *)base + parameter_list(parameter)->count);
}

void *parameter_item(const struct parameter *parameter, void *base, int item) {
  return (char *)base + parameter->offset + parameter_list(parameter)->size * (size_t)item;
}

static void print_items(FILE *out, const struct parameter *parameter, const void *base) {
  void *list = (void *)(uintptr_t)base; /* is not changed */
  const int items = *parameter_items(parameter, list);
  fputc('[', out);
  for (int i = 0; i < items; i++)
    parameter_print_item(out, parameter, parameter_item(parameter, list, i), i ? ", {" : "{", ", ", "}");
  fputc(']', out);
}

void parameter_print(FILE *out, const struct parameter *parameter, const void *base) {
  const void *at = (const char *)base + parameter->offset;
  switch (parameter->kind) {
  case P_INTEGER:
    fprintf(out, "%d", *(const int *)at);
    break;
  case P_COUNT:
    fprintf(out, "%lld", (long long)*(const int64_t *)at);
    break;
  case P_COUNT_AUTO:
    if (*(const int64_t *)at < 0)
      fputs("auto", out);
    else
      fprintf(out, "%lld", (long long)*(const int64_t *)at);
    break;
  case P_SEED:
    fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
    break;
  case P_REAL:
    print_real(out, *(const double *)at);
    break;
  case P_AUTO:
    if (in_range(parameter, *(const double *)at))
      print_real(out, *(const double *)at);
    else
      fputs("auto", out);
    break;
  case P_FLAG:
    fputs(*(const bool *)at ? "true" : "false", out);
    break;
  case P_TEXT:
  case P_PATH:
  case P_FOLDER:
    print_text(out, at);
    break;
  case P_CHOICE:
    fputs(parameter->choice(*(const int *)at - (int)parameter->low).name, out);
    break;
  case P_SIZES: {
    const struct ensemble_spec *ensemble = at;
    print_list(out, ensemble->members, ensemble->n);
    break;
  }
  case P_STEPS:
    print_list(out, ((const struct steps *)at)->count, ((const struct steps *)at)->step);
    break;
  case P_INTERVALS:
    print_intervals(out, at);
    break;
  case P_FIELDS:
    print_fields(out, *(const unsigned *)at);
    break;
  case P_RIDGE:
    print_ridge(out, at);
    break;
  case P_LIST:
    print_items(out, parameter, base);
  }
}

char *parameter_text(const struct parameter *parameter, const void *base) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory for a value of the input");
  parameter_print(out, parameter, base);
  fclose(out);
  return text;
}

/* Returns whether the stage has a value of this key. */
static bool has_stage_value(const struct stage *stage, const char *key) {
  if (strcmp(key, "batch") == 0) return stage->batch != 0;
  if (strcmp(key, "dt_power") == 0) return stage->dt_power != 0;
  if (strcmp(key, "temperature") == 0) return stage->temperature > 0;
  if (strcmp(key, "temperature_power") == 0) return stage->temperature > 0 && stage->temperature_power != 0;
  if (strncmp(key, "batch_", 6) == 0) return stage->batch_scale > 0;
  return strncmp(key, "dt_", 3) != 0 || !(stage->dt > 0);
}

/* Returns the name of a key in an item of a list: "dt" of "dynamics.stages[].dt"; NULL if it is not such a key. */
static const char *item_key(const struct parameter *list, const struct parameter *parameter) {
  const size_t length = strlen(list->key);
  const char *rest = parameter->key + length;
  return strncmp(parameter->key, list->key, length) == 0 && strncmp(rest, "[].", 3) == 0 && !strchr(rest + 3, '.')
             ? rest + 3
             : NULL;
}

void parameter_print_item(FILE *out, const struct parameter *list, const void *item, const char *begin,
                          const char *between, const char *end) {
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    const char *key = item_key(list, parameter);
    if (!key || (parameter_of_stage(parameter) && !has_stage_value(item, key))) continue;
    fprintf(out, "%s%s: ", begin, key);
    parameter_print(out, parameter, item);
    begin = between;
  }
  fputs(end, out);
}
