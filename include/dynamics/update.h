/* update: the table of rules by which a step moves the units.
 *
 *   euler      theta_i <- theta_i - dt grad V(theta_i; mu_n)
 *   momentum   m_i <- mu m_i - dt grad V,  theta_i <- theta_i + m_i    (heavy ball; m is the last displacement)
 *
 * On the sphere they use the projected gradient, and retraction follows (particles/manifold.h). A rule may own fields:
 * `copies` fields for each trained parameter, of the shape of this parameter. They are stored beside the parameters,
 * and written to checkpoints, moved between ranks, compared and verified in the same way. A rule states the largest
 * stable step size, and how a change of the step size rescales its fields.
 *
 * To add a rule: a constant in enum update_id, and its parameters in struct update_spec; its limit, its rescale if it
 * owns fields, and a row in update.c; its arithmetic on a tile, and an entry in the table, in
 * src/dynamics/update_isa.c; the keys of its parameters in src/config/table.c. The choices of the key dynamics.update
 * follow from the table. */
#ifndef MCKEAN_DYNAMICS_UPDATE_H
#define MCKEAN_DYNAMICS_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/observables.h"
#include "dynamics/unit_sum.h"
#include "particles/kernel.h"
#include "particles/particles.h"

enum update_id { UPDATE_EULER, UPDATE_MOMENTUM, UPDATES };

/* dynamics.update of the input and the parameters of the rules. */
struct update_spec {
  int rule;  /* enum update_id */
  double mu; /* momentum: 0 <= mu < 1 */
};

struct update_rule {
  const char *name;
  const char *help;
  int copies;                              /* own fields per trained parameter */
  const char *copy_name[FIELD_COPIES_MAX]; /* datasets are <copy_name>_c, _a, _b */
  const char *copy_description[FIELD_COPIES_MAX];

  /* Largest stable dt of the step linearized about a minimum, whose rates are at most lambda. noise: with mini-batches
   * the same formula gives the limit if lambda is the rate in the bound of SGD (tangent/stability.h). */
  double (*limit)(const struct update_spec *spec, double lambda);
  bool noise;

  /* Factor of own field k when dt changes by a factor; NULL where there are no own fields. */
  double (*rescale)(int copy, double factor);
};

extern const struct update_rule update_table[UPDATES]; /* indexed by enum update_id */

/* Local. Returns the row with this name, -1 if there is none. */
int update_find(const char *name);

/* Local. Name of a field of a run: "c", or "m_c" for a rule's own field; at most UPDATE_FIELD_NAME bytes. */
enum { UPDATE_FIELD_NAME = 32 };
void update_field_name(const struct update_rule *rule, const struct unit_field *field, char name[UPDATE_FIELD_NAME]);

/* Local. What the field holds, for the dataset. */
void update_field_description(const struct update_rule *rule, const struct unit_field *field, char *text, size_t size);

/* Local. Returns the largest stable dt of this rule if no rate of the linearized step exceeds lambda. */
double update_limit(const struct update_spec *spec, double lambda);

/* Local. OK for euler; otherwise USAGE: `what` covers this rule only. */
int update_needs_euler(const struct update_spec *spec, const char *what);

/* A rule's arithmetic at one ISA level. */
struct update {
  struct update_spec spec;
  const struct kernel *kernel;
  struct particles *particles;
};

/* Particle means of some units of a network, as words of UNIT_SUM_WIDE. */
struct particle_sums {
  int64_t words[PARTICLE_MEANS * WIDE_LIMBS];
};

/* Local. Moves own tile t of a network by one step, where grad V = scale grad and dt grad V = rate grad. grad
 * [tile_rows(d)][TILE] is overwritten. rate = 0 changes no bit of the tile. sums: receives, added, the particle means
 * of the state before the move; or NULL. */
void update_tile(const struct update *update, const struct local_network *local, int64_t t, double *grad, double scale,
                 double rate, struct particle_sums *sums);

/* Collective over the ranks of the network. observation->mean = the means over all its units. */
void update_means(const struct local_network *local, struct particle_sums *sums, struct observation *observation);

/* Local. Rescales the rule's own fields of all own units for a new dt = factor times the old. */
void update_change_dt(const struct update_spec *spec, struct particles *particles, double factor);

#endif
