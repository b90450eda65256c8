/* The state of dynamics (dynamics/dynamics.h), shared by the files dynamics*.c. */
#ifndef MCKEAN_DYNAMICS_STATE_H
#define MCKEAN_DYNAMICS_STATE_H

#include "dynamics/birth_death.h"
#include "dynamics/cost_meter.h"
#include "dynamics/dynamics.h"
#include "dynamics/epoch_orders.h"
#include "dynamics/gradient.h"
#include "dynamics/gradient_source.h"
#include "dynamics/outputs.h"
#include "dynamics/update.h"
#include "particles/nonfinite.h"

struct dynamics {
  struct particles *particles;
  const struct dataset *data;
  const struct schedule *schedule;
  int threads;
  struct update update;
  struct outputs *outputs;
  struct gradient *gradient;
  const struct gradient_source *source; /* NULL if gradients use sampled points */
  void *source_state;
  struct birth_death *birth_death; /* NULL: no births and deaths */
  struct points test, train;       /* the fixed sets in kernel form */
  struct epoch_orders orders;
  int stage;
  int64_t order_start;                   /* step at which the batch size last changed */
  int order;                             /* number of changes of the batch size so far */
  struct update_move move[ENSEMBLE_MAX]; /* [members]: of the current or the last step */
  bool measures;                         /* the costs of tiles, because they can differ from the assumed ones */
  int corrections;                       /* of the balance in this stage */
  struct cost_meter meter;
  double pairs;
  struct nonfinite nonfinite;
};

#endif
