/* Keys without effect. To add a key that has no effect with some values of another key, add a row to the table. */
#include "effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "key.h"
#include "table.h"

/* A key, or each key that begins with `keys` if this ends with a dot, has an effect only if the key `decider` has this
 * value; if `otherwise` is set, only if it has another value. */
struct effect {
  const char *keys, *decider, *value;
  bool otherwise;
};

static const struct effect effects[] = {
    {"unit.alpha", "unit.type", "rbf", false},
    {"unit.init.a.", "unit.type", "rbf", true},
    {"unit.init.b.", "unit.type", "rbf", true},
    {"target.seed", "target.type", "file", true},
    {"target.path", "target.type", "file", false},
    {"target.directions", "target.type", "hermite", false},
    {"target.axes", "target.type", "hermite", false},
    {"target.terms", "target.type", "hermite", false},
    {"target.teacher.", "target.type", "teacher", false},
    {"target.teacher.alpha", "target.teacher.type", "rbf", false},
    {"target.teacher.init.a.", "target.teacher.type", "rbf", true},
    {"target.teacher.init.b.", "target.teacher.type", "rbf", true},
    {"loss.threshold", "loss.type", "huber", false},
    {"data.inputs", "target.type", "file", true},
    {"data.samples", "data.mode", "fixed", false},
    {"data.shared", "dynamics.scheme", "sgd", false},
    {"data.test_seed", "data.test", "0", true},
    {"dynamics.momentum", "dynamics.update", "momentum", false},
    {"dynamics.friction", "dynamics.update", "baoab", false},
    {"dynamics.birth_death_every", "dynamics.birth_death", "0", true},
    {"dynamics.birth_death_reinjection", "dynamics.birth_death", "0", true},
};

/* The same for inputs with target.type: hermite. */
static const struct effect hermite_effects[] = {
    {"target.seed", "target.axes", "random", false},
};

static bool covers(const struct effect *effect, const char *key) {
  const size_t length = strlen(effect->keys);
  return effect->keys[length - 1] == '.' ? strncmp(key, effect->keys, length) == 0 : strcmp(key, effect->keys) == 0;
}

/* Returns whether the decider has the value that gives the keys an effect; otherwise records the reason. */
static int decide(const struct effect *effect, const struct config *config, const char *key) {
  char *value = parameter_text(&parameter_table[key_find(effect->decider)], config);
  const bool effective = (strcmp(value, effect->value) == 0) != effect->otherwise;
  const int status = effective ? OK
                     : effect->otherwise
                         ? FAIL(USAGE, "%s: no effect with %s: %s; remove it", key, effect->decider, value)
                         : FAIL(USAGE, "%s: no effect with %s: %s; remove it, or set %s: %s", key, effect->decider,
                                value, effect->decider, effect->value);
  free(value);
  return status;
}

static int check(const struct effect *table, size_t rows, const struct config *config, const char *key) {
  for (size_t i = 0; i < rows; i++)
    if (covers(&table[i], key)) TRY(decide(&table[i], config, key));
  return OK;
}

int effects_check(const struct config *config, const char *key) {
  TRY(check(effects, sizeof effects / sizeof *effects, config, key));
  return config->target.type == TARGET_HERMITE
             ? check(hermite_effects, sizeof hermite_effects / sizeof *hermite_effects, config, key)
             : OK;
}

/* A default does not count as given, so that the echo of an input, which contains all defaults, can be an input. */
static bool has_other_value(const struct parameter *parameter, const struct config *config) {
  const char *fallback = parameter->fallback ? parameter->fallback : "0"; /* 0: data.samples is not given */
  char *value = parameter_text(parameter, config);
  const bool other = strcmp(value, *fallback ? fallback : "\"\"") != 0;
  free(value);
  return other;
}

void config_forget(struct config *config) {
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (parameter_of_item(parameter) || effects_check(config, parameter->key) == OK) continue;
    if (parameter->fallback)
      parameter_assign(parameter, config, 0, parameter->fallback, false);
    else
      config->data.samples = 0; /* the only one without a default */
  }
}

int config_startable(const struct config *config) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory to check an input");
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (parameter_of_item(parameter) || effects_check(config, parameter->key) == OK) continue;
    if (has_other_value(parameter, config)) fprintf(out, "%s%s", ftell(out) > 0 ? "\n" : "", error_text());
  }
  fclose(out);
  const int status = *text ? FAIL(USAGE, "%s", text) : OK;
  free(text);
  return status;
}
