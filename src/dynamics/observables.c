#include "dynamics/observables.h"

#include <math.h>

#include "particles/kernel.h"

static double loss(const struct observation *o) {
  return o->loss;
}
static double loss_over_C_f(const struct observation *o) {
  return o->loss / o->C_f;
}
static double test_loss(const struct observation *o) {
  return o->test_loss;
}
static double test_loss_over_C_f(const struct observation *o) {
  return o->test_loss / o->C_f;
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

const struct column column_table[] = {
    {"loss", "f^2",
     "loss on the batch of the step, (1/2P) sum_p (f_n - f)^2; data.mode population: exact, 1/2 E (f_n - f)^2", loss},
    {"loss_over_C_f", "1", "loss on the batch divided by C_f = E f^2 / 2", loss_over_C_f},
    {"test_loss", "f^2", "loss on the held-out test points, (1/2K) sum_k (f_n - f)^2", test_loss},
    {"test_loss_over_C_f", "1", "loss on the test points divided by C_f", test_loss_over_C_f},
    {"grad2", "f^2/t", "mean over units of |grad V|^2 over the trained fields: -d loss/dt of the flow", grad2},
    {"c_mean", "c", "mean over units of c", c_mean},
    {"c2_mean", "c^2", "mean over units of c^2", c2_mean},
    {"c4_mean", "c^4", "mean over units of c^4", c4_mean},
    {"a_mean", "a", "mean over units of |a|", a_mean},
    {"a2_mean", "a^2", "mean over units of |a|^2", a2_mean},
};
const int column_count = sizeof column_table / sizeof *column_table;

void observables_tile(int d, int units, double n, const void *tile, size_t stored, const double *square,
                      double sums[PARTICLE_MEANS]) {
  for (int m = 0; m < PARTICLE_MEANS; m++) sums[m] = 0;
  for (int lane = 0; lane < units; lane++) {
    double c = 0, norm2 = 0;
    for (int field = FIELD_C; field < d + FIELD_A; field++) {
      const int at = field * TILE + lane;
      const double value = stored == sizeof(float) ? ((const float *)tile)[at] : ((const double *)tile)[at];
      if (field == FIELD_C) c = value;
      if (field >= FIELD_A) norm2 += value * value;
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
