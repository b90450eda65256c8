#include "dynamics/birth_death.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/portable_exp.h"
#include "base/rng.h"
#include "dynamics/unit_sum.h"

struct birth_death {
  struct update *update;
  const struct birth_death_spec *spec;
  double *V; /* [local tiles][TILE] */
  int64_t step;
};

/* Unit `to` is replaced by a copy of unit `from`, or by a draw from the initial laws if from < 0. */
struct event {
  int64_t from, to, order; /* order: the unit whose event it is */
};

/* The events of one network, in the same order on all ranks that share it. */
struct events {
  int64_t count;
  struct event *event;
};

struct birth_death *birth_death_create(struct update *update) {
  struct birth_death *birth_death = alloc_small(sizeof *birth_death);
  *birth_death = (struct birth_death){.update = update, .spec = &update->spec.birth_death};
  return birth_death;
}

void birth_death_free(struct birth_death *birth_death) {
  if (!birth_death) return;
  free(birth_death->V);
  free(birth_death);
}

int birth_death_reserve(struct birth_death *birth_death) {
  free(birth_death->V);
  birth_death->V = NULL;
  return alloc_array((void **)&birth_death->V, birth_death->update->particles->tile_count, sizeof(double) * TILE,
                     "potentials of units");
}

void birth_death_begin(struct birth_death *birth_death, int64_t step) {
  const int64_t units = birth_death->update->particles->tile_count * TILE;
  birth_death->step = step;
  if ((step + 1) % birth_death->spec->every != 0) return;
  birth_death->update->V = birth_death->V;
  for (int64_t i = 0; i < units; i++) birth_death->V[i] = NAN; /* remains in a network that has diverged: no events */
}

/* ---- events ---- */

/* Returns the mean of V over the units of a network, NAN if one is not finite. The exact sum has one term per unit, or
 * one per tile if there are too many units. Collective over the ranks that share the network. */
static double mean_potential(const struct local_network *local, const double *V) {
  const int64_t units = local_network_units(local), together = local->n > EXACT_TERMS_MAX ? TILE : 1;
  int64_t words[WIDE_LIMBS] = {0};
  double mean;
  for (int64_t first = 0; first < units; first += together) {
    double term = 0;
    for (int64_t i = first; i < first + together && i < units; i++) term += V[i] / (double)local->n;
    unit_sum_add(UNIT_SUM_WIDE, 1, &term, words);
  }
  unit_sum_over_ranks(local, WIDE_LIMBS, words);
  unit_sum_values(UNIT_SUM_WIDE, 1, words, &mean);
  return mean;
}

/* Returns whether unit i of a network has an event, which it sets. excess: V_i minus the mean; time: rate dt. */
static bool draw_event(const struct birth_death *birth_death, const struct local_network *local, int64_t i,
                       double excess, double time, struct event *event) {
  const struct rng rng = {birth_death->update->spec.seed, RNG_BIRTH_DEATH, network_key(local->n, local->replica),
                          (uint64_t)birth_death->step};
  uint64_t bits[4];
  rng_bits(&rng, (uint64_t)i, 0, bits);
  const double survival = (double)(bits[0] >> 11) * 0x1p-53, fresh = (double)(bits[2] >> 11) * 0x1p-53;
  const double rate = time * fabs(excess);
  if (survival < 1 - rate - 0x1p-40) return false; /* e^-rate >= 1 - rate: in most cases no exponential is needed */
  if (!(survival >= portable_exp(-rate))) return false;
  const int64_t partner = (int64_t)((unsigned __int128)bits[1] * (uint64_t)local->n >> 64);
  *event = excess > 0 ? (struct event){partner, i, i} : (struct event){i, partner, i};
  if (fresh < birth_death->spec->reinjection) event->from = -1;
  return true;
}

/* Returns the events of the units of this rank. The caller frees the array. */
static struct events draw_events(const struct birth_death *birth_death, const struct local_network *local,
                                 const double *V, double time) {
  const double mean = mean_potential(local, V);
  struct events own = {0};
  int64_t capacity = 0;
  for (int64_t i = 0; i < local_network_units(local); i++) {
    struct event event;
    if (!draw_event(birth_death, local, local_network_first_unit(local) + i, V[i] - mean, time, &event)) continue;
    if (own.count == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      own.event = realloc(own.event, sizeof event * (size_t)capacity);
      if (!own.event) die("no memory for %lld births and deaths", (long long)capacity);
    }
    own.event[own.count++] = event;
  }
  return own;
}

/* Returns the data of all ranks of the group in rank order. bytes: of this rank, may differ between ranks; *total: of
 * all ranks. The caller frees the array. Collective. */
static char *gather(const struct comm *group, const void *data, int64_t bytes, int64_t *total) {
  const int size = group->size;
  int64_t *at = alloc_small(sizeof *at * (size_t)(size + 1)), *count = alloc_small(sizeof *count * (size_t)(size + 1));
  for (int r = 0; r <= size; r++) at[r] = r * (int64_t)sizeof bytes;
  comm_allgather(group, &bytes, at, count);
  at[0] = 0;
  for (int r = 0; r < size; r++) at[r + 1] = at[r] + count[r];
  char *all = malloc((size_t)at[size] + 1);
  if (!all) die("no memory for %lld bytes of births and deaths", (long long)at[size]);
  comm_allgather(group, data, at, all);
  *total = at[size];
  free(at);
  free(count);
  return all;
}

static int by_target(const void *a, const void *b) {
  const struct event *x = a, *y = b;
  return x->to != y->to ? (x->to > y->to) - (x->to < y->to) : (x->order > y->order) - (x->order < y->order);
}

/* Gathers the events of all ranks that share the network. Of those that replace the same unit, keeps the last one. */
static void complete_events(const struct local_network *local, struct events *events) {
  int64_t kept = 0, bytes = events->count * (int64_t)sizeof *events->event;
  if (local->group) {
    struct event *own = events->event;
    events->event = (struct event *)gather(local->group, own, bytes, &bytes);
    events->count = bytes / (int64_t)sizeof *own;
    free(own);
  }
  if (events->count > 0) qsort(events->event, (size_t)events->count, sizeof *events->event, by_target);
  for (int64_t k = 0; k < events->count; k++)
    if (k + 1 == events->count || events->event[k + 1].to != events->event[k].to)
      events->event[kept++] = events->event[k];
  events->count = kept;
}

/* ---- copies ---- */

static bool owns(const struct local_network *local, int64_t unit) {
  const int64_t first = local_network_first_unit(local);
  return unit >= first && unit < first + local_network_units(local);
}

/* Returns the size of a record in bytes: the number of a unit, then all its fields in stored precision. */
static size_t record_bytes(const struct field_set *fields, int d, enum precision precision) {
  size_t numbers = 0;
  for (int f = 0; f < fields->count; f++) numbers += (size_t)field_width(fields->field[f].id, d);
  return sizeof(int64_t) + numbers * precision_stored(precision);
}

/* Copies all fields of a unit of this rank to or from a record. */
static void copy_unit(struct particles *particles, const struct local_network *local, int64_t unit, char *record,
                      bool to_record) {
  char *values = record + sizeof(int64_t);
  for (int f = 0; f < particles->fields.count; f++) {
    const struct unit_field field = particles->fields.field[f];
    if (to_record)
      local_network_get_field(particles, local, field, unit, 1, values);
    else
      local_network_set_field(particles, local, field, unit, 1, values);
    values += (size_t)field_width(field.id, particles->d) * precision_stored(particles->precision);
  }
}

/* Returns a record for each copy, and in *count their number. A unit that is copied repeatedly has equal records. The
 * caller frees the array. Collective. */
static char *gather_units(struct particles *particles, const struct local_network *local, const struct events *events,
                          int64_t *count) {
  const size_t bytes = record_bytes(&particles->fields, particles->d, particles->precision);
  int64_t own = 0, total = 0;
  char *records = malloc(bytes * (size_t)(events->count + 1));
  if (!records) die("no memory for copies of %lld units", (long long)events->count);
  for (int64_t k = 0; k < events->count; k++) {
    const int64_t from = events->event[k].from;
    if (from < 0 || !owns(local, from)) continue;
    char *record = records + bytes * (size_t)own++;
    memcpy(record, &from, sizeof from);
    copy_unit(particles, local, from, record, true);
  }
  *count = own;
  if (!local->group) return records;
  char *all = gather(local->group, records, own * (int64_t)bytes, &total);
  free(records);
  *count = total / (int64_t)bytes;
  return all;
}

static int by_unit(const void *a, const void *b) {
  int64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

/* Applies the events that replace units of this rank. Collective. */
static void replace_units(const struct birth_death *birth_death, const struct local_network *local,
                          const struct events *events) {
  struct particles *particles = birth_death->update->particles;
  const size_t bytes = record_bytes(&particles->fields, particles->d, particles->precision);
  int64_t records;
  char *record = gather_units(particles, local, events, &records);
  if (records > 0) qsort(record, (size_t)records, bytes, by_unit);
  for (int64_t k = 0; k < events->count; k++) {
    const struct event *event = &events->event[k];
    if (!owns(local, event->to)) continue;
    if (event->from < 0)
      particles_redraw(particles, local, event->to, birth_death->update->spec.seed, birth_death->step + 1);
    else
      copy_unit(particles, local, event->to, bsearch(&event->from, record, (size_t)records, bytes, by_unit), false);
  }
  free(record);
}

/* Sorting makes another copy of the events, and of the records. */
double birth_death_bytes(const struct unit_spec *unit, int d, enum precision precision, int64_t tiles, double n) {
  static const double EVENTS = 0.1;
  const struct field_set fields = field_set(unit_manifold(unit->type)->fields, unit->train, unit->rule_fields);
  const double event = sizeof(struct event), record = (double)record_bytes(&fields, d, precision);
  return (double)tiles * TILE * sizeof(double) + EVENTS * n * (2 * event + 2 * record);
}

void birth_death_end(struct birth_death *birth_death, const struct update_move *move) {
  const struct particles *particles = birth_death->update->particles;
  if (!birth_death->update->V) return;
  birth_death->update->V = NULL;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const double time = birth_death->spec->rate * move[local->member].dt * (double)birth_death->spec->every;
    struct events events = draw_events(birth_death, local, birth_death->V + local->tile * TILE, time);
    complete_events(local, &events);
    replace_units(birth_death, local, &events);
    free(events.event);
  }
}
