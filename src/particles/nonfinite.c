#include "particles/nonfinite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "particles/number.h"

void nonfinite_note(struct nonfinite *nonfinite, int64_t step, const struct local_network *local) {
  const bool earlier = nonfinite->step < step || (nonfinite->step == step && nonfinite->network < local->network);
  if (nonfinite->found && earlier) return;
  *nonfinite = (struct nonfinite){true, step, local->network};
}

/* The value to report for a network: the first one that is not finite or, if all are finite, the largest parameter in
 * absolute value. */
struct worst {
  double size; /* |value|; infinite if value is not finite; -1: nothing found */
  double value;
  int64_t unit;   /* index within the network */
  int row;        /* of the tile */
  int rule_field; /* 0: a parameter; k: the update rule's field k */
};

static void search_tile(const struct particles *particles, const struct local_network *local, int64_t t, int rule_field,
                        struct worst *worst) {
  const size_t size = precision_stored(particles->precision);
  const void *tile = local_network_tile(particles, local, t, rule_field);
  const int64_t left = local_network_units(local) - t * TILE;
  for (int lane = 0; lane < TILE && lane < left; lane++)
    for (int row = 0; row < tile_rows(particles->d); row++) {
      const double value = number_get(size, tile, (size_t)(row * TILE + lane));
      const double found = isfinite(value) ? fabs(value) : INFINITY;
      if (found > worst->size)
        *worst = (struct worst){found, value, local_network_first_unit(local) + t * TILE + lane, row, rule_field};
    }
}

/* Returns the value to report among those of this rank's units. Values of the update rule's fields are reported only if
 * they are not finite and all parameters of these units are finite. */
static struct worst search(const struct particles *particles, const struct local_network *local) {
  struct worst worst = {.size = -1};
  for (int rule_field = 0; rule_field <= particles->fields.rule_fields; rule_field++) {
    struct worst found = {.size = -1};
    for (int64_t t = 0; t < network_tiles(local_network_units(local)) && found.size < INFINITY; t++)
      search_tile(particles, local, t, rule_field, &found);
    if (rule_field == 0 || (found.size == INFINITY && worst.size < INFINITY)) worst = found;
  }
  return worst;
}

static bool is_finite(const struct particles *particles, const struct local_network *local) {
  const size_t size = precision_stored(particles->precision);
  const int64_t numbers = network_tiles(local_network_units(local)) * (int64_t)(particles->tile_bytes / size);
  for (int rule_field = 0; rule_field <= particles->fields.rule_fields; rule_field++) {
    const void *tiles = local_network_tile(particles, local, 0, rule_field);
    for (int64_t i = 0; i < numbers; i++)
      if (!isfinite(number_get(size, tiles, (size_t)i))) return false;
  }
  return true;
}

/* Records the first network of this rank with a non-finite value. */
static void search_all(const struct particles *particles, int64_t step, struct nonfinite *nonfinite) {
  for (int s = 0; s < particles->locals; s++)
    if (!is_finite(particles, &particles->local[s])) nonfinite_note(nonfinite, step, &particles->local[s]);
}

/* Collective. Returns the value to report for a network; *rank: the rank that owns it. If several ranks have equally
 * large values, returns the value of the lowest of these ranks, which owns the units with the lowest numbers. */
static struct worst worst_of(const struct particles *particles, int64_t network, int *rank) {
  const struct comm *comm = particles->comm;
  struct worst worst = {.size = -1}, *all = NULL;
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].network == network) worst = search(particles, &particles->local[s]);
  comm_gather(comm, &worst, sizeof worst, (void **)&all, NULL);
  *rank = 0;
  for (int r = 1; all && r < comm->size; r++)
    if (all[r].size > all[*rank].size) *rank = r;
  if (all) worst = all[*rank];
  free(all);
  comm_bcast(comm, rank, sizeof *rank, 0);
  comm_bcast(comm, &worst, sizeof worst, 0);
  return worst;
}

static void name_network(const struct ensemble_spec *ensemble, int64_t network, char *text, size_t size) {
  const int64_t replica = network % ensemble->replicas, streams = ensemble->streams;
  const int used = snprintf(text, size, "n = %lld, replica %lld", (long long)ensemble->n[network / ensemble->replicas],
                            (long long)replica);
  if (streams > 1)
    snprintf(text + used, size - (size_t)used, " (initial condition %lld, stream %lld)", (long long)(replica / streams),
             (long long)(replica % streams));
}

static void name_field(const struct particles *particles, const struct worst *worst, char text[48]) {
  const int row = worst->row;
  const char *own = worst->rule_field > 0 ? "the update rule's field of " : "";
  if (row >= ROW_A)
    snprintf(text, 48, "%s%s_%d", own, unit_manifold(particles->unit.type)->symbol, row - ROW_A);
  else
    snprintf(text, 48, "%s%s", own, field_table[row == ROW_C ? FIELD_C : FIELD_B].name);
}

static int explain(const struct particles *particles, int64_t step, int64_t network) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  char name[128], field[48];
  int rank;
  const struct worst worst = worst_of(particles, network, &rank);
  const int64_t block = worst.unit / BLOCK, n = ensemble->n[network / ensemble->replicas];
  name_network(ensemble, network, name, sizeof name);
  name_field(particles, &worst, field);
  return FAIL(
      FAILED,
      "step %lld: the network of %s diverged (non-finite values): a parameter, or a sum over units, is not finite or "
      "exceeds 2^39. In block %lld of this network (units %lld to %lld, on rank %d), unit %lld has %s = %.4g%s. "
      "The step size (dynamics.stages[].dt), the initial parameters (unit.init) or the data are too large",
      (long long)step, name, (long long)block, (long long)(block * BLOCK),
      (long long)(block * BLOCK + block_units(n, block) - 1), rank, (long long)worst.unit, field, worst.value,
      worst.size < INFINITY ? ", the largest parameter of the network" : "");
}

int nonfinite_check(const struct nonfinite *nonfinite, const struct particles *particles, int64_t step, bool units) {
  const struct comm *comm = particles->comm;
  struct nonfinite own = *nonfinite;
  if (units) search_all(particles, step, &own);
  if (!comm_any(comm, own.found)) return OK;
  /* The earliest step, then the lowest network number. Doubles hold both exactly. */
  const double first = comm_min(comm, own.found ? (double)own.step : INFINITY);
  const double network = comm_min(comm, own.found && (double)own.step == first ? (double)own.network : INFINITY);
  return explain(particles, (int64_t)first, (int64_t)network);
}
