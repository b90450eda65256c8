#include "clt/clt.h"

#include <cblas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "fluctuations/anderson_darling.h"

#define RARE     1e-5 /* false-alarm rate of tests (c) and (d) of clt/clt.h */
#define PARALLEL 0.99 /* duplicated replicas have a larger cosine */

const char *const clt_test_names[CLT_TESTS] = {"quotients", "width", "mean", "cosine", "normality"};

static struct clt_outcome below(double value, double limit) {
  return (struct clt_outcome){.applies = true, .passed = value < limit, .value = value, .limit = limit};
}

/* Test (a). */
static struct clt_outcome test_quotients(struct clt_tests *tests, const double *y, struct clt_error error) {
  const size_t m = (size_t)tests->vectors, R = (size_t)tests->replicas;
  const double gaussian = 2.0 / (double)(R - 1) + (error.replicas > 1 ? 2.0 / (double)(error.replicas - 1) : 0);
  struct clt_outcome worst = below(0, CLT_SD * sqrt(gaussian));
  for (size_t i = 0; i < m; i++) {
    tests->quotient[i] = gsl_stats_variance(y + i, m, R);
    const double off = fabs(tests->quotient[i] - 1),
                 limit = CLT_SD * sqrt(gaussian + (error.quotient ? error.quotient[i] : 0));
    if (i < CLT_LEADING && !(off / limit <= worst.value / worst.limit)) worst = below(off, limit);
  }
  return worst;
}

/* (b) */
static struct clt_outcome test_width(struct clt_tests *tests, const double *y, struct clt_error error) {
  const int m = tests->vectors;
  const size_t R = (size_t)tests->replicas;
  double *square = alloc_small(sizeof *square * R);
  for (size_t r = 0; r < R; r++) square[r] = cblas_ddot(m, y + r * (size_t)m, 1, y + r * (size_t)m, 1) / m;
  tests->width = gsl_stats_mean(square, 1, R);
  const double sd = gsl_stats_sd(square, 1, R);
  const double samples = 1 / (double)R + (error.replicas > 1 ? 1 / (double)error.replicas : 0);
  free(square);
  return below(fabs(tests->width - 1), CLT_SD * sqrt(sd * sd * samples + (error.quotient ? error.width : 0)));
}

/* (c) */
static struct clt_outcome test_mean(const struct clt_tests *tests, const double *y) {
  const size_t m = (size_t)tests->vectors, R = (size_t)tests->replicas;
  double square = 0;
  for (size_t i = 0; i < m; i++) square += pow(gsl_stats_mean(y + i, m, R), 2);
  return below((double)R * square, gsl_cdf_chisq_Qinv(RARE, (double)m));
}

/* Returns the limit of (d). The cosine of two independent Gaussian vectors exceeds c with probability
 * I_{1 - c^2}((m-1)/2, 1/2) / 2, where I is the regularized incomplete beta function. */
static double rare_cosine(int64_t replicas, int m) {
  const double pairs = (double)replicas * (double)(replicas - 1) / 2;
  if (m < 2) return 1;
  const double sine2 = gsl_cdf_beta_Pinv(fmin(2 * RARE / pairs, 1), (m - 1) / 2.0, 0.5);
  return fmax(PARALLEL, sqrt(1 - sine2));
}

/* (d), in blocks of replicas, so no R x R matrix is stored. */
static struct clt_outcome test_cosine(const struct clt_tests *tests, const double *y) {
  enum { BLOCK_ROWS = 256 };
  const int m = tests->vectors, R = (int)tests->replicas;
  double largest = -1, *unit = alloc_small(sizeof *unit * (size_t)R * (size_t)m),
         *product = alloc_small(sizeof *product * BLOCK_ROWS * BLOCK_ROWS);
  for (int r = 0; r < R; r++) {
    const double *row = y + (size_t)r * (size_t)m, norm = cblas_dnrm2(m, row, 1);
    for (int i = 0; i < m; i++) unit[(size_t)r * (size_t)m + (size_t)i] = row[i] / norm;
  }
  for (int a = 0; a < R; a += BLOCK_ROWS)
    for (int b = 0; b <= a; b += BLOCK_ROWS) {
      const int rows = R - a < BLOCK_ROWS ? R - a : BLOCK_ROWS, columns = R - b < BLOCK_ROWS ? R - b : BLOCK_ROWS;
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, columns, m, 1, unit + (size_t)a * (size_t)m, m,
                  unit + (size_t)b * (size_t)m, m, 0, product, BLOCK_ROWS);
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns && b + j < a + i; j++) {
          const double cosine = product[i * BLOCK_ROWS + j];
          if (!(cosine <= largest)) largest = cosine;
        }
    }
  free(unit);
  free(product);
  return below(largest, rare_cosine(R, m));
}

/* (e) */
static struct clt_outcome test_normality(struct clt_tests *tests, const double *y) {
  const double p = anderson_darling_family(tests->replicas, tests->vectors, y, tests->normality);
  return (struct clt_outcome){
      .applies = true, .passed = p > ANDERSON_DARLING_LEVEL, .value = p, .limit = ANDERSON_DARLING_LEVEL};
}

struct clt_tests clt_run_tests(int64_t replicas, int vectors, const double *y, struct clt_error error,
                               const bool applies[CLT_TESTS]) {
  struct clt_tests tests = {.replicas = replicas, .vectors = vectors};
  const struct clt_outcome outcome[CLT_TESTS] = {
      [CLT_QUOTIENTS] = test_quotients(&tests, y, error),
      [CLT_WIDTH] = test_width(&tests, y, error),
      [CLT_MEAN] = test_mean(&tests, y),
      [CLT_COSINE] = test_cosine(&tests, y),
      [CLT_NORMALITY] = test_normality(&tests, y),
  };
  for (int q = 0; q < CLT_TESTS; q++) {
    tests.outcome[q] = outcome[q];
    tests.outcome[q].applies = applies[q];
  }
  return tests;
}

bool clt_passed(const struct clt_tests *tests) {
  for (int q = 0; q < CLT_TESTS; q++)
    if (tests->outcome[q].applies && !tests->outcome[q].passed) return false;
  return true;
}
