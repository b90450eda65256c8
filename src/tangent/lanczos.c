#include "tangent/lanczos.h"

#include <math.h>

static double dot(int64_t size, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < size; i++) sum += a[i] * b[i];
  return sum;
}

static void add(int64_t size, double factor, const double *from, double *to) {
  for (int64_t i = 0; i < size; i++) to[i] += factor * from[i];
}

static void scale(int64_t size, double factor, double *v) {
  for (int64_t i = 0; i < size; i++) v[i] *= factor;
}

/* Returns whether all eigenvalues of T are below t, that is, whether all pivots of t - T are positive (Sturm).
 * Eliminates from the last row to the first. pivot [k]: the pivots. */
static bool is_above_all(int k, const double *alpha, const double *beta, double t, double *pivot) {
  for (int j = k - 1; j >= 0; j--) {
    pivot[j] = t - alpha[j] - (j < k - 1 ? beta[j] * beta[j] / pivot[j + 1] : 0);
    if (!(pivot[j] > 0)) return false;
  }
  return true;
}

double tridiagonal_largest(int k, const double *alpha, const double *beta, double *last) {
  double low = alpha[0], high = alpha[0], pivot[LANCZOS_MAX];
  for (int j = 0; j < k; j++) {
    const double reach = (j > 0 ? fabs(beta[j - 1]) : 0) + (j < k - 1 ? fabs(beta[j]) : 0);
    if (alpha[j] > low) low = alpha[j];
    if (alpha[j] + reach > high) high = alpha[j] + reach;
  }
  high += 1e-15 * fabs(high); /* Gershgorin's bound, increased to allow for rounding */
  for (int halving = 0; halving < 100; halving++) {
    const double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) break;
    if (is_above_all(k, alpha, beta, middle, pivot))
      high = middle;
    else
      low = middle;
  }
  /* The eigenvector, from the last component to the first: |s_{j-1}| = |s_j| pivot_j / |beta_{j-1}|. */
  double s = 1, square = 1;
  const bool above = is_above_all(k, alpha, beta, high, pivot);
  for (int j = k - 1; j > 0 && above; j--) {
    s *= pivot[j] / fabs(beta[j - 1]);
    square += s * s;
  }
  *last = 1 / sqrt(square);
  return high;
}

static struct lanczos diverged(int products) {
  return (struct lanczos){.value = NAN, .bound = NAN, .products = products};
}

struct lanczos lanczos_limited(const struct lanczos_operator *operator, int64_t size, double tolerance, int products,
                               double *basis) {
  struct lanczos result = {.value = NAN, .bound = NAN};
  double *alpha = result.alpha, *beta = result.beta;
  scale(size, 1 / sqrt(dot(size, basis, basis)), basis);
  for (int k = 0; k < products; k++) {
    const double *v = basis + k * size;
    double *w = basis + (k + 1) * size;
    result.products = k + 1;
    if (!operator->apply(operator->context, v, w)) return diverged(k + 1);
    alpha[k] = dot(size, v, w);
    for (int j = k; j >= 0; j--) add(size, -dot(size, basis + j * size, w), basis + j * size, w);
    beta[k] = sqrt(dot(size, w, w));
    double last;
    result.value = tridiagonal_largest(k + 1, alpha, beta, &last);
    result.bound = beta[k] * last;
    if (!isfinite(result.value)) return diverged(k + 1);
    if (result.bound <= tolerance * result.value || k + 1 == size) break;
    scale(size, 1 / beta[k], w);
  }
  return result;
}

struct lanczos lanczos_largest(const struct lanczos_operator *operator, int64_t size, double tolerance, double *basis) {
  return lanczos_limited(operator, size, tolerance, LANCZOS_MAX, basis);
}

void lanczos_vector(const struct lanczos *result, int64_t size, double *basis) {
  const int k = result->products;
  double pivot[LANCZOS_MAX], s = 1, *vector = basis + k * size;
  const bool above = is_above_all(k, result->alpha, result->beta, result->value, pivot);
  for (int64_t i = 0; i < size; i++) vector[i] = 0;
  add(size, s, basis + (k - 1) * size, vector);
  for (int j = k - 1; j > 0 && above; j--) {
    s *= pivot[j] / result->beta[j - 1];
    add(size, s, basis + (j - 1) * size, vector);
  }
  scale(size, 1 / sqrt(dot(size, vector, vector)), vector);
  for (int64_t i = 0; i < size; i++) basis[i] = vector[i];
}
