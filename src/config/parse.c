#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "io/yaml_reader.h"
#include "key.h"
#include "parse_path.h"
#include "parse_terms.h"
#include "rules.h"
#include "table.h"

enum { ERRORS_MAX = 50, DERIVED = 4096 };

struct errors {
  int count;
  char *text;
  size_t size;
  FILE *stream;
};

struct reading {
  const char *name;
  struct config *config;
  struct errors errors;
  struct given_keys given;
  const struct list *too_long; /* the list for which a message about its length was written last */
};

static void report_error(struct errors *errors, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void report_error(struct errors *errors, const char *format, ...) {
  if (++errors->count > ERRORS_MAX) return;
  va_list args;
  va_start(args, format);
  if (errors->count > 1) fputc('\n', errors->stream);
  vfprintf(errors->stream, format, args);
  va_end(args);
}

static bool is_override(const struct yaml_reader_entry *entry) {
  return strncmp(entry->name, "command line", 12) == 0;
}

/* Writes and returns the position of an entry: `x.yaml:3:8` in a file, `command line, "key=value"` for an override. */
static const char *position(const struct yaml_reader_entry *entry, char text[KEY_MAX]) {
  if (is_override(entry))
    snprintf(text, KEY_MAX, "%s", entry->name);
  else
    snprintf(text, KEY_MAX, "%s:%d:%d", entry->name, entry->line, entry->column);
  return text;
}

/* ---- keys and values ---- */

static bool is_list(const struct parameter *parameter) {
  return parameter->kind == P_SIZES || parameter->kind == P_STEPS || parameter->kind == P_FIELDS;
}

/* Returns the last component of a key. */
static const char *last_name(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot ? dot + 1 : key;
}

/* Returns what to write instead of an unknown key: advice, a known key with the same last component, or the nearest
 * one. */
static const char *hint(const struct reading *reading, const char *key, char text[KEY_MAX]) {
  const char *advice = key_advice(key);
  int first = 0;
  if (advice || reading->errors.count >= ERRORS_MAX) return advice ? advice : "";
  const char *leaf = key_containing(last_name(key), &first), *nearest = leaf ? leaf : key_nearest(key);
  if (!nearest) return "`mckean help keys` lists the known keys";
  snprintf(text, KEY_MAX, "did you mean \"%s\"?", nearest);
  return text;
}

/* Returns the list to which a key would belong if it had an index: "dynamics.stages.dt"; NULL: none. */
static const struct list *list_above(const char *key) {
  for (int i = parameter_count - 1; i >= 0; i--) {
    const struct parameter *parameter = &parameter_table[i];
    const size_t length = strlen(parameter->key);
    if (parameter->kind == P_LIST && strncmp(key, parameter->key, length) == 0 && key[length] == '.')
      return parameter_list(parameter);
  }
  return NULL;
}

static void unknown_key(struct reading *reading, const struct yaml_reader_entry *entry, const char *key) {
  char where[KEY_MAX], text[KEY_MAX];
  const struct list *list = list_above(key);
  if (!*entry->path)
    report_error(&reading->errors, "%s: expected sections with keys, received \"%.60s\"", position(entry, where),
                 entry->value);
  else if (key_is_section(key) && entry->kind == YAML_READER_EMPTY_MAP && !strchr(entry->path, '['))
    return; /* an empty section is allowed; an empty stage is not */
  else if (key_is_section(key) && !*entry->value && entry->kind == YAML_READER_PLAIN)
    report_error(&reading->errors,
                 "%s: %s: expected a section with keys, received nothing; indent its keys below it, for example by 2 "
                 "spaces",
                 position(entry, where), entry->path);
  else if (key_is_section(key))
    report_error(&reading->errors,
                 "%s: %s: expected a section with keys, received \"%.60s\"; `mckean help %s` lists them",
                 position(entry, where), entry->path, entry->value, key);
  else if (list)
    report_error(&reading->errors, "%s: %.200s: %s is a list: write %s: [%s], or on the command line %s[0].%s",
                 position(entry, where), entry->path, list->key, last_name(list->key), list->item, list->key,
                 list->one_key);
  else
    report_error(&reading->errors, "%s: %.200s: unknown key; %s", position(entry, where), entry->path,
                 hint(reading, key, text));
}

static void wrong_value(struct reading *reading, const struct yaml_reader_entry *entry,
                        const struct parameter *parameter) {
  char expected[512], where[KEY_MAX];
  parameter_expects(parameter, expected, sizeof expected);
  const char *quote = entry->kind == YAML_READER_QUOTED ? "\"" : "";
  const char *received = entry->kind == YAML_READER_EMPTY_LIST  ? "an empty list"
                         : entry->kind == YAML_READER_EMPTY_MAP ? "an empty section"
                         : *entry->value || *quote              ? entry->value
                                                                : "nothing";
  const bool number = *quote && !parameter_quotable(parameter);
  const char *advice = parameter->kind == P_CHOICE ? key_advice(received) : NULL;
  report_error(&reading->errors, "%s: %s: expected %s, received %s%.80s%s%s%s%s", position(entry, where), entry->path,
               expected, quote, received, quote, number ? " in quotes; remove the quotes" : "", advice ? "; " : "",
               advice ? advice : "");
}

/* Takes an entry "output.fields.every" of a key whose value may be a mapping. Returns false if there is no such key. */
static bool take_form(struct reading *reading, const struct yaml_reader_entry *entry) {
  char key[KEY_MAX];
  snprintf(key, sizeof key, "%s", entry->path);
  char *dot = strrchr(key, '.');
  if (dot) *dot = 0;
  const int index = dot ? key_find(key) : -1;
  const struct parameter *parameter = &parameter_table[index < 0 ? 0 : index];
  if (index < 0 || (parameter->kind != P_STEPS && parameter->kind != P_INTERVALS && parameter->kind != P_RIDGE))
    return false;
  reading->given.key[index] = true;
  if (entry->kind != YAML_READER_PLAIN || !parameter_assign_form(parameter, reading->config, dot + 1, entry->value))
    wrong_value(reading, entry, parameter);
  return true;
}

static void too_long(struct reading *reading, const struct yaml_reader_entry *entry, const struct list *list) {
  char where[KEY_MAX];
  if (reading->too_long == list) return;
  reading->too_long = list;
  report_error(&reading->errors, "%s: %s: expected at most %d %s, numbered from [0] to [%d]", position(entry, where),
               entry->path, list->max, last_name(list->key), list->max - 1);
}

/* Returns the struct that contains the value of a key: the input, or an item of a list, which is extended to have it.
 * key: a known one, and the numbers in its brackets. NULL: a list would be too long; the message is written. */
static void *take_item(struct reading *reading, const struct yaml_reader_entry *entry, const char *key,
                       const int *item) {
  void *base = reading->config;
  for (const char *bracket = key; (bracket = strstr(bracket, "[].")); bracket++, item++) {
    char name[KEY_MAX];
    snprintf(name, sizeof name, "%.*s", (int)(bracket - key), key);
    const struct parameter *list = &parameter_table[key_find(name)];
    if (*item < 0 || *item >= parameter_list(list)->max) {
      too_long(reading, entry, parameter_list(list));
      return NULL;
    }
    int *items = parameter_items(list, base);
    if (*item >= *items) *items = *item + 1;
    base = parameter_item(list, base, *item);
  }
  return base;
}

/* Returns the number of lists in whose items a key is. */
static int depth_of(const char *key) {
  int depth = 0;
  while ((key = strstr(key, "[]."))) depth++, key++;
  return depth;
}

static void take_entry(struct reading *reading, const struct yaml_reader_entry *entry) {
  char key[KEY_MAX];
  int item[KEY_ITEMS];
  const int brackets = key_split(entry->path, key, item), depth = depth_of(key), index = key_find(key);
  if (index < 0) {
    if (!take_form(reading, entry)) unknown_key(reading, entry, key);
    return;
  }
  const struct parameter *parameter = &parameter_table[index];
  const bool scalar = entry->kind == YAML_READER_PLAIN || entry->kind == YAML_READER_QUOTED;
  void *base = take_item(reading, entry, key, item);
  if (!base) return;
  if (parameter_of_stage(parameter))
    reading->given.stage_key[item[0]][index] = true;
  else
    reading->given.key[index] = true;
  if (entry->kind == YAML_READER_EMPTY_LIST && brackets == depth) {
    if (parameter->kind == P_LIST) *parameter_items(parameter, base) = 0;
    if (parameter->kind == P_STEPS) *(struct steps *)((char *)base + parameter->offset) = (struct steps){0};
    if (parameter->kind == P_FIELDS) *(unsigned *)((char *)base + parameter->offset) = 0;
    if (parameter->kind == P_LIST || parameter->kind == P_STEPS || parameter->kind == P_FIELDS) return;
  }
  const bool right = scalar && brackets <= depth + is_list(parameter);
  if (!right || !parameter_assign(parameter, base, brackets > depth ? item[depth] : 0, entry->value,
                                  entry->kind == YAML_READER_QUOTED))
    wrong_value(reading, entry, parameter);
}

/* Sets what the update rule takes from other keys. */
static void complete_update(struct config *config) {
  struct update_spec *update = &config->schedule.update;
  update->seed = config->seed;
  for (int id = 0; id < FIELDS; id++)
    if (!(config->unit.train & 1u << id)) update->ridge[id] = 0;
  for (int s = 0; s < config->schedule.stages; s++) update->thermal |= config->schedule.stage[s].temperature > 0;
}

static void set_defaults(struct reading *reading) {
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (!parameter->fallback || parameter_of_item(parameter)) continue;
    struct yaml_reader yaml = {0};
    if (yaml_reader_parse("default", *parameter->fallback ? parameter->fallback : "''", parameter->key, &yaml) != OK)
      die("the default of %s: %s", parameter->key, error_text());
    for (int k = 0; k < yaml.count; k++) take_entry(reading, &yaml.entry[k]);
    yaml_reader_free(&yaml);
    reading->given.key[i] = false;
  }
}

/* ---- derived values ---- */

static void expand(struct reading *reading, const char *key, struct steps *steps) {
  const int64_t end = schedule_steps(&reading->config->schedule);
  if (!steps_expand(steps, end))
    report_error(&reading->errors, "%s: %s: {every: N} or {log: K} gives more than %d steps up to the last step, %lld",
                 reading->name, key, STEPS_MAX, (long long)end);
}

/* Sets ensemble.replicas and data.test, which depend on other keys, the lists of steps, which depend on the last step,
 * and the defaults of the keys of stages. Call this before the rules are checked. */
static void complete(struct reading *reading) {
  struct config *config = reading->config;
  config->ensemble.replicas = config->initial_conditions * config->ensemble.streams;
  if (config->data.test == DATASET_TEST_AUTO && config->target.type != TARGET_FILE)
    config->data.test = DATASET_TEST_DEFAULT;
  expand(reading, "output.snapshots", &config->snapshots);
  expand(reading, "output.fields", &config->fields);
  if (config->checkpoint_minutes < 0 && config->checkpoint_every > 0) config->checkpoint_minutes = 15;
  for (int s = 0; s < config->schedule.stages; s++) {
    for (int i = 0; i < parameter_count; i++) {
      const struct parameter *parameter = &parameter_table[i];
      if (parameter->fallback && parameter_of_stage(parameter) && !reading->given.stage_key[s][i])
        parameter_assign(parameter, &config->schedule.stage[s], 0, parameter->fallback, false);
    }
  }
}

static void report_broken(void *context, const char *message) {
  struct reading *reading = context;
  report_error(&reading->errors, "%s: %s", reading->name, message);
}

/* Sets a text key that the input omits. The value is checked like a value in the input. */
static void derive(struct reading *reading, const char *key, const char *value) {
  const struct parameter *parameter = &parameter_table[key_find(key)];
  if (parameter_assign(parameter, reading->config, 0, value, true)) return;
  char expected[512], file[DERIVED], received[DERIVED];
  parameter_expects(parameter, expected, sizeof expected);
  utf8_append(file, sizeof file, 0, reading->name);
  utf8_append(received, sizeof received, 0, value);
  report_error(
      &reading->errors,
      "%s: %s: expected %s, received \"%s\" from the name of the input file; rename the file, or set run.name and "
      "run.output",
      file, key, expected, received);
}

/* Sets the defaults: run.name is the file name without folder and extension, run.output is runs/<run.name>. */
static void name_output(struct reading *reading) {
  struct config *config = reading->config;
  char derived[DERIVED];
  if (!*config->name) {
    const char *base = strrchr(reading->name, '/') ? strrchr(reading->name, '/') + 1 : reading->name;
    const char *ending = strrchr(base, '.');
    snprintf(derived, sizeof derived, "%.*s", ending > base ? (int)(ending - base) : (int)strlen(base), base);
    derive(reading, "run.name", derived);
  }
  for (size_t end = strlen(config->output); end > 1 && config->output[end - 1] == '/'; end--)
    config->output[end - 1] = 0;
  if (*config->output || reading->errors.count > 0) return;
  snprintf(derived, sizeof derived, "runs/%s", config->name);
  derive(reading, "run.output", derived);
}

static void report_at(void *context, const struct yaml_reader_entry *entry, const char *message) {
  struct reading *reading = context;
  char where[KEY_MAX];
  report_error(&reading->errors, "%s: %s", entry ? position(entry, where) : reading->name, message);
}

static int build(const char *name, const struct yaml_reader *yaml, struct config **out) {
  struct reading *reading = calloc(1, sizeof *reading);
  struct config *config = calloc(1, sizeof *config);
  if (!reading || !config) die("no memory for the input");
  reading->name = name;
  reading->config = config;
  reading->errors.stream = open_memstream(&reading->errors.text, &reading->errors.size);
  set_defaults(reading);
  for (int i = 0; i < yaml->count; i++) take_entry(reading, &yaml->entry[i]);
  if (reading->errors.count == 0) { /* otherwise most further messages would only repeat the errors */
    complete(reading);
    rules_check(config, &reading->given, report_broken, reading);
    parse_terms_check(config, yaml, report_at, reading);
    config->unit.train &= unit_manifold(config->unit.type)->fields;
    config->unit.rule_fields = update_table[config->schedule.update.rule].fields;
    complete_update(config);
    name_output(reading);
  }
  struct errors *errors = &reading->errors;
  if (errors->count > ERRORS_MAX) fprintf(errors->stream, "\n(and %d more)", errors->count - ERRORS_MAX);
  fclose(errors->stream);
  const int status = errors->count ? FAIL(USAGE, "%s", errors->text) : OK;
  free(errors->text);
  free(reading);
  if (status != OK) {
    free(config);
    return status;
  }
  *out = config;
  return OK;
}

int config_parse(const char *name, const char *text, struct config **config) {
  struct yaml_reader yaml = {0};
  int status = yaml_reader_parse(name, text, "", &yaml);
  if (status == OK) status = build(name, &yaml, config);
  yaml_reader_free(&yaml);
  return status;
}

/* Returns text without its first `characters` UTF-8 characters. */
static const char *text_after(const char *text, size_t characters) {
  for (; *text && (characters > 0 || (*text & 0xc0) == 0x80); text++)
    if ((*text & 0xc0) != 0x80) characters--;
  return text;
}

static bool is_known(const char *path) {
  char key[KEY_MAX];
  int item[KEY_ITEMS];
  key_split(path, key, item);
  return key_find(key) >= 0 || key_is_section(key);
}

/* Refuses a key that an earlier override has set, which would lose its effect. */
static int check_repeated(const struct yaml_reader *yaml, const char *name, const char *key) {
  for (int i = 0; i < yaml->count; i++) {
    const struct yaml_reader_entry *entry = &yaml->entry[i];
    if (is_override(entry) && yaml_reader_below(entry->path, key))
      return FAIL(USAGE, "%s: %s: duplicate key; %s has it already", name, key, entry->name);
  }
  return OK;
}

/* Applies one override "key=value": value replaces all entries at or below key; "key=" only removes them. name must
 * outlive yaml. */
static int override_key(const char *text, char *name, size_t size, struct yaml_reader *yaml) {
  snprintf(name, size, "command line, \"%.200s\"", text);
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || equals - text >= KEY_MAX)
    return FAIL(USAGE, "command line: expected KEY=VALUE without spaces, after the input file; received \"%.200s\"",
                text);
  char key[KEY_MAX];
  snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
  TRY(check_repeated(yaml, name, key));
  yaml_reader_remove(yaml, key);
  if (!equals[1] && is_known(key)) return OK;
  const char *value = equals[1] ? equals + 1 : "''";
  TRY(yaml_reader_parse(name, value, key, yaml));
  const char *rest = text_after(value, yaml->end);
  rest += strspn(rest, " \t\r\n");
  if (*rest == 0) return OK;
  return FAIL(USAGE,
              "%s: \"%s\" is %s; if it is part of the value, put the value in quotes and protect them from the shell: "
              "'%s=\"...\"'",
              name, rest, *rest == '#' ? "a comment in YAML" : "after the end of the value", key);
}

int config_parse_overridden(const char *file, const char *text, int overrides, char *const *override,
                            struct config **config) {
  enum { NAME = 256 };
  struct yaml_reader yaml = {0};
  char *names = alloc_small((size_t)NAME * (size_t)(overrides + 1));
  int status = yaml_reader_parse(file, text, "", &yaml);
  for (int i = 0; i < overrides && status == OK; i++) status = override_key(override[i], names + NAME * i, NAME, &yaml);
  if (status == OK) status = build(file, &yaml, config);
  yaml_reader_free(&yaml);
  free(names);
  return status;
}

int config_read(const struct comm *comm, const char *file, int overrides, char *const *override,
                struct config **config) {
  char *text = NULL;
  const int status = comm->rank == 0 ? yaml_reader_load(file, &text) : OK;
  int64_t length = text ? (int64_t)strlen(text) + 1 : 0;
  comm_bcast(comm, &length, sizeof length, 0);
  if (length == 0) { /* reading failed: all ranks return the error of rank 0 */
    char why[1024] = "";
    int code = status;
    snprintf(why, sizeof why, "%s", error_text());
    comm_bcast(comm, &code, sizeof code, 0);
    comm_bcast(comm, why, sizeof why, 0);
    return FAIL(code, "%s", why);
  }
  if (!text) text = alloc_small((size_t)length);
  comm_bcast(comm, text, length, 0);
  const int parsed = comm_agree(comm, config_parse_overridden(file, text, overrides, override, config));
  free(text);
  TRY(parsed);
  const int resolved = parse_path_resolve(comm, file, *config);
  if (resolved == OK) return OK;
  config_free(*config);
  *config = NULL;
  return resolved;
}

void config_free(struct config *config) {
  free(config);
}
