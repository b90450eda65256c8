// ranks: 1
/* loss: residuals are derivatives of the loss, and curvatures are tight bounds of its second derivative. A huber loss
 * with a huge threshold equals the squared loss, bit for bit; a mean is a sum in the order of the points. */
#include <math.h>
#include <string.h>

#include "data/loss.h"
#include "harness.h"

static const double THRESHOLD = 0.7;

static struct loss_spec spec_of(int type) {
  return (struct loss_spec){.type = type, .threshold = THRESHOLD};
}

static double label(int type, int i) {
  return loss_table[type].label ? (i % 2 ? 1 : -1) : 0.3 * i - 1;
}

static double value(const struct loss_spec *spec, double f, double y) {
  return loss_mean(spec, 1, &f, &y);
}

static double residual(const struct loss_spec *spec, double f, double y) {
  double r;
  loss_residuals(spec, 1, &f, &y, sizeof r, &r);
  return r;
}

static void residuals_are_derivatives_and_curvatures_bounds(void **state) {
  (void)state;
  for (int type = 0; type < LOSS_TYPES; type++) {
    const struct loss_spec spec = spec_of(type);
    double largest = 0;
    for (int i = 0; i < 8; i++)
      for (double f = -4; f < 4; f += 0.0917) {
        const double y = label(type, i), eps = 1e-5;
        const double first = (value(&spec, f + eps, y) - value(&spec, f - eps, y)) / (2 * eps);
        const double second = (residual(&spec, f + eps, y) - residual(&spec, f - eps, y)) / (2 * eps);
        assert_near(residual(&spec, f, y), first, 1e-5);
        largest = fmax(largest, second);
      }
    assert_true(largest <= loss_row(&spec)->curvature(&spec) * (1 + 1e-6));
    assert_true(largest >= 0.95 * loss_row(&spec)->curvature(&spec)); /* the bound is tight within 5 % */
  }
}

static void known_values(void **state) {
  (void)state;
  const struct loss_spec squared = spec_of(LOSS_SQUARED), huber = spec_of(LOSS_HUBER),
                         logistic = spec_of(LOSS_LOGISTIC);
  assert_true(value(&squared, 3, 1) == 2 && residual(&squared, 3, 1) == 2);
  assert_near(value(&huber, 3, 1), THRESHOLD * 2 - THRESHOLD * THRESHOLD / 2, 1e-15);
  assert_true(residual(&huber, 3, 1) == THRESHOLD && residual(&huber, -3, 1) == -THRESHOLD);
  assert_near(value(&logistic, 0, 1), log(2), 1e-15);
  assert_true(residual(&logistic, 0, 1) == -0.5 && residual(&logistic, 0, -1) == 0.5);
  assert_near(value(&logistic, 50, -1), 50, 1e-15); /* no overflow */
  assert_near(value(&logistic, 800, -1), 800, 1e-15);
  assert_true(value(&logistic, 800, 1) == 0 && isnan(value(&logistic, NAN, 1)) && isnan(value(&huber, NAN, 1)));
}

static void a_huge_threshold_gives_squares(void **state) {
  (void)state;
  enum { COUNT = 200 };
  const struct loss_spec squared = {.type = LOSS_SQUARED}, huber = {.type = LOSS_HUBER, .threshold = 1e200};
  double f[COUNT], y[COUNT], r[2][COUNT];
  float single[2][COUNT];
  for (int p = 0; p < COUNT; p++) {
    f[p] = sin(p) * 7;
    y[p] = cos(3 * p);
  }
  const double mean = loss_mean(&squared, COUNT, f, y);
  loss_residuals(&squared, COUNT, f, y, sizeof **r, r[0]);
  loss_residuals(&huber, COUNT, f, y, sizeof **r, r[1]);
  assert_memory_equal(r[0], r[1], sizeof r[0]);
  for (int p = 0; p < COUNT; p++) assert_true(r[0][p] == f[p] - y[p]);
  assert_true(loss_mean(&huber, COUNT, f, y) == mean);
  loss_residuals(&squared, COUNT, f, y, sizeof **single, single[0]);
  loss_residuals(&huber, COUNT, f, y, sizeof **single, single[1]);
  assert_memory_equal(single[0], single[1], sizeof single[0]);
  double sum = 0;
  for (int p = 0; p < COUNT; p++) sum += (f[p] - y[p]) * (f[p] - y[p]);
  assert_true(mean == sum / (2.0 * COUNT)); /* in the order of the points */
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(residuals_are_derivatives_and_curvatures_bounds),
      cmocka_unit_test(known_values),
      cmocka_unit_test(a_huge_threshold_gives_squares),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
