#include "dynamics/update.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dynamics/update_isa.h"
#include "particles/number.h"

static double euler_limit(const struct update_spec *spec, double lambda) {
  (void)spec;
  return 2 / lambda;
}

static double momentum_limit(const struct update_spec *spec, double lambda) {
  return 2 * (1 + spec->mu) / lambda;
}
static double momentum_rescale(int field, double factor) {
  (void)field;
  return factor; /* m / dt, the velocity, is unchanged */
}

static double baoab_limit(const struct update_spec *spec, double lambda) {
  (void)spec;
  return 2 / sqrt(lambda);
}
static double baoab_rescale(int field, double factor) {
  (void)field;
  (void)factor;
  return 1;
}

const struct update_rule update_table[UPDATES] = {
    [UPDATE_EULER] = {"euler",
                      "theta <- theta - dt g, g = grad V + ridge theta; a temperature tau adds sqrt(2 tau dt) xi",
                      .noises = 1, .thermal = true, .limit = euler_limit, .limit_formula = "2/lambda", .noise = true},
    [UPDATE_MOMENTUM] = {"momentum", "m <- mu m - dt g, theta <- theta + m; a change of dt rescales m; no temperature",
                         .fields = 1, .field_name = {"m"}, .field_description = {"last displacement"},
                         .limit = momentum_limit, .limit_formula = "2 (1 + mu)/lambda", .rescale = momentum_rescale},
    [UPDATE_LEIMKUHLER_MATTHEWS] =
        {"leimkuhler_matthews",
         "euler with the mean noise of two steps, (xi_k + xi_{k+1})/2: the stationary law of "
         "a quadratic potential is exact",
         .noises = 2, .thermal = true, .flat = true, .limit = euler_limit, .limit_formula = "2/lambda", .noise = true},
    [UPDATE_BAOAB] = {"baoab", "underdamped Langevin dynamics: velocities v with friction and temperature", .fields = 1,
                      .field_name = {"v"}, .field_description = {"velocity before the last half kick"}, .thermal = true,
                      .flat = true, .limit = baoab_limit, .limit_formula = "2/sqrt(lambda)", .rescale = baoab_rescale},
};

int update_find(const char *name) {
  for (int rule = 0; rule < UPDATES; rule++)
    if (strcmp(update_table[rule].name, name) == 0) return rule;
  return -1;
}

void update_field_name(const struct update_rule *rule, const struct unit_field *field, char name[UPDATE_FIELD_NAME]) {
  const char *parameter = field_table[field->id].name;
  if (field->rule_field == 0)
    snprintf(name, UPDATE_FIELD_NAME, "%s", parameter);
  else
    snprintf(name, UPDATE_FIELD_NAME, "%s_%s", rule->field_name[field->rule_field - 1], parameter);
}

void update_field_description(const struct update_rule *rule, const struct unit_field *field, char *text, size_t size) {
  const char *parameter = field_table[field->id].description;
  if (field->rule_field == 0)
    snprintf(text, size, "%s", parameter);
  else
    snprintf(text, size, "%s of the %s", rule->field_description[field->rule_field - 1], parameter);
}

double update_ridge(const struct update_spec *spec) {
  double largest = 0;
  for (int id = 0; id < FIELDS; id++) largest = fmax(largest, spec->ridge[id]);
  return largest;
}

double update_limit(const struct update_spec *spec, double lambda) {
  return update_table[spec->rule].limit(spec, lambda + update_ridge(spec));
}

struct column_scope update_columns(const struct update_spec *spec, const struct loss_spec *loss) {
  const bool ridge = update_ridge(spec) > 0, velocities = spec->rule == UPDATE_BAOAB;
  return (struct column_scope){loss, ridge, ridge || velocities || spec->thermal, velocities,
                               spec->birth_death.rate > 0};
}

bool update_is_descent(const struct update_spec *spec) {
  return spec->rule == UPDATE_EULER && !spec->thermal && !(update_ridge(spec) > 0) && !(spec->birth_death.rate > 0);
}

static int refuse_births(const struct update_spec *spec, const char *what) {
  if (spec->birth_death.rate > 0)
    return FAIL(USAGE, "dynamics.birth_death: %s: expected 0, received %g, for which McKean implements no theory", what,
                spec->birth_death.rate);
  return OK;
}

int update_needs_langevin(const struct update_spec *spec, const char *what) {
  if (!update_table[spec->rule].thermal)
    return FAIL(USAGE,
                "dynamics.update: %s: expected euler, leimkuhler_matthews or baoab, received %s, for which McKean "
                "implements no theory",
                what, update_table[spec->rule].name);
  return refuse_births(spec, what);
}

int update_needs_euler(const struct update_spec *spec, const char *what) {
  if (spec->rule != UPDATE_EULER)
    return FAIL(USAGE, "dynamics.update: %s: expected euler, received %s, for which McKean implements no theory", what,
                update_table[spec->rule].name);
  if (spec->thermal)
    return FAIL(USAGE, "dynamics.stages: %s: expected no temperature: McKean implements no theory for noisy steps",
                what);
  TRY(refuse_births(spec, what));
  if (!update_is_descent(spec))
    return FAIL(USAGE, "dynamics.ridge: %s: expected 0, received %g, for which McKean implements no theory", what,
                update_ridge(spec));
  return OK;
}

/* Returns the function that applies a rule to a tile (update_isa.c): theta <- theta - rate * grad for euler. */
static update_apply *apply_of(enum isa isa, int rule) {
  static update_row *const table[ISA_LEVELS] = {ISA_TABLE(update_table)};
  return (*table[isa])[rule];
}

/* Returns the trained parameters of the units, as a set (FIELD_BIT_*). */
static unsigned trained(const struct particles *particles) {
  return particles->unit.train & unit_manifold(particles->unit.type)->fields;
}

void update_clear(int d, int used, double *values) {
  for (int row = 0; row < tile_rows(d) && used < TILE; row++)
    for (int lane = used; lane < TILE; lane++) values[row * TILE + lane] = 0;
}

static double ridge_of_row(const struct update_spec *spec, int row) {
  return spec->ridge[row == ROW_C ? FIELD_C : row == ROW_B ? FIELD_B : FIELD_A];
}

/* Adds P lambda theta to grad, so that grad / P contains the ridge. */
static void add_ridge(const struct tile_step *step, double P) {
  for (int row = 0; row < tile_rows(step->d); row++) {
    const double ridge = P * ridge_of_row(step->spec, row);
    for (int i = row * TILE; i < (row + 1) * TILE && ridge > 0; i++)
      step->grad[i] += ridge * number_get(step->stored, step->tile, (size_t)i);
  }
}

/* Sets V [TILE], the potentials of the units of a tile (struct update). grad: without the ridge. */
static void set_potentials(const struct tile_step *step, double P, double *V) {
  for (int lane = 0; lane < step->used; lane++) {
    const size_t c = (size_t)(ROW_C * TILE + lane);
    V[lane] = number_get(step->stored, step->tile, c) * step->grad[c] / P;
    for (int row = 0; row < tile_rows(step->d); row++) {
      const double theta = number_get(step->stored, step->tile, (size_t)(row * TILE + lane));
      V[lane] += ridge_of_row(step->spec, row) / 2 * theta * theta;
    }
  }
}

/* Adds the noise of a rule to the gradient, so that -rate grad contains sqrt(2 tau dt) times the mean noise of `noises`
 * steps. */
static void add_noise(const struct tile_step *step, int noises) {
  struct noise noise = step->noise;
  const double amplitude = -sqrt(2 * step->move->tau * step->move->dt) / step->rate / noises;
  for (int i = 0; i < noises; i++, noise.step++) noise_add(&noise, amplitude, step->grad);
  step->kernel->project(step->d, step->tile, step->grad);
}

/* Sets the means of Langevin dynamics: the sums over the tile, divided by n. g = grad / P. */
static void set_langevin_means(const struct tile_step *step, double n, double P, double term[PARTICLE_MEANS]) {
  const bool velocities = step->spec->rule == UPDATE_BAOAB;
  for (int row = 0; row < tile_rows(step->d); row++)
    for (int i = row * TILE; i < row * TILE + step->used && step->train & tile_row_bit(row); i++) {
      const double theta = number_get(step->stored, step->tile, (size_t)i), g = step->grad[i] / P;
      term[MEAN_RIDGE] += ridge_of_row(step->spec, row) / 2 * theta * theta / n;
      term[MEAN_VIRIAL] += theta * g / n;
      if (!velocities) continue;
      const double v = number_get(step->stored, step->rule_tile[0], (size_t)i) - step->move->last_dt / 2 * g;
      term[MEAN_KINETIC] += v * v / 2 / n;
    }
}

/* Adds the particle means of a tile to sums. n: units of the network; V [TILE]: their potentials, or NULL. */
static void add_means(const struct tile_step *step, double n, double P, const double *V, struct particle_sums *sums) {
  double square[TILE], term[PARTICLE_MEANS];
  step->kernel->grad_norms(step->d, step->train, step->used, 1 / P, step->grad, square);
  observables_tile(step->d, step->used, n, step->tile, step->stored, square, term);
  if (update_columns(step->spec, NULL).langevin) set_langevin_means(step, n, P, term);
  for (int lane = 0; V && lane < step->used; lane++) {
    term[MEAN_V] += V[lane] / n;
    term[MEAN_V2] += V[lane] * V[lane] / n;
  }
  unit_sum_add(UNIT_SUM_WIDE, PARTICLE_MEANS, term, sums->words);
}

void update_tile(const struct update *update, const struct local_network *local, int64_t t, double *grad, double P,
                 const struct update_move *move, struct particle_sums *sums) {
  const struct particles *particles = update->particles;
  const int noises = update_table[update->spec.rule].noises;
  const int64_t left = local_network_units(local) - t * TILE;
  const int used = (int)(left < TILE ? left : TILE);
  struct tile_step step = {.spec = &update->spec,
                           .kernel = update->kernel,
                           .d = particles->d,
                           .used = used,
                           .train = trained(particles),
                           .stored = precision_stored(particles->precision),
                           .rate = move->dt / P,
                           .last_rate = move->last_dt / P,
                           .move = move,
                           .noise = {.seed = update->spec.seed,
                                     .network = network_key(local->n, local->replica),
                                     .step = move->step,
                                     .first_unit = local_network_first_unit(local) + t * TILE,
                                     .d = particles->d,
                                     .fields = trained(particles),
                                     .precision = particles->precision},
                           .grad = grad,
                           .tile = local_network_tile(particles, local, t, 0)};
  for (int k = 1; k <= particles->fields.rule_fields; k++)
    step.rule_tile[k - 1] = local_network_tile(particles, local, t, k);
  update->kernel->project(particles->d, step.tile, grad);
  double own[TILE], *V = update->V ? update->V + (local->tile + t) * TILE : own;
  const bool events = update->spec.birth_death.rate > 0;
  if (events) set_potentials(&step, P, V);
  if (update_ridge(&update->spec) > 0) add_ridge(&step, P);
  if (sums) add_means(&step, (double)local->n, P, events ? V : NULL, sums);
  if (!(move->dt > 0)) return;
  if (move->tau > 0 && noises > 0) add_noise(&step, noises);
  update_clear(particles->d, used, grad);
  apply_of(update->kernel->isa, update->spec.rule)(&step);
}

void update_means(const struct local_network *local, double scale, struct particle_sums *sums,
                  struct observation *observation) {
  static const enum particle_mean energies[] = {MEAN_GRAD2, MEAN_RIDGE, MEAN_VIRIAL, MEAN_KINETIC};
  unit_sum_over_ranks(local, PARTICLE_MEANS * WIDE_LIMBS, sums->words);
  unit_sum_values(UNIT_SUM_WIDE, PARTICLE_MEANS, sums->words, observation->mean);
  for (size_t i = 0; i < sizeof energies / sizeof *energies; i++) observation->mean[energies[i]] *= scale * scale;
}

/* Multiplies field k of the rule by `rescale`, for all local units of a network. */
static void rescale_field(struct particles *particles, const struct local_network *local, int k, double rescale) {
  const size_t stored = precision_stored(particles->precision);
  for (int64_t t = 0; t * TILE < local_network_units(local); t++) {
    void *tile = local_network_tile(particles, local, t, k);
    for (size_t i = 0; i < particles->tile_bytes / stored; i++)
      number_put(stored, tile, i, rescale * number_get(stored, tile, i));
  }
}

void update_change_dt(const struct update_spec *spec, struct particles *particles, const double *factor) {
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    for (int k = 1; k <= particles->fields.rule_fields; k++)
      rescale_field(particles, local, k, update_table[spec->rule].rescale(k, factor[local->member]));
  }
}
