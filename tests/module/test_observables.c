// ranks: 1 2 3 4
/* observables: losses and particle means equal plain loops over all units, for parameters of any magnitude, also for
 * networks that ranks share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynamics/outputs.h"
#include "fixture.h"

enum { D = 4, P = 30 };

/* Adds the sums of c, c^2, c^4, |a|, |a|^2 over the units of a network that this rank owns. */
static void sum_units(const struct fixture *fixture, const struct local_network *local, double sum[5]) {
  for (int64_t i = 0; i < local_network_units(local); i++) {
    double c, b, a[D], norm2 = 0;
    local_network_get(fixture->particles, local, local_network_first_unit(local) + i, 1, &c, a, &b);
    for (int k = 0; k < D; k++) norm2 += a[k] * a[k];
    const double terms[5] = {c, c * c, c * c * c * c, sqrt(norm2), norm2};
    for (int m = 0; m < 5; m++) sum[m] += terms[m];
  }
}

/* The same sums over all units of each network, sum [networks][5], on all ranks. Collective. */
static void plain_sums(const struct fixture *fixture, int networks, double (*sum)[5]) {
  memset(sum, 0, sizeof *sum * (size_t)networks);
  for (int s = 0; s < fixture->particles->locals; s++)
    sum_units(fixture, &fixture->particles->local[s], sum[fixture->particles->local[s].network]);
  MPI_Allreduce(MPI_IN_PLACE, sum, 5 * networks, MPI_DOUBLE, MPI_SUM, world.mpi);
}

static void check_means(double std, const char *unit) {
  enum { NETWORKS = 6 };
  struct fixture *fixture = fixture_create("run: {precision: double, seed: 3}\n"
                                           "ensemble: {n: [3, 700, 1500], replicas: 2}\n"
                                           "unit: {type: %s, init: {c: {std: %.17g}}}\n"
                                           "target: {type: spin, d: %d}\n"
                                           "data: {mode: fixed, samples: %d, test: 10}\n"
                                           "dynamics: {scheme: gd, stages: [{steps: 5, dt: 0.1}]}\n",
                                           unit, std, D, P);
  double sum[NETWORKS][5];
  const int64_t n[] = {3, 3, 700, 700, 1500, 1500};
  plain_sums(fixture, NETWORKS, sum);
  fixture_observe(fixture, 0);
  static const int means[5] = {MEAN_C, MEAN_C2, MEAN_C4, MEAN_A, MEAN_A2};
  static const double power[5] = {1, 2, 4, 0, 0};
  for (int s = 0; s < fixture->particles->locals; s++) {
    const int64_t g = fixture->particles->local[s].network;
    for (int m = 0; m < 5; m++) {
      const double want = sum[g][m] / (double)n[g], found = fixture->observation[s].mean[means[m]];
      expect(fabs(found - want) <= 1e-12 * fmax(pow(std, power[m]), fabs(want)),
             "unit %s, std of c %g, n = %lld, mean %d", unit, std, (long long)n[g], m);
    }
    expect(fixture->observation[s].mean[MEAN_GRAD2] > 0, "unit %s, std of c %g, n = %lld", unit, std, (long long)n[g]);
  }
  assert_expected();
  fixture_free(fixture);
}

static void means_equal_plain_loops(void **state) {
  (void)state;
  const double stds[] = {1, 1e-7, 1e5}; /* c^4 from 1e-28 to 1e20 */
  for (int i = 0; i < 3; i++) {
    check_means(stds[i], "tanh");
    check_means(stds[i], "rbf");
  }
}

static void losses_follow_from_the_outputs(void **state) {
  (void)state;
  struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: [40, 900]}\n"
                                           "target: {type: spin, d: %d}\n"
                                           "data: {mode: fixed, samples: %d, test: 10}\n"
                                           "dynamics: {scheme: gd, stages: [{steps: 5, dt: 0.1}]}\n",
                                           D, P);
  fixture_observe(fixture, 0);
  const int shares = fixture->particles->locals;
  double *f = malloc(sizeof *f * P * (size_t)(shares + 1)), *test = malloc(sizeof *test * 10 * (size_t)(shares + 1));
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, f);
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TEST, test);
  for (int s = 0; s < shares; s++) {
    const long long n = fixture->particles->local[s].n;
    double loss = 0, test_loss = 0;
    for (int p = 0; p < P; p++) loss += pow(f[s * P + p] - fixture->data->y[p], 2) / (2 * P);
    for (int k = 0; k < 10; k++) test_loss += pow(test[s * 10 + k] - fixture->data->test_y[k], 2) / 20;
    expect(fabs(fixture->observation[s].loss - loss) <= 1e-13 * loss, "n = %lld", n);
    expect(fabs(fixture->observation[s].test_loss - test_loss) <= 1e-13 * test_loss, "n = %lld", n);
    expect(fixture->observation[s].loss_0 == fixture->target->C_f, "n = %lld", n);
  }
  assert_expected();
  free(f);
  free(test);
  fixture_free(fixture);
}

/* A step observes the state before the move: its observation equals one without a move, bit for bit. */
static void check_row_before_move(const char *unit, const char *data, const char *dynamics) {
  enum { STEP = 3 };
  struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: [40, 900], replicas: 2}\n"
                                           "unit: {%s}\ntarget: {type: spin, d: %d}\ndata: {%s, test: 10}\n"
                                           "dynamics: {%s}\n",
                                           unit, D, data, dynamics);
  const size_t shares = (size_t)fixture->particles->locals, bytes = shares * sizeof(struct observation);
  struct observation *row = malloc(bytes + 1);
  fixture_observe(fixture, STEP);
  dynamics_step(fixture->dynamics, STEP, fixture_dt(fixture, STEP), row);
  assert_all_for(memcmp(row, fixture->observation, bytes) == 0, "unit {%s}, data {%s}, dynamics {%s}", unit, data,
                 dynamics);
  fixture_observe(fixture, STEP);
  for (size_t s = 0; s < shares; s++)
    for (int m = 0; m < PARTICLE_MEANS; m++)
      expect(fixture->observation[s].mean[m] != row[s].mean[m] || m >= MEAN_A, "mean %d, unit {%s}, data {%s}", m, unit,
             data);
  for (size_t s = 0; s < shares; s++)
    expect(fixture->observation[s].test_loss != row[s].test_loss, "unit {%s}, data {%s}", unit, data);
  assert_expected();
  free(row);
  fixture_free(fixture);
}

static void rows_are_of_the_state_before_the_move(void **state) {
  (void)state;
  check_row_before_move("type: tanh", "mode: fixed, samples: 30", "scheme: gd, stages: [{steps: 5, dt: 0.1}]");
  check_row_before_move("type: tanh", "mode: fixed, samples: 30",
                        "scheme: sgd, stages: [{steps: 5, dt: 0.1, batch: 7}]");
  check_row_before_move("type: tanh", "mode: online", "scheme: sgd, stages: [{steps: 5, dt: 0.1, batch: 20}]");
  check_row_before_move("type: tanh", "mode: online",
                        "scheme: sgd, stages: [{steps: 5, dt: 0.1, batch: 2000}]"); /* several chunks of points */
  check_row_before_move("type: rbf", "mode: population", "scheme: gd, stages: [{steps: 5, dt: 0.1}]");
}

/* Returns whether the last step of some rank kept activations. Collective. */
static bool keeps_activations(const struct fixture *fixture) {
  const struct outputs *outputs = dynamics_outputs(fixture->dynamics);
  const int threads = fixture->config->threads;
  bool kept = false;
  for (int i = 0; i < team_count(threads); i++) {
    const struct team team = team_of(i, threads);
    kept = kept || outputs_activations(outputs, &team, 0, 0, 1);
  }
  return comm_any(&world, kept);
}

/* Observations and outputs have the same bits whether steps keep activations or compute them again. */
static void kept_activations_change_no_bit(void **state) {
  (void)state;
  enum { STEPS = 3 };
  struct observation *kept = NULL;
  for (int recompute = 0; recompute < 2; recompute++) {
    struct fixture *fixture = fixture_create("run: {precision: single}\nensemble: {n: [40, 900], replicas: 2}\n"
                                             "unit: {type: tanh}\ntarget: {type: spin, d: %d}\n"
                                             "data: {mode: online, test: 10}\n"
                                             "dynamics: {scheme: sgd, stages: [{steps: 5, dt: 0.1, batch: 200}]}\n",
                                             D);
    if (recompute) outputs_recompute(dynamics_outputs(fixture->dynamics));
    fixture_steps(fixture, 0, STEPS);
    assert_all_for(keeps_activations(fixture) == !recompute, "recompute = %d", recompute);
    fixture_observe(fixture, STEPS);
    const size_t bytes = (size_t)fixture->particles->locals * sizeof *kept;
    if (!recompute) {
      kept = malloc(bytes + 1);
      memcpy(kept, fixture->observation, bytes);
    } else
      assert_all(memcmp(kept, fixture->observation, bytes) == 0);
    fixture_free(fixture);
  }
  free(kept);
}

/* Returns half the mean square residual of a network on the batch at position. f [samples]: its outputs at the fixed
 * set. */
static double batch_loss(const struct dataset *data, const struct batch_position *position, const double *f) {
  double x[P * D], y[P], sum = 0;
  uint32_t rows[P];
  struct epoch_order order = {.epoch = -1, .rows = rows};
  struct batch_position batch = *position;
  batch.rows = dataset_order(data, position, &order);
  dataset_points(data, &batch, 0, (int)position->batch, x, y);
  for (int p = 0; p < position->batch; p++) {
    int64_t row = 0;
    while (row < data->samples && memcmp(data->x + row * D, x + p * D, sizeof(double) * D) != 0) row++;
    if (row == data->samples) die("a point is not in the set");
    sum += pow(f[row] - y[p], 2);
  }
  return sum / (2 * (double)position->batch);
}

/* Each segment of steps with one batch size visits the set in its own order, which starts with the segment
 * (data/dataset.h). A change of dt alone does not start a segment. */
static void each_batch_size_has_its_own_order(void **state) {
  (void)state;
  static const struct {
    int64_t step, batch, start; /* last step, batch size and first step of the segment */
    int order;
  } segment[] = {{2, 7, 0, 0}, {16, 5, 3, 1}, {25, 7, 17, 2}};
  struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: [40, 900]}\n"
                                           "target: {type: spin, d: %d}\n"
                                           "data: {mode: fixed, samples: %d, test: 0}\n"
                                           "dynamics: {scheme: sgd, stages: [{steps: 3, dt: 0.1, batch: 7}, "
                                           "{steps: 3, dt: 0.1, batch: 5}, {steps: 11, dt: 0.2, batch: 5}, "
                                           "{steps: 10, dt: 0.1, batch: 7}]}\n",
                                           D, P);
  const int shares = fixture->particles->locals;
  double *f = malloc(sizeof *f * P * (size_t)(shares + 1));
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, f);
  for (int64_t step = 0, i = 0; step <= 25; step++) {
    if (step > segment[i].step) i++;
    fixture_observe(fixture, step);
    for (int s = 0; s < shares; s++) {
      const struct local_network *local = &fixture->particles->local[s];
      const struct batch_position position = {.network = network_key(local->n, local->replica),
                                              .step = step,
                                              .epoch_step = step - segment[i].start,
                                              .order = segment[i].order,
                                              .batch = segment[i].batch};
      const double loss = batch_loss(fixture->data, &position, f + s * P);
      expect(fabs(fixture->observation[s].loss - loss) <= 1e-13 * loss, "step %lld, n = %lld", (long long)step,
             (long long)local->n);
    }
    assert_expected();
  }
  free(f);
  fixture_free(fixture);
}

static int column_number(const char *name, const struct loss_spec *loss) {
  const struct column_scope scope = {.loss = loss};
  for (int c = 0; c < column_count; c++)
    if (strcmp(column_table[c].name, name) == 0 && column_applies(&column_table[c], &scope)) return c;
  return -1;
}

static void accuracy_counts_right_signs(void **state) {
  (void)state;
  const struct loss_spec logistic = {.type = LOSS_LOGISTIC}, squared = {.type = LOSS_SQUARED};
  const double f[] = {0.1, -3, 2, -0.5, 0}, y[] = {1, -1, -1, 1, 1}, lost[] = {1, NAN};
  const int batch = column_number("accuracy", &logistic), test = column_number("test_accuracy", &logistic);
  struct observation observation = {0};
  assert_all(batch >= 0 && test >= 0 && column_number("accuracy", &squared) < 0);
  observables_points(&logistic, POINTS_BATCH, 5, f, y, &observation);
  assert_all(column_value(batch, &observation) == 0.4 && column_value(test, &observation) == 0);
  observables_points(&logistic, POINTS_TEST, 2, f, y, &observation);
  assert_all(column_value(batch, &observation) == 0.4 && column_value(test, &observation) == 1);
  observables_points(&logistic, POINTS_TEST, 2, lost, y, &observation);
  assert_all(isnan(column_value(test, &observation)));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(means_equal_plain_loops),
      cmocka_unit_test(losses_follow_from_the_outputs),
      cmocka_unit_test(rows_are_of_the_state_before_the_move),
      cmocka_unit_test(kept_activations_change_no_bit),
      cmocka_unit_test(each_batch_size_has_its_own_order),
      cmocka_unit_test(accuracy_counts_right_signs),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
