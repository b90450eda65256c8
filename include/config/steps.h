/* steps: the steps at which a run records something: lists of steps, and intervals between them. All functions are
 * local. */
#ifndef MCKEAN_CONFIG_STEPS_H
#define MCKEAN_CONFIG_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/* STEPS_MAX: maximum length of output.snapshots and output.fields. The echo of lists of this length fits an HDF5
 * attribute. INTERVALS_MAX: maximum number of intervals in output.history_every. */
enum { STEPS_MAX = 1024, INTERVALS_MAX = 64 };

/* A list of steps. every and log are the forms {every: N} and {log: K} of a list that steps_expand has not expanded
 * yet; 0: not given. */
struct steps {
  int count;
  int64_t step[STEPS_MAX]; /* ascending, no duplicates */
  int64_t every, log;
};

/* Inserts a step in ascending order unless the list contains it. Returns false if it does not fit: the list is full. */
bool steps_insert(struct steps *steps, int64_t step);

/* Returns whether the list contains a step. */
bool steps_hold(const struct steps *steps, int64_t step);

/* Replaces the forms by the list: {every: N} by the multiples of N, {log: K} by the steps round(10^(i/K)), i = 0, 1,
 * ...; both with step 0 and `end`, the last step of the run. Returns false if the list would have more than STEPS_MAX
 * steps. */
bool steps_expand(struct steps *steps, int64_t end);

/* Steps 0, and the multiples of every[i] after step after[i], up to step after[i + 1]. after: ascending from 0. */
struct intervals {
  int count;
  int64_t after[INTERVALS_MAX], every[INTERVALS_MAX];
};

/* Returns whether a step is one of these steps. */
bool intervals_hold(const struct intervals *intervals, int64_t step);

/* Returns the number of these steps that precede `end`. */
int64_t intervals_before(const struct intervals *intervals, int64_t end);

/* Changes the interval after a step, which may not precede the last change. Returns false if there are too many
 * intervals. */
bool intervals_change(struct intervals *intervals, int64_t after, int64_t every);

/* Replaces the intervals up to a step by those of another run, which has recorded the steps up to this one. Returns
 * false if there are too many intervals; they are then unchanged. */
bool intervals_continue(struct intervals *intervals, const struct intervals *recorded, int64_t step);

#endif
