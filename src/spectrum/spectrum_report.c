/* Tables and named arrays of spectrum/spectrum.h. */
#include <math.h>
#include <stdlib.h>

#include "base/fill.h"
#include "spectrum/spectrum.h"

enum { TOP = 10 }; /* modes 1 .. TOP are all listed */

static const char *const kinds[] = {"training", "test", "fresh"};

/* ---- tables ---- */

static void print_mode(const struct spectrum *spectrum, int64_t mode, double cumulative, FILE *out) {
  const double lambda = spectrum->lambda[mode - 1];
  char time[32] = "-";
  if (mode <= spectrum_rank(spectrum)) snprintf(time, sizeof time, "%.5g", 1 / lambda);
  fprintf(out, "%8lld %14.6g %14s %12.3g %12.4g %14.3g\n", (long long)mode, lambda, time, spectrum->fraction[mode - 1],
          cumulative, spectrum->participation[mode - 1]);
}

/* Returns whether a mode is listed: 1 .. TOP, then 20, 50, 100, ..., and the last. */
static bool listed(int64_t mode, int64_t P) {
  if (mode <= TOP || mode == P) return true;
  while (mode % 10 == 0) mode /= 10;
  return mode == 1 || mode == 2 || mode == 5;
}

static void print_modes(const struct spectrum *spectrum, FILE *out) {
  fprintf(out, "\n%8s %14s %14s %12s %12s %14s\n", "mode", "lambda", "1/lambda", "loss share", "cumulative",
          "participation");
  double cumulative = 0;
  for (int64_t mode = 1; mode <= spectrum->P; mode++) {
    cumulative += spectrum->fraction[mode - 1];
    if (listed(mode, spectrum->P)) print_mode(spectrum, mode, cumulative, out);
  }
  const int64_t rank = spectrum_rank(spectrum);
  if (rank < spectrum->P)
    fprintf(out, "%lld of %lld eigenvalues are zero up to rounding: the loss in their modes remains\n",
            (long long)(spectrum->P - rank), (long long)spectrum->P);
}

/* Prints the times within which fractions of the loss relax if M does not change. */
static void print_times(const struct spectrum *spectrum, FILE *out) {
  static const double shares[] = {0.5, 0.9, 0.99};
  const int64_t rank = spectrum_rank(spectrum);
  double sum = 0;
  int next = 0;
  char text[256];
  size_t used = (size_t)snprintf(text, sizeof text, "relaxation times, fastest modes first:");
  for (int64_t i = 0; i < rank && next < 3; i++) {
    sum += spectrum->fraction[i];
    for (; next < 3 && sum >= shares[next]; next++)
      used += (size_t)snprintf(text + used, sizeof text - used, "%s %g %% of the loss up to %.4g", next ? "," : "",
                               100 * shares[next], 1 / spectrum->lambda[i]);
  }
  if (next == 0) snprintf(text + used, sizeof text - used, " less than half of the loss relaxes");
  fill_print(out, "", 0, 2, text);
}

static void print_limits(const struct spectrum *spectrum, FILE *out) {
  fprintf(out, "\nstable dt of gradient descent: below 2/lambda_max = %.5g\n", spectrum->limit_gd);
  const bool batches = !isnan(spectrum->limit_sgd);
  if (batches)
    fprintf(out,
            "stable dt with batches of B = %lld points: below\n"
            "  2/(lambda_max (1 - 1/B) + sup M(x,x)/B) = %.5g (sufficient)\n",
            (long long)spectrum->batch, spectrum->limit_sgd);
  const double limit = batches ? spectrum->limit_sgd : spectrum->limit_gd;
  if (!(spectrum->dt > 0)) return;
  fprintf(out, "the run's dt = %g is %.3g times this limit%s\n", spectrum->dt, spectrum->dt / limit,
          spectrum->dt <= limit ? ""
          : batches             ? ": it may be unstable"
                                : ": UNSTABLE, the fastest modes grow");
}

static void print_best(const struct spectrum *spectrum, FILE *out) {
  const struct readout *best = &spectrum->best;
  fprintf(out,
          "\nbest readout c on the current features\n"
          "  (mu = %.3g tr G = %.3g, as after training c alone for t = %.3g):\n",
          spectrum->options.ridge, best->mu, 1 / best->mu);
  fprintf(out, "  loss %.6g, %.4g times the current loss%s\n", best->loss, best->loss / spectrum->loss,
          spectrum->n >= spectrum->P ? "; n >= P: it can fit every point" : "");
  if (!isnan(best->test_loss))
    fprintf(out, "  test loss %.6g, %.4g times the current test loss\n", best->test_loss,
            best->test_loss / spectrum->test_loss);
  fprintf(out, "  c changes by %.4g (root mean square)\n", best->change);
}

static double time_of(const struct spectrum *spectrum) {
  const struct problem *problem = spectrum->problem;
  return checkpoint_time(&problem->info, (int)(spectrum->network / problem->config->ensemble.replicas));
}

void spectrum_print(const struct spectrum *spectrum, FILE *out) {
  const struct config *config = spectrum->problem->config;
  const double C_f = spectrum->problem->data->scale.C_f;
  const unsigned train = config->unit.train;
  fprintf(out, "tangent kernel of n = %lld, replica %lld, at step %lld, t = %g\n%s units, d = %d, trained:%s%s%s\n",
          (long long)spectrum->n, (long long)spectrum->replica, (long long)spectrum->problem->info.step,
          time_of(spectrum), unit_table[config->unit.type].name, spectrum->d, train & FIELD_BIT_C ? " c" : "",
          train & FIELD_BIT_A ? " a" : "", train & FIELD_BIT_B ? " b" : "");
  fprintf(out, "P = %lld %s points", (long long)spectrum->P, kinds[spectrum->kind]);
  if (spectrum->P < spectrum->of) fprintf(out, ", chosen at random from %lld", (long long)spectrum->of);
  fprintf(out, "\nloss %.6g (%.4g C_f) at these points", spectrum->loss, spectrum->loss / C_f);
  if (!isnan(spectrum->test_loss))
    fprintf(out, "\ntest loss %.6g (%.4g C_f) at %lld test points", spectrum->test_loss, spectrum->test_loss / C_f,
            (long long)spectrum->problem->data->tests);
  fputs("\neigenvalues lambda of M/P, relaxation times 1/lambda, shares of the loss\n", out);
  print_modes(spectrum, out);
  print_times(spectrum, out);
  print_limits(spectrum, out);
  print_best(spectrum, out);
}

/* ---- named arrays ---- */

/* Adds the scalars as doubles, which represent integers up to 2^53 exactly. */
static void add_numbers(struct results *results, const struct spectrum *spectrum) {
  const struct readout *best = &spectrum->best;
  const struct problem *problem = spectrum->problem;
  const struct {
    const char *name;
    double value;
  } numbers[] = {
      {"n", (double)spectrum->n},
      {"replica", (double)spectrum->replica},
      {"step", (double)problem->info.step},
      {"time", time_of(spectrum)},
      {"P", (double)spectrum->P},
      {"C_f", problem->data->scale.C_f},
      {"loss", spectrum->loss},
      {"test_loss", spectrum->test_loss},
      {"rank", (double)spectrum_rank(spectrum)},
      {"sup", spectrum->sup},
      {"batch", (double)spectrum->batch},
      {"dt", spectrum->dt},
      {"limit_gd", spectrum->limit_gd},
      {"limit_sgd", spectrum->limit_sgd},
      {"best/mu", best->mu},
      {"best/loss", best->loss},
      {"best/test_loss", best->test_loss},
      {"best/change", best->change},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    results_add(results, numbers[i].name, NULL, 0, NULL, &numbers[i].value);
}

struct results *spectrum_results(const struct spectrum *spectrum, bool points) {
  const int64_t P = spectrum->P, x[] = {P, spectrum->d}, vectors[] = {spectrum->options.vectors, P};
  struct results *results = results_create();
  results_words(results, "points", 1, &kinds[spectrum->kind]);
  add_numbers(results, spectrum);
  results_dimensions(results, "mode", NULL);
  results_add(results, "lambda", "eigenvalues of M/P, descending", 1, &P, spectrum->lambda);
  results_add(results, "part", "fraction of the loss along each eigenvector", 1, &P, spectrum->fraction);
  results_add(results, "participation", "fraction of the points at which each eigenvector is not small", 1, &P,
              spectrum->participation);
  results_dimensions(results, "point", "d");
  results_add(results, "y", "labels at the points", 1, &P, spectrum->y);
  results_add(results, "f", "outputs f_n at the points", 1, &P, spectrum->f);
  if (points) results_add(results, "x", "the points", 2, x, spectrum->x);
  results_dimensions(results, "vectors", "point");
  if (points && spectrum->options.vectors > 0)
    results_add(results, "vector", "eigenvectors of the largest eigenvalues, one per row", 2, vectors,
                spectrum->vector);
  return results;
}
