#include "dynamics/schedule.h"

#include <math.h>

#include "base/error.h"

const char *const scheme_names[SCHEMES] = {"gd", "sgd"};

int64_t schedule_steps(const struct schedule *schedule) {
  int64_t steps = 0;
  for (int s = 0; s < schedule->stages; s++) steps += schedule->stage[s].steps;
  return steps;
}

int schedule_stage(const struct schedule *schedule, int64_t step) {
  int s = 0;
  for (; s < schedule->stages - 1 && step >= schedule->stage[s].steps; s++) step -= schedule->stage[s].steps;
  return s;
}

int64_t schedule_first(const struct schedule *schedule, int stage) {
  int64_t step = 0;
  for (int s = 0; s < stage; s++) step += schedule->stage[s].steps;
  return step;
}

bool schedule_is_random(const struct schedule *schedule) {
  const struct update_spec *update = &schedule->update;
  const bool noiseless = update->rule == UPDATE_BAOAB && !(update->gamma > 0);
  bool random = update->birth_death.rate > 0;
  for (int s = 0; s < schedule->stages && !noiseless; s++) random |= schedule->stage[s].temperature > 0;
  return random;
}

const char *schedule_beyond_limit(const struct schedule *schedule, int64_t step) {
  return schedule->stage[schedule_stage(schedule, step)].temperature > 0
             ? "may not be Langevin dynamics: linearized steps have a stationary law only below the limit, with a bias "
               "that vanishes with dt"
             : "may not be gradient flow";
}

bool schedule_auto(const struct schedule *schedule, int64_t step) {
  for (int s = 0; s < schedule->stages && schedule_first(schedule, s) < step; s++)
    if (!(schedule->stage[s].dt > 0)) return true;
  return false;
}

/* With powl, the power has the same bits on all processors of one architecture: pow of glibc depends on whether the
 * processor has FMA. */
double schedule_network_dt(double dt, double power, int64_t n) {
  return power == 0 ? dt : dt * (double)powl((long double)n, (long double)power);
}

void schedule_moves(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble, int64_t step,
                    double dt, struct update_move *move) {
  const struct stage *now = &schedule->stage[stage];
  for (int e = 0; e < ensemble->members; e++)
    move[e] =
        (struct update_move){.step = step,
                             .dt = schedule_network_dt(dt, now->dt_power, ensemble->n[e]),
                             .last_dt = move[e].dt > 0 ? move[e].dt : move[e].last_dt,
                             .tau = schedule_network_dt(now->temperature, now->temperature_power, ensemble->n[e])};
}

double schedule_dt_most(double power, const struct ensemble_spec *ensemble, double most) {
  double largest = 1;
  for (int e = 0; e < ensemble->members; e++) largest = fmax(largest, schedule_network_dt(1, power, ensemble->n[e]));
  return most / largest;
}

bool schedule_dt_varies(const struct schedule *schedule, int64_t step) {
  for (int s = 0; s < schedule->stages && schedule_first(schedule, s) < step; s++)
    if (schedule->stage[s].dt_power != 0) return true;
  return false;
}

double schedule_time(const struct schedule *schedule, int64_t n, int64_t step) {
  double time = 0;
  for (int s = 0; s < schedule->stages && step > 0; s++) {
    const struct stage *stage = &schedule->stage[s];
    const int64_t steps = step < stage->steps ? step : stage->steps;
    time += (double)steps * schedule_network_dt(stage->dt, stage->dt_power, n);
    step -= steps;
  }
  return time;
}

double dt_segment_dt(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member) {
  return schedule_network_dt(segment->dt, segment->power, ensemble->n[member]);
}

double dt_segment_time(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member,
                       int64_t step) {
  return segment->time[member] + (double)(step - segment->step) * dt_segment_dt(segment, ensemble, member);
}

double dt_segment_last_dt(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member,
                          int64_t step) {
  return step > segment->step ? dt_segment_dt(segment, ensemble, member)
                              : schedule_network_dt(segment->last_dt, segment->last_power, ensemble->n[member]);
}

struct dt_segment schedule_segment(const struct schedule *schedule, const struct ensemble_spec *ensemble,
                                   int64_t step) {
  const int stage = schedule_stage(schedule, step);
  struct dt_segment segment = {.step = schedule_first(schedule, stage),
                               .dt = schedule->stage[stage].dt,
                               .power = schedule->stage[stage].dt_power,
                               .last_dt = stage > 0 ? schedule->stage[stage - 1].dt : 0,
                               .last_power = stage > 0 ? schedule->stage[stage - 1].dt_power : 0};
  for (int e = 0; e < ensemble->members; e++) segment.time[e] = schedule_time(schedule, ensemble->n[e], segment.step);
  return segment;
}

int64_t schedule_batch(const struct schedule *schedule, int stage, int64_t n, int64_t samples) {
  const struct stage *s = &schedule->stage[stage];
  if (s->batch > 0) return s->batch;
  if (s->batch_scale <= 0) return samples;
  /* The batch is floor(scale n^power). Without the tolerance, 0.29 * 100 = 28.999999999999996 would become 28. */
  const double batch = floor(s->batch_scale * pow((double)n, s->batch_power) * (1 + 1e-12));
  return batch < 1 ? 1 : batch < BATCH_LIMIT ? (int64_t)batch : BATCH_LIMIT;
}

int64_t schedule_largest_batch(const struct schedule *schedule, const struct ensemble_spec *ensemble, int64_t samples) {
  int64_t largest = 0;
  for (int s = 0; s < schedule->stages; s++)
    for (int e = 0; e < ensemble->members; e++) {
      const int64_t batch = schedule_batch(schedule, s, ensemble->n[e], samples);
      if (batch > largest) largest = batch;
    }
  return largest;
}

/* Returns the number of pairs (unit, point), or (unit, unit) with the exact potential, of one unit in one step. */
static double unit_pairs(const struct schedule *schedule, int stage, int64_t n, const struct dataset *data) {
  return (double)(dataset_exact(data->spec.mode) ? n : schedule_batch(schedule, stage, n, data->samples));
}

double schedule_member_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                             const struct dataset *data, int member) {
  const int64_t n = ensemble->n[member];
  return (double)n * (double)ensemble->replicas * unit_pairs(schedule, stage, n, data);
}

double schedule_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                      const struct dataset *data) {
  double pairs = 0;
  for (int e = 0; e < ensemble->members; e++) pairs += schedule_member_pairs(schedule, stage, ensemble, data, e);
  return pairs;
}

double schedule_work(const struct schedule *schedule, const struct ensemble_spec *ensemble, const struct dataset *data,
                     int64_t first, int64_t end) {
  double pairs = 0;
  int64_t begin = 0;
  for (int s = 0; s < schedule->stages; s++) {
    const int64_t next = begin + schedule->stage[s].steps;
    const int64_t from = first > begin ? first : begin, to = end < next ? end : next;
    if (from < to) pairs += (double)(to - from) * schedule_pairs(schedule, s, ensemble, data);
    begin = next;
  }
  return pairs;
}

int schedule_check(const struct schedule *schedule, int stage, int64_t n, int64_t samples) {
  const int64_t batch = schedule_batch(schedule, stage, n, samples);
  const int64_t most = samples > 0 ? samples : BATCH_LIMIT - 1;
  if (batch <= most) return OK;
  return FAIL(USAGE, "dynamics.stages[%d]: batch: expected at most %lld points (%s), received %s%lld for n = %lld",
              stage, (long long)most, samples > 0 ? "the fixed set" : "2^31 - 1", batch == BATCH_LIMIT ? ">= " : "",
              (long long)batch, (long long)n);
}

bool schedule_same_batch(const struct schedule *schedule, int stage, int other) {
  const struct stage *a = &schedule->stage[stage], *b = &schedule->stage[other];
  return a->batch == b->batch && a->batch_scale == b->batch_scale && a->batch_power == b->batch_power;
}

static bool same_step(const struct stage *a, const struct stage *b) {
  const bool same = a->dt > 0 || (a->dt_safety == b->dt_safety && a->dt_every == b->dt_every);
  return same && a->dt == b->dt && a->dt_power == b->dt_power && a->batch == b->batch &&
         a->batch_scale == b->batch_scale && a->batch_power == b->batch_power && a->temperature == b->temperature &&
         a->temperature_power == b->temperature_power;
}

bool schedule_agree(const struct schedule *a, const struct schedule *b, int64_t step) {
  if (a->scheme != b->scheme) return false;
  int i = 0, j = 0;
  int64_t left_a = a->stage[0].steps, left_b = b->stage[0].steps;
  while (step > 0) {
    if (i >= a->stages || j >= b->stages || !same_step(&a->stage[i], &b->stage[j])) return false;
    const int64_t common = left_a < left_b ? left_a : left_b;
    step -= common;
    const bool apart = left_a != left_b && step > 0; /* a stage begins in only one of the schedules */
    if (apart && !(a->stage[i].dt > 0)) return false;
    left_a -= common;
    left_b -= common;
    if (left_a == 0 && ++i < a->stages) left_a = a->stage[i].steps;
    if (left_b == 0 && ++j < b->stages) left_b = b->stage[j].steps;
  }
  return true;
}
