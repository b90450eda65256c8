// ranks: 1
/* dataset: points depend on seed, network, step and index only; an epoch visits no point of the set twice; labels are
 * checked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/inputs.h"
#include "harness.h"

enum { D = 3, N = 22 };

static struct target *target;

static struct dataset *create(struct dataset_spec spec) {
  struct dataset *data;
  if (!target) assert_ok(target_create(&world, &(struct target_spec){.type = TARGET_SPIN, .d = D, .seed = 1}, &target));
  assert_ok(dataset_create(target, &spec, &data));
  return data;
}

static const struct dataset_spec fixed = {.mode = DATA_FIXED, .samples = N, .test = 5, .seed = 3};
static const struct dataset_spec online = {.mode = DATA_ONLINE, .test = 5, .seed = 3};

/* dataset_points with the order of the epoch. */
static void points_at(const struct dataset *data, struct batch_position position, int64_t first, int count, double *x,
                      double *y) {
  uint32_t rows[N];
  struct epoch_order order = {.epoch = -1, .rows = rows};
  if (data->spec.mode == DATA_FIXED) position.rows = dataset_order(data, &position, &order);
  dataset_points(data, &position, first, count, x, y);
}

static bool same_points(const struct dataset *data, struct batch_position a, struct batch_position b) {
  double x[2][8 * D];
  points_at(data, a, 0, 8, x[0], NULL);
  points_at(data, b, 0, 8, x[1], NULL);
  return memcmp(x[0], x[1], sizeof x[0]) == 0;
}

/* Index of a point in the fixed set. */
static int row_of(const struct dataset *data, const double *x) {
  for (int i = 0; i < N; i++)
    if (memcmp(data->x + i * D, x, sizeof(double) * D) == 0) return i;
  fail_msg("a point is not in the set");
  return -1;
}

/* Fixed, fresh and test points with x_k = 1 or -1 are the signs of the Gaussian points of the same seeds. */
static void signs_are_those_of_gaussian_points(void **state) {
  (void)state;
  const struct dataset_spec *const specs[] = {&fixed, &online};
  for (int s = 0; s < 2; s++) {
    double x[2][8 * D], y[8], sum = 0;
    for (int law = 0; law < 2; law++) {
      const struct target_spec spec = {
          .type = TARGET_SPIN, .d = D, .seed = 1, .inputs = law ? INPUTS_RADEMACHER : INPUTS_GAUSSIAN};
      struct target *other;
      struct dataset *data;
      assert_ok(target_create(&world, &spec, &other));
      assert_ok(dataset_create(other, specs[s], &data));
      points_at(data, (struct batch_position){.network = 2, .step = 9, .batch = 8}, 0, 8, x[law], y);
      assert_all_for(law == 1 || fabs(data->test_x[0]) != 1, "set %d", s);
      assert_all_for(law == 0 || fabs(data->test_x[0]) == 1, "set %d", s);
      dataset_free(data);
      target_free(other);
    }
    for (int k = 0; k < 8 * D; k++) {
      assert_all_for(x[1][k] == copysign(1, x[0][k]) && x[0][k] != x[1][k], "set %d, number %d", s, k);
      sum += x[1][k];
    }
    assert_true(fabs(sum) < 8 * D); /* both signs */
  }
}

static void an_epoch_contains_no_point_twice(void **state) {
  (void)state;
  enum { P = 5, BATCHES = N / P };
  struct dataset *data = create(fixed);
  int order[2][BATCHES * P];
  for (int epoch = 0; epoch < 2; epoch++) {
    int times[N] = {0};
    for (int b = 0; b < BATCHES; b++) {
      const int64_t step = epoch * BATCHES + b;
      double x[P * D], y[P];
      const struct batch_position position = {.network = 7, .step = 1000 + step, .epoch_step = step, .batch = P};
      points_at(data, position, 0, P, x, y);
      for (int p = 0; p < P; p++) {
        const int row = row_of(data, x + p * D);
        assert_int_equal(times[row]++, 0);
        assert_true(y[p] == data->y[row]);
        order[epoch][b * P + p] = row;
      }
    }
  }
  assert_memory_not_equal(order[0], order[1], sizeof order[0]);
  dataset_free(data);
}

/* An order is computed again for another epoch, and for another batch size with the same epoch. */
static void orders_differ_between_epochs_and_batch_sizes(void **state) {
  (void)state;
  struct dataset *data = create(fixed);
  uint32_t rows[N], first[N];
  struct epoch_order order = {.epoch = -1, .rows = rows};
  const struct batch_position start = {.network = 7, .batch = 5};
  struct batch_position next[] = {start, start};
  next[0].epoch_step = N / 5;
  next[1].order = 1;
  memcpy(first, dataset_order(data, &start, &order), sizeof first);
  for (int i = 0; i < 2; i++) {
    assert_memory_not_equal(first, dataset_order(data, &next[i], &order), sizeof first);
    assert_memory_equal(first, dataset_order(data, &start, &order), sizeof first);
  }
  dataset_free(data);
}

static void points_do_not_depend_on_the_division_into_calls(void **state) {
  (void)state;
  const struct dataset_spec *specs[] = {&fixed, &online};
  for (int s = 0; s < 2; s++) {
    struct dataset *data = create(*specs[s]);
    const struct batch_position position = {.network = 3, .step = 17, .epoch_step = 17, .batch = 16};
    double x[16 * D], y[16], part_x[5 * D], part_y[5];
    points_at(data, position, 0, 16, x, y);
    points_at(data, position, 6, 5, part_x, part_y);
    assert_memory_equal(part_x, x + 6 * D, sizeof part_x);
    assert_memory_equal(part_y, y + 6, sizeof part_y);
    for (int p = 0; p < 16; p++) {
      double label;
      target_eval(target, 1, x + p * D, &label);
      assert_true(label == y[p]);
    }
    dataset_free(data);
  }
}

static void networks_have_own_points_unless_shared(void **state) {
  (void)state;
  const struct batch_position here = {.network = 3, .step = 17, .epoch_step = 17, .batch = 8};
  struct batch_position other = here, later = here;
  other.network = 4;
  later.step = later.epoch_step = 18;
  for (int shared = 0; shared < 2; shared++) {
    struct dataset_spec own = online, rows = fixed;
    own.shared = rows.shared = shared;
    struct dataset *fresh = create(own), *set = create(rows);
    assert_true(same_points(fresh, here, here) && !same_points(fresh, here, later));
    assert_true(same_points(fresh, here, other) == shared);
    assert_true(same_points(set, here, other) == shared);
    dataset_free(fresh);
    dataset_free(set);
  }
}

static void training_and_test_points_differ(void **state) {
  (void)state;
  struct dataset *data = create(fixed);
  struct dataset_spec reseeded = fixed;
  reseeded.seed = 4;
  struct dataset *other = create(reseeded);
  assert_memory_not_equal(data->x, data->test_x, sizeof(double) * D);
  assert_memory_not_equal(data->x, other->x, sizeof(double) * D);
  for (int p = 0; p < N; p++) {
    double norm2 = 0;
    for (int k = 0; k < D; k++) norm2 += data->x[p * D + k] * data->x[p * D + k];
    assert_near(norm2, D, 1e-14);
  }
  dataset_free(data);
  dataset_free(other);
}

/* Label noise has the given standard deviation within 5 standard errors (probability of a false alarm: 6e-7). Test
 * labels have no noise. */
static void noise_is_added_to_training_labels(void **state) {
  (void)state;
  enum { MANY = 20000 };
  struct dataset_spec noisy = fixed;
  noisy.samples = MANY;
  noisy.noise = 0.3;
  struct dataset *data = create(noisy);
  double square = 0, label;
  for (int p = 0; p < MANY; p++) {
    target_eval(target, 1, data->x + p * D, &label);
    square += pow(data->y[p] - label, 2) / MANY;
  }
  assert_true(fabs(square / 0.09 - 1) < 5 * sqrt(2.0 / MANY));
  for (int p = 0; p < 5; p++) {
    target_eval(target, 1, data->test_x + p * D, &label);
    assert_true(label == data->test_y[p]);
  }
  dataset_free(data);
  noisy.mode = DATA_ONLINE;
  data = create(noisy);
  double x[D], y, again;
  const struct batch_position position = {.network = 3, .step = 17, .batch = 8};
  dataset_points(data, &position, 2, 1, x, &y);
  dataset_points(data, &position, 2, 1, x, &again);
  target_eval(target, 1, x, &label);
  assert_true(y == again && y != label);
  dataset_free(data);
}

/* Label noise depends on the index in the batch, not on the division of the batch into calls, and differs between
 * points. */
static void noise_depends_on_the_index_in_the_batch(void **state) {
  (void)state;
  enum { P = 200, CHUNK = 64 };
  struct dataset_spec noisy = online;
  noisy.noise = 0.3;
  struct dataset *data = create(noisy), *clean = create(online);
  const struct batch_position position = {.network = 3, .step = 17, .batch = P};
  double x[P * D], y[P], parts[P], label[P];
  dataset_points(data, &position, 0, P, x, y);
  for (int first = 0; first < P; first += CHUNK)
    dataset_points(data, &position, first, P - first < CHUNK ? P - first : CHUNK, x + first * D, parts + first);
  assert_memory_equal(parts, y, sizeof y);
  dataset_points(clean, &position, 0, P, x, label);
  for (int p = 0; p < P; p++)
    for (int q = 0; q < p; q++) assert_true(fabs((y[p] - label[p]) - (y[q] - label[q])) > 1e-12);
  dataset_free(data);
  dataset_free(clean);
}

/* A range of labels: they have the same bits as all labels of the batch, and other elements of y are unchanged. */
static void check_ranges(const char *name, struct target_spec spec) {
  enum { P = 100, FIRST = 7 };
  const int64_t ranges[][2] = {{0, P + FIRST}, {8, 16}, {15, 48}, {31, 33}, {40, 40}, {99, 120}, {0, 3}};
  struct dataset_spec noisy = online;
  noisy.noise = 0.3;
  struct target *labeled;
  struct dataset *data;
  assert_ok(target_create(&world, &spec, &labeled));
  assert_ok(dataset_create(labeled, &noisy, &data));
  const struct batch_position position = {.network = 3, .step = 17, .batch = P + FIRST};
  double x[P * D], y[P], part_x[P * D], part[P];
  dataset_points(data, &position, FIRST, P, x, y);
  for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
    for (int p = 0; p < P; p++) part[p] = -7;
    dataset_points_labeling(data, &position, FIRST, P, ranges[r], part_x, part);
    expect(memcmp(part_x, x, sizeof x) == 0, "%s, range %zu", name, r);
    for (int p = 0; p < P; p++) {
      const bool in_range = FIRST + p >= ranges[r][0] && FIRST + p < ranges[r][1];
      expect(part[p] == (in_range ? y[p] : -7), "%s, range %zu, point %d: %g", name, r, FIRST + p, part[p]);
    }
  }
  dataset_free(data);
  target_free(labeled);
}

static void labels_do_not_depend_on_their_range(void **state) {
  (void)state;
  check_ranges("spin", (struct target_spec){.type = TARGET_SPIN, .d = D, .seed = 1});
  check_ranges("teacher", (struct target_spec){.type = TARGET_TEACHER,
                                               .d = D,
                                               .seed = 1,
                                               .teacher_units = 5,
                                               .teacher = {.type = UNIT_TANH, .c = {0, 1}, .a = {0, 1}, .b = {0, 1}}});
  check_ranges("hermite", (struct target_spec){.type = TARGET_HERMITE,
                                               .d = D,
                                               .seed = 1,
                                               .hermite = {.axes = HERMITE_RANDOM,
                                                           .directions = 2,
                                                           .terms = 2,
                                                           .term = {{1, 1, {{0, 3}}}, {-0.7, 2, {{0, 1}, {1, 2}}}}}});
  assert_expected();
}

/* dataset_draw takes points and noise from the given random streams, by index. */
static void drawn_points_belong_to_their_streams(void **state) {
  (void)state;
  enum { FIRST = 5, P = 9 };
  const struct rng points = {3, RNG_PROBE, 0, 0}, noise = {3, RNG_PROBE, 0, 1};
  struct dataset_spec noisy = online;
  noisy.noise = 0.3;
  struct dataset *data = create(noisy);
  double x[P * D], y[P], clean[P], expected[D], label, normal;
  dataset_draw(data, &points, NULL, FIRST, P, x, clean);
  dataset_draw(data, &points, &noise, FIRST, P, x, y);
  for (int p = 0; p < P; p++) {
    rng_sphere(&points, (uint64_t)(FIRST + p), D, expected);
    rng_normal(&noise, (uint64_t)(FIRST + p), 1, &normal);
    target_eval(target, 1, expected, &label);
    assert_memory_equal(x + p * D, expected, sizeof expected);
    assert_true(clean[p] == label && y[p] == label + 0.3 * normal);
  }
  dataset_free(data);
}

static bool is_sign(double y) {
  return y == -1 || y == 1;
}

static bool is_a_number(double y) {
  return y == y;
}

static void expect_refused(const struct dataset *data, const char *message) {
  assert_status(USAGE, dataset_check_labels(data, is_sign, "-1 or 1"));
  assert_string_equal(error_text(), message);
}

/* Stored sets: every label is checked, including the last one. */
static void labels_that_are_not_valid_are_named(void **state) {
  (void)state;
  struct dataset *data = create(fixed);
  assert_ok(dataset_check_labels(data, is_a_number, "a number"));
  for (int p = 0; p < N; p++) data->y[p] = p % 2 ? 1 : -1;
  for (int p = 0; p < 5; p++) data->test_y[p] = 1;
  assert_ok(dataset_check_labels(data, is_sign, "-1 or 1"));
  data->test_y[4] = 0.5;
  expect_refused(data, "the label of test point 4 (counted from 0) is 0.5, expected -1 or 1");
  data->y[N - 1] = nextafter(1, 2);
  expect_refused(data, "the label of training point 21 (counted from 0) is 1.0000000000000002, expected -1 or 1");
  data->y[7] = NAN;
  expect_refused(data, "the label of training point 7 (counted from 0) is nan, expected -1 or 1");
  dataset_free(data);
}

/* Labels drawn at each step: the check reads the noisy labels of a sample of the points of the first step. */
static void labels_of_fresh_points_are_checked_on_a_sample(void **state) {
  (void)state;
  struct dataset_spec noisy = online;
  noisy.noise = 0.3;
  struct dataset *data = create(noisy);
  double x[D], y;
  char message[128];
  dataset_points(data, &(struct batch_position){.batch = 64}, 0, 1, x, &y);
  snprintf(message, sizeof message, "the label of training point 0 (counted from 0) is %.17g, expected -1 or 1", y);
  expect_refused(data, message);
  assert_ok(dataset_check_labels(data, is_a_number, "a number"));
  data->test_y[2] = NAN;
  assert_status(USAGE, dataset_check_labels(data, is_a_number, "a number"));
  assert_non_null(strstr(error_text(), "test point 2 "));
  dataset_free(data);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signs_are_those_of_gaussian_points),
      cmocka_unit_test(an_epoch_contains_no_point_twice),
      cmocka_unit_test(orders_differ_between_epochs_and_batch_sizes),
      cmocka_unit_test(points_do_not_depend_on_the_division_into_calls),
      cmocka_unit_test(networks_have_own_points_unless_shared),
      cmocka_unit_test(training_and_test_points_differ),
      cmocka_unit_test(noise_is_added_to_training_labels),
      cmocka_unit_test(noise_depends_on_the_index_in_the_batch),
      cmocka_unit_test(labels_do_not_depend_on_their_range),
      cmocka_unit_test(drawn_points_belong_to_their_streams),
      cmocka_unit_test(labels_that_are_not_valid_are_named),
      cmocka_unit_test(labels_of_fresh_points_are_checked_on_a_sample),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
