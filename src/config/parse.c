#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "dynamics/potential.h"
#include "io/yaml_reader.h"
#include "key.h"
#include "table.h"

enum { PARAMETERS_MAX = 128, ERRORS_MAX = 50, DERIVED = 4096 };

/* All that is wrong with an input. */
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
  bool seen[PARAMETERS_MAX]; /* keys that are not of stages */
  bool stage_seen[STAGES_MAX][PARAMETERS_MAX];
};

static void complain(struct errors *errors, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct errors *errors, const char *format, ...) {
  if (++errors->count > ERRORS_MAX) return;
  va_list args;
  va_start(args, format);
  if (errors->count > 1) fputc('\n', errors->stream);
  vfprintf(errors->stream, format, args);
  va_end(args);
}

/* "x.yaml:3:8", or the override as it was typed. */
static const char *place(const struct yaml_reader_entry *entry, char text[KEY_MAX]) {
  if (strncmp(entry->name, "command line", 12) == 0)
    snprintf(text, KEY_MAX, "%s", entry->name);
  else
    snprintf(text, KEY_MAX, "%s:%d:%d", entry->name, entry->line, entry->column);
  return text;
}

/* ---- keys and values ---- */

static bool is_list(const struct parameter *parameter) {
  return parameter->kind == P_SIZES || parameter->kind == P_STEPS || parameter->kind == P_FIELDS;
}

static void unknown_key(struct reading *reading, const struct yaml_reader_entry *entry, const char *key) {
  char where[KEY_MAX];
  const char *nearest = reading->errors.count < ERRORS_MAX ? key_nearest(key) : NULL;
  if (!*entry->path)
    complain(&reading->errors, "%s: sections with keys were expected, received \"%.60s\"", place(entry, where),
             entry->value);
  else if (key_is_section(key) && entry->kind == YAML_READER_EMPTY_MAP && !strchr(entry->path, '['))
    return; /* an empty section says nothing; an empty stage does */
  else if (key_is_section(key))
    complain(&reading->errors,
             "%s: %s: a section with keys was expected, received \"%.60s\"; `mckean help %s` lists them",
             place(entry, where), entry->path, entry->value, key);
  else
    complain(&reading->errors, "%s: %.200s: unknown key; %s%s%s", place(entry, where), entry->path,
             nearest ? "did you mean \"" : "`mckean help` lists the known ones", nearest ? nearest : "",
             nearest ? "\"?" : "");
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
  complain(&reading->errors, "%s: %s: expected %s, received %s%.80s%s", place(entry, where), entry->path, expected,
           quote, received, quote);
}

static void take_entry(struct reading *reading, const struct yaml_reader_entry *entry) {
  char key[KEY_MAX];
  int item;
  const int brackets = key_split(entry->path, key, &item);
  const int index = key_find(key);
  if (index < 0) {
    unknown_key(reading, entry, key);
    return;
  }
  const struct parameter *parameter = &parameter_table[index];
  struct schedule *schedule = &reading->config->schedule;
  void *base = reading->config;
  bool right = entry->kind == YAML_READER_PLAIN || entry->kind == YAML_READER_QUOTED;
  if (parameter_of_stage(parameter)) {
    if (item < 0 || item >= STAGES_MAX) {
      char where[KEY_MAX];
      complain(&reading->errors, "%s: %s: stages are numbered from [0] to [%d]", place(entry, where), entry->path,
               STAGES_MAX - 1);
      return;
    }
    right = right && brackets == 1;
    if (right) {
      base = &schedule->stage[item];
      if (item >= schedule->stages) schedule->stages = item + 1;
      reading->stage_seen[item][index] = true;
    }
  } else {
    reading->seen[index] = true;
    if (brackets > is_list(parameter)) right = false;
  }
  if (entry->kind == YAML_READER_EMPTY_LIST && parameter->kind == P_STEPS) {
    ((struct steps *)((char *)base + parameter->offset))->count = 0;
    return;
  }
  if (entry->kind == YAML_READER_EMPTY_LIST && parameter->kind == P_FIELDS) {
    *(unsigned *)((char *)base + parameter->offset) = 0;
    return;
  }
  const int place_in_list = item < 0 || parameter_of_stage(parameter) ? 0 : item;
  if (!right || !parameter_assign(parameter, base, place_in_list, entry->value, entry->kind == YAML_READER_QUOTED))
    wrong_value(reading, entry, parameter);
}

static void set_defaults(struct reading *reading) {
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (!parameter->fallback) continue;
    struct yaml_reader yaml = {0};
    if (yaml_reader_parse("default", *parameter->fallback ? parameter->fallback : "''", parameter->key, &yaml) != OK)
      die("the default of %s: %s", parameter->key, error_text());
    for (int k = 0; k < yaml.count; k++) take_entry(reading, &yaml.entry[k]);
    yaml_reader_free(&yaml);
    reading->seen[i] = false;
  }
}

/* ---- what no single key decides ---- */

static bool seen(const struct reading *reading, const char *key) {
  return reading->seen[key_find(key)];
}

/* dt: auto has two keys of its own. */
static void check_dt(struct reading *reading, int s) {
  struct stage *stage = &reading->config->schedule.stage[s];
  const bool *given = reading->stage_seen[s];
  const bool safety = given[key_find("dynamics.stages[].dt_safety")],
             every = given[key_find("dynamics.stages[].dt_every")];
  if (stage->dt > 0 && (safety || every))
    complain(&reading->errors, "%s: dynamics.stages[%d]: dt_safety and dt_every go with dt: auto, received dt: %g",
             reading->name, s, stage->dt);
  if (!safety) stage->dt_safety = 0.5;
  if (!every) stage->dt_every = 100;
}

static void check_stage(struct reading *reading, int s) {
  const struct config *config = reading->config;
  const struct stage *stage = &config->schedule.stage[s];
  struct errors *errors = &reading->errors;
  const bool *given = reading->stage_seen[s];
  const char *name = reading->name;
  if (!given[key_find("dynamics.stages[].steps")] || !given[key_find("dynamics.stages[].dt")])
    complain(errors, "%s: dynamics.stages[%d]: steps and dt are required in every stage", name, s);
  check_dt(reading, s);
  const bool batch = given[key_find("dynamics.stages[].batch")],
             scale = given[key_find("dynamics.stages[].batch_scale")];
  if (batch && (scale || given[key_find("dynamics.stages[].batch_power")]))
    complain(errors, "%s: dynamics.stages[%d]: give either batch or batch_scale and batch_power, received both", name,
             s);
  if (config->schedule.scheme == SCHEME_GD) {
    if (scale || given[key_find("dynamics.stages[].batch_power")] || (batch && stage->batch != config->data.samples))
      complain(errors, "%s: dynamics.stages[%d]: gd uses the whole %s each step: leave batch out%s", name, s,
               config->data.mode == DATA_POPULATION ? "population" : "fixed set",
               config->data.mode == DATA_POPULATION ? "" : ", or use scheme: sgd");
    return;
  }
  if (!batch && !scale)
    complain(errors, "%s: dynamics.stages[%d]: sgd needs batch, or batch_scale and batch_power", name, s);
  if (config->data.mode == DATA_FIXED && config->data.samples == 0) return; /* of a file: known when it has been read */
  for (int e = 0; e < config->ensemble.members; e++)
    if (schedule_check(&config->schedule, s, config->ensemble.n[e], config->data.samples) != OK)
      complain(errors, "%s: %s", name, error_text());
}

static void check_target_and_data(struct reading *reading) {
  const struct config *config = reading->config;
  struct errors *errors = &reading->errors;
  const char *name = reading->name;
  if (!seen(reading, "target.type")) return;
  const struct target_kind *kind = target_table[config->target.type];
  const bool file = !kind->evaluate, fixed = config->data.mode == DATA_FIXED;
  if (!seen(reading, kind->required))
    complain(errors, "%s: %s: required for target.type: %s", name, kind->required, kind->name);
  if (file && !fixed)
    complain(errors, "%s: data.mode: a file's points are fixed, received %s; scheme: sgd draws mini-batches of them",
             name, dataset_mode_names[config->data.mode]);
  if (!file && fixed && config->data.samples == 0)
    complain(errors, "%s: data.samples: required with mode: fixed: how many points", name);
  if (config->data.mode == DATA_ONLINE && config->schedule.scheme == SCHEME_GD)
    complain(errors, "%s: dynamics.scheme: gd needs data.mode: fixed, received online; use scheme: sgd", name);
  const bool sphere = unit_table[config->unit.type].sphere;
  if (sphere && !file && config->target.d == 1)
    complain(errors, "%s: unit.type: units on the sphere need target.d >= 2, received 1", name);
  if (sphere && seen(reading, "unit.train") && config->unit.train & TRAIN_B)
    complain(errors, "%s: unit.train: expected a list of c, a: rbf units have no b", name);
}

/* The exact potential is known for rbf units and the spin target, and there are no points to speak of. */
static void check_population(struct reading *reading) {
  const struct config *config = reading->config;
  if (config->data.mode != DATA_POPULATION) return;
  const struct {
    bool wrong;
    const char *key, *expected;
  } rule[] = {
      {config->unit.type != UNIT_RBF, "unit.type", "rbf"},
      {config->target.type != TARGET_SPIN, "target.type", "spin"},
      {config->unit.alpha * config->target.d > POTENTIAL_K_MAX, "unit.alpha", "alpha d <= 10^4"},
      {config->schedule.scheme != SCHEME_GD, "dynamics.scheme", "gd: each step sees all points of the sphere"},
      {config->data.noise > 0, "target.noise", "0: there are no labels"},
      {seen(reading, "data.samples"), "data.samples", "none: there is no fixed set"},
      {config->data.shared, "data.shared", "false: all networks see all points"},
  };
  for (size_t i = 0; i < sizeof rule / sizeof *rule; i++)
    if (rule[i].wrong)
      complain(&reading->errors, "%s: %s: with data.mode: population expected %s", reading->name, rule[i].key,
               rule[i].expected);
}

static void check_steps(struct reading *reading, const char *key, const struct steps *steps) {
  const int64_t last = schedule_steps(&reading->config->schedule);
  if (steps->count > 0 && steps->step[steps->count - 1] > last)
    complain(&reading->errors, "%s: %s: expected steps up to the last one, %lld, received %lld", reading->name, key,
             (long long)last, (long long)steps->step[steps->count - 1]);
}

/* Networks that start alike and see the same points would stay alike. */
static void check_streams(struct reading *reading) {
  const struct config *config = reading->config;
  const bool own = !config->data.shared && config->schedule.scheme == SCHEME_SGD;
  if (config->ensemble.streams > 1 && !own)
    complain(
        &reading->errors,
        "%s: data.streams: expected 1 where all networks see the same points (dynamics.scheme gd, or data.shared), "
        "received %lld",
        reading->name, (long long)config->ensemble.streams);
}

static void check_sizes(struct reading *reading) {
  struct ensemble_spec *ensemble = &reading->config->ensemble;
  double numbers = 0;
  ensemble->replicas = reading->config->initial_conditions * ensemble->streams;
  if (ensemble->replicas >= 1 << 24)
    complain(&reading->errors,
             "%s: ensemble.replicas x data.streams: expected at most %d networks of a size, received "
             "%lld",
             reading->name, (1 << 24) - 1, (long long)ensemble->replicas);
  for (int e = 0; e < ensemble->members; e++)
    numbers += (double)ensemble->n[e] * (double)ensemble->replicas * (reading->config->target.d + 2);
  if (numbers > 0x1p58)
    complain(&reading->errors, "%s: ensemble: n x replicas x (d + 2) = %.3g numbers are more than any machine holds",
             reading->name, numbers);
}

static void check_all(struct reading *reading) {
  struct config *config = reading->config;
  if (!seen(reading, "ensemble.n"))
    complain(&reading->errors, "%s: ensemble.n: required: units of a network, or a list of sizes", reading->name);
  if (!seen(reading, "target.type"))
    complain(&reading->errors, "%s: target.type: required: spin, teacher or file", reading->name);
  if (config->schedule.stages == 0)
    complain(&reading->errors, "%s: dynamics.stages: required: a list of {steps, dt}", reading->name);
  check_target_and_data(reading);
  check_population(reading);
  for (int s = 0; s < config->schedule.stages; s++) check_stage(reading, s);
  check_steps(reading, "output.snapshots", &config->snapshots);
  check_steps(reading, "output.fields", &config->fields);
  check_sizes(reading);
  check_streams(reading);
  if (unit_table[config->unit.type].sphere) config->unit.train &= ~(unsigned)TRAIN_B;
}

/* A value that the input does not give, checked as a given one. */
static void derive(struct reading *reading, const char *key, const char *value) {
  const struct parameter *parameter = &parameter_table[key_find(key)];
  if (parameter_assign(parameter, reading->config, 0, value, true)) return;
  char expected[512], file[DERIVED], received[DERIVED];
  parameter_expects(parameter, expected, sizeof expected);
  utf8_append(file, sizeof file, 0, reading->name);
  utf8_append(received, sizeof received, 0, value);
  complain(&reading->errors,
           "%s: %s: expected %s, received \"%s\" from the name of the input file; rename the file, or set run.name and "
           "run.output",
           file, key, expected, received);
}

/* run.name: the file's name without folder and ending; run.output: below runs/. */
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

static int build(const char *name, const struct yaml_reader *yaml, struct config **out) {
  struct reading *reading = calloc(1, sizeof *reading);
  struct config *config = calloc(1, sizeof *config);
  if (!reading || !config) die("no memory for the input");
  reading->name = name;
  reading->config = config;
  reading->errors.stream = open_memstream(&reading->errors.text, &reading->errors.size);
  set_defaults(reading);
  for (int i = 0; i < yaml->count; i++) take_entry(reading, &yaml->entry[i]);
  if (reading->errors.count == 0) { /* else these would only repeat what is wrong */
    check_all(reading);
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

/* What follows so many characters of UTF-8. */
static const char *behind(const char *text, size_t characters) {
  for (; *text && (characters > 0 || (*text & 0xc0) == 0x80); text++)
    if ((*text & 0xc0) != 0x80) characters--;
  return text;
}

/* One override: its value replaces everything at or below its key. name stays alive as long as yaml. */
static int override_key(const char *text, char *name, size_t size, struct yaml_reader *yaml) {
  snprintf(name, size, "command line, \"%.200s\"", text);
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || equals - text >= KEY_MAX)
    return FAIL(USAGE, "command line: expected key=value, received \"%.200s\"", text);
  char key[KEY_MAX];
  snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
  yaml_reader_remove(yaml, key);
  const char *value = equals[1] ? equals + 1 : "''";
  TRY(yaml_reader_parse(name, value, key, yaml));
  const char *rest = behind(value, yaml->end);
  rest += strspn(rest, " \t\r\n");
  if (*rest == 0) return OK;
  return FAIL(USAGE,
              "%s: \"%s\" is %s; if it belongs to the value, put that in quotes that the shell leaves: '%s=\"...\"'",
              name, rest, *rest == '#' ? "a comment in YAML" : "behind the value", key);
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
  if (length == 0) { /* nobody but rank 0 knows why: its text goes to all, without its rank */
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
  return parsed;
}

void config_free(struct config *config) {
  free(config);
}
