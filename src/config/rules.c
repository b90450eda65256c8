/* The rules that parameter_table cannot express: required keys, and conditions on several keys. Each rule is one row of
 * a table.
 *
 * To add a rule, add a row to the table of its scope: the input, a stage, or a network size in a stage; rules_exact.c
 * has the rules of the exact potential. */
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dynamics/overlaps.h"
#include "key.h"
#include "rule.h"

/* ---- shared by the predicates ---- */

static bool given_in_stage(const struct rule_arguments *args, const char *key) {
  return args->given->stage_key[args->stage][key_find(key)];
}

static const struct stage *stage_of(const struct rule_arguments *args) {
  return &args->config->schedule.stage[args->stage];
}

static bool has_target(const struct rule_arguments *args, bool file) {
  return given(args, "target.type") && target_kind_stored(target_table[args->config->target.type]) == file;
}

static bool is_sphere(const struct rule_arguments *args) {
  return unit_table[args->config->unit.type].manifold == MANIFOLD_SPHERE;
}

static bool write_integer(char received[RECEIVED_MAX], int64_t value) {
  snprintf(received, RECEIVED_MAX, "%lld", (long long)value);
  return true;
}

/* ---- required keys ---- */

static bool no_sizes(const struct rule_arguments *args, char *received) {
  (void)received;
  return !given(args, "ensemble.n");
}

static bool no_target(const struct rule_arguments *args, char *received) {
  (void)received;
  return !given(args, "target.type");
}

static bool no_stages(const struct rule_arguments *args, char *received) {
  (void)received;
  return args->config->schedule.stages == 0;
}

static bool no_dimension(const struct rule_arguments *args, char *received) {
  (void)received;
  return has_target(args, false) && !given(args, "target.d");
}

static bool no_path(const struct rule_arguments *args, char *received) {
  (void)received;
  return has_target(args, true) && !*args->config->target.path;
}

static bool is_hermite(const struct rule_arguments *args) {
  return given(args, "target.type") && args->config->target.type == TARGET_HERMITE;
}

static bool no_terms(const struct rule_arguments *args, char *received) {
  (void)received;
  return is_hermite(args) && args->config->target.hermite.terms == 0;
}

static bool many_directions(const struct rule_arguments *args, char *received) {
  const struct target_spec *target = &args->config->target;
  return is_hermite(args) && target->d > 0 && target->hermite.directions > target->d &&
         write_integer(received, target->hermite.directions);
}

static bool no_samples(const struct rule_arguments *args, char *received) {
  (void)received;
  const struct dataset_spec *data = &args->config->data;
  return has_target(args, false) && data->mode == DATA_FIXED && data->samples == 0;
}

/* ---- target, data and units ---- */

static bool file_not_fixed(const struct rule_arguments *args, char *received) {
  const int mode = args->config->data.mode;
  return has_target(args, true) && mode != DATA_FIXED && write_received(received, dataset_mode_names[mode]);
}

static bool online_gd(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  return given(args, "target.type") && config->data.mode == DATA_ONLINE && config->schedule.scheme == SCHEME_GD &&
         write_received(received, dataset_mode_names[DATA_ONLINE]);
}

static bool sphere_in_one_dimension(const struct rule_arguments *args, char *received) {
  return is_sphere(args) && has_target(args, false) && args->config->target.d == 1 && write_integer(received, 1);
}

static bool sphere_with_bias(const struct rule_arguments *args, char *received) {
  (void)received;
  return is_sphere(args) && given(args, "target.type") && given(args, "unit.train") &&
         args->config->unit.train & FIELD_BIT_B;
}

static bool rule_on_sphere(const struct rule_arguments *args, char *received) {
  const struct update_rule *rule = &update_table[args->config->schedule.update.rule];
  return is_sphere(args) && rule->flat && write_received(received, rule->name);
}

/* One number for all parameters applies to those that are trained. */
static bool ridge_untrained(const struct rule_arguments *args, char *received) {
  const struct unit_spec *unit = &args->config->unit;
  const unsigned trained = unit->train & unit_manifold(unit->type)->fields;
  const double *ridge = args->config->schedule.update.ridge;
  bool named = false;
  for (int id = 1; id < FIELDS; id++) named |= ridge[id] != ridge[0];
  for (int id = 0; id < FIELDS && named; id++)
    if (ridge[id] > 0 && !(trained & 1u << id)) return write_received(received, field_table[id].name);
  return false;
}

static bool ridge_on_sphere(const struct rule_arguments *args, char *received) {
  const double ridge = args->config->schedule.update.ridge[FIELD_A];
  snprintf(received, RECEIVED_MAX, "%g", ridge);
  return is_sphere(args) && ridge > 0;
}

static bool mirror_with_path(const struct rule_arguments *args, char *received) {
  (void)received;
  return args->config->unit.mirror && *args->config->unit.import.path;
}

static bool reinjection_with_path(const struct rule_arguments *args, char *received) {
  const double share = args->config->schedule.update.birth_death.reinjection;
  snprintf(received, RECEIVED_MAX, "%g", share);
  return share > 0 && *args->config->unit.import.path;
}

static bool import_without_path(const struct rule_arguments *args, char *received) {
  (void)received;
  return !*args->config->unit.import.path && (given(args, "unit.init.subsample") || given(args, "unit.init.checksum") ||
                                              given(args, "unit.init.subsample_seed"));
}

/* ---- sizes and steps ---- */

static bool many_replicas(const struct rule_arguments *args, char *received) {
  const int64_t replicas = args->config->ensemble.replicas;
  return replicas >= 1 << 24 && write_integer(received, replicas);
}

static bool many_numbers(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  const struct ensemble_spec *ensemble = &config->ensemble;
  double numbers = 0;
  for (int e = 0; e < ensemble->members; e++)
    numbers += (double)ensemble->n[e] * (double)ensemble->replicas * (config->target.d + 2);
  snprintf(received, RECEIVED_MAX, "%.3g", numbers);
  return numbers > 0x1p58;
}

/* Networks with the same initial condition and the same points would have identical trajectories without noise, births
 * and deaths. */
static bool equal_streams(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  const bool own =
      (!config->data.shared && config->schedule.scheme == SCHEME_SGD) || schedule_is_random(&config->schedule);
  return config->ensemble.streams > 1 && !own && write_integer(received, config->ensemble.streams);
}

static bool steps_beyond_end(const struct rule_arguments *args, const struct steps *steps, char *received) {
  const int64_t end = schedule_steps(&args->config->schedule), last = steps->count ? steps->step[steps->count - 1] : 0;
  snprintf(received, RECEIVED_MAX, "%lld; the last step is %lld", (long long)last, (long long)end);
  return last > end;
}

static bool late_snapshot(const struct rule_arguments *args, char *received) {
  return steps_beyond_end(args, &args->config->snapshots, received);
}

static bool late_field(const struct rule_arguments *args, char *received) {
  return steps_beyond_end(args, &args->config->fields, received);
}

static bool overlaps_on_sphere(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  return config->overlaps && is_sphere(args) && write_received(received, unit_table[config->unit.type].name);
}

static bool overlaps_without_fields(const struct rule_arguments *args, char *received) {
  return args->config->overlaps && args->config->fields.count == 0 && write_received(received, "[]");
}

static bool overlaps_of_many(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  return config->overlaps && config->target.type == TARGET_TEACHER && config->target.teacher_units > OVERLAPS_TEACHER &&
         write_integer(received, config->target.teacher_units);
}

_Static_assert(OVERLAPS_TEACHER == 1024, "the rule of overlaps_of_many states this limit");
static const struct rule input_rules[] = {
    {"ensemble.n", no_sizes, "required: units of a network, or a list of sizes", NULL},
    {"target.type", no_target, "required: spin, teacher, hermite or file", NULL},
    {"dynamics.stages", no_stages, "required: a list of {steps, dt}", NULL},
    {"target.d", no_dimension, "required: the input dimension", NULL},
    {"target.path", no_path, "required for a target of type file", NULL},
    {"target.terms", no_terms, "required for a target of type hermite: a list of {coefficient, factors}", NULL},
    {"target.directions", many_directions, "expected at most target.d orthonormal directions", NULL},
    {"data.mode", file_not_fixed, "expected fixed for a target of type file",
     "dynamics.scheme: sgd draws mini-batches"},
    {"data.samples", no_samples, "required with data.mode: fixed: the number of points", NULL},
    {"dynamics.scheme", online_gd, "gd requires data.mode: fixed", "use dynamics.scheme: sgd"},
    {"unit.type", sphere_in_one_dimension, "units on the sphere require target.d >= 2", NULL},
    {"unit.train", sphere_with_bias, "expected a list of c, a: rbf units have no b", NULL},
    {"dynamics.update", rule_on_sphere, "units on the sphere require euler or momentum", NULL},
    {"dynamics.ridge", ridge_untrained, "expected parameters that are trained (unit.train)", "remove it"},
    {"dynamics.ridge", ridge_on_sphere, "|a| is constant on the sphere: expected 0 for a", "use {c: NUMBER}"},
    {"unit.init.mirror", mirror_with_path, "expected false with unit.init.path: the file contains the particles", NULL},
    {"dynamics.birth_death_reinjection", reinjection_with_path,
     "expected 0 with unit.init.path: the initial distribution is unknown", NULL},
    {"unit.init.path", import_without_path,
     "required by unit.init.subsample, unit.init.subsample_seed and unit.init.checksum", NULL},
    {"output.snapshots", late_snapshot, "expected steps of the run", NULL},
    {"output.fields", late_field, "expected steps of the run", NULL},
    {"output.overlaps", overlaps_on_sphere, "true requires units h(a.x + b)", "remove output.overlaps"},
    {"output.fields", overlaps_without_fields, "output.overlaps: true requires steps at which overlaps are recorded",
     "set output.fields, for example to {log: 5}"},
    {"target.teacher.units", overlaps_of_many, "expected at most 1024 with output.overlaps: true",
     "remove output.overlaps; snapshots (output.snapshots) contain all units"},
    {"ensemble.replicas x data.streams", many_replicas, "expected at most 16777215 networks per size", NULL},
    {"ensemble", many_numbers, "expected n x replicas x (d + 2) <= 2^58 numbers", NULL},
    {"data.streams", equal_streams,
     "expected 1 if all networks use the same points (dynamics.scheme: gd, or data.shared: true), and there is no "
     "temperature and no births and deaths: the networks of an initial condition would be identical",
     "remove data.streams"},
};

/* ---- stages ---- */

static bool incomplete_stage(const struct rule_arguments *args, char *received) {
  (void)received;
  return !given_in_stage(args, "dynamics.stages[].steps") || !given_in_stage(args, "dynamics.stages[].dt");
}

static bool auto_keys_without_auto(const struct rule_arguments *args, char *received) {
  const double dt = stage_of(args)->dt;
  snprintf(received, RECEIVED_MAX, "dt: %g", dt);
  return dt > 0 &&
         (given_in_stage(args, "dynamics.stages[].dt_safety") || given_in_stage(args, "dynamics.stages[].dt_every"));
}

static bool auto_without_theory(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  const struct update_rule *rule = &update_table[config->schedule.update.rule];
  return !(stage_of(args)->dt > 0) && config->schedule.scheme == SCHEME_SGD && !rule->noise &&
         write_received(received, rule->name);
}

static bool heat_without_rule(const struct rule_arguments *args, char *received) {
  const struct update_rule *rule = &update_table[args->config->schedule.update.rule];
  return stage_of(args)->temperature > 0 && !rule->thermal && write_received(received, rule->name);
}

static bool power_without_heat(const struct rule_arguments *args, char *received) {
  (void)received;
  return given_in_stage(args, "dynamics.stages[].temperature_power") && !(stage_of(args)->temperature > 0);
}

static bool gives_scaled_batch(const struct rule_arguments *args) {
  return given_in_stage(args, "dynamics.stages[].batch_scale") || given_in_stage(args, "dynamics.stages[].batch_power");
}

static bool two_batches(const struct rule_arguments *args, char *received) {
  return given_in_stage(args, "dynamics.stages[].batch") && gives_scaled_batch(args) &&
         write_received(received, "both");
}

static bool gd_with_batch(const struct rule_arguments *args) {
  const struct config *config = args->config;
  const bool batch = given_in_stage(args, "dynamics.stages[].batch");
  return config->schedule.scheme == SCHEME_GD &&
         (gives_scaled_batch(args) || (batch && stage_of(args)->batch != config->data.samples));
}

static bool gd_exact_with_batch(const struct rule_arguments *args, char *received) {
  (void)received;
  return is_exact(args) && gd_with_batch(args);
}

static bool gd_fixed_with_batch(const struct rule_arguments *args, char *received) {
  (void)received;
  return !is_exact(args) && gd_with_batch(args);
}

static bool sgd_without_batch(const struct rule_arguments *args, char *received) {
  (void)received;
  return args->config->schedule.scheme == SCHEME_SGD && !given_in_stage(args, "dynamics.stages[].batch") &&
         !given_in_stage(args, "dynamics.stages[].batch_scale");
}

static const struct rule stage_rules[] = {
    {NULL, incomplete_stage, "steps and dt are required in every stage", NULL},
    {NULL, auto_keys_without_auto, "dt_safety and dt_every require dt: auto",
     "remove them; on the command line, set an empty value: dynamics.stages[0].dt_safety="},
    {NULL, auto_without_theory, "dt: auto with dynamics.scheme: sgd requires dynamics.update: euler",
     "give dt as a number"},
    {NULL, heat_without_rule, "temperature requires dynamics.update: euler, leimkuhler_matthews or baoab", NULL},
    {NULL, power_without_heat, "temperature_power requires a temperature above 0", NULL},
    {NULL, two_batches, "give either batch or batch_scale and batch_power", NULL},
    {NULL, gd_exact_with_batch, "data.mode: population and rkhs have no batches: omit batch", NULL},
    {NULL, gd_fixed_with_batch, "gd uses the whole fixed set in each step: omit batch, or use dynamics.scheme: sgd",
     NULL},
    {NULL, sgd_without_batch, "sgd requires batch, or batch_scale and batch_power", NULL},
};

/* ---- network sizes in a stage ---- */

/* Without data.samples, the number of points of a data file is unknown here; problem_check (run/problem.h) checks the
 * batch when the file has been read. */
static bool large_batch(const struct rule_arguments *args, char *received) {
  const struct config *config = args->config;
  const bool fixed = config->data.mode == DATA_FIXED, unknown = fixed && config->data.samples == 0;
  const int64_t n = config->ensemble.n[args->member];
  return config->schedule.scheme == SCHEME_SGD && !unknown &&
         schedule_check(&config->schedule, args->stage, n, fixed ? config->data.samples : 0) != OK &&
         write_received(received, error_text());
}

static bool extreme_dt(const struct rule_arguments *args, char *received) {
  const struct stage *stage = stage_of(args);
  const int64_t n = args->config->ensemble.n[args->member];
  const double dt = schedule_network_dt(stage->dt, stage->dt_power, n);
  snprintf(received, RECEIVED_MAX, "%g for n = %lld", dt, (long long)n);
  return stage->dt > 0 && stage->dt_power != 0 && !(dt > 0 && dt <= DT_MAX);
}

static bool odd_mirror(const struct rule_arguments *args, char *received) {
  const int64_t n = args->config->ensemble.n[args->member];
  return args->stage == 0 && args->config->unit.mirror && n % 2 != 0 && write_integer(received, n);
}

static const struct rule size_rules[] = {
    {"ensemble.n", odd_mirror, "expected even numbers with unit.init.mirror: true", NULL},
    {NULL, large_batch, NULL, NULL},
    {NULL, extreme_dt, "dt * n^dt_power: expected > 0 and <= 1e6", NULL},
};

/* ---- all rules ---- */

static void compose(const struct rule *rule, const struct rule_arguments *args, const char *received, char *text,
                    size_t size) {
  char stage[64];
  snprintf(stage, sizeof stage, "dynamics.stages[%d]", args->stage);
  snprintf(text, size, "%s: %s%s%s%s%s", rule->keys ? rule->keys : stage, rule->expected,
           *received ? ", received " : "", received, rule->advice ? "; " : "", rule->advice ? rule->advice : "");
}

static void check(const struct rule *rules, size_t count, const struct rule_arguments *args,
                  void (*report)(void *context, const char *message), void *context) {
  for (size_t i = 0; i < count; i++) {
    char received[RECEIVED_MAX] = "", message[2 * RECEIVED_MAX];
    if (!rules[i].broken(args, received)) continue;
    if (rules[i].expected) compose(&rules[i], args, received, message, sizeof message);
    report(context, rules[i].expected ? message : received);
  }
}

#define CHECK(table, args) check(table, sizeof(table) / sizeof *(table), args, report, context)

void rules_check(const struct config *config, const struct given_keys *keys,
                 void (*report)(void *context, const char *message), void *context) {
  struct rule_arguments args = {.config = config, .given = keys};
  CHECK(input_rules, &args);
  check(rules_exact, (size_t)rules_exact_count, &args, report, context);
  for (args.stage = 0; args.stage < config->schedule.stages; args.stage++) {
    CHECK(stage_rules, &args);
    for (args.member = 0; args.member < config->ensemble.members; args.member++) CHECK(size_rules, &args);
  }
}
