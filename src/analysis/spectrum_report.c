/* How the results of analysis/spectrum.h are told: tables, JSON, HDF5. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/spectrum.h"
#include "base/h5.h"
#include "base/status.h"

enum { TOP = 10 }; /* modes listed one by one */

static const char *const kinds[] = {"training", "test", "fresh"};

/* ---- terminal ---- */

static void print_mode(const struct spectrum *spectrum, int64_t mode, double cumulative, FILE *out) {
  const double lambda = spectrum->lambda[mode - 1];
  char time[32] = "-";
  if (mode <= spectrum_rank(spectrum)) snprintf(time, sizeof time, "%.5g", 1 / lambda);
  fprintf(out, "%8lld %14.6g %14s %12.3g %12.4g %14.3g\n", (long long)mode, lambda, time, spectrum->part[mode - 1],
          cumulative, spectrum->participation[mode - 1]);
}

/* The top ones, then 20, 50, 100, ..., and the last. */
static bool listed(int64_t mode, int64_t P) {
  if (mode <= TOP || mode == P) return true;
  while (mode % 10 == 0) mode /= 10;
  return mode == 1 || mode == 2 || mode == 5;
}

static void print_modes(const struct spectrum *spectrum, FILE *out) {
  fprintf(out, "\n%8s %14s %14s %12s %12s %14s\n", "mode", "lambda", "1/lambda", "loss part", "up to here",
          "participation");
  double cumulative = 0;
  for (int64_t mode = 1; mode <= spectrum->P; mode++) {
    cumulative += spectrum->part[mode - 1];
    if (listed(mode, spectrum->P)) print_mode(spectrum, mode, cumulative, out);
  }
  const int64_t rank = spectrum_rank(spectrum);
  if (rank < spectrum->P)
    fprintf(out, "%lld of %lld eigenvalues are zero as far as rounding tells: what the loss has there stays\n",
            (long long)(spectrum->P - rank), (long long)spectrum->P);
}

/* By which time a share of the loss would have relaxed, if M stayed as it is. */
static void print_times(const struct spectrum *spectrum, FILE *out) {
  static const double shares[] = {0.5, 0.9, 0.99};
  const int64_t rank = spectrum_rank(spectrum);
  double sum = 0;
  int next = 0;
  fputs("relaxation times of the modes that carry the loss, fastest first:", out);
  for (int64_t i = 0; i < rank && next < 3; i++) {
    sum += spectrum->part[i];
    for (; next < 3 && sum >= shares[next]; next++)
      fprintf(out, "%s %g %% of it up to %.4g", next ? "," : "", 100 * shares[next], 1 / spectrum->lambda[i]);
  }
  if (next == 0) fputs(" less than half of it relaxes", out);
  fputc('\n', out);
}

static void print_limits(const struct spectrum *spectrum, FILE *out) {
  fprintf(out, "\nstable dt of gradient descent: below 2/lambda_max = %.5g\n", spectrum->limit_gd);
  const bool batches = !isnan(spectrum->limit_sgd);
  if (batches)
    fprintf(out, "with batches of B = %lld points surely below 2/(lambda_max (1 - 1/B) + sup M(x,x)/B) = %.5g\n",
            (long long)spectrum->batch, spectrum->limit_sgd);
  const double limit = batches ? spectrum->limit_sgd : spectrum->limit_gd;
  if (!(spectrum->dt > 0)) return;
  fprintf(out, "the run's dt = %g is %.3g of that%s\n", spectrum->dt, spectrum->dt / limit,
          spectrum->dt <= limit ? ""
          : batches             ? ": it may be unstable"
                                : ": UNSTABLE, the fastest modes grow");
}

static void print_best(const struct spectrum *spectrum, FILE *out) {
  const struct readout *best = &spectrum->best;
  fprintf(out,
          "\nbest readout c on the present features (mu = %.3g tr G = %.3g, like training c alone for t = %.3g):\n",
          spectrum->options.ridge, best->mu, 1 / best->mu);
  fprintf(out, "  loss %.6g, %.4g of the present one%s\n", best->loss, best->loss / spectrum->loss,
          spectrum->n >= spectrum->P ? "; n >= P: it can fit every point" : "");
  if (!isnan(best->test_loss))
    fprintf(out, "  test loss %.6g, %.4g of the present one\n", best->test_loss, best->test_loss / spectrum->test_loss);
  fprintf(out, "  c changes by %.4g (root mean square)\n", best->change);
}

void spectrum_print(const struct spectrum *spectrum, FILE *out) {
  const struct config *config = spectrum->setup->config;
  const double C_f = spectrum->setup->data->C_f;
  const unsigned train = config->unit.train;
  fprintf(out, "tangent kernel of n = %lld, replica %lld, at step %lld, t = %g; %s units, d = %d, trained:%s%s%s\n",
          (long long)spectrum->n, (long long)spectrum->replica, (long long)spectrum->setup->info.step,
          spectrum->setup->info.time, unit_table[config->unit.type].name, spectrum->d, train & TRAIN_C ? " c" : "",
          train & TRAIN_A ? " a" : "", train & TRAIN_B ? " b" : "");
  fprintf(out, "P = %lld %s points", (long long)spectrum->P, kinds[spectrum->kind]);
  if (spectrum->P < spectrum->of) fprintf(out, ", chosen at random from %lld", (long long)spectrum->of);
  fprintf(out, "; eigenvalues of M/P, relaxation times 1/lambda, parts of the loss\n");
  fprintf(out, "loss %.6g (%.4g C_f) at them", spectrum->loss, spectrum->loss / C_f);
  if (!isnan(spectrum->test_loss))
    fprintf(out, ", %.6g (%.4g C_f) at %lld test points", spectrum->test_loss, spectrum->test_loss / C_f,
            (long long)spectrum->setup->data->tests);
  fputc('\n', out);
  print_modes(spectrum, out);
  print_times(spectrum, out);
  print_limits(spectrum, out);
  print_best(spectrum, out);
}

/* ---- files ---- */

/* Numbers and arrays of both formats. */
static const struct {
  const char *name, *description;
  size_t offset; /* of a double in struct spectrum */
} numbers[] = {
    {"loss", "at the points", offsetof(struct spectrum, loss)},
    {"test_loss", "at the test points", offsetof(struct spectrum, test_loss)},
    {"sup", "largest M(x,x) of the points", offsetof(struct spectrum, sup)},
    {"dt", "of the run at this step", offsetof(struct spectrum, dt)},
    {"limit_gd", "dt below which gradient descent is stable", offsetof(struct spectrum, limit_gd)},
    {"limit_sgd", "dt below which the run's batches are stable", offsetof(struct spectrum, limit_sgd)},
    {"best_mu", "ridge of the best readout", offsetof(struct spectrum, best.mu)},
    {"best_loss", "of the best readout on the present features", offsetof(struct spectrum, best.loss)},
    {"best_test_loss", "the same at the test points", offsetof(struct spectrum, best.test_loss)},
    {"best_change", "root mean square change of c", offsetof(struct spectrum, best.change)},
};
static const struct {
  const char *name, *description;
  size_t offset; /* of a double[P] in struct spectrum */
} arrays[] = {
    {"lambda", "eigenvalues of M/P, descending", offsetof(struct spectrum, lambda)},
    {"part", "part of the loss in each eigenvector", offsetof(struct spectrum, part)},
    {"participation", "part of the points on which each eigenvector lives", offsetof(struct spectrum, participation)},
    {"y", "labels", offsetof(struct spectrum, y)},
    {"f", "outputs f_n", offsetof(struct spectrum, f)},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers, ARRAYS = sizeof arrays / sizeof *arrays };

static double number_of(const struct spectrum *spectrum, int i) {
  double value;
  memcpy(&value, (const char *)spectrum + numbers[i].offset, sizeof value);
  return value;
}

static const double *array_of(const struct spectrum *spectrum, int i) {
  const double *values;
  memcpy(&values, (const char *)spectrum + arrays[i].offset, sizeof values);
  return values;
}

static void json_number(FILE *out, double value) {
  if (isfinite(value))
    fprintf(out, "%.17g", value);
  else
    fputs("null", out);
}

static void json_all(FILE *out, const struct spectrum *spectrum) {
  fprintf(out, "{\n  \"format\": \"mckean-spectrum\", \"format_version\": 1,\n");
  fprintf(out, "  \"n\": %lld, \"replica\": %lld, \"step\": %lld, \"P\": %lld, \"points\": \"%s\", \"batch\": %lld,\n",
          (long long)spectrum->n, (long long)spectrum->replica, (long long)spectrum->setup->info.step,
          (long long)spectrum->P, kinds[spectrum->kind], (long long)spectrum->batch);
  fprintf(out, "  \"rank\": %lld, \"time\": ", (long long)spectrum_rank(spectrum));
  json_number(out, spectrum->setup->info.time);
  fputs(", \"C_f\": ", out);
  json_number(out, spectrum->setup->data->C_f);
  for (int i = 0; i < NUMBERS; i++) {
    fprintf(out, ",\n  \"%s\": ", numbers[i].name);
    json_number(out, number_of(spectrum, i));
  }
  for (int i = 0; i < ARRAYS; i++) {
    fprintf(out, ",\n  \"%s\": [", arrays[i].name);
    for (int64_t p = 0; p < spectrum->P; p++) {
      if (p) fputs(", ", out);
      json_number(out, array_of(spectrum, i)[p]);
    }
    fputc(']', out);
  }
  fputs("\n}\n", out);
}

int spectrum_json(const struct spectrum *spectrum, const char *path) {
  char *temporary = status_malloc(strlen(path) + 8);
  sprintf(temporary, "%s.tmp", path);
  FILE *out = fopen(temporary, "w");
  if (out) json_all(out, spectrum);
  const bool bad = !out || ferror(out) != 0;
  int status = OK;
  if ((out && fclose(out) != 0) || bad || rename(temporary, path) != 0) {
    status = FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
    remove(temporary);
  }
  free(temporary);
  return status;
}

static int write_array(struct h5 *file, const char *name, const char *description, int rank, const int64_t *shape,
                       const double *values) {
  TRY(h5_write(file, name, H5_DOUBLE, rank, shape, values));
  return h5_set_text(file, name, "description", description);
}

static int write_all(struct h5 *file, const struct spectrum *spectrum, const struct provenance *provenance) {
  const int64_t P = spectrum->P, x[] = {P, spectrum->d}, vectors[] = {spectrum->options.vectors, P};
  TRY(h5_set_text(file, "/", "format", "mckean-spectrum"));
  TRY(h5_set_int(file, "/", "format_version", 1));
  TRY(h5_set_int(file, "/", "n", spectrum->n));
  TRY(h5_set_int(file, "/", "replica", spectrum->replica));
  TRY(h5_set_int(file, "/", "step", spectrum->setup->info.step));
  TRY(h5_set_double(file, "/", "time", spectrum->setup->info.time));
  TRY(h5_set_text(file, "/", "points", kinds[spectrum->kind]));
  TRY(h5_set_int(file, "/", "batch", spectrum->batch));
  TRY(h5_set_int(file, "/", "rank", spectrum_rank(spectrum)));
  TRY(h5_set_double(file, "/", "C_f", spectrum->setup->data->C_f));
  TRY(h5_set_text(file, "/", "config", spectrum->setup->info.config));
  for (int i = 0; i < NUMBERS; i++) TRY(h5_set_double(file, "/", numbers[i].name, number_of(spectrum, i)));
  TRY(provenance_write(provenance, file));
  for (int i = 0; i < ARRAYS; i++) {
    char name[32];
    snprintf(name, sizeof name, "/%s", arrays[i].name);
    TRY(write_array(file, name, arrays[i].description, 1, &P, array_of(spectrum, i)));
  }
  TRY(write_array(file, "/x", "points", 2, x, spectrum->x));
  if (spectrum->options.vectors == 0) return OK;
  return write_array(file, "/vector", "eigenvectors of the largest eigenvalues, one a row", 2, vectors,
                     spectrum->vector);
}

int spectrum_write(const struct spectrum *spectrum, const struct provenance *provenance, const char *path) {
  struct h5 *file;
  char *temporary = status_malloc(strlen(path) + 8);
  sprintf(temporary, "%s.tmp", path);
  int status = h5_create(temporary, 0, &file);
  if (status == OK) {
    status = write_all(file, spectrum, provenance);
    const int closed = h5_close(file);
    if (status == OK) status = closed;
    if (status == OK && rename(temporary, path) != 0)
      status = FAIL(FAILED, "%s: cannot rename it to %s: %s", temporary, path, strerror(errno));
  }
  if (status != OK) remove(temporary);
  free(temporary);
  return status;
}
