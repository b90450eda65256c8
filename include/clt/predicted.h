/* predicted: compares n V_n of the networks of a study with a prediction (clt/prediction.h), at each time that both
 * have.
 *
 *   ratio = n V_n / prediction,   at the test and at the training points
 *
 * Its interval combines the bootstrap interval of V_n (fluctuations/fluctuations.h) and the interval of the prediction
 * by Student's distribution, on the scale of logarithms: the logarithm of the ratio lies between -(a^2 + p^2)^(1/2) and
 * (b^2 + p^2)^(1/2) of its value, where a and b are the distances of the ends for V_n, and p that of the prediction.
 * The theory is about n -> infinity, so only the largest n is judged; at smaller n corrections of relative order 1/n
 * add. */
#ifndef MCKEAN_CLT_PREDICTED_H
#define MCKEAN_CLT_PREDICTED_H

#include "clt/prediction_file.h"
#include "fluctuations/fluctuations.h"
#include "study/analysis.h"

/* The comparison at the points of one set. */
struct predicted_curve {
  const struct fluctuations_quantity *quantity; /* V or V_train */
  struct estimate *prediction;                  /* [times] of n V_n */
  struct estimate *ratio;                       /* [times][sizes]; NAN: the prediction has no such time */
};

struct predicted {
  const struct fluctuations *fluctuations; /* not owned */
  struct prediction_file *file;            /* NULL: no prediction was given */
  const char *path;
  int curves;
  struct predicted_curve curve[PREDICTION_SETS];
};

/* Local. Reads the prediction options->predicted. USAGE: the file is not a prediction, or one for another input or
 * other test points. FAILED: it is damaged; no memory. */
int predicted_create(const struct fluctuations *fluctuations, struct predicted **predicted);
void predicted_free(struct predicted *predicted); /* accepts NULL */

/* Local. Returns the index of a time of the study in a prediction, or -1. */
int predicted_time(const struct prediction_file *file, double t);

/* Prints a table, adds a verdict for each time, judges the condition NAME.predicted=HALF[:N][@T]. */
extern const struct analysis predicted_analysis;

#endif
