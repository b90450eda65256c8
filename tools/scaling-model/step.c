/* step: simulates one step of McKean on virtual ranks of SimGrid's SMPI.
 *
 * The program links the code of a run unchanged: dynamics_step, particles_create (ownership) and comm.c. So the model
 * follows every change in that code. This file replaces only the code that costs time or memory: the kernels
 * (particles/kernel.h) and dataset_points_labeling. The replacements compute nothing. They add the time that the real
 * code would take to `owed`, a variable of each rank. Before every call of MPI in a sum over ranks and at the end of
 * the step, the rank sleeps for this time, which advances the simulated clock. A stored parameter takes no memory
 * (precision_stored), so one process can simulate 10^8 particles on a thousand ranks.
 *
 * Messages take processor time: each send and each receive of a sum, each test for messages that have arrived, and each
 * message with points (point_exchange_message_ns).
 *
 * Sums of up to RANK_SUM_SMALL words run as in McKean, message by message (parallel/rank_sum.h). Longer sums use
 * MPI_Allreduce and MPI_Iallreduce. This file replaces MPI_Iallreduce, because the one of SMPI sends p^2 messages. The
 * replacement consists of a binomial reduction and a binomial broadcast, like Open MPI's in-place MPI_Iallreduce, but
 * it blocks. The additions of a sum take no simulated time.
 *
 * usage: step N P D PRECISION NS_PAIR FORWARD NS_UNIT NS_POINT NS_DRAW NS_LABEL NS_MESSAGE NS_TEST
 * Prints means over several steps: the seconds of a step and, of these, the largest number of seconds in which a rank
 * computes; that a rank takes for points: drawing, labels, messages, residuals; and that a rank takes for messages of
 * sums and for tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/target_kind.h" /* POINT_LANES */
#include "dynamics/dynamics.h"
#include "dynamics/gradient_source.h"
#include "dynamics/noise.h"
#include "dynamics/point_exchange.h"
#include "dynamics/update_isa.h"
#include "parallel/comm.h"

/* Computing time in ns: pair: per unit and point, of which outputs take the fraction `forward`; unit: per unit, for its
 * update; point: per point and rank, to compute its residual; draw: per point that a rank draws; label: per label;
 * message: per send and per receive of a sum over ranks; test: per test for messages that have arrived. */
static struct { double pair, forward, unit, point, draw, label, message, test; } cost;
static double owed, spent; /* computing time of this rank in ns, not yet and already simulated */
static double samples;     /* the part of it that is for points */
static double messages;    /* the part of it that is for messages of sums, and for tests */

static void owe_for_samples(double ns) {
  owed += ns;
  samples += ns;
}

static void owe_for_messages(double ns) {
  owed += ns;
  messages += ns;
}

static void spend(void) {
  const long long ns = (long long)(owed + 0.5);
  const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
  nanosleep(&time, NULL);
  spent += owed;
  owed = 0;
}

/* Long sums: log2(p) sends and as many receives. */
static void owe_for_reduction(MPI_Comm comm) {
  int ranks;
  PMPI_Comm_size(comm, &ranks);
  for (int p = 1; p < ranks; p *= 2) owe_for_messages(2 * cost.message);
}

int MPI_Allreduce(const void *from, void *words, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  owe_for_reduction(comm);
  spend();
  return PMPI_Allreduce(from, words, count, type, op, comm);
}

int MPI_Iallreduce(const void *from, void *words, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request *request) {
  int rank;
  owe_for_reduction(comm); /* of the root; other ranks send and receive less */
  owe_for_reduction(comm);
  spend();
  PMPI_Comm_rank(comm, &rank);
  PMPI_Reduce(rank == 0 ? from : words, words, count, type, op, 0, comm);
  PMPI_Bcast(words, count, type, 0, comm);
  *request = MPI_REQUEST_NULL;
  return MPI_SUCCESS;
}

/* Points are sent as bytes. Each message with points that is sent stands for one that is received. */
int MPI_Isend(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request) {
  if (type == MPI_BYTE)
    owe_for_samples(point_exchange_message_ns(count));
  else
    owe_for_messages(cost.message);
  spend();
  return PMPI_Isend(data, count, type, to, tag, comm, request);
}

int MPI_Irecv(void *data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request) {
  if (type != MPI_BYTE) owe_for_messages(cost.message);
  return PMPI_Irecv(data, count, type, from, tag, comm, request);
}

int MPI_Testall(int count, MPI_Request *request, int *complete, MPI_Status *status) {
  owe_for_messages(cost.test);
  spend();
  return PMPI_Testall(count, request, complete, status);
}

int MPI_Waitany(int count, MPI_Request *request, int *arrived, MPI_Status *status) {
  spend();
  return PMPI_Waitany(count, request, arrived, status);
}

int MPI_Waitall(int count, MPI_Request *request, MPI_Status *status) {
  spend();
  return PMPI_Waitall(count, request, status);
}

/* ---- replacements of particles/kernel.h and of dataset_points_labeling ---- */

static void narrow(int d, const void *tile, void *real_tile) {
  (void)d, (void)tile, (void)real_tile;
}

static void forward(int tiles, const void *real_tile, const struct points *points, bool resume, void *scratch,
                    void *activations, double *sum) {
  (void)real_tile, (void)resume, (void)scratch, (void)activations;
  if (sum) memset(sum, 0, sizeof *sum * (size_t)points->count);
  owed += cost.forward * cost.pair * TILE * tiles * points->count;
}

static void gradient(const void *real_tile, const struct points *points, const void *r, const void *activations,
                     bool resume, void *sums, double *grad) {
  (void)real_tile, (void)r, (void)activations, (void)resume, (void)sums, (void)grad;
  owed += (1 - cost.forward) * cost.pair * TILE * points->count;
}

static void project(int d, const void *tile, double *grad) {
  (void)d, (void)tile, (void)grad;
}

static void update(const struct tile_step *step) {
  (void)step;
  owed += cost.unit * TILE;
}

#define ROW(level, prefix) update_row prefix##_##level = {update};
ISA_BUILT(ROW, update_table)

const struct gradient_source *gradient_source_find(const struct unit_spec *unit, const struct dataset *data) {
  (void)unit, (void)data;
  return NULL; /* the model has sampled points */
}

const struct kernel *kernel_find(int unit, enum precision precision, enum isa isa) {
  (void)unit, (void)precision, (void)isa;
  static const struct kernel timed = {.narrow = narrow, .forward = forward, .gradient = gradient, .project = project};
  return &timed;
}

const char *const precision_names[PRECISIONS] = {"single", "mixed", "double"};

size_t precision_stored(enum precision precision) {
  (void)precision;
  return 0;
}

size_t precision_real(enum precision precision) {
  return precision == PRECISION_DOUBLE ? sizeof(double) : sizeof(float);
}

size_t forward_scratch(int count) {
  (void)count;
  return 0;
}

const void *kernel_real_tiles(const struct kernel *kernel, int d, const void *tiles, int count, void *buffer) {
  (void)kernel, (void)d, (void)count, (void)buffer;
  return tiles;
}

size_t gradient_sums(int d) {
  return sizeof(double) * tile_numbers(d);
}

int points_alloc(struct points *points, enum precision precision, int64_t count, int d) {
  *points = (struct points){.d = d};
  return alloc_array(&points->x, count * d, precision_real(precision), "points"); /* for messages */
}

void points_free(struct points *points) {
  free(points->x);
  *points = (struct points){0};
}

void points_set(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                const double *x) {
  (void)precision, (void)unit, (void)d, (void)x;
  points->count = count;
}

int points_create(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                  const double *x) {
  if (count == 0) return OK;
  TRY(points_alloc(points, precision, count, d));
  points_set(points, precision, unit, count, d, x);
  return OK;
}

void noise_add(const struct noise *noise, double amplitude, double *value) {
  (void)noise, (void)amplitude, (void)value; /* the modeled runs have no temperature */
}

const uint32_t *dataset_order(const struct dataset *data, const struct batch_position *position,
                              struct epoch_order *order) {
  (void)data, (void)position;
  return order->rows;
}

static int round_up(int count, int multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/* Points are drawn POINT_LANES at a time, and labels are computed a vector at a time. */
void dataset_points_labeling(const struct dataset *data, const struct batch_position *position, int64_t first,
                             int count, const int64_t labels[2], double *x, double *y) {
  (void)data, (void)position, (void)x;
  int labeled = 0;
  for (int p = 0; p < count; p++)
    if (first + p >= labels[0] && first + p < labels[1]) {
      y[p] = 0;
      labeled++;
    }
  owe_for_samples(cost.draw * round_up(count, POINT_LANES) + cost.label * round_up(labeled, LABEL_LANES));
}

/* ---- the run ---- */

enum { TIMED = 3 }; /* steps that are timed; they follow one that has no points drawn ahead */

struct run {
  struct ensemble_spec ensemble;
  struct schedule schedule;
  struct dataset data;
  enum precision precision;
};

static int read_arguments(int argc, char **argv, struct run *run) {
  double *const costs[] = {&cost.pair, &cost.forward, &cost.unit,    &cost.point,
                           &cost.draw, &cost.label,   &cost.message, &cost.test};
  enum { FIRST = 5, COSTS = sizeof costs / sizeof *costs };
  if (argc != FIRST + COSTS)
    return FAIL(USAGE,
                "usage: step N P D PRECISION NS_PAIR FORWARD NS_UNIT NS_POINT NS_DRAW NS_LABEL NS_MESSAGE NS_TEST");
  while (run->precision < PRECISIONS && strcmp(argv[4], precision_names[run->precision]) != 0) run->precision++;
  if (run->precision == PRECISIONS)
    return FAIL(USAGE, "PRECISION must be single, mixed or double, received %s", argv[4]);
  const struct stage stage = {.steps = 1 + TIMED, .dt = 1, .batch = atoll(argv[2])};
  run->ensemble = (struct ensemble_spec){.members = 1, .n = {atoll(argv[1])}, .replicas = 1};
  run->schedule = (struct schedule){.scheme = SCHEME_SGD, .stages = 1, .stage = {stage}};
  run->data = (struct dataset){.spec = {.mode = DATA_ONLINE}, .d = atoi(argv[3])};
  for (int i = 0; i < COSTS; i++) *costs[i] = atof(argv[FIRST + i]);
  if (run->ensemble.n[0] < 1 || stage.batch < 1 || run->data.d < 1)
    return FAIL(USAGE, "N, P and D must be positive integers");
  return OK;
}

static int simulate(const struct comm *world, const struct run *run) {
  const struct unit_spec unit = {.type = UNIT_SIGMOID, .train = FIELD_BIT_C | FIELD_BIT_A | FIELD_BIT_B};
  const double even = 1;
  struct particles *particles;
  struct dynamics *dynamics;
  TRY(particles_create(world, &run->ensemble, &unit, run->data.d, run->precision, &even, &particles));
  TRY(dynamics_create(particles, &run->data, &run->schedule, ISA_portable, 1, &dynamics));
  TRY(dynamics_enter_stage(dynamics, 0));
  dynamics_step(dynamics, 0, run->schedule.stage[0].dt, NULL);
  spend();
  comm_barrier(world);
  spent = samples = messages = 0;
  const double began = comm_time();
  for (int step = 1; step <= TIMED; step++) {
    dynamics_step(dynamics, step, run->schedule.stage[0].dt, NULL);
    owe_for_samples(cost.point * (double)run->schedule.stage[0].batch);
    spend();
  }
  const double own[] = {comm_time(), began, 1e-9 * spent, 1e-9 * samples, 1e-9 * messages}; /* comm_max adds to them */
  double most[sizeof own / sizeof *own];
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) most[i] = comm_max(world, own[i]) / TIMED;
  if (world->rank == 0) printf("%.9g %.9g %.9g %.9g\n", most[0] - most[1], most[2], most[3], most[4]);
  dynamics_free(dynamics);
  particles_free(particles);
  return OK;
}

int main(int argc, char **argv) {
  struct comm world;
  struct run run = {0};
  int status = comm_start(&argc, &argv, &world);
  if (status == OK) status = read_arguments(argc, argv, &run);
  if (status == OK) status = simulate(&world, &run);
  if (status != OK && world.rank == 0) fprintf(stderr, "step: %s\n", error_text());
  comm_stop();
  return status;
}
