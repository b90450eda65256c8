/* The rules of inputs with the exact potential. */
#include "data/inputs.h"
#include "dynamics/potential_rbf.h"
#include "rule.h"

static bool is_exact_rbf(const struct rule_arguments *args) {
  return is_exact(args) && args->config->unit.type == UNIT_RBF;
}

static bool rkhs_unit(const struct rule_arguments *args, char *received) {
  const int unit = args->config->unit.type;
  return args->config->data.mode == DATA_RKHS && unit != UNIT_RBF && write_received(received, unit_table[unit].name);
}

static bool population_unit(const struct rule_arguments *args, char *received) {
  const int unit = args->config->unit.type;
  return args->config->data.mode == DATA_POPULATION && unit != UNIT_RBF && unit != UNIT_ERF &&
         write_received(received, unit_table[unit].name);
}

/* Writes the type of the target, and the units of a teacher. */
static void write_target(const struct config *config, char received[RECEIVED_MAX]) {
  const struct unit_spec *teacher = &config->target.teacher;
  const int type = config->target.type;
  if (type != TARGET_TEACHER)
    snprintf(received, RECEIVED_MAX, "%s", target_table[type]->name);
  else if (teacher->type == UNIT_RBF)
    snprintf(received, RECEIVED_MAX, "a teacher of rbf units with alpha %g", teacher->alpha);
  else
    snprintf(received, RECEIVED_MAX, "a teacher of %s units", unit_table[teacher->type].name);
}

static bool rbf_target(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  const struct unit_spec *teacher = &config->target.teacher;
  const bool taught = config->target.type == TARGET_TEACHER;
  write_target(config, received);
  return is_exact_rbf(args) && config->target.type != TARGET_SPIN &&
         !(taught && teacher->type == UNIT_RBF && teacher->alpha == config->unit.alpha);
}

static bool rbf_inputs(const struct rule_arguments *args, char *received) {
  const int inputs = args->config->target.inputs;
  return is_exact_rbf(args) && inputs != INPUTS_SPHERE && write_received(received, inputs_table[inputs].name);
}

static bool rbf_alpha(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  snprintf(received, RECEIVED_MAX, "%g", config->unit.alpha * config->target.d);
  return is_exact_rbf(args) && config->unit.alpha * config->target.d > POTENTIAL_K_MAX;
}

static bool is_erf_population(const struct rule_arguments *args) {
  return args->config->data.mode == DATA_POPULATION && args->config->unit.type == UNIT_ERF;
}

static bool is_erf_teacher(const struct rule_arguments *args) {
  const struct target_spec *target = &args->config->target;
  return target->type == TARGET_TEACHER && target->teacher.type == UNIT_ERF;
}

static bool erf_target(const struct rule_arguments *args, char *received) {
  write_target(args->config, received);
  return is_erf_population(args) && !is_erf_teacher(args);
}

static bool erf_inputs(const struct rule_arguments *args, char *received) {
  const int inputs = args->config->target.inputs;
  return is_erf_population(args) && inputs != INPUTS_GAUSSIAN && write_received(received, inputs_table[inputs].name);
}

static bool erf_train(const struct rule_arguments *args, char *received) {
  return is_erf_population(args) && args->config->unit.train & FIELD_BIT_B && write_received(received, "a list with b");
}

/* Biases in files are checked when they have been read (dynamics/population.c, dynamics/potential_erf.c). */
static bool draws_bias(const struct unit_spec *unit, char *received) {
  snprintf(received, RECEIVED_MAX, "{mean: %g, std: %g}", unit->b.mean, unit->b.std);
  return unit->b.mean != 0 || unit->b.std != 0;
}

/* Also with unit.init.path, because a dry run that would resume draws its particles. */
static bool erf_bias(const struct rule_arguments *args, char *received) {
  return is_erf_population(args) && draws_bias(&args->config->unit, received);
}

static bool erf_teacher_bias(const struct rule_arguments *args, char *received) {
  const struct unit_spec *teacher = &args->config->target.teacher;
  return is_erf_population(args) && is_erf_teacher(args) && !*teacher->import.path && draws_bias(teacher, received);
}

static bool exact_scheme(const struct rule_arguments *args, char *received) {
  const int scheme = args->config->schedule.scheme;
  return is_exact(args) && scheme != SCHEME_GD && write_received(received, scheme_names[scheme]);
}

static bool exact_noise(const struct rule_arguments *args, char *received) {
  snprintf(received, RECEIVED_MAX, "%g", args->config->data.noise);
  return is_exact(args) && args->config->data.noise > 0;
}

static bool exact_samples(const struct rule_arguments *args, char *received) {
  (void)received;
  return is_exact(args) && given(args, "data.samples");
}

static bool exact_shared(const struct rule_arguments *args, char *received) {
  (void)received;
  return is_exact(args) && args->config->data.shared;
}

static bool exact_loss(const struct rule_arguments *args, char *received) {
  const struct loss_spec *loss = &args->config->data.loss;
  return is_exact(args) && !loss_is_squared(loss) && write_received(received, loss_row(loss)->name);
}

static bool exact_scale(const struct rule_arguments *args, char *received) {
  const struct ensemble_spec *ensemble = &args->config->ensemble;
  snprintf(received, RECEIVED_MAX, "%g and %g", ensemble->scale, ensemble->scale_power);
  return is_exact(args) && (ensemble->scale != 1 || ensemble->scale_power != 0);
}

#define EXACT     "with data.mode: population or rkhs, expected "
#define EXACT_RBF "with data.mode: population or rkhs and rbf units, expected "
#define EXACT_ERF "with data.mode: population and erf units, expected "
const struct rule rules_exact[] = {
    {"unit.type", rkhs_unit, "with data.mode: rkhs, expected rbf", NULL},
    {"unit.type", population_unit, "with data.mode: population, expected rbf or erf",
     "other units learn from points: data.mode: fixed or online"},
    {"target.type", rbf_target, EXACT_RBF "spin, or a teacher of rbf units with the same alpha", NULL},
    {"data.inputs", rbf_inputs, EXACT_RBF "sphere", NULL},
    {"unit.alpha", rbf_alpha, EXACT_RBF "alpha d <= 10^4", NULL},
    {"target.type", erf_target, EXACT_ERF "a teacher of erf units",
     "set target.type: teacher and target.teacher.type: erf"},
    {"data.inputs", erf_inputs, EXACT_ERF "gaussian", "set data.inputs: gaussian"},
    {"unit.train", erf_train, EXACT_ERF "a list of c, a: the potential is exact for units without biases",
     "set unit.train: [c, a]"},
    {"unit.init.b", erf_bias, EXACT_ERF "{mean: 0, std: 0}", "set unit.init.b: {mean: 0, std: 0}"},
    {"target.teacher.init.b", erf_teacher_bias, EXACT_ERF "{mean: 0, std: 0}",
     "set target.teacher.init.b: {mean: 0, std: 0}"},
    {"dynamics.scheme", exact_scheme, EXACT "gd: a step has no batches", NULL},
    {"target.noise", exact_noise, EXACT "0: there are no labels", NULL},
    {"data.samples", exact_samples, EXACT "no value: there is no fixed set", NULL},
    {"data.shared", exact_shared, EXACT "false: there are no points", NULL},
    {"loss.type", exact_loss, EXACT "squared", NULL},
    {"ensemble.scale", exact_scale, EXACT "1, and ensemble.scale_power 0", NULL},
};
const int rules_exact_count = sizeof rules_exact / sizeof *rules_exact;
