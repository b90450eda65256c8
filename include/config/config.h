/* config: the input of a run.
 *
 * One table (src/config/table.c) has a row for each key: reading, checking, overrides, help, the echo in logs and files
 * and the comparison on resume follow from it. Conditions on several keys are rows of src/config/rules.c. `mckean help`
 * lists the keys. To add a key: a member here and a row in the table. */
#ifndef MCKEAN_CONFIG_CONFIG_H
#define MCKEAN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "data/dataset.h"
#include "data/target.h"
#include "dynamics/schedule.h"
#include "io/parallel_write.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/particles.h"
#include "particles/unit.h"

#define DT_MAX 1e6         /* largest step size */
enum { STEPS_MAX = 1024 }; /* entries of output.snapshots and of output.fields; an echo must fit an HDF5 attribute */

struct steps {
  int count;
  int64_t step[STEPS_MAX]; /* ascending, no duplicates */
};

/* Local. Inserts a step at its position in ascending order. Returns false if the list is full. */
bool steps_insert(struct steps *steps, int64_t step);
/* Local. Returns whether the list contains a step. */
bool steps_hold(const struct steps *steps, int64_t step);

enum on_full { ON_FULL_STOP, ON_FULL_WAIT, ON_FULL_KINDS };

struct config {
  char name[256], output[4096]; /* output: folder; default "runs/<name>" */
  uint64_t seed;
  int precision;              /* enum precision */
  int threads;                /* of each rank */
  int isa;                    /* enum isa, or -1: the highest level that the processors of all ranks have */
  double watchdog;            /* seconds, 0: none */
  int64_t initial_conditions; /* of each size; ensemble.replicas is this times ensemble.streams */
  struct ensemble_spec ensemble;
  struct unit_spec unit;
  struct target_spec target; /* target.d 0 only for TARGET_FILE */
  struct dataset_spec data;
  struct schedule schedule;
  int64_t history_every;     /* steps between history rows */
  int64_t checkpoint_every;  /* steps; 0: by checkpoint_minutes only */
  double checkpoint_minutes; /* wall-clock time; 0: none */
  int keep;                  /* newest checkpoints kept in addition to snapshots */
  struct steps snapshots, fields;
  int io;      /* enum parallel_write_io */
  int on_full; /* enum on_full */
};

/* Reads an input file (regular, at most 1 MiB) and overrides "key=value". Only rank 0 reads the file. Collective.
 * USAGE: the input is wrong; the error text has one line for each error: file, line, column, key, expected, received,
 * nearest known key. FAILED: the file cannot be read. */
int config_read(const struct comm *comm, const char *file, int overrides, char *const *override,
                struct config **config);

/* The same for the text of an input, such as the echo in a checkpoint. name: its name in messages. Local. */
int config_parse(const char *name, const char *text, struct config **config);
int config_parse_overridden(const char *name, const char *text, int overrides, char *const *override,
                            struct config **config);
void config_free(struct config *config);

/* Returns the input as YAML text with every key, defaults included; config_parse turns it into the same config. The
 * caller frees it. Local. */
char *config_echo(const struct config *config);

/* Checks whether a run with the input `now` may resume a checkpoint of a run with the input `was` at a step: all keys
 * that affect the trajectory up to this step must be equal. Local. USAGE: they are not; the error text has a line "key:
 * was X, now Y" for each difference. */
int config_resumable(const struct config *was, const struct config *now, int64_t step);

/* Local. config_key fills the reference of key number i, counted from 0; it returns false beyond the last key. */
struct config_key {
  const char *key;                          /* "dynamics.stages[].dt" is a key of every stage */
  const char *help;                         /* its meaning */
  char expects[512];                        /* "an integer from 1 to 1024" */
  char fallback[64];                        /* "default 1" */
  bool may_change;                          /* when a run is resumed */
  int choices;                              /* number of names to choose from; 0: any value that is expected */
  const char *choice[16], *choice_help[16]; /* the names, and what each stands for (NULL: help has it) */
};
bool config_key(int i, struct config_key *key);

/* Prints the reference of all keys (key NULL), or of one key or section. Local. USAGE: the key is unknown; the error
 * text names the nearest one. */
int config_help(FILE *out, const char *key);

#endif
