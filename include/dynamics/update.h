/* update: the table of rules by which a step moves the units.
 *
 *   g_i = grad V(theta_i; mu_n) + lambda theta_i       lambda: ridge of the parameter, 0 by default
 *   xi_k: independent N(0,1) numbers of step k (dynamics/noise.h); tau: temperature of the stage, 0 by default
 *
 *   euler                 theta <- theta - dt g + sqrt(2 tau dt) xi_k
 *   momentum              m <- mu m - dt g,  theta <- theta + m    (heavy ball; m is the last displacement; tau = 0)
 *   leimkuhler_matthews   theta <- theta - dt g + sqrt(2 tau dt) (xi_k + xi_{k+1}) / 2
 *   baoab                 v <- v - (dt/2) g,  theta <- theta + (dt/2) v,
 *                         v <- e^(-gamma dt) v + sqrt(tau (1 - e^(-2 gamma dt))) xi_k,  theta <- theta + (dt/2) v,
 *                         v <- v - (dt/2) g at the new theta
 *
 * With tau > 0, euler and leimkuhler_matthews discretize mean-field Langevin dynamics, whose stationary density is
 * proportional to exp(-(n/tau) [L_n + (lambda/2n) sum_i |theta_i|^2]); baoab discretizes the underdamped dynamics with
 * friction gamma and unit mass (Leimkuhler and Matthews, 2013). The last half kick of a baoab step needs the gradient
 * at the new theta, which only the next step computes. The next step therefore applies this half kick together with its
 * own first one. A checkpoint contains v before the last half kick. v = 0 at step 0.
 *
 * On the sphere the rules use the projected gradient and noise, and then retract (particles/manifold.h). There, lambda
 * of a is 0, and leimkuhler_matthews and baoab are refused. A rule may need state for each trained parameter, such as m
 * and v above. This state is stored in fields of the rule, each of the same shape as its parameter. They are stored in
 * tiles like the parameters, and are written to checkpoints, moved between ranks, compared and verified in the same
 * way. The row of a rule in the table gives its largest stable step size, and the factor that rescales its fields when
 * the step size changes.
 *
 * To add a rule:
 *   - add a constant to enum update_id, and the parameters of the rule to struct update_spec;
 *   - in update.c, add its limit, its rescale if it has fields, and a row of update_table;
 *   - in src/dynamics/update_isa.c, add its arithmetic on a tile, and an entry in the table there;
 *   - in src/config/table.c, add the keys of its parameters.
 * The choices of the key dynamics.update are generated from update_table. */
#ifndef MCKEAN_DYNAMICS_UPDATE_H
#define MCKEAN_DYNAMICS_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/observables.h"
#include "dynamics/unit_sum.h"
#include "particles/kernel.h"
#include "particles/particles.h"

enum update_id { UPDATE_EULER, UPDATE_MOMENTUM, UPDATE_LEIMKUHLER_MATTHEWS, UPDATE_BAOAB, UPDATES };

/* The keys dynamics.birth_death* (dynamics/birth_death.h). */
struct birth_death_spec {
  double rate;        /* 0: none */
  double reinjection; /* share of births from the initial law */
  int64_t every;      /* steps between events */
};

/* The key dynamics.update of the input, and the parameters of the rules. */
struct update_spec {
  int rule;             /* enum update_id */
  double mu;            /* momentum: 0 <= mu < 1 */
  double gamma;         /* baoab: the friction */
  double ridge[FIELDS]; /* lambda of each parameter; 0 if it is not trained */
  bool thermal;         /* some stage has a temperature above 0 */
  uint64_t seed;        /* of the noise, and of births and deaths */
  struct birth_death_spec birth_death;
};

struct update_rule {
  const char *name;
  const char *help;
  int fields;                              /* number of fields of the rule for each trained parameter */
  const char *field_name[RULE_FIELDS_MAX]; /* names of datasets: <field_name>_c, _a, _b */
  const char *field_description[RULE_FIELDS_MAX];

  /* The number of steps, starting with the current one, whose noise is averaged and added to the gradient. 0: the
   * rule has no noise, or its function in update_isa.c adds it. */
  int noises;
  bool thermal; /* the rule accepts a temperature */
  bool flat;    /* the rule is refused on the sphere */

  /* limit: returns the largest stable dt of the step linearized about a minimum. lambda: an upper bound of its rates
   * (`rate` in tangent/stability.h). noise: true if the limit also holds for mini-batches, with the SGD rate of
   * tangent/stability.h. */
  double (*limit)(const struct update_spec *spec, double lambda);
  const char *limit_formula;
  bool noise;

  /* Returns the factor that rescales a field of the rule when dt is multiplied by `factor`. field: its number, counted
   * from 1. NULL if the rule has no fields. */
  double (*rescale)(int field, double factor);
};

extern const struct update_rule update_table[UPDATES]; /* indexed by enum update_id */

/* Local. Returns the index of the rule with this name, or -1 if there is none. */
int update_find(const char *name);

/* Local. Writes the name of a field to `name`, with its terminating NUL: "c" for a parameter, "m_c" for a field of the
 * rule. */
enum { UPDATE_FIELD_NAME = 32 };
void update_field_name(const struct update_rule *rule, const struct unit_field *field, char name[UPDATE_FIELD_NAME]);

/* Local. Writes the description of the field, an attribute of its dataset, to `text`. */
void update_field_description(const struct update_rule *rule, const struct unit_field *field, char *text, size_t size);

/* Local. Returns the largest stable dt of this rule if no rate of the linearized step without the ridge exceeds
 * lambda. Adds the largest ridge to lambda. */
double update_limit(const struct update_spec *spec, double lambda);

/* Local. Returns the largest ridge of a parameter. */
double update_ridge(const struct update_spec *spec);

/* Local. Returns what determines the columns of a run with this rule and loss. */
struct column_scope update_columns(const struct update_spec *spec, const struct loss_spec *loss);

/* Local. Returns whether the steps are those of gradient descent: euler without ridge and temperature. */
bool update_is_descent(const struct update_spec *spec);

/* Local. Returns OK for gradient descent. USAGE: otherwise; the message states that `what` supports nothing else. */
int update_needs_euler(const struct update_spec *spec, const char *what);

/* Local. Returns OK for Langevin dynamics: a rule that accepts a temperature, without births and deaths. The
 * temperature and the ridge may be 0. USAGE: otherwise; the message states that `what` supports nothing else. */
int update_needs_langevin(const struct update_spec *spec, const char *what);

/* An update rule with its parameters, its ISA level (that of the kernels) and the particles that it moves. */
struct update {
  struct update_spec spec;
  const struct kernel *kernel;
  struct particles *particles;
  double *V; /* [local tiles][TILE] or NULL: receives V_i (dynamics/birth_death.h) of the units before a move */
};

/* The contributions of some units of a network to its particle means, as words of UNIT_SUM_WIDE; initially zero. */
struct particle_sums {
  int64_t words[PARTICLE_MEANS * WIDE_LIMBS];
};

/* The move of the units of a network in one step. */
struct update_move {
  int64_t step;
  double dt;      /* 0: no unit moves */
  double last_dt; /* dt of the last step that moved the units; 0 at step 0 */
  double tau;     /* the temperature */
};

/* Local. Moves local tile t of a network by one step. grad [tile_rows(d)][TILE]: P times the gradient of V before
 * projection; it is overwritten. P: the number of points of the batch times the output scale; 1 for exact gradients.
 * If dt = 0, no bit of the tile changes. Unless sums is NULL, adds the contributions of the tile to the particle means,
 * for the state before the move. */
void update_tile(const struct update *update, const struct local_network *local, int64_t t, double *grad, double P,
                 const struct update_move *move, struct particle_sums *sums);

/* Computes observation->mean, the means over all units of a network, from the sums of the ranks that share it; sums is
 * overwritten. scale: alpha of the network (ensemble_scale). Means that are energies, or rates of energies, are
 * multiplied by alpha^2, which gives them the units of the loss. Collective over these ranks. */
void update_means(const struct local_network *local, double scale, struct particle_sums *sums,
                  struct observation *observation);

/* Local. Rescales the rule's fields of all units of this rank for a new dt. factor [members]: the new dt divided by the
 * old one, for the networks of each size. */
void update_change_dt(const struct update_spec *spec, struct particles *particles, const double *factor);

#endif
