/* How the results of fluctuations/fluctuations.h are told on the terminal. */
#include <math.h>

#include "fluctuations/fluctuations.h"
#include "study/verdict.h"

enum { CELL = 30, COLUMNS = 4 };

static void print_fit(const struct fluctuations *fluct, const struct fluctuations_quantity *quantity, int time,
                      FILE *out) {
  const struct error_fit *fit = &quantity->fit[time];
  const struct estimate p = quantity->power[time];
  if (isnan(fit->power)) {
    if (fluct->study->sizes >= ERROR_FIT_SIZES)
      fprintf(out, "%9s: no fit L + A n^-p with p from %g to %g\n", quantity->name, ERROR_FIT_LOW, ERROR_FIT_HIGH);
    return;
  }
  fprintf(out, "%9s = %.4g %c %.4g n^-p, p = %.3f", quantity->name, fit->limit, fit->amplitude < 0 ? '-' : '+',
          fabs(fit->amplitude), p.value);
  if (!isnan(p.low))
    fprintf(out, " [%.3f, %.3f]", p.low, p.high);
  else
    fprintf(out, " (no interval: not all resamplings have such a p)");
  fprintf(out, "; with p = 1 chi^2 = %.3g on %d degrees, probability %.2g\n", fit->chi2, fluct->study->sizes - 2,
          fit->probability);
}

/* Some quantities at one time, a column each. */
static void print_columns(const struct fluctuations *fluct, int time, int count,
                          const struct fluctuations_quantity *const *column, FILE *out) {
  const struct study *study = fluct->study;
  fprintf(out, "%10s", "n");
  for (int i = 0; i < count; i++) {
    char head[64];
    snprintf(head, sizeof head, "%s%s", column[i]->variance ? "n " : "", column[i]->name);
    fprintf(out, "  %-*s", CELL, head);
  }
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "\n%10lld", (long long)study->n[s]);
    for (int i = 0; i < count; i++)
      results_print(out, CELL, column[i]->value[time * study->sizes + s],
                    column[i]->variance ? (double)study->n[s] : 1);
  }
  fprintf(out, "\n%10s", "slope");
  for (int i = 0; i < count; i++) results_print(out, CELL, column[i]->slope[time], 1);
  fputc('\n', out);
}

static void print_time(const struct fluctuations *fluct, int time, FILE *out) {
  const struct fluctuations_quantity *column[COLUMNS];
  int count = 0;
  fprintf(out, "\nt = %g (step %lld)\n", fluct->study->time[time], (long long)fluct->study->step[time]);
  for (int q = 0; q <= FLUCTUATIONS_QUANTITIES; q++) {
    if (count == COLUMNS || (q == FLUCTUATIONS_QUANTITIES && count > 0)) {
      print_columns(fluct, time, count, column, out);
      count = 0;
    }
    if (q < FLUCTUATIONS_QUANTITIES && fluct->quantity[q].known) column[count++] = &fluct->quantity[q];
  }
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluct->quantity[q].known && fluct->quantity[q].fit) print_fit(fluct, &fluct->quantity[q], time, out);
}

/* What a verdict means. */
static const char *reason(const struct fluctuations_quantity *quantity, const struct estimate *slope,
                          double tolerance) {
  if (slope->high < quantity->expected) return "; other powers of n show at these n";
  if (slope->low > quantity->expected) return "; a part does not fall so";
  const bool flat = verdict_of(slope, quantity->expected, tolerance) == VERDICT_WITHIN && quantity->variance;
  return flat ? "; n times it is flat" : "";
}

static void print_verdict(const struct fluctuations *fluct, const struct fluctuations_quantity *quantity, int time,
                          FILE *out) {
  const struct estimate *slope = &quantity->slope[time];
  if (isnan(slope->low)) return;
  fprintf(out, "t = %-8g slope of %-7s in n: %.3f [%.3f, %.3f]: %s%s%s\n", fluct->study->time[time], quantity->name,
          slope->value, slope->low, slope->high, verdict_text(slope, quantity->expected, fluct->options.tolerance),
          quantity->variance ? "" : ", P = n^power", reason(quantity, slope, fluct->options.tolerance));
}

void fluctuations_print_verdicts(const struct fluctuations *fluct, FILE *out) {
  fprintf(out, "\nverdicts at %.4g %%, tolerance %g (at fixed t: LLN, V_n = O(1/n), slope -1; data, V_sgd = O(1/P))\n",
          100 * fluct->options.level, fluct->options.tolerance);
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    for (int time = 0; time < fluct->study->times; time++)
      if (!isnan(fluct->quantity[q].expected) && fluct->quantity[q].known)
        print_verdict(fluct, &fluct->quantity[q], time, out);
}

static void print_replica_limits(const struct fluctuations *fluct, FILE *out) {
  const struct study *study = fluct->study;
  int64_t fewest = study_initials(fluct->study, 0), most = fewest;
  for (int s = 1; s < study->sizes; s++) {
    const int64_t own = study_initials(fluct->study, s);
    if (own < fewest) fewest = own;
    if (own > most) most = own;
  }
  if (fewest < 2)
    fprintf(out, "no V_n and no intervals: they need ensemble.replicas of at least 2 and %d, best 32 or more\n",
            FLUCTUATIONS_REPLICAS_MIN);
  else if (fewest < FLUCTUATIONS_REPLICAS_MIN)
    fprintf(out, "no intervals and no verdicts: %lld replicas, they need at least %d, best 32 or more\n",
            (long long)fewest, FLUCTUATIONS_REPLICAS_MIN);
  else if (fewest < 16)
    fprintf(out, "only %lld replicas: intervals are rough\n", (long long)fewest);
  if (fewest != most)
    fprintf(out, "%lld to %lld replicas: intervals differ in quality\n", (long long)fewest, (long long)most);
}

static void print_field_limits(const struct study *study, FILE *out) {
  if (!study->fields) {
    fprintf(out, "no V_n: the runs recorded no fields; give output.fields a list of steps\n");
    return;
  }
  if (study->tests == 0) fprintf(out, "no V_n at test points: the runs have none (data.test)\n");
  if (study->times < 2) fprintf(out, "no healing: fields were recorded at one time only (output.fields)\n");
  if (!study->moments) fprintf(out, "no resampling bound: the runs are of a version that did not record its part\n");
}

static void print_size_limits(const struct study *study, FILE *out) {
  if (study->sizes < 2)
    fprintf(out, "no slopes and no rates: they need networks of at least 2 different n (ensemble.n)\n");
  else if (study->sizes < 3)
    fprintf(out, "slopes of 2 sizes: whether log V is linear in log n cannot be seen; it takes 3 n or more\n");
  if (study->sizes > 1 && study->sizes < ERROR_FIT_SIZES)
    fprintf(out, "no fit L + A n^-p: it needs at least %d different n\n", ERROR_FIT_SIZES);
  if (study->sizes > 1 && study->common_data)
    fprintf(out, "B_n is told against n = %lld, not against n = infinity: it lacks that one's own bias\n",
            (long long)study->n[study->sizes - 1]);
}

/* What the data of these runs cannot answer. */
void fluctuations_print_limits(const struct fluctuations *fluct, FILE *out) {
  const struct study *study = fluct->study;
  fprintf(out, "\nwhat these runs do not tell\n");
  print_field_limits(study, out);
  print_replica_limits(fluct, out);
  print_size_limits(study, out);
  fprintf(out, "no verdict on slopes of raw losses: theory promises none at fixed t; see the fits L + A n^-p\n");
  if (study->common_data) return;
  fprintf(out,
          "the replicas saw different data: V contains the variance due to the data, which falls as 1/P; for the LLN "
          "use data.mode fixed with scheme gd, or data.shared%s\n",
          study->streams > 1 ? "; V_init is the other part" : ", or look at V_init of runs with data.streams");
  fprintf(out, "no B_n: the means over replicas of different data are not of one network\n");
}

void fluctuations_print(const struct fluctuations *fluct, FILE *out) {
  const struct study *study = fluct->study;
  fprintf(out, "%d run%s, %d sizes, %d times; %.4g %% intervals from %d bootstrap samples over replicas\n", study->runs,
          study->runs == 1 ? "" : "s", study->sizes, study->times, 100 * fluct->options.level,
          fluct->options.bootstrap);
  fprintf(out, "slope: least squares of log value (of V, not n V) on log n; C_f = %.6g\n", study->C_f);
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluct->quantity[q].known) fprintf(out, "%18s  %s\n", fluct->quantity[q].name, fluct->quantity[q].description);
  for (int time = 0; time < study->times; time++) print_time(fluct, time, out);
}
