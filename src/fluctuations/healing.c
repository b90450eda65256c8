#include "fluctuations/healing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

static const double *boot_of(const struct healing_curve *curve, const struct fluctuations *fluct, int time, int size) {
  return curve->quantity->boot + (size_t)(time * fluct->study->sizes + size) * (size_t)fluct->options.bootstrap;
}

static double value_of(const struct healing_curve *curve, const struct fluctuations *fluct, int time, int size) {
  return curve->quantity->value[time * fluct->study->sizes + size].value;
}

/* factor log(V at `to` / V at `from`) with its interval. */
static struct estimate log_change(const struct fluctuations *fluct, const struct healing_curve *curve, int size,
                                  int from, int to, double factor) {
  const int B = fluct->options.bootstrap;
  const double *start = boot_of(curve, fluct, from, size), *end = boot_of(curve, fluct, to, size);
  double *boot = alloc_small(sizeof *boot * (size_t)B);
  for (int b = 0; b < B; b++) boot[b] = factor * log(end[b] / start[b]);
  const double value = factor * log(value_of(curve, fluct, to, size) / value_of(curve, fluct, from, size));
  const struct estimate change =
      fluctuations_interval(value, B, boot, study_initials(fluct->study, size), fluct->options.level, false);
  free(boot);
  return change;
}

static void follow(const struct fluctuations *fluct, struct healing_curve *curve, int size) {
  const struct study *study = fluct->study;
  const int last = study->times - 1;
  curve->top[size] = 0;
  for (int time = 1; time <= last; time++)
    if (value_of(curve, fluct, time, size) > value_of(curve, fluct, curve->top[size], size)) curve->top[size] = time;
  const struct estimate fall = log_change(fluct, curve, size, last, curve->top[size], 1);
  curve->ratio[size] = (struct estimate){exp(fall.value), exp(fall.low), exp(fall.high)};
  for (int time = 0; time < last; time++)
    curve->exponent[time * study->sizes + size] =
        study->time[time] > 0
            ? log_change(fluct, curve, size, time, time + 1, 1 / log(study->time[time + 1] / study->time[time]))
            : (struct estimate){NAN, NAN, NAN};
}

struct healing *healing_create(const struct fluctuations *fluct) {
  static const char *const names[HEALING_CURVES] = {"V", "V_train"};
  const struct study *study = fluct->study;
  struct healing *heal = calloc(1, sizeof *heal);
  if (!heal) die("no memory");
  heal->fluct = fluct;
  for (int i = 0; i < HEALING_CURVES && study->times > 1 && fluctuations_fewest(fluct) > 1; i++) {
    struct healing_curve *curve = &heal->curve[heal->curves];
    curve->quantity = fluctuations_find(fluct, names[i]);
    if (!curve->quantity) continue;
    curve->top = alloc_small(sizeof *curve->top * (size_t)study->sizes);
    curve->ratio = alloc_small(sizeof *curve->ratio * (size_t)study->sizes);
    curve->exponent = alloc_small(sizeof *curve->exponent * (size_t)(study->times * study->sizes));
    for (int size = 0; size < study->sizes; size++) follow(fluct, curve, size);
    heal->curves++;
  }
  return heal;
}

void healing_free(struct healing *heal) {
  if (!heal) return;
  for (int i = 0; i < heal->curves; i++) {
    free(heal->curve[i].top);
    free(heal->curve[i].ratio);
    free(heal->curve[i].exponent);
  }
  free(heal);
}

const struct healing_curve *healing_find(const struct healing *heal, const char *quantity) {
  for (int i = 0; i < heal->curves; i++)
    if (strcmp(heal->curve[i].quantity->name, quantity) == 0) return &heal->curve[i];
  return NULL;
}

/* ---- tell ---- */

static void print_curve(const struct healing *heal, const struct healing_curve *curve, FILE *out) {
  const struct study *study = heal->fluct->study;
  const int last = study->times - 1;
  fprintf(out,
          "\nn %s in time: its maximum over the recorded times against its end, t = %g\n%10s  %-12s %-10s %-12s %s\n",
          curve->quantity->name, study->time[last], "n", "max", "at t", "end", "max/end");
  for (int s = 0; s < study->sizes; s++) {
    const struct estimate *ratio = &curve->ratio[s];
    const double n = (double)study->n[s];
    fprintf(out, "%10lld  %-12.4g %-10g %-12.4g %.4g", (long long)study->n[s],
            n * value_of(curve, heal->fluct, curve->top[s], s), study->time[curve->top[s]],
            n * value_of(curve, heal->fluct, last, s), ratio->value);
    if (!isnan(ratio->low)) fprintf(out, " [%.4g, %.4g]", ratio->low, ratio->high);
    fputc('\n', out);
  }
  if (last > 1 || study->time[0] > 0) fprintf(out, "exponent d log %s / d log t\n", curve->quantity->name);
  for (int time = 0; time < last; time++) {
    if (study->time[time] <= 0) continue;
    fprintf(out, "  t = %g to %g:", study->time[time], study->time[time + 1]);
    for (int s = 0; s < study->sizes; s++) {
      const struct estimate *e = &curve->exponent[time * study->sizes + s];
      fprintf(out, "%s n = %lld %.2f", s ? "," : "", (long long)study->n[s], e->value);
      if (!isnan(e->low)) fprintf(out, " [%.2f, %.2f]", e->low, e->high);
    }
    fputc('\n', out);
  }
}

void healing_print(const struct healing *heal, FILE *out) {
  for (int i = 0; i < heal->curves; i++) print_curve(heal, &heal->curve[i], out);
}

enum outcome { HEALS, FALLS, STAYS, UNTOLD, OUTCOMES };

static enum outcome outcome_of(const struct estimate *ratio) {
  if (isnan(ratio->low)) return UNTOLD;
  return ratio->low > HEALING_FACTOR ? HEALS : ratio->low > 1 ? FALLS : STAYS;
}

void healing_print_verdicts(const struct healing *heal, FILE *out) {
  static const char *const text[OUTCOMES] = {
      [HEALS] = "heals, max/end above 10",
      [FALLS] = "has begun to fall, healing by a factor of 10 is NOT shown",
      [STAYS] = "does NOT heal by the end: no fall below its maximum is shown",
      [UNTOLD] = "no interval, no verdict",
  };
  const struct study *study = heal->fluct->study;
  for (int i = 0; i < heal->curves; i++) {
    const struct healing_curve *curve = &heal->curve[i];
    for (int outcome = 0; outcome < OUTCOMES; outcome++) {
      bool any = false;
      for (int s = 0; s < study->sizes; s++) {
        if (outcome_of(&curve->ratio[s]) != (enum outcome)outcome) continue;
        if (any)
          fprintf(out, ", %lld", (long long)study->n[s]);
        else
          fprintf(out, "n %-8s %s: n = %lld", curve->quantity->name, text[outcome], (long long)study->n[s]);
        any = true;
      }
      if (any) fputc('\n', out);
    }
  }
  if (heal->curves > 0)
    fprintf(out, "(healing is promised for noise-free gradient descent, at the points of the training measure)\n");
}

static void add_curve(const struct healing *heal, const struct healing_curve *curve, struct results *results) {
  static const char *const ratio_names[] = {"ratio", "ratio_low", "ratio_high"};
  static const char *const exponent_names[] = {"exponent", "exponent_low", "exponent_high"};
  const struct study *study = heal->fluct->study;
  const int64_t sizes = study->sizes, shape[] = {study->times - 1, sizes};
  char group[64], name[96];
  double *numbers = alloc_small(sizeof *numbers * (size_t)sizes);
  snprintf(group, sizeof group, "healing/%s", curve->quantity->name);
  for (int s = 0; s < sizes; s++) numbers[s] = (double)study->n[s] * value_of(curve, heal->fluct, curve->top[s], s);
  snprintf(name, sizeof name, "%s/max", group);
  results_add(results, name, "maximum of n V_n over the recorded times", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = study->time[curve->top[s]];
  snprintf(name, sizeof name, "%s/max_time", group);
  results_add(results, name, "time of the maximum", 1, &sizes, numbers);
  for (int s = 0; s < sizes; s++) numbers[s] = (double)study->n[s] * value_of(curve, heal->fluct, study->times - 1, s);
  snprintf(name, sizeof name, "%s/end", group);
  results_add(results, name, "n V_n at the last time", 1, &sizes, numbers);
  results_estimates(results, group, ratio_names, "maximum over end", 1, &sizes, curve->ratio);
  results_estimates(results, group, exponent_names, "d log V_n / d log t from each time to the next", 2, shape,
                    curve->exponent);
  free(numbers);
}

void healing_results(const struct healing *heal, struct results *results) {
  for (int i = 0; i < heal->curves; i++) add_curve(heal, &heal->curve[i], results);
}
