/* config: the input of a run. One parameter table (config.c) drives reading, checking, overrides, help, the echo in
 * logs and files, and the comparison on resume. To add a key: a field here and a row there.
 *
 * Keys (YAML, nested by the dots):
 *   run.name run.seed run.output run.precision run.threads run.isa run.watchdog
 *   ensemble.n ensemble.replicas
 *   unit.type unit.alpha unit.train unit.init.{c,a,b}.{mean,std}
 *   target.type target.d target.seed target.path target.noise target.teacher.{units,type,alpha}
 *   target.teacher.init.{c,a,b}.{mean,std}
 *   data.mode data.samples data.test data.shared data.seed data.test_seed
 *   dynamics.scheme dynamics.stages[].{steps, dt, dt_safety, dt_every, batch, batch_scale, batch_power}
 *   output.history_every output.checkpoint_every output.checkpoint_minutes output.keep output.snapshots output.fields
 *   output.io output.on_full */
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
enum { STEPS_MAX = 1024 }; /* entries of output.snapshots and output.fields: an echo fits an HDF5 attribute */

struct steps {
  int count;
  int64_t step[STEPS_MAX]; /* ascending, no duplicates */
};

/* Local. False if it is full. */
bool steps_insert(struct steps *steps, int64_t step);
bool steps_hold(const struct steps *steps, int64_t step);

enum on_full { ON_FULL_STOP, ON_FULL_WAIT, ON_FULL_KINDS };

struct config {
  char name[256], output[4096]; /* output: folder; default "runs/<name>" */
  uint64_t seed;
  int precision;              /* enum precision */
  int threads;                /* of each rank */
  int isa;                    /* enum isa, or -1: the best that all processors of the run have */
  double watchdog;            /* seconds, 0: none */
  int64_t initial_conditions; /* of each size; times ensemble.streams they are ensemble.replicas */
  struct ensemble_spec ensemble;
  struct unit_spec unit;
  struct target_spec target; /* target.d 0 only for TARGET_FILE */
  struct dataset_spec data;
  struct schedule schedule;
  int64_t history_every;     /* steps between history rows */
  int64_t checkpoint_every;  /* steps; 0: by checkpoint_minutes only */
  double checkpoint_minutes; /* wall-clock time; 0: none */
  int keep;                  /* newest checkpoints kept besides snapshots */
  struct steps snapshots, fields;
  int io;      /* enum parallel_write_io */
  int on_full; /* enum on_full */
};

/* Collective. Rank 0 reads file (regular, at most 1 MiB) and the overrides "key=value"; all ranks receive the result.
 * USAGE with ALL errors of the input in the text, one per line: file, line, column, key, expected, received, nearest
 * known key. FAILED when the file cannot be read. */
int config_read(const struct comm *comm, const char *file, int overrides, char *const *override,
                struct config **config);

/* Local. The same for the text a file of ours carries (name: for messages). */
int config_parse(const char *name, const char *text, struct config **config);
int config_parse_overridden(const char *name, const char *text, int overrides, char *const *override,
                            struct config **config);
void config_free(struct config *config);

/* Local. YAML text with every key, defaults filled in; config_parse of it gives the same config. To be freed. */
char *config_echo(const struct config *config);

/* Local. Differences between a checkpoint's config and ours that would change the trajectory or its identity up to
 * step: USAGE with one "key: was X, now Y" per line; OK if the run may go on. */
int config_resumable(const struct config *was, const struct config *now, int64_t step);

/* Local. What there is to say of a key; the first one is 0. False beyond the last. */
struct config_key {
  const char *key;   /* "dynamics.stages[].dt": of every stage */
  const char *help;  /* what it is */
  char expects[512]; /* "an integer from 1 to 1024" */
  char fallback[64]; /* "default 1" */
  bool may_change;   /* on resume */
  int choices;       /* names among which to choose, 0: anything that is expected */
  const char *choice[16];
};
bool config_key(int i, struct config_key *key);

/* Local. The reference of all keys, or of those that start with key; USAGE with the nearest key for an unknown one. */
int config_help(FILE *out, const char *key);

#endif
