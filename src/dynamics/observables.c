#include "dynamics/observables.h"

#include <math.h>

#include "particles/kernel.h"
#include "particles/number.h"

static double loss(const struct observation *o) {
  return o->loss;
}
static double over_loss_0(const struct observation *o) {
  return o->loss / o->loss_0;
}
static double test_loss(const struct observation *o) {
  return o->test_loss;
}
static double test_over_loss_0(const struct observation *o) {
  return o->test_loss / o->loss_0;
}
static double grad2(const struct observation *o) {
  return o->mean[MEAN_GRAD2];
}
static double c_mean(const struct observation *o) {
  return o->mean[MEAN_C];
}
static double c2_mean(const struct observation *o) {
  return o->mean[MEAN_C2];
}
static double c4_mean(const struct observation *o) {
  return o->mean[MEAN_C4];
}
static double a_mean(const struct observation *o) {
  return o->mean[MEAN_A];
}
static double a2_mean(const struct observation *o) {
  return o->mean[MEAN_A2];
}

static double accuracy(int64_t count, const double *f, const double *y) {
  int64_t right = 0;
  for (int64_t p = 0; p < count; p++) {
    if (isnan(f[p])) return NAN;
    right += f[p] * y[p] > 0;
  }
  return (double)right / (double)count;
}
static double ridge_energy(const struct observation *o) {
  return o->mean[MEAN_RIDGE];
}
static double regularized_loss(const struct observation *o) {
  return o->loss + o->mean[MEAN_RIDGE];
}
static double virial(const struct observation *o) {
  return o->mean[MEAN_VIRIAL];
}
static double kinetic_energy(const struct observation *o) {
  return o->mean[MEAN_KINETIC];
}

static double potential_variance(const struct observation *o) {
  return o->mean[MEAN_V2] - o->mean[MEAN_V] * o->mean[MEAN_V];
}

static bool logistic(const struct column_scope *scope) {
  return scope->loss->type == LOSS_LOGISTIC;
}
static bool squared(const struct column_scope *scope) {
  return loss_is_squared(scope->loss);
}
static bool other(const struct column_scope *scope) {
  return !loss_is_squared(scope->loss);
}
static bool ridge(const struct column_scope *scope) {
  return scope->ridge;
}
static bool langevin(const struct column_scope *scope) {
  return scope->langevin;
}
static bool velocities(const struct column_scope *scope) {
  return scope->velocities;
}
static bool events(const struct column_scope *scope) {
  return scope->events;
}

const struct column column_table[] = {
    {"loss", "f^2",
     "loss on the batch of the step, (1/2P) sum_p (f_n - f)^2; the exact value (1/2) E (f_n - f)^2 with data.mode: "
     "population, and (1/2) |f_n - f|^2 in the norm of the RKHS of the units with data.mode: rkhs",
     .value = loss, .applies = squared},
    {"loss_over_C_f", "1", "loss on the batch divided by C_f = E f^2 / 2", .value = over_loss_0, .applies = squared},
    {"test_loss", "f^2", "loss on the held-out test points, (1/2K) sum_k (f_n - f)^2", .value = test_loss,
     .applies = squared},
    {"test_loss_over_C_f", "1", "loss on the test points divided by C_f", .value = test_over_loss_0,
     .applies = squared},
    {"loss", "1", "mean of the loss over the batch of the step, (1/P) sum_p l(f_n, y)", .value = loss,
     .applies = other},
    {"loss_over_loss_0", "1", "loss on the batch divided by loss_0 = E l(0, y)", .value = over_loss_0,
     .applies = other},
    {"test_loss", "1", "mean of the loss over the held-out test points, (1/K) sum_k l(f_n, y)", .value = test_loss,
     .applies = other},
    {"test_loss_over_loss_0", "1", "loss on the test points divided by loss_0", .value = test_over_loss_0,
     .applies = other},
    {"accuracy", "1", "fraction of the batch points at which f_n has the sign of the label", .points = accuracy,
     .set = POINTS_BATCH, .applies = logistic},
    {"test_accuracy", "1", "fraction of the test points at which f_n has the sign of the label", .points = accuracy,
     .set = POINTS_TEST, .applies = logistic},
    {"grad2", "f^2/t",
     "mean over units of |g|^2, g = grad V + lambda theta with the ridge lambda, trained parameters only. In gradient "
     "flow it equals -d loss/dt, or -d regularized_loss/dt with a ridge. With an output scale alpha, the values of "
     "grad2, "
     "ridge_energy, virial and kinetic_energy are multiplied by alpha^2",
     .value = grad2},
    {"c_mean", "c", "mean over units of c", .value = c_mean},
    {"c2_mean", "c^2", "mean over units of c^2", .value = c2_mean},
    {"c4_mean", "c^4", "mean over units of c^4", .value = c4_mean},
    {"a_mean", "a", "mean over units of |a|", .value = a_mean},
    {"a2_mean", "a^2", "mean over units of |a|^2", .value = a2_mean},
    {"ridge_energy", "f^2", "mean over units of (1/2) sum lambda theta^2 over the trained parameters",
     .value = ridge_energy, .applies = ridge},
    {"regularized_loss", "f^2", "G, loss on the batch plus the ridge energy: the free energy without entropy",
     .value = regularized_loss, .applies = ridge},
    {"virial", "f^2",
     "mean over units of theta . g, g = grad V + lambda theta, trained parameters only. In the stationary state of "
     "euler, the expectation of virial - (dt/2) grad2 is tau times the number of trained parameters per unit (alpha^2 "
     "tau with an output scale), except on the sphere",
     .value = virial, .applies = langevin},
    {"kinetic_energy", "f^2", "mean over units of |v|^2 / 2, v after the last half kick", .value = kinetic_energy,
     .applies = velocities},
    {"potential_variance", "f^4",
     "variance over units of V_i = c grad_c V + (lambda/2) |theta|^2. As dt -> 0 and n -> infinity, births and deaths "
     "decrease regularized_loss, or loss without a ridge, by dynamics.birth_death times potential_variance per unit "
     "of t. With an output scale alpha, V_i = c grad_c V / alpha + (lambda/2) |theta|^2, and the decrease is alpha^2 "
     "times as large",
     .value = potential_variance, .applies = events},
};
const int column_count = sizeof column_table / sizeof *column_table;
_Static_assert(sizeof column_table / sizeof *column_table <= COLUMNS_MAX,
               "struct observation has space for all columns");

bool column_applies(const struct column *column, const struct column_scope *scope) {
  return !column->applies || column->applies(scope);
}

struct observation observation_empty(double loss_0) {
  struct observation observation = {.loss_0 = loss_0, .test_loss = NAN};
  for (int c = 0; c < COLUMNS_MAX; c++) observation.points[c] = NAN;
  return observation;
}

double column_value(int c, const struct observation *observation) {
  return column_table[c].value ? column_table[c].value(observation) : observation->points[c];
}

void observables_points(const struct loss_spec *spec, enum point_set set, int64_t count, const double *f,
                        const double *y, struct observation *observation) {
  const struct column_scope scope = {.loss = spec};
  for (int c = 0; c < column_count; c++) {
    const struct column *column = &column_table[c];
    if (column->points && column->set == set && column_applies(column, &scope))
      observation->points[c] = column->points(count, f, y);
  }
}

void observables_tile(int d, int units, double n, const void *tile, size_t stored, const double *square,
                      double sums[PARTICLE_MEANS]) {
  for (int m = 0; m < PARTICLE_MEANS; m++) sums[m] = 0;
  for (int lane = 0; lane < units; lane++) {
    double c = 0, norm2 = 0;
    for (int row = ROW_C; row < tile_rows(d); row++) {
      const double value = number_get(stored, tile, (size_t)(row * TILE + lane));
      if (row == ROW_C) c = value;
      if (row >= ROW_A) norm2 += value * value;
    }
    sums[MEAN_GRAD2] += square[lane];
    sums[MEAN_C] += c;
    sums[MEAN_C2] += c * c;
    sums[MEAN_C4] += c * c * c * c;
    sums[MEAN_A] += sqrt(norm2);
    sums[MEAN_A2] += norm2;
  }
  for (int m = 0; m < PARTICLE_MEANS; m++) sums[m] /= n;
}
