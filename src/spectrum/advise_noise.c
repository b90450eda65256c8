#include "advise_noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "spectrum/advise.h"
#include "tangent/jacobian.h"
#include "tangent/probe.h"
#include "tangent/symmetric.h"

static const double SHARE = 0.95; /* of the noise floor */
enum { UNITS = 1 << 14 }; /* measured networks of a size have at most this number of units, or are a single one */

/* A record of one network, as sent to rank 0: numbers [record_numbers]: its index, its member, the eigenvalues of M/N
 * [N], those of half of the points [N/2], and, if there is a V_gibbs, the upper triangle of Q by rows and f/alpha
 * [N]. */
struct advise_noise {
  int points; /* N */
  bool whole; /* the N points are the whole fixed set */
  bool gibbs; /* V_gibbs is defined */
  int64_t records;
  double *record; /* [records], by network */
};

static int64_t triangle(int64_t N) {
  return N * (N + 1) / 2;
}

static int64_t record_numbers(const struct advise_noise *noise) {
  const int64_t N = noise->points;
  return 2 + N + N / 2 + (noise->gibbs ? triangle(N) + N : 0);
}

/* Returns whether the units have a stationary law that they reach independently of their start: each parameter is
 * trained and confined by a ridge or to the sphere, or is the same number for all units. */
static bool units_are_ergodic(const struct config *config) {
  const struct unit_spec *unit = &config->unit;
  const struct normal_law law[FIELDS] = {[FIELD_C] = unit->c, [FIELD_A] = unit->a, [FIELD_B] = unit->b};
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  for (int id = 0; id < FIELDS; id++) {
    const unsigned bit = 1u << id;
    if (!(unit_manifold(unit->type)->fields & bit)) continue;
    const bool confined = config->schedule.update.ridge[id] > 0 || (sphere && id == FIELD_A);
    if (unit->train & bit ? !confined : law[id].std != 0 || unit->import.path[0]) return false;
  }
  return true;
}

/* Returns the ridge of all trained parameters, or NAN if they have several. */
static double common_ridge(const struct config *config) {
  const unsigned trained = config->unit.train & unit_manifold(config->unit.type)->fields;
  double ridge = -1;
  for (int id = 0; id < FIELDS; id++) {
    if (!(trained & 1u << id)) continue;
    if (ridge >= 0 && ridge != config->schedule.update.ridge[id]) return NAN;
    ridge = config->schedule.update.ridge[id];
  }
  return fmax(ridge, 0);
}

/* ---- one network ---- */

typedef bool product(struct jacobian *jacobian, const struct local_network *local, int team, int in, int in_count,
                     const double *v, int out, int out_count, double *w);

/* Returns the number of elements of the upper triangle of a [N][N] before row p. */
static int64_t row_start(int64_t N, int64_t p) {
  return triangle(N) - triangle(N - p);
}

/* upper = the upper triangle of a [N][N], by rows. Returns false if the network has diverged. */
static bool form(struct jacobian *jacobian, const struct local_network *local, product *between, int N, double *upper) {
  const double one = 1;
  for (int p = 0; p < N; p++)
    if (!between(jacobian, local, TEAM_LARGE, p, 1, &one, p, N - p, upper + row_start(N, p))) return false;
  return true;
}

/* values [N/stride] = the eigenvalues of rows and columns 0, stride, .. of a symmetric matrix, divided by their number.
 * Those that rounding cannot distinguish from 0 are 0. epsilon: relative error of an element; work [(N + 4) N]. */
static void eigenvalues(int N, int stride, const double *upper, double epsilon, double *values, double *work) {
  const int size = N / stride;
  for (int i = 0; i < size; i++)
    for (int j = i; j < size; j++)
      work[i * size + j] = work[j * size + i] = upper[row_start(N, i * stride) + (j - i) * stride] / size;
  symmetric_eigenvalues(size, work, values, work + (int64_t)size * size);
  const double zero = fmax(epsilon, N * 0x1p-52) * values[size - 1];
  for (int i = 0; i < size; i++)
    if (values[i] <= zero) values[i] = 0;
}

/* Returns the relative error of an element of M or Q. */
static double element_error(const struct particles *particles) {
  return precision_real(particles->precision) == sizeof(float) ? 0x1p-22 : 0x1p-50;
}

/* upper [N (N + 1)/2], work [(N + 4) N]: work space. */
static void measure(const struct advise_noise *noise, const struct particles *particles, struct jacobian *jacobian,
                    const struct local_network *local, double *upper, double *work, double *record) {
  const int N = noise->points;
  double *g = record + 2, *half = g + N, *Q = half + N / 2, *f = Q + triangle(N);
  record[0] = (double)local->network;
  record[1] = (double)local->member;
  bool sound = form(jacobian, local, jacobian_apply_between, N, upper);
  if (sound && noise->gibbs) {
    sound = form(jacobian, local, jacobian_moment_between, N, Q) && jacobian_outputs(jacobian, local, TEAM_LARGE, f);
    for (int p = 0; p < N; p++) f[p] /= ensemble_scale(&particles->ensemble, local->member);
  }
  if (!sound)
    for (int64_t i = 2; i < record_numbers(noise); i++) record[i] = NAN;
  if (!sound || !local->lead) return; /* only the leading rank sends the record */
  eigenvalues(N, 1, upper, element_error(particles), g, work);
  if (N > 1) eigenvalues(N, 2, upper, element_error(particles), half, work);
}

/* ---- all networks ---- */

static int by_network(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Collective. Sets noise->record on rank 0 from the records of all ranks. */
static void gather(const struct comm *comm, const double *own, int64_t owned, struct advise_noise *noise) {
  const int64_t bytes_of_record = (int64_t)sizeof *own * record_numbers(noise);
  int64_t *bytes = alloc_small(sizeof *bytes * (size_t)comm->size);
  void *all;
  comm_gather(comm, own, bytes_of_record * owned, &all, bytes);
  for (int rank = 0; rank < comm->size && all; rank++) noise->records += bytes[rank] / bytes_of_record;
  if (all) qsort(all, (size_t)noise->records, (size_t)bytes_of_record, by_network);
  noise->record = all;
  free(bytes);
}

static bool is_measured(const struct local_network *local) {
  const int64_t most = UNITS / local->n < ADVISE_REPLICAS ? UNITS / local->n : ADVISE_REPLICAS;
  return local->replica < (most > 1 ? most : 1);
}

/* Collective. */
static int measure_all(const struct problem *problem, struct jacobian *jacobian, struct advise_noise *noise) {
  const struct particles *particles = problem->particles;
  const int64_t N = noise->points, numbers = record_numbers(noise);
  int64_t owned = 0, measured = 0;
  double *own = NULL, *upper = NULL, *work = NULL;
  for (int s = 0; s < particles->locals; s++) measured += is_measured(&particles->local[s]);
  int status = alloc_array((void **)&own, (measured + 1) * numbers, sizeof *own, "eigenvalues of tangent kernels");
  if (status == OK) status = alloc_array((void **)&upper, triangle(N), sizeof *upper, "a tangent kernel");
  if (status == OK) status = alloc_array((void **)&work, (N + 4) * N, sizeof *work, "a tangent kernel");
  status = comm_agree(particles->comm, status);
  for (int s = 0; s < particles->locals && status == OK; s++) {
    const struct local_network *local = &particles->local[s];
    if (!is_measured(local)) continue;
    measure(noise, particles, jacobian, local, upper, work, own + owned * numbers);
    owned += local->lead;
  }
  if (status == OK) gather(particles->comm, own, owned, noise);
  free(own);
  free(upper);
  free(work);
  return status;
}

int advise_noise_create(const struct problem *problem, struct advise_noise **out) {
  const struct particles *particles = problem->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, problem->isa);
  struct advise_noise *noise = alloc_small(sizeof *noise);
  struct probe *probe = NULL;
  struct jacobian *jacobian = NULL;
  int status = probe_create(problem->data, &particles->unit, particles->precision, ADVISE_NOISE, PROBE_EVEN, &probe);
  if (status == OK) status = jacobian_create(particles, kernel, &probe->points, problem->config->threads, &jacobian);
  status = comm_agree(particles->comm, status);
  if (status == OK) {
    *noise = (struct advise_noise){.points = probe->count,
                                   .whole = probe->count == problem->data->samples,
                                   .gibbs = units_are_ergodic(problem->config)};
    status = measure_all(problem, jacobian, noise);
  }
  jacobian_free(jacobian);
  probe_free(probe);
  if (status == OK && particles->comm->rank == 0) {
    *out = noise;
    return OK;
  }
  free(noise);
  *out = NULL;
  return status;
}

void advise_noise_free(struct advise_noise *noise) {
  if (!noise) return;
  free(noise->record);
  free(noise);
}

/* ---- modes ---- */

/* The rule by which a mode moves whose force is -x times the displacement, x = g + ridge. */
struct law {
  int rule; /* enum update_id */
  double gamma, dt;
};

/* Returns the stationary variance of the displacement divided by tau; NAN: there is none. */
static double mode_variance(const struct law *law, double x) {
  const bool langevin = law->rule == UPDATE_BAOAB;
  const bool stable = langevin ? law->dt * law->dt * x < 4 && law->gamma > 0 : law->dt * x < 2;
  if (!stable || !(x > 0)) return NAN;
  return law->rule == UPDATE_EULER ? 1 / (x * (1 - law->dt * x / 2)) : 1 / x;
}

/* The linear map of displacement and velocity in a step without noise. Rules without velocity use m[0][0] only. */
struct map {
  double m[2][2];
};

static struct map map_product(const struct map *a, const struct map *b) {
  struct map both;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) both.m[i][j] = a->m[i][0] * b->m[0][j] + a->m[i][1] * b->m[1][j];
  return both;
}

static struct map mode_map(const struct law *law, double x) {
  const double h = law->dt / 2, decay = exp(-law->gamma * law->dt), reach = h * (1 + decay), kept = 1 - reach * h * x;
  if (law->rule != UPDATE_BAOAB) return (struct map){{{1 - law->dt * x, 0}, {0, 0}}};
  return (struct map){{{kept, reach}, {-h * x * (kept + decay), decay - h * x * reach}}};
}

/* Returns the rate at which the displacement of a mode relaxes: -log|largest eigenvalue of its map| / dt. */
static double mode_rate(const struct law *law, double x) {
  const struct map map = mode_map(law, x);
  const double half = (map.m[0][0] + map.m[1][1]) / 2,
               determinant = map.m[0][0] * map.m[1][1] - map.m[0][1] * map.m[1][0], root2 = half * half - determinant;
  return -log(root2 > 0 ? fabs(half) + sqrt(root2) : sqrt(determinant)) / law->dt;
}

/* Returns 1 - v_k/v for the variance v_k of a displacement that is 0 at the start, with velocity 0, after k >= 1 steps.
 * The covariance of displacement and velocity is S - A^k S A^k', where A is the map, S = diag(v, w) and, with the
 * temperature 1, v = 1/x and w = 1 - x dt^2/4, the variance of the velocity. For leimkuhler_matthews, A = 1 - dt x:
 * 1 - v_k/v = A^(2k-1), because the noise of consecutive steps is correlated; here with |A|. */
static double mode_left(const struct law *law, double x, double k) {
  struct map square = mode_map(law, x), power = {{{1, 0}, {0, 1}}};
  const bool correlated = law->rule == UPDATE_LEIMKUHLER_MATTHEWS;
  const double factor = correlated ? fabs(square.m[0][0]) : 1;
  if (correlated) k--;
  for (; k >= 1; k = floor(k / 2)) {
    if (fmod(k, 2) == 1) power = map_product(&power, &square);
    square = map_product(&square, &square);
  }
  const double w = 1 - x * law->dt * law->dt / 4;
  return factor * (power.m[0][0] * power.m[0][0] + power.m[0][1] * power.m[0][1] * x * w);
}

struct mode {
  double x, rate, weight; /* weight: g times the variance, divided by the number of networks */
};

struct modes {
  int64_t count;
  struct mode *mode;
  double sum; /* of weights */
};

static int by_rate(const void *a, const void *b) {
  const double x = ((const struct mode *)a)->rate, y = ((const struct mode *)b)->rate;
  return x > y ? -1 : x < y;
}

/* Sets the modes of one size: the eigenvalues above 0 among numbers first .. first+count-1 of its records. */
static void set_modes(const struct advise_noise *noise, const struct law *law, double ridge, int member, int64_t first,
                      int64_t count, struct modes *modes) {
  int64_t networks = 0;
  *modes = (struct modes){.mode = alloc_small(sizeof *modes->mode * (size_t)(noise->records * count + 1))};
  for (int64_t i = 0; i < noise->records; i++) {
    const double *record = noise->record + i * record_numbers(noise);
    if (record[1] != member) continue;
    networks++;
    for (int64_t k = first; k < first + count; k++) {
      const double g = record[k], x = g + ridge;
      if (g == 0) continue;
      modes->mode[modes->count++] = (struct mode){x, mode_rate(law, x), g * mode_variance(law, x)};
    }
  }
  for (int64_t k = 0; k < modes->count; k++) modes->sum += modes->mode[k].weight /= (double)networks;
}

/* Returns whether the noise has reached SHARE of its floor after this number of steps. */
static bool reached(const struct law *law, const struct modes *modes, double steps) {
  double left = 0;
  for (int64_t k = 0; k < modes->count; k++) left += modes->mode[k].weight * mode_left(law, modes->mode[k].x, steps);
  return left <= (1 - SHARE) * modes->sum;
}

/* Returns the smallest number of steps after which the noise has reached SHARE of its floor; INFINITY: none. */
static double steps_to_floor(const struct law *law, const struct modes *modes) {
  double low = 0, high = 1;
  while (!reached(law, modes, high) && isfinite(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > fmax(1, high * 0x1p-52) && isfinite(high)) {
    const double middle = floor(low + (high - low) / 2);
    if (reached(law, modes, middle))
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* Returns the relaxation time of the slowest of the fastest modes that have SHARE of the floor. */
static double slowest_time(const struct modes *modes) {
  double sum = 0;
  qsort(modes->mode, (size_t)modes->count, sizeof *modes->mode, by_rate);
  for (int64_t k = 0; k < modes->count; k++) {
    sum += modes->mode[k].weight;
    if (sum >= SHARE * modes->sum) return 1 / modes->mode[k].rate;
  }
  return NAN;
}

/* ---- one size ---- */

/* Returns sum k/(tau + k) over the eigenvalues k of K/N, for the mean of K over the networks of a size. */
static double gibbs_sum(const struct advise_noise *noise, int64_t n, int member, double tau, double epsilon) {
  const int64_t N = noise->points;
  double *upper = alloc_small(sizeof *upper * (size_t)triangle(N)),
         *work = alloc_small(sizeof *work * (size_t)((N + 4) * N));
  double *values = alloc_small(sizeof *values * (size_t)N), sum = 0, networks = 0;
  memset(upper, 0, sizeof *upper * (size_t)triangle(N));
  for (int64_t i = 0; i < noise->records; i++) {
    const double *record = noise->record + i * record_numbers(noise), *Q = record + 2 + N + N / 2, *f = Q + triangle(N);
    if (record[1] != member) continue;
    networks++;
    for (int p = 0; p < N; p++)
      for (int q = p; q < N; q++, Q++)
        upper[row_start(N, p) + q - p] += (*Q - f[p] * f[q]) * (double)n / (double)(n - 1);
  }
  for (int64_t i = 0; i < triangle(N); i++) upper[i] /= networks;
  eigenvalues((int)N, 1, upper, epsilon, values, work);
  for (int64_t k = 0; k < N; k++) sum += values[k] / (tau + values[k]);
  free(values);
  free(work);
  free(upper);
  return sum;
}

void advise_noise_set(const struct advise_noise *noise, const struct problem *problem, int stage, int member,
                      double *value) {
  const struct config *config = problem->config;
  const struct stage *at = &config->schedule.stage[stage];
  const struct update_spec *update = &config->schedule.update;
  const int64_t n = config->ensemble.n[member];
  const struct law law = {update->rule, update->gamma, value[ADVICE_DT]};
  const double tau = schedule_network_dt(at->temperature, at->temperature_power, n), ridge = common_ridge(config),
               scale = ensemble_scale(&config->ensemble, member), unit = scale * scale / (double)n;
  struct modes modes, half;
  set_modes(noise, &law, ridge, member, 2, noise->points, &modes);
  set_modes(noise, &law, ridge, member, 2 + noise->points, noise->points / 2, &half);
  value[ADVICE_TAU] = tau;
  value[ADVICE_V_NOISE] = tau * unit * modes.sum;
  value[ADVICE_NOISE_ERROR] = noise->whole ? 0 : tau * unit * fabs(modes.sum - half.sum);
  if (modes.sum > 0) {
    value[ADVICE_TAU_INIT] = value[ADVICE_V_INIT] / (unit * modes.sum);
    value[ADVICE_STEPS_95] = steps_to_floor(&law, &modes);
    value[ADVICE_T_95] = value[ADVICE_STEPS_95] * law.dt;
    value[ADVICE_T_SLOW] = slowest_time(&modes);
  }
  if (noise->gibbs && tau > 0 && n > 1)
    value[ADVICE_V_GIBBS] = tau * unit * gibbs_sum(noise, n, member, tau, element_error(problem->particles));
  free(modes.mode);
  free(half.mode);
}
