#include "dynamics/update.h"

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

const struct update_rule update_table[UPDATES] = {
    [UPDATE_EULER] = {"euler", "theta <- theta - dt grad V", .limit = euler_limit, .noise = true},
    [UPDATE_MOMENTUM] = {"momentum", "m <- mu m - dt grad V, theta <- theta + m; a change of dt rescales m",
                         .fields = 1, .field_name = {"m"}, .field_description = {"last displacement"},
                         .limit = momentum_limit, .rescale = momentum_rescale},
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

double update_limit(const struct update_spec *spec, double lambda) {
  return update_table[spec->rule].limit(spec, lambda);
}

int update_needs_euler(const struct update_spec *spec, const char *what) {
  const char *received = update_table[spec->rule].name;
  if (spec->rule == UPDATE_EULER) return OK;
  return FAIL(USAGE, "dynamics.update: %s: expected euler, received %s, for which McKean implements no theory", what,
              received);
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

/* Sets the gradient to zero in lanes without a unit, so that these lanes stay zero. */
static void clear_unused(int d, int used, double *grad) {
  for (int row = 0; row < tile_rows(d) && used < TILE; row++)
    for (int lane = used; lane < TILE; lane++) grad[row * TILE + lane] = 0;
}

/* Adds the particle means of a tile to sums. used: number of units in the tile; grad V = scale * grad. */
static void add_means(const struct update *update, int used, double n, const void *tile, const double *grad,
                      double scale, struct particle_sums *sums) {
  const struct particles *particles = update->particles;
  double square[TILE], term[PARTICLE_MEANS];
  update->kernel->grad_norms(particles->d, trained(particles), used, scale, grad, square);
  observables_tile(particles->d, used, n, tile, precision_stored(particles->precision), square, term);
  unit_sum_add(UNIT_SUM_WIDE, PARTICLE_MEANS, term, sums->words);
}

void update_tile(const struct update *update, const struct local_network *local, int64_t t, double *grad, double scale,
                 double rate, struct particle_sums *sums) {
  const struct particles *particles = update->particles;
  const int64_t left = local_network_units(local) - t * TILE;
  const int used = (int)(left < TILE ? left : TILE);
  struct tile_step step = {.spec = &update->spec,
                           .kernel = update->kernel,
                           .d = particles->d,
                           .train = trained(particles),
                           .stored = precision_stored(particles->precision),
                           .rate = rate,
                           .grad = grad,
                           .tile = local_network_tile(particles, local, t, 0)};
  for (int k = 1; k <= particles->fields.rule_fields; k++)
    step.rule_tile[k - 1] = local_network_tile(particles, local, t, k);
  update->kernel->project(particles->d, step.tile, grad);
  if (sums) add_means(update, used, (double)local->n, step.tile, grad, scale, sums);
  if (!(rate > 0)) return;
  clear_unused(particles->d, used, grad);
  apply_of(update->kernel->isa, update->spec.rule)(&step);
}

void update_means(const struct local_network *local, struct particle_sums *sums, struct observation *observation) {
  unit_sum_over_ranks(local, PARTICLE_MEANS * WIDE_LIMBS, sums->words);
  unit_sum_values(UNIT_SUM_WIDE, PARTICLE_MEANS, sums->words, observation->mean);
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
