/* The means of products of the terms of a hermite target over the law of x: its C_f and linear_fraction. */
#include <float.h>
#include <math.h>

#include "data/inputs.h"
#include "data/target_hermite.h"

/* POWER_MAX: the largest power of one projection, and DEGREE_MAX of all projections, in a product of two terms. */
enum { POWER_MAX = 2 * HERMITE_DEGREE_MAX, DEGREE_MAX = HERMITE_FACTORS_MAX * POWER_MAX };

/* c [HERMITE_DEGREE_MAX + 1] = the coefficients of he_degree. */
static void polynomial(int degree, double *c) {
  double before[HERMITE_DEGREE_MAX + 1] = {0}, next[HERMITE_DEGREE_MAX + 1];
  for (int i = 0; i <= HERMITE_DEGREE_MAX; i++) c[i] = i == 0;
  for (int k = 0; k < degree; k++) {
    for (int i = 0; i <= HERMITE_DEGREE_MAX; i++)
      next[i] = ((i > 0 ? c[i - 1] : 0) - sqrt(k) * before[i]) / sqrt(k + 1);
    for (int i = 0; i <= HERMITE_DEGREE_MAX; i++) {
      before[i] = c[i];
      c[i] = next[i];
    }
  }
}

static double at_one(int degree) {
  double c[HERMITE_DEGREE_MAX + 1], sum = 0;
  polynomial(degree, c);
  for (int i = 0; i <= degree; i++) sum += c[i];
  return sum;
}

static int degree_in(const struct hermite_term *term, int direction) {
  for (int j = 0; j < term->factors; j++)
    if (term->factor[j].direction == direction) return term->factor[j].degree;
  return 0;
}

/* degree[i][2] = the degrees of both terms in the directions of either. Returns their number. */
static int pair_degrees(const struct hermite_term *s, const struct hermite_term *t,
                        int degree[2 * HERMITE_FACTORS_MAX][2]) {
  int count = 0;
  for (int j = 0; j < s->factors; j++, count++) {
    degree[count][0] = s->factor[j].degree;
    degree[count][1] = degree_in(t, s->factor[j].direction);
  }
  for (int j = 0; j < t->factors; j++)
    if (degree_in(s, t->factor[j].direction) == 0) {
      degree[count][0] = 0;
      degree[count++][1] = t->factor[j].degree;
    }
  return count;
}

/* Multiplies the sums, by total degree, of the products of the moments (k - 1)!! with those of one direction. */
static void multiply(const int degree[2], double sum[DEGREE_MAX + 1], double size[DEGREE_MAX + 1]) {
  double a[HERMITE_DEGREE_MAX + 1], b[HERMITE_DEGREE_MAX + 1], moment[POWER_MAX + 1] = {0},
                                                                                  modulus[POWER_MAX + 1] = {0};
  polynomial(degree[0], a);
  polynomial(degree[1], b);
  for (int i = 0; i <= degree[0]; i++)
    for (int j = 0; j <= degree[1]; j++) {
      double odd = (i + j) % 2 == 0;
      for (int k = i + j - 1; k > 1; k -= 2) odd *= k;
      moment[i + j] += odd * a[i] * b[j];
      modulus[i + j] += odd * fabs(a[i] * b[j]);
    }
  for (int K = DEGREE_MAX; K >= 0; K--) {
    double value = 0, absolute = 0;
    for (int k = 0; k <= POWER_MAX && k <= K; k++) {
      value += moment[k] * sum[K - k];
      absolute += modulus[k] * size[K - k];
    }
    sum[K] = value;
    size[K] = absolute;
  }
}

/* E psi_s psi_t on the sphere. *error: bound of the rounding error. */
static double sphere_mean(int d, int count, int degree[][2], double *error) {
  double sum[DEGREE_MAX + 1] = {1}, size[DEGREE_MAX + 1] = {1}, weight = 1, mean = 0, absolute = 0;
  for (int i = 0; i < count; i++) multiply(degree[i], sum, size);
  for (int K = 0; K <= DEGREE_MAX; K += 2) {
    mean += weight * sum[K];
    absolute += weight * size[K];
    weight *= (double)d / (d + K);
  }
  *error = 64 * DBL_EPSILON * absolute;
  return mean;
}

static double pair_mean(const struct target_spec *spec, const struct hermite_term *s, const struct hermite_term *t,
                        double *error) {
  int degree[2 * HERMITE_FACTORS_MAX][2];
  const int count = pair_degrees(s, t, degree);
  double product = 1;
  *error = 0;
  if (spec->inputs == INPUTS_SPHERE) return sphere_mean(spec->d, count, degree, error);
  if (spec->inputs == INPUTS_RADEMACHER && spec->hermite.axes != HERMITE_IDENTITY) return NAN;
  for (int i = 0; i < count; i++) {
    const int j = degree[i][0], k = degree[i][1];
    product *= spec->inputs == INPUTS_GAUSSIAN ? j == k : (j + k) % 2 == 0 ? at_one(j) * at_one(k) : 0;
  }
  return product;
}

/* |E f x|^2: x has the covariance 1, and the mean of f (x . v) is 0 for v orthogonal to all directions of f. */
static double linear_square(const struct target_spec *spec) {
  const struct hermite_spec *hermite = &spec->hermite;
  double square = 0, error;
  for (int i = 0; i < hermite->directions; i++) {
    const struct hermite_term linear = {.factors = 1, .factor = {{i, 1}}};
    double mean = 0;
    bool used = false;
    for (int t = 0; t < hermite->terms; t++) used |= degree_in(&hermite->term[t], i) > 0;
    for (int t = 0; t < hermite->terms && used; t++)
      mean += hermite->term[t].coefficient * pair_mean(spec, &linear, &hermite->term[t], &error);
    square += mean * mean;
  }
  return square;
}

void target_hermite_moments(const struct target_spec *spec, double *C_f, double *linear_fraction) {
  const struct hermite_spec *hermite = &spec->hermite;
  double square = 0, error = 0;
  for (int s = 0; s < hermite->terms; s++)
    for (int t = 0; t < hermite->terms; t++) {
      double rounding;
      const double weight = hermite->term[s].coefficient * hermite->term[t].coefficient;
      square += weight * pair_mean(spec, &hermite->term[s], &hermite->term[t], &rounding);
      error += fabs(weight) * rounding;
    }
  const bool known = square > 0 && error <= 1e-9 * square;
  *C_f = known ? square / 2 : NAN;
  *linear_fraction = known ? linear_square(spec) / square : NAN;
}
