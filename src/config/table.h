/* table: the input keys. A key is a row of parameter_table, from which reading, checking, defaults, help, the echo and
 * the comparison on resume follow. Private to src/config. */
#ifndef MCKEAN_CONFIG_TABLE_H
#define MCKEAN_CONFIG_TABLE_H

#include "config/config.h"

enum parameter_kind {
  P_INTEGER,
  P_COUNT,
  P_SEED,
  P_REAL,
  P_STEPSIZE,
  P_FLAG,
  P_TEXT,
  P_CHOICE,
  P_SIZES,
  P_STEPS,
  P_FIELDS
};

struct choice {
  const char *name, *help; /* help: what it stands for; NULL if the help of the key has it */
};

struct parameter {
  const char *key; /* "dynamics.stages[].dt" is a key of each stage */
  enum parameter_kind kind;
  size_t offset;                  /* in struct config; in struct stage for keys of stages */
  double low, high;               /* range of numbers; the lowest value of a choice */
  bool above;                     /* low itself is excluded */
  const char *fallback;           /* the default, as a user would write it; NULL: none */
  struct choice (*choice)(int i); /* what can be chosen; a NULL name at the end */
  bool may_change;                /* when a run is resumed */
  const char *help;
};

enum { PARAMETERS_MAX = 128 }; /* at least parameter_count */
extern const struct parameter parameter_table[];
extern const int parameter_count;

bool parameter_of_stage(const struct parameter *parameter);

/* Writes what is expected of a value: "an integer from 1 to 1024". */
void parameter_expects(const struct parameter *parameter, char *text, size_t size);

/* Sets a value from text. base: struct config, or struct stage for keys of stages. item: index in a list; 0 clears
 * the list first. quoted: the text was in quotes, which only texts and names may have. Returns false if the text is
 * wrong. */
bool parameter_assign(const struct parameter *parameter, void *base, int item, const char *text, bool quoted);

/* Prints the value as a user would write it. */
void parameter_print(FILE *out, const struct parameter *parameter, const void *base);

#endif
