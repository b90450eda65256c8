/* data: which points a network sees at which step.
 *
 * online: fresh points each step, each network its own (or all the same with data.shared). fixed: `samples` points
 * common to all networks and steps; a batch smaller than that runs through them without replacement, epoch by epoch.
 * population: no points but those for tests; the potential is that of the whole sphere (dynamics/population.h).
 * Points of targets that are not files are uniform on the sphere |x|^2 = d. Everything is a pure function of
 * (data.seed, network, step, point): any rank computes any point. */
#ifndef MCKEAN_DATA_DATASET_H
#define MCKEAN_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "data/loss.h"
#include "data/target.h"
#include "parallel/comm.h"

enum dataset_mode { DATA_ONLINE, DATA_FIXED, DATA_POPULATION, DATA_MODES };
extern const char *const dataset_mode_names[DATA_MODES];

struct dataset_spec {
  int mode;                 /* enum dataset_mode */
  int64_t samples;          /* fixed: number of points; 0 = all of a file */
  int64_t test;             /* held-out points; a file with test_x has its own */
  bool shared;              /* online: all networks see the same points */
  uint64_t seed, test_seed; /* test_seed: of the test points, 0: as seed */
  struct loss_spec loss;    /* what the networks minimise on these points */
  double noise;             /* standard deviation of noise added to the training labels (target.noise) */
};

struct dataset {
  struct dataset_spec spec;
  const struct target *target; /* not owned */
  int d;
  int64_t samples; /* fixed: N, else 0 */
  double *x, *y;   /* fixed: (N, d), (N) */
  int64_t tests;
  double *test_x, *test_y; /* (K, d), (K) */
  double C_f;    /* the target's, or half the mean square of the test labels (training labels without test points) */
  double loss_0; /* E l(0, y), the scale of the loss: C_f for the squared loss */
};

/* Where a batch stands: `step` is the run's step, `epoch_step` counts steps since the batch size last changed and
 * `stage` numbers the stretches between changes (so that every stretch starts a new order). */
struct batch_place {
  uint64_t network; /* network_key */
  int64_t step, epoch_step;
  int stage;
  int64_t batch; /* P */
};

/* Local once the target exists; same on all ranks. USAGE: more samples than a file holds, mode online with a file. */
int dataset_create(const struct target *target, const struct dataset_spec *spec, struct dataset **data);
void dataset_free(struct dataset *data); /* accepts NULL */

/* Points first .. first+count-1 of the batch at place: x [count][d] and, unless NULL, y [count]. Local, pure. */
void dataset_points(const struct dataset *data, const struct batch_place *place, int64_t first, int count, double *x,
                    double *y);

#endif
