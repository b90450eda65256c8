/* config: the input of a run.
 *
 * One table (src/config/table.c) has a row for each key. Reading, checking, overrides, help, the echo in logs and
 * files, and the comparison on resume use this table. Required keys and conditions on several keys are rows of
 * src/config/rules.c. `mckean help` lists the keys. To add a key, add a member here and a row to the table. */
#ifndef MCKEAN_CONFIG_CONFIG_H
#define MCKEAN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/steps.h"
#include "data/dataset.h"
#include "data/target.h"
#include "dynamics/schedule.h"
#include "io/parallel_write.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/particles.h"
#include "particles/unit.h"

#define DT_MAX 1e6 /* largest step size */

enum on_full { ON_FULL_STOP, ON_FULL_WAIT, ON_FULL_KINDS };

struct config {
  char name[256], output[4096]; /* output: the folder; default "runs/<name>" */
  uint64_t seed;
  int precision;   /* enum precision */
  int threads;     /* per rank */
  int isa;         /* enum isa, or -1: the highest level that the processors of all ranks have */
  double watchdog; /* seconds without progress after which all ranks are aborted; 0: never */
  /* Value of the key ensemble.replicas. The member ensemble.replicas of this struct is this value times
   * ensemble.streams. */
  int64_t initial_conditions;
  struct ensemble_spec ensemble;
  struct unit_spec unit;
  struct target_spec target; /* target.d is 0 only for TARGET_FILE */
  struct dataset_spec data;
  struct schedule schedule;
  struct intervals history_every; /* steps between history rows */
  int64_t checkpoint_every;       /* steps between checkpoints; 0: none by step count */
  double checkpoint_minutes;      /* wall-clock minutes between checkpoints; 0: none by time; < 0: auto (run/stop.h) */
  int keep;                       /* number of newest checkpoints to keep; those at snapshots are always kept */
  struct steps snapshots, fields;
  bool overlaps; /* are recorded with fields (dynamics/overlaps.h) */
  int io;        /* enum parallel_write_io */
  int on_full;   /* enum on_full */
};

/* Reads an input file (a regular file of at most 1 MiB) and applies the overrides "key=value". Only rank 0 reads the
 * file. Relative paths of files that exist only in the folder of the input are replaced by their paths there
 * (io/relative_path.h). *config: freed by the caller with config_free. Collective. USAGE: the file cannot be opened, or
 * the input is wrong; the error text has one line for each error: file, line, column, key, expected, received, nearest
 * known key. FAILED: reading the file failed. */
int config_read(const struct comm *comm, const char *file, int overrides, char *const *override,
                struct config **config);

/* Read the text of an input, such as the echo in a checkpoint; config_parse_overridden also applies overrides. name:
 * the name of the text, for messages; it also gives the default of run.name. Local. USAGE: the input is wrong. */
int config_parse(const char *name, const char *text, struct config **config);
int config_parse_overridden(const char *name, const char *text, int overrides, char *const *override,
                            struct config **config);
void config_free(struct config *config);

/* Returns the input as YAML text with all keys that have a value, defaults included. config_parse reads the text back
 * as the same config. The caller frees the text. Local. */
char *config_echo(const struct config *config);

/* Checks whether a run with the input `now` may resume a checkpoint that a run with the input `was` wrote at a step:
 * all keys whose may_change is false and that have an effect, the stages up to this step, and unit.init.checksum, if
 * both have it, must be equal. Paths of files may differ: the caller compares the contents. Local. USAGE: they differ;
 * the error text has a line "key: was X, now Y" for each key that differs, and one line if the stages differ. If `now`
 * has no data.test, it accepts any (config_keep). */
int config_resumable(const struct config *was, const struct config *now, int64_t step);

/* Checks whether a new run may start with this input: no key has a value, other than its default, without effect. A run
 * with such an input, which older programs accepted, can be resumed and analyzed. Local. USAGE: the error text has a
 * line for each such key. */
int config_startable(const struct config *config);

/* Sets keys without effect to their defaults. Local. */
void config_forget(struct config *config);

/* Sets keys of `now` that the input omits, and whose default has changed since older programs, to the values of `was`,
 * the recorded input of the run: data.test. Local. */
void config_keep(const struct config *was, struct config *now);

/* Copies to `now`, the input of a run that resumes at a step, what a run with the input `was` has recorded up to it:
 * output.history_every of `was` applies up to this step, that of `now` after it; output.fields and output.snapshots get
 * the steps of `was` up to this step; fields lose all other steps before it, which were not recorded. The echo of the
 * result therefore describes all rows of the history. Local. USAGE: the lists are too long. */
int config_continue(const struct config *was, int64_t step, struct config *now);

/* Local. Returns the value of a key outside dynamics.stages, as a user would write it. The caller frees the text. */
char *config_value(const struct config *config, const char *key);

/* Local. Fills in the description of key number i, counted from 0. Returns false if there is no such key. */
struct config_key {
  const char *key; /* "dynamics.stages[].dt" is a key of every stage */
  const char *help;
  char expects[512];                        /* the accepted values: "an integer from 1 to 1024" */
  char fallback[64];                        /* the default: "default 1" */
  bool may_change;                          /* the value may differ when a run is resumed */
  int choices;                              /* length of choice; 0: any value that matches expects */
  const char *choice[16], *choice_help[16]; /* the accepted names and their meanings (NULL: see help) */
};
bool config_key(int i, struct config_key *key);

/* Prints the help of all keys (key NULL), of one key or section, or of all keys that contain these components ("dt").
 * Local. USAGE: the key is unknown; the error text has advice or the nearest known key. */
int config_help(FILE *out, const char *key);

#endif
