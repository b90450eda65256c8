#include "fluctuations/healing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

static const double *resampled_of(const struct healing_curve *curve, const struct fluctuations *fluctuations, int time,
                                  int size) {
  return curve->quantity->resampled +
         (size_t)(time * fluctuations->study->sizes + size) * (size_t)fluctuations->options.bootstrap;
}

double healing_value(const struct healing *healing, const struct healing_curve *curve, int time, int size) {
  return curve->quantity->value[time * healing->fluctuations->study->sizes + size].value;
}

/* Returns factor * log(V(to) / V(from)) with its interval; from and to are indices of times. */
static struct estimate log_change(const struct healing *healing, const struct healing_curve *curve, int size, int from,
                                  int to, double factor) {
  const struct fluctuations *fluctuations = healing->fluctuations;
  const int B = fluctuations->options.bootstrap;
  const double *start = resampled_of(curve, fluctuations, from, size),
               *end = resampled_of(curve, fluctuations, to, size);
  double *resampled = alloc_small(sizeof *resampled * (size_t)B);
  for (int b = 0; b < B; b++) resampled[b] = factor * log(end[b] / start[b]);
  const double value =
      factor * log(healing_value(healing, curve, to, size) / healing_value(healing, curve, from, size));
  const struct estimate change = fluctuations_interval(
      INTERVAL_LOG_RATIO, value, B, resampled, study_initials(fluctuations->study, size), fluctuations->options.level);
  free(resampled);
  return change;
}

static void follow(const struct healing *healing, struct healing_curve *curve, int size) {
  const struct study *study = healing->fluctuations->study;
  const int last = study->times - 1;
  curve->maximum_time[size] = 0;
  for (int time = 1; time <= last; time++)
    if (healing_value(healing, curve, time, size) > healing_value(healing, curve, curve->maximum_time[size], size))
      curve->maximum_time[size] = time;
  const struct estimate fall = log_change(healing, curve, size, last, curve->maximum_time[size], 1);
  curve->ratio[size] = (struct estimate){exp(fall.value), exp(fall.low), exp(fall.high)};
  for (int time = 0; time < last; time++) {
    const double from = study_time(study, time, size), to = study_time(study, time + 1, size);
    curve->exponent[time * study->sizes + size] =
        from > 0 ? log_change(healing, curve, size, time, time + 1, 1 / log(to / from)) : ESTIMATE_NONE;
  }
}

struct healing *healing_create(const struct fluctuations *fluctuations) {
  static const char *const names[HEALING_CURVES] = {"V", "V_train"};
  const struct study *study = fluctuations->study;
  struct healing *healing = calloc(1, sizeof *healing);
  if (!healing) die("no memory for curves of V_n");
  healing->fluctuations = fluctuations;
  for (int i = 0; i < HEALING_CURVES && study->times > 1 && study_fewest_initials(study) > 1; i++) {
    struct healing_curve *curve = &healing->curve[healing->curves];
    curve->quantity = fluctuations_find(fluctuations, names[i]);
    if (!curve->quantity) continue;
    curve->maximum_time = alloc_small(sizeof *curve->maximum_time * (size_t)study->sizes);
    curve->ratio = alloc_small(sizeof *curve->ratio * (size_t)study->sizes);
    curve->exponent = alloc_small(sizeof *curve->exponent * (size_t)(study->times * study->sizes));
    for (int size = 0; size < study->sizes; size++) follow(healing, curve, size);
    healing->curves++;
  }
  return healing;
}

void healing_free(struct healing *healing) {
  if (!healing) return;
  for (int i = 0; i < healing->curves; i++) {
    free(healing->curve[i].maximum_time);
    free(healing->curve[i].ratio);
    free(healing->curve[i].exponent);
  }
  free(healing);
}

const struct healing_curve *healing_find(const struct healing *healing, const char *quantity) {
  for (int i = 0; i < healing->curves; i++)
    if (strcmp(healing->curve[i].quantity->name, quantity) == 0) return &healing->curve[i];
  return NULL;
}
