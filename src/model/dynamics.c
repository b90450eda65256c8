#include "model/dynamics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "base/status.h"

enum {
  CHUNK_BYTES = 256 << 10, /* points of a chunk: half of a common L2 cache */
  CHUNK_MIN = 48,          /* chunks are multiples of this: the kernels' inner blocks */
  CHUNK_MAX = 4032,
  GRAD_BYTES = 64 << 20, /* gradients held at a time when a batch has several chunks */
  SLOTS = 3              /* networks in work at a time: two split ones and one of our own */
};

/* Where the points of a pass come from: the batch of a step, or a whole set in kernel form. */
struct source {
  int64_t count;
  const struct points *whole; /* NULL: drawn by data_points at place, labels too */
  const double *y;            /* [count] labels of a whole set */
  struct data_place place;
};

/* Work space of one network during a pass. */
struct slot {
  int64_t capacity;     /* points */
  int64_t *limbs;       /* per chunk EXACT_LIMBS(points of the chunk) */
  double *f, *y;        /* [count] */
  void *r;              /* real [count + POINT_PAD] */
  struct points points; /* the chunk drawn last */
  int64_t drawn;        /* its first point, -1: none of this network */
  struct comm_sum sum;
};

struct fault {
  bool found;
  int64_t step, n, replica;
};

struct dynamics {
  struct particles *particles;
  const struct data *data;
  const struct schedule *schedule;
  const struct kernel *kernel;
  int stage, chunk;
  int64_t order_start;       /* step at which the batch size last changed */
  int order;                 /* changes of the batch size before */
  struct points test, train; /* whole sets in kernel form */
  struct slot slot[SLOTS];
  double *x; /* [chunk][d] */
  void *real_tiles, *scratch;
  double *grad; /* [grad_tiles][d+2][TILE] */
  int64_t grad_tiles;
  double pairs;
  struct fault fault;
};

/* What happens to a network once its outputs f are known. */
struct pass {
  struct source (*source)(const struct dynamics *dynamics, const struct share *share, const struct pass *pass);
  void (*then)(struct dynamics *dynamics, const struct share *share, struct slot *slot, const struct source *source,
               const struct pass *pass);
  int64_t step;
  bool move;
  struct observation *observation; /* [shares] or NULL */
  enum point_set set;
  double *f; /* [shares][count of set] */
};

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int chunk_points(int d, enum precision precision) {
  const int points = CHUNK_BYTES / (int)((size_t)(d + 1) * precision_real(precision)) / CHUNK_MIN * CHUNK_MIN;
  return points < CHUNK_MIN ? CHUNK_MIN : points > CHUNK_MAX ? CHUNK_MAX : points;
}

/* ---- memory ---- */

static int slot_reserve(const struct dynamics *dynamics, struct slot *slot, int64_t count) {
  if (count <= slot->capacity) return OK;
  const int64_t chunks = (count + dynamics->chunk - 1) / dynamics->chunk;
  free(slot->limbs);
  free(slot->f);
  free(slot->y);
  free(slot->r);
  slot->capacity = 0;
  slot->limbs = NULL;
  slot->f = slot->y = slot->r = NULL;
  TRY(status_array((void **)&slot->limbs, 3 * count + chunks, sizeof(int64_t), "sums over units"));
  TRY(status_array((void **)&slot->f, count, sizeof(double), "network outputs"));
  TRY(status_array((void **)&slot->y, count, sizeof(double), "labels"));
  TRY(status_array(&slot->r, count + POINT_PAD, sizeof(double), "residuals"));
  slot->capacity = count;
  return OK;
}

/* Grows the slots and the gradient buffer to what the own networks need at the current stage. */
static int reserve(struct dynamics *dynamics) {
  const struct particles *particles = dynamics->particles;
  const struct data *data = dynamics->data;
  int64_t most = 1;
  for (int s = 0; s < particles->shares; s++) {
    const struct share *share = &particles->share[s];
    int64_t count = schedule_batch(dynamics->schedule, dynamics->stage, share->n, data->samples);
    if (count > most) most = count;
  }
  const int64_t batch = most;
  if (data->tests > most) most = data->tests;
  if (data->samples > most) most = data->samples;
  for (int s = 0; s < SLOTS; s++)
    if (s < particles->split || s == SLOTS - 1) TRY(slot_reserve(dynamics, &dynamics->slot[s], most));

  /* One chunk: every tile moves as soon as its gradient is known. */
  const int64_t tile_bytes = (int64_t)sizeof(double) * TILE * (particles->d + FIELD_A);
  const int64_t fit = GRAD_BYTES / tile_bytes > 1 ? GRAD_BYTES / tile_bytes : 1;
  const int64_t tiles = batch <= dynamics->chunk ? 1 : min64(fit, particles->tile_count ? particles->tile_count : 1);
  if (tiles > dynamics->grad_tiles) {
    free(dynamics->grad);
    dynamics->grad_tiles = 0;
    TRY(status_array((void **)&dynamics->grad, tiles, (size_t)tile_bytes, "gradients"));
  }
  dynamics->grad_tiles = tiles;
  return OK;
}

static int whole_set(const struct dynamics *dynamics, int64_t count, const double *x, struct points *points) {
  if (count == 0) return OK;
  const struct particles *particles = dynamics->particles;
  TRY(points_alloc(points, particles->precision, count, particles->d));
  points_set(points, particles->precision, &particles->unit, (int)count, particles->d, x);
  return OK;
}

static int create_local(struct dynamics *dynamics) {
  const struct particles *particles = dynamics->particles;
  const struct data *data = dynamics->data;
  const int d = particles->d, chunk = dynamics->chunk;
  TRY(whole_set(dynamics, data->samples, data->x, &dynamics->train));
  TRY(whole_set(dynamics, data->tests, data->test_x, &dynamics->test));
  for (int s = 0; s < SLOTS; s++) TRY(points_alloc(&dynamics->slot[s].points, particles->precision, chunk, d));
  TRY(status_array((void **)&dynamics->x, (int64_t)chunk * d, sizeof(double), "points"));
  TRY(status_array(&dynamics->real_tiles, BLOCK_TILES, sizeof(double) * (size_t)((d + FIELD_A) * TILE), "a block"));
  const size_t forward = forward_scratch(chunk), gradient = gradient_scratch(d);
  return status_array(&dynamics->scratch, 1, forward > gradient ? forward : gradient, "kernel scratch");
}

int dynamics_create(struct particles *particles, const struct data *data, const struct schedule *schedule, enum isa isa,
                    struct dynamics **out) {
  struct dynamics *dynamics = status_malloc(sizeof *dynamics);
  *dynamics = (struct dynamics){.particles = particles,
                                .data = data,
                                .schedule = schedule,
                                .kernel = kernel_find(particles->unit.type, particles->precision, isa),
                                .stage = -1,
                                .chunk = chunk_points(particles->d, particles->precision)};
  const int status = comm_agree(particles->comm, create_local(dynamics));
  if (status != OK) {
    dynamics_free(dynamics);
    return status;
  }
  *out = dynamics;
  return OK;
}

void dynamics_free(struct dynamics *dynamics) {
  if (!dynamics) return;
  for (int s = 0; s < SLOTS; s++) {
    struct slot *slot = &dynamics->slot[s];
    free(slot->limbs);
    free(slot->f);
    free(slot->y);
    free(slot->r);
    points_free(&slot->points);
  }
  points_free(&dynamics->test);
  points_free(&dynamics->train);
  free(dynamics->x);
  free(dynamics->real_tiles);
  free(dynamics->scratch);
  free(dynamics->grad);
  free(dynamics);
}

int dynamics_enter_stage(struct dynamics *dynamics, int stage) {
  if (stage == dynamics->stage) return OK;
  struct particles *particles = dynamics->particles;
  const struct ensemble_spec *ensemble = &particles->ensemble;
  double cost[ENSEMBLE_MAX];
  dynamics->stage = stage;
  dynamics->order_start = dynamics->order = 0;
  int64_t start = 0;
  for (int s = 1; s <= stage; s++) {
    start += dynamics->schedule->stage[s - 1].steps;
    if (schedule_same_batch(dynamics->schedule, s - 1, s)) continue;
    dynamics->order_start = start;
    dynamics->order++;
  }
  for (int e = 0; e < ensemble->members; e++)
    cost[e] = (double)schedule_batch(dynamics->schedule, stage, ensemble->n[e], dynamics->data->samples);
  TRY(particles_balance(particles, cost));
  return comm_agree(particles->comm, reserve(dynamics));
}

/* ---- one pass over the networks ---- */

/* Points first .. of a source in kernel form and, if asked, the labels of a batch in slot->y. A chunk that the slot
 * still holds from the forward pass is not drawn again. */
static struct points chunk_of(struct dynamics *dynamics, struct slot *slot, const struct source *source, int64_t first,
                              bool labels) {
  const struct particles *particles = dynamics->particles;
  const int d = particles->d, count = (int)min64(dynamics->chunk, source->count - first);
  if (source->whole) {
    const size_t real = precision_real(particles->precision);
    return (struct points){.count = count,
                           .d = d,
                           .x = (char *)source->whole->x + real * (size_t)(first * d),
                           .q = (char *)source->whole->q + real * (size_t)first};
  }
  if (slot->drawn != first) {
    data_points(dynamics->data, &source->place, first, count, dynamics->x, labels ? slot->y + first : NULL);
    points_set(&slot->points, particles->precision, &particles->unit, count, d, dynamics->x);
    slot->drawn = first;
  }
  return slot->points;
}

/* Tiles in the arithmetic of the kernels: the stored ones, or copies of `mixed` ones. */
static const void *real_tiles(const struct dynamics *dynamics, const void *tiles, int count) {
  const struct particles *particles = dynamics->particles;
  if (particles->precision != PRECISION_MIXED) return tiles;
  const size_t real_bytes = particles->tile_bytes / sizeof(double) * sizeof(float);
  for (int t = 0; t < count; t++)
    dynamics->kernel->narrow(particles->d, (const char *)tiles + (size_t)t * particles->tile_bytes,
                             (char *)dynamics->real_tiles + (size_t)t * real_bytes);
  return dynamics->real_tiles;
}

static int block_tiles(const struct share *share, int64_t block) {
  return (block_units(share->n, share->first_block + block) + TILE - 1) / TILE;
}

/* The own part of n f_n at all points of the source, in limbs. */
static void forward(struct dynamics *dynamics, const struct share *share, struct slot *slot,
                    const struct source *source) {
  double *sum = slot->f; /* free until the sums are read */
  int64_t *limbs = slot->limbs;
  slot->drawn = -1;
  for (int64_t first = 0; first < source->count; first += dynamics->chunk) {
    const struct points points = chunk_of(dynamics, slot, source, first, true);
    memset(limbs, 0, sizeof(int64_t) * (size_t)EXACT_LIMBS(points.count));
    for (int64_t block = 0; block < share->blocks; block++) {
      const int tiles = block_tiles(share, block);
      const void *real = real_tiles(dynamics, share_block(dynamics->particles, share, block), tiles);
      dynamics->kernel->forward(tiles, real, &points, dynamics->scratch, sum);
      exact_add(points.count, sum, limbs);
    }
    limbs += EXACT_LIMBS(points.count);
  }
}

static int64_t limb_words(const struct dynamics *dynamics, int64_t count) {
  return 3 * count + (count + dynamics->chunk - 1) / dynamics->chunk;
}

/* f_n from the limbs; false if a term was not finite. */
static bool outputs(struct dynamics *dynamics, const struct share *share, struct slot *slot, int64_t count) {
  const int64_t *limbs = slot->limbs;
  for (int64_t first = 0; first < count; first += dynamics->chunk) {
    const int points = (int)min64(dynamics->chunk, count - first);
    if (!exact_value(points, limbs, slot->f + first)) return false;
    limbs += EXACT_LIMBS(points);
  }
  for (int64_t p = 0; p < count; p++) slot->f[p] /= (double)share->n;
  return true;
}

static void finish(struct dynamics *dynamics, int s, struct slot *slot, const struct source *source,
                   const struct pass *pass) {
  const struct share *share = &dynamics->particles->share[s];
  if (outputs(dynamics, share, slot, source->count)) {
    pass->then(dynamics, share, slot, source, pass);
  } else {
    if (!dynamics->fault.found) dynamics->fault = (struct fault){true, pass->step, share->n, share->replica};
    /* Whatever is recorded of this network is not a number; the run stops at the next check. */
    for (int64_t p = 0; p < source->count; p++) slot->f[p] = NAN;
    if (pass->f || pass->observation) pass->then(dynamics, share, slot, source, pass);
  }
}

/* Runs a pass over all own networks: the sums of split ones travel while the others are computed. */
static void run_pass(struct dynamics *dynamics, const struct pass *pass) {
  const struct particles *particles = dynamics->particles;
  struct source source[SLOTS];
  for (int s = 0; s < particles->split; s++) {
    const struct share *share = &particles->share[s];
    struct slot *slot = &dynamics->slot[s];
    source[s] = pass->source(dynamics, share, pass);
    forward(dynamics, share, slot, &source[s]);
    comm_sum_begin(share->group, slot->limbs, limb_words(dynamics, source[s].count), &slot->sum);
  }
  struct slot *own = &dynamics->slot[SLOTS - 1];
  for (int s = particles->split; s < particles->shares; s++) {
    source[SLOTS - 1] = pass->source(dynamics, &particles->share[s], pass);
    forward(dynamics, &particles->share[s], own, &source[SLOTS - 1]);
    finish(dynamics, s, own, &source[SLOTS - 1], pass);
  }
  for (int s = 0; s < particles->split; s++) {
    comm_sum_end(&dynamics->slot[s].sum);
    finish(dynamics, s, &dynamics->slot[s], &source[s], pass);
  }
}

/* ---- residual, gradient, move ---- */

/* Own part of the particle means, then the sum over the group. sums: limbs. */
static void particle_means(const struct share *share, int64_t *limbs, struct observation *observation) {
  if (share->group) {
    struct comm_sum sum;
    comm_sum_begin(share->group, limbs, EXACT_LIMBS(PARTICLE_MEANS), &sum);
    comm_sum_end(&sum);
  }
  if (!exact_value(PARTICLE_MEANS, limbs, observation->mean))
    for (int m = 0; m < PARTICLE_MEANS; m++) observation->mean[m] = NAN;
}

/* r = f - y into slot->r as reals; returns half the mean square. */
static double residuals(const struct dynamics *dynamics, struct slot *slot, const struct source *source) {
  const double *y = source->whole ? source->y : slot->y;
  const bool is_float = precision_real(dynamics->particles->precision) == sizeof(float);
  double square = 0;
  for (int64_t p = 0; p < source->count; p++) {
    const double r = slot->f[p] - y[p];
    square += r * r;
    if (is_float)
      ((float *)slot->r)[p] = (float)r;
    else
      ((double *)slot->r)[p] = r;
  }
  memset((char *)slot->r + precision_real(dynamics->particles->precision) * (size_t)source->count, 0,
         precision_real(dynamics->particles->precision) * POINT_PAD);
  return square / (2 * (double)source->count);
}

/* Gradients of own tiles first .. first+count-1 of a share over all points, into dynamics->grad. */
static void gradients(struct dynamics *dynamics, const struct share *share, struct slot *slot,
                      const struct source *source, int64_t first, int64_t count) {
  const struct particles *particles = dynamics->particles;
  const size_t fields = (size_t)(particles->d + FIELD_A) * TILE, real = precision_real(particles->precision);
  memset(dynamics->grad, 0, sizeof(double) * fields * (size_t)count);
  for (int64_t p = 0; p < source->count; p += dynamics->chunk) {
    const struct points points = chunk_of(dynamics, slot, source, p, false);
    for (int64_t t = 0; t < count; t++) {
      const char *tile = (char *)particles->tiles + (size_t)(share->tile + first + t) * particles->tile_bytes;
      dynamics->kernel->gradient(real_tiles(dynamics, tile, 1), &points, (char *)slot->r + real * (size_t)p,
                                 dynamics->scratch, dynamics->grad + fields * (size_t)t);
    }
  }
}

/* The gradient of every own tile and, tile by tile, its move and its share of the particle means. */
static void move(struct dynamics *dynamics, const struct share *share, struct slot *slot, const struct source *source,
                 double rate, struct observation *observation) {
  const struct particles *particles = dynamics->particles;
  const size_t fields = (size_t)(particles->d + FIELD_A) * TILE;
  const int64_t units = share_units(share), tiles = network_tiles(units);
  int64_t limbs[EXACT_LIMBS(PARTICLE_MEANS)] = {0};
  double square[TILE], sums[PARTICLE_MEANS];
  for (int64_t first = 0; first < tiles; first += dynamics->grad_tiles) {
    const int64_t count = min64(dynamics->grad_tiles, tiles - first);
    gradients(dynamics, share, slot, source, first, count);
    for (int64_t t = 0; t < count; t++) {
      char *tile = (char *)particles->tiles + (size_t)(share->tile + first + t) * particles->tile_bytes;
      const int used = (int)min64(TILE, units - (first + t) * TILE);
      const double *grad = dynamics->grad + fields * (size_t)t, scale = 1 / (double)source->count;
      if (observation) { /* of the state before the move */
        dynamics->kernel->move(particles->d, particles->unit.train, used, scale, 0, grad, tile, square);
        observe_tile(particles->d, used, (double)share->n, tile, precision_stored(particles->precision), square, sums);
        exact_add(PARTICLE_MEANS, sums, limbs);
      }
      if (rate > 0) dynamics->kernel->move(particles->d, particles->unit.train, used, scale, rate, grad, tile, NULL);
    }
  }
  if (observation) particle_means(share, limbs, observation);
}

/* ---- what passes do ---- */

static struct source batch_source(const struct dynamics *dynamics, const struct share *share, const struct pass *pass) {
  const struct schedule *schedule = dynamics->schedule;
  const struct data *data = dynamics->data;
  const int64_t batch = schedule_batch(schedule, dynamics->stage, share->n, data->samples);
  struct source source = {.count = batch,
                          .place = {.network = network_key(share->n, share->replica),
                                    .step = pass->step,
                                    .epoch_step = pass->step - dynamics->order_start,
                                    .stage = dynamics->order,
                                    .batch = batch}};
  if (batch == data->samples) {
    source.whole = &dynamics->train;
    source.y = data->y;
  }
  return source;
}

static void train_network(struct dynamics *dynamics, const struct share *share, struct slot *slot,
                          const struct source *source, const struct pass *pass) {
  struct observation *observation = pass->observation ? &pass->observation[share - dynamics->particles->share] : NULL;
  const double loss = residuals(dynamics, slot, source);
  if (observation) observation->loss = loss;
  const double dt = dynamics->schedule->stage[dynamics->stage].dt;
  const bool sound = isfinite(loss);
  if (sound || observation)
    move(dynamics, share, slot, source, pass->move && sound ? dt / (double)source->count : 0, observation);
  dynamics->pairs += (double)source->count * (double)share_units(share);
}

static struct source set_source(const struct dynamics *dynamics, const struct share *share, const struct pass *pass) {
  (void)share;
  const bool test = pass->set == POINTS_TEST;
  const struct data *data = dynamics->data;
  return (struct source){.count = test ? data->tests : data->samples,
                         .whole = test ? &dynamics->test : &dynamics->train,
                         .y = test ? data->test_y : data->y};
}

static void keep_outputs(struct dynamics *dynamics, const struct share *share, struct slot *slot,
                         const struct source *source, const struct pass *pass) {
  const int64_t s = share - dynamics->particles->share;
  memcpy(pass->f + s * source->count, slot->f, sizeof(double) * (size_t)source->count);
}

static void test_network(struct dynamics *dynamics, const struct share *share, struct slot *slot,
                         const struct source *source, const struct pass *pass) {
  struct observation *observation = &pass->observation[share - dynamics->particles->share];
  observation->test_loss = residuals(dynamics, slot, source);
}

void dynamics_evaluate(struct dynamics *dynamics, enum point_set set, double *f) {
  run_pass(dynamics, &(struct pass){.source = set_source, .then = keep_outputs, .set = set, .f = f});
}

void dynamics_step(struct dynamics *dynamics, int64_t step, bool moving, struct observation *observation) {
  if (observation) {
    for (int s = 0; s < dynamics->particles->shares; s++)
      observation[s] = (struct observation){.C_f = dynamics->data->C_f, .test_loss = NAN};
    if (dynamics->data->tests > 0)
      run_pass(dynamics, &(struct pass){.source = set_source,
                                        .then = test_network,
                                        .step = step,
                                        .set = POINTS_TEST,
                                        .observation = observation});
  }
  run_pass(
      dynamics,
      &(struct pass){
          .source = batch_source, .then = train_network, .step = step, .move = moving, .observation = observation});
}

int dynamics_check(const struct dynamics *dynamics) {
  const struct fault *fault = &dynamics->fault;
  if (!fault->found) return OK;
  return FAIL(
      FAILED,
      "step %lld: the network of n = %lld, replica %lld left the range of numbers (a sum was not finite or beyond "
      "2^39); its step size is too large for it: use a smaller dynamics.stages[].dt",
      (long long)fault->step, (long long)fault->n, (long long)fault->replica);
}

double dynamics_pairs(const struct dynamics *dynamics) {
  return dynamics->pairs;
}
