/* The results of spectrum/advise.h: tables, advice, JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/fill.h"
#include "log/report.h"
#include "spectrum/advise.h"
#include "study/results.h"

const struct advice_name advice_names[ADVICE_QUANTITIES] = {
    [ADVICE_BATCH] = {"batch", "points P in a batch; 0: the whole fixed set"},
    [ADVICE_DT] = {"dt", "step size of the stage"},
    [ADVICE_LAMBDA] = {"lambda", "largest eigenvalue of M/N at the N points of the probe, the fastest relaxation rate"},
    [ADVICE_ERROR] = {"lambda_error", "standard error of lambda, due to the sample of points and to Lanczos's method"},
    [ADVICE_BOUND] = {"lambda_bound", "an eigenvalue of M/N lies within this distance of lambda"},
    [ADVICE_DIAGONAL] = {"sup_M", "largest M(x,x) over points of the probe"},
    [ADVICE_LIMIT_GD] = {"dt_gd", "limit of dt for gd, 2/lambda"},
    [ADVICE_LIMIT] = {"dt_limit", "limit of dt for batches of P points, 2 / (lambda (1 - 1/P) + sup_M / P)"},
    [ADVICE_LOSS] = {"loss", "loss on the probe"},
    [ADVICE_GRADIENT2] = {"gradient2", "|G|^2, squared norm of the expected gradient, mean over units"},
    [ADVICE_NOISE] = {"noise", "S, variance of the gradient of a single point, mean over units"},
    [ADVICE_V_BOUND] = {"V_bound", "(mean c^2 E phi^2 - E f^2)/(n - 1), variance of f_n if its units were independent; "
                                   "an upper bound of V_init after t = 0"},
    [ADVICE_V_INIT] = {"V_init", "variance of f_n due to the initial condition: from replicas; V_bound at t = 0 and "
                                 "without replicas"},
    [ADVICE_V_INIT_LOW] = {"V_init_low", "lower end of the 99 % interval of V_init"},
    [ADVICE_V_INIT_HIGH] = {"V_init_high", "upper end of the 99 % interval of V_init"},
    [ADVICE_NOISE_BATCH] = {"P_noise", "S/|G|^2, the batch size at which the gradient has as much noise as signal"},
    [ADVICE_V_SGD] = {"V_sgd", "dt S/(2 P), estimate of the variance of f_n due to batches"},
    [ADVICE_V_SEEN] = {"V_seen", "variance of f_n over the data streams of the replicas, to compare with V_sgd"},
    [ADVICE_SGD_BATCH] = {"P_sgd", "dt S/(2 V_init), the batch size above which V_sgd is below V_init"},
    [ADVICE_SECONDS] = {"seconds", "wall time of the remaining steps, share of this size"},
    [ADVICE_TAU] = {"tau", "temperature of the stage"},
    [ADVICE_V_NOISE] = {"V_noise", "stationary variance of f_n due to noise, linearized about the current units; exact "
                                   "if only c is trained; V_seen corresponds to V_noise + V_sgd"},
    [ADVICE_NOISE_ERROR] = {"noise_error", "change of V_noise if half of the points are used; 0: the whole fixed set"},
    [ADVICE_V_GIBBS] = {"V_gibbs", "the same variance, computed from the spread of the units: exact to order 1/n and "
                                   "for small dt once the units are stationary, meaningless before"},
    [ADVICE_TAU_INIT] = {"tau_init", "the temperature at which V_noise is V_init"},
    [ADVICE_T_95] = {"t_95", "time until noise has 95 % of V_noise"},
    [ADVICE_STEPS_95] = {"steps_95", "t_95/dt"},
    [ADVICE_T_SLOW] = {"t_slow", "relaxation time of the slowest mode that matters: this mode and the faster ones "
                                 "contribute 95 % of V_noise"},
};

/* Descriptions that differ from advice_names, with a ridge, and for baoab. */
static const char *const with_ridge[ADVICE_QUANTITIES] = {
    [ADVICE_LIMIT_GD] = "limit of dt for gd, 2/(lambda + ridge)",
    [ADVICE_LIMIT] = "limit of dt for batches of P points, 2 / (lambda (1 - 1/P) + sup_M / P + ridge)",
};
static const char *const with_velocity[ADVICE_QUANTITIES] = {
    [ADVICE_LIMIT_GD] = "limit of dt for gd, 2/sqrt(lambda + ridge)",
    [ADVICE_LIMIT] = "the same: baoab has no limit for batches",
    [ADVICE_V_SGD] = "dt S/(2 gamma P), estimate of the variance of f_n due to batches",
    [ADVICE_SGD_BATCH] = "dt S/(2 gamma V_init), the batch size above which V_sgd is below V_init",
};

static const char *describe(const struct advise *advise, int quantity) {
  const char *other = advise->update.rule == UPDATE_BAOAB ? with_velocity[quantity]
                      : update_ridge(&advise->update) > 0 ? with_ridge[quantity]
                                                          : NULL;
  return other ? other : advice_names[quantity].description;
}

/* Returns the number of quantities that have a meaning for the update rule. */
static int quantities(const struct advise *advise) {
  return update_is_descent(&advise->update) ? ADVICE_TAU : ADVICE_QUANTITIES;
}

/* Returns the width of a column. */
static int width_of(enum advice_quantity quantity) {
  const int name = (int)strlen(advice_names[quantity].name);
  return name > 9 ? name : 9;
}

static void cell(FILE *out, enum advice_quantity quantity, double value) {
  if (isnan(value))
    fprintf(out, " %*s", width_of(quantity), "-");
  else if (fabs(value) >= 1e5 || (value != 0 && fabs(value) < 1e-3))
    fprintf(out, " %*.2e", width_of(quantity), value);
  else
    fprintf(out, " %*.4g", width_of(quantity), value);
}

static void table(const struct advise *advise, FILE *out, const char *title, int columns,
                  const enum advice_quantity *column) {
  int width = 6; /* of the column n */
  for (int e = 0; e < advise->members; e++) {
    const int digits = snprintf(NULL, 0, "%lld", (long long)advise->size[e].n);
    width = digits > width ? digits : width;
  }
  fprintf(out, "\n%s\n%*s", title, width, "n");
  for (int c = 0; c < columns; c++) fprintf(out, " %*s", width_of(column[c]), advice_names[column[c]].name);
  fputc('\n', out);
  for (int e = 0; e < advise->members; e++) {
    fprintf(out, "%*lld", width, (long long)advise->size[e].n);
    for (int c = 0; c < columns; c++) cell(out, column[c], advise->size[e].value[column[c]]);
    fputc('\n', out);
  }
  for (int c = 0; c < columns; c++) {
    char label[32];
    snprintf(label, sizeof label, "  %s", advice_names[column[c]].name);
    fill_print(out, label, 16, 16, describe(advise, (int)column[c]));
  }
}

static void write_advice(const struct advice *size, FILE *out) {
  const double *value = size->value, ratio = value[ADVICE_DT] / value[ADVICE_LIMIT], P = value[ADVICE_SGD_BATCH];
  const char *least = size->from_bound
                          ? " (a lower bound: with one initial condition, V_init is only known to be at most V_bound)"
                          : "";
  if (isnan(ratio) || isinf(value[ADVICE_LIMIT])) {
    fprintf(out, isnan(ratio) ? "diverged (non-finite values): no limit"
                              : "the tangent kernel is zero: f_n does not change, no limit");
    return;
  }
  if (ratio > 1 && value[ADVICE_DT] <= value[ADVICE_LIMIT_GD])
    fprintf(
        out,
        "dt = %.4g is ABOVE the limit %.4g for batches of %.0f points but below %.4g, the limit without batch noise: "
        "the noise of the batches is amplified; use dt = %.3g",
        value[ADVICE_DT], value[ADVICE_LIMIT], value[ADVICE_BATCH], value[ADVICE_LIMIT_GD], value[ADVICE_LIMIT] / 2);
  else if (ratio > 1)
    fprintf(out,
            "dt = %.4g is ABOVE the limit %.4g: f_n will grow until the run diverges or the limit rises; use dt = %.3g",
            value[ADVICE_DT], value[ADVICE_LIMIT], value[ADVICE_LIMIT] / 2);
  else
    fprintf(out, "dt = %.4g is %.*f %% of the limit %.4g", value[ADVICE_DT],
            ratio < 0.001  ? 3
            : ratio < 0.01 ? 2
                           : ratio < 0.1,
            100 * ratio, value[ADVICE_LIMIT]);
  if (isnan(P))
    fprintf(out, "; V_init is not known");
  else if (!(value[ADVICE_BATCH] > 0) && isinf(P))
    fprintf(out, "; no batches, so V_sgd = 0");
  else if (!(value[ADVICE_BATCH] > 0))
    fprintf(out, "; no batches, so V_sgd = 0 (with batches, V_sgd < V_init would require P > %.4g%s)", fmax(P, 1),
            least);
  else
    fprintf(out, "; V_sgd < V_init requires P > %.4g%s, P = %.0f is %s", P, least, value[ADVICE_BATCH],
            value[ADVICE_BATCH] <= P ? "too small"
            : size->from_bound       ? "possibly sufficient"
                                     : "sufficient");
}

/* Returns why V_noise has no value. */
static const char *why_no_floor(const struct advise *advise, const double *value) {
  if (!(value[ADVICE_DT] < value[ADVICE_LIMIT_GD])) return "dt is above the limit";
  if (advise->update.rule == UPDATE_BAOAB && !(advise->update.gamma > 0)) return "baoab without friction has no noise";
  return value[ADVICE_V_GIBBS] > 0
             ? "the trained parameters have different ridges, so modes of f_n have no single rate; use V_gibbs, or set "
               "the same ridge for all"
             : "the trained parameters have different ridges, so modes of f_n have no single rate; set the same ridge "
               "for all";
}

/* Appends the advice on noise to a line. */
static void write_noise(const struct advise *advise, const double *value, FILE *out) {
  const double V = value[ADVICE_V_NOISE], init = value[ADVICE_V_INIT], sgd = value[ADVICE_V_SGD];
  if (quantities(advise) < ADVICE_QUANTITIES || isnan(value[ADVICE_LIMIT])) return;
  if (isnan(V))
    fprintf(out, "; V_noise has no value: %s", why_no_floor(advise, value));
  else
    fprintf(out, "; tau = %.4g: V_noise = %.3g", value[ADVICE_TAU], V);
  if (V > 0 && init > 0) fprintf(out, ", %.3g V_init%s", V / init, advise->mixed ? " (which contains noise)" : "");
  if (V > 0 && sgd > 0) fprintf(out, ", %.3g V_sgd", V / sgd);
  if (value[ADVICE_TAU_INIT] > 0) fprintf(out, "; V_noise = V_init at tau = %.3g", value[ADVICE_TAU_INIT]);
  if (value[ADVICE_T_95] > 0)
    fprintf(out, "; 95 %% of V_noise after t = %.4g, %.6g steps", value[ADVICE_T_95], value[ADVICE_STEPS_95]);
  if (value[ADVICE_V_GIBBS] > 0) fprintf(out, "; V_gibbs = %.3g if the units are stationary", value[ADVICE_V_GIBBS]);
}

static void advice_line(const struct advise *advise, const struct advice *size, FILE *out) {
  char *text, label[40];
  size_t bytes;
  FILE *line = open_memstream(&text, &bytes);
  if (!line) die("no memory for a line");
  write_advice(size, line);
  write_noise(advise, size->value, line);
  fclose(line);
  snprintf(label, sizeof label, "n = %lld: ", (long long)size->n);
  fill_print(out, label, (int)strlen(label), 4, text);
  free(text);
}

/* text = H:MM:SS; below a minute: seconds. */
static void duration(double seconds, char text[32]) {
  if (seconds > 0 && seconds < 60)
    snprintf(text, 32, "%.2g s", seconds);
  else
    report_duration(seconds, text);
}

static void times(const struct advise *advise, FILE *out) {
  char now[32], safe[32], factor[32] = "";
  const double left = (double)(advise->steps - advise->step), t = advise->time_to_come;
  const double steps = ceil(t / (advise->limit / 2));
  duration(advise->run_seconds, now);
  duration(left > 0 ? advise->run_seconds * steps / left : 0, safe);
  fprintf(out, "\ntime and memory\n");
  fprintf(out, "  a step takes %.3g s here (measured); ", advise->step_seconds);
  if (left > 0)
    fprintf(out, "the %.0f remaining steps take %s\n", left, now);
  else
    fprintf(out, "the run is complete\n");
  if (advise->power != 0) snprintf(factor, sizeof factor, " n^%g", advise->power);
  if (left > 0 && isfinite(advise->limit))
    fprintf(
        out,
        "  with half of the current limit, dt = %.3g%s, the remaining time\n  t = %.4g%s would take %.0f steps, %s\n",
        advise->limit / 2, factor, t, factor, steps, safe);
  fprintf(out, "  units: at most %.4g MB per rank; process: at most %.4g MB so far,\n  libraries included\n",
          advise->particle_bytes * 1e-6, advise->peak_bytes * 1e-6);
}

void advise_print(const struct advise *advise, FILE *out) {
  static const enum advice_quantity steps[] = {ADVICE_BATCH,    ADVICE_DT,       ADVICE_LAMBDA, ADVICE_ERROR,
                                               ADVICE_DIAGONAL, ADVICE_LIMIT_GD, ADVICE_LIMIT};
  static const enum advice_quantity noise[] = {ADVICE_LOSS,  ADVICE_GRADIENT2, ADVICE_NOISE,    ADVICE_NOISE_BATCH,
                                               ADVICE_V_SGD, ADVICE_V_SEEN,    ADVICE_SGD_BATCH};
  static const enum advice_quantity initial[] = {ADVICE_V_INIT, ADVICE_V_INIT_LOW, ADVICE_V_INIT_HIGH, ADVICE_V_BOUND};
  static const enum advice_quantity floors[] = {ADVICE_TAU, ADVICE_V_NOISE, ADVICE_NOISE_ERROR, ADVICE_V_GIBBS,
                                                ADVICE_TAU_INIT};
  static const enum advice_quantity relaxation[] = {ADVICE_T_95, ADVICE_STEPS_95, ADVICE_T_SLOW};
  fprintf(out, "step %lld of %lld, t = %g, stage %d\n%lld network(s) of each size, %d %s\n", (long long)advise->step,
          (long long)advise->steps, advise->time, advise->stage, (long long)advise->size[0].networks, advise->points,
          advise->online ? "fresh points" : "points of the fixed set");
  table(advise, out, "step size", sizeof steps / sizeof *steps, steps);
  table(advise, out, "noise of batches (estimates for the current M and r)", sizeof noise / sizeof *noise, noise);
  table(advise, out, "variance due to initial conditions", sizeof initial / sizeof *initial, initial);
  if (quantities(advise) == ADVICE_QUANTITIES) {
    table(advise, out, "thermal noise", sizeof floors / sizeof *floors, floors);
    table(advise, out, "relaxation of thermal noise", sizeof relaxation / sizeof *relaxation, relaxation);
  }
  times(advise, out);
  fprintf(out, "\nadvice\n");
  for (int e = 0; e < advise->members; e++) advice_line(advise, &advise->size[e], out);
  fill_print(out, "", 0, 0,
             "the limits hold for the current state: lambda grows with |c| during a run, often by a large factor; "
             "`dt: auto` adapts dt to it");
}

int advise_json(const struct advise *advise, const char *path) {
  struct results *results = results_create();
  const int64_t members = advise->members;
  int64_t *n = alloc_small(sizeof *n * (size_t)members);
  double *values = alloc_small(sizeof *values * (size_t)members);
  for (int e = 0; e < members; e++) n[e] = advise->size[e].n;
  results_integers(results, "n", "units of a network", members, n);
  for (int q = 0; q < quantities(advise); q++) {
    for (int e = 0; e < members; e++) values[e] = advise->size[e].value[q];
    results_add(results, advice_names[q].name, describe(advise, q), 1, &members, values);
  }
  const struct {
    const char *name, *description;
    double value;
  } scalar[] = {
      {"step", "steps done", (double)advise->step},
      {"steps", "steps of the input", (double)advise->steps},
      {"time", "t", advise->time},
      {"points", "points of the probe", advise->points},
      {"networks", "networks of each size that were measured", (double)advise->size[0].networks},
      {"limit", "smallest dt_limit / n^dt_power over sizes", advise->limit},
      {"seconds_per_step", "wall time of a step, measured", advise->step_seconds},
      {"seconds_to_come", "wall time of the remaining steps", advise->run_seconds},
      {"particle_bytes", "bytes of units on a rank, maximum over ranks", advise->particle_bytes},
      {"peak_bytes", "peak bytes of a process, libraries included, maximum over ranks", advise->peak_bytes},
  };
  for (size_t i = 0; i < sizeof scalar / sizeof *scalar; i++)
    results_add(results, scalar[i].name, scalar[i].description, 0, NULL, &scalar[i].value);
  const int status = results_json(results, path);
  results_free(results);
  free(values);
  free(n);
  return status;
}
