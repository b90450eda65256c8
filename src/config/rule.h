/* rule: a condition on several keys of an input, one row of a table of rules.c or rules_exact.c. Private to src/config.
 *
 * broken() returns true if the input breaks the rule. It writes the received value to `received` if the message needs
 * it. The message is "keys: expected, received ...; advice". */
#ifndef MCKEAN_CONFIG_RULE_H
#define MCKEAN_CONFIG_RULE_H

#include <stdio.h>

#include "config/config.h"
#include "key.h"
#include "table.h"

enum { RECEIVED_MAX = 1024 };

/* Whether a key is in the input (not a default), by the index of the key in parameter_table. */
struct given_keys {
  bool key[PARAMETERS_MAX];
  bool stage_key[STAGES_MAX][PARAMETERS_MAX]; /* per stage of dynamics.stages */
};

/* The arguments of a rule: the input; for rules on stages also the stage; for rules on network sizes also the stage and
 * the size. */
struct rule_arguments {
  const struct config *config;
  const struct given_keys *given;
  int stage, member;
};

struct rule {
  const char *keys;
  bool (*broken)(const struct rule_arguments *args, char received[RECEIVED_MAX]);
  const char *expected; /* NULL: broken() writes the whole message */
  const char *advice;   /* or NULL */
};

static inline bool given(const struct rule_arguments *args, const char *key) {
  return args->given->key[key_find(key)];
}

static inline bool is_exact(const struct rule_arguments *args) {
  return dataset_exact(args->config->data.mode);
}

static inline bool write_received(char received[RECEIVED_MAX], const char *text) {
  snprintf(received, RECEIVED_MAX, "%s", text);
  return true;
}

/* Rules of inputs with the exact potential, data.mode: population or rkhs. */
extern const struct rule rules_exact[];
extern const int rules_exact_count;

#endif
