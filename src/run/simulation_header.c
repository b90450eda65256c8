/* The header of a run: the problem, the networks, the points, and what a step means. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/coincidence.h"
#include "data/target_teacher.h"
#include "simulation_state.h"

/* What each step uses, for example "all 500 points". */
static void points_text(const struct problem *problem, char text[64]) {
  const struct config *config = problem->config;
  const struct ensemble_spec *ensemble = &config->ensemble;
  int smallest, largest;
  ensemble_extremes(ensemble, &smallest, &largest);
  const int64_t samples = problem->data->samples,
                small = schedule_batch(&config->schedule, 0, ensemble->n[smallest], samples),
                large = schedule_batch(&config->schedule, 0, ensemble->n[largest], samples);
  char to[32] = "";
  if (large != small) snprintf(to, sizeof to, " to %lld", (long long)large);
  if (dataset_exact(config->data.mode))
    snprintf(text, 64, config->data.mode == DATA_RKHS ? "exact sums over pairs of units" : "exact expectations over x");
  else if (config->data.mode == DATA_ONLINE)
    snprintf(text, 64, "%lld%s fresh points", (long long)small, to);
  else if (config->schedule.scheme == SCHEME_GD)
    snprintf(text, 64, "all %lld points", (long long)samples);
  else
    snprintf(text, 64, "%lld%s of %lld points", (long long)small, to, (long long)samples);
}

static void print_problem(struct simulation *sim) {
  const struct problem *problem = &sim->problem;
  const struct loss_spec *loss = &problem->config->data.loss;
  report_line(&sim->report, "problem: learn %s in d = %d, %s loss", problem->target->kind->title, problem->target->d,
              loss_row(loss)->name);
  if (!loss_is_squared(loss))
    report_line(&sim->report, "loss: %s, %s; loss_0 = %.6g", loss_row(loss)->name, loss_row(loss)->help,
                problem->data->scale.loss_0);
}

static void print_networks(struct simulation *sim) {
  enum { LISTED = 30 }; /* bytes of a list of n */
  const struct config *config = sim->problem.config;
  const struct ensemble_spec *ensemble = &config->ensemble;
  char n[LISTED + 32] = "", streams[48] = "";
  for (int e = 0; e < ensemble->members && strlen(n) < LISTED; e++)
    snprintf(n + strlen(n), 32, "%s%lld", e ? ", " : "", (long long)ensemble->n[e]);
  if (strlen(n) >= LISTED)
    snprintf(n, sizeof n, "%lld to %lld", (long long)ensemble->n[0], (long long)ensemble->n[ensemble->members - 1]);
  if (ensemble->streams > 1) snprintf(streams, sizeof streams, " x %lld data streams", (long long)ensemble->streams);
  report_filled(&sim->report, "networks: ", 10, "%d size%s x %lld replicas%s = %lld, %s units, n = %s",
                ensemble->members, ensemble->members == 1 ? "" : "s", (long long)config->initial_conditions, streams,
                (long long)ensemble_networks(ensemble), unit_table[config->unit.type].name, n);
  if (ensemble->scale_power != 0)
    report_line(&sim->report, "output: f = (alpha/n) sum c h, alpha = %g n^%g", ensemble->scale, ensemble->scale_power);
  else if (ensemble->scale != 1)
    report_line(&sim->report, "output: f = (alpha/n) sum c h, alpha = %g", ensemble->scale);
}

/* Prints C_f with its error and origin, and where the points come from. */
/* A teacher from a file: which of its fields are from the file. */
static void print_teacher(struct simulation *sim) {
  const struct target *target = sim->problem.target;
  char law[TEACHER_LAW];
  if (target->spec.type != TARGET_TEACHER || !*target->spec.teacher.import.path) return;
  target_teacher_law(target, law);
  report_line(&sim->report, "teacher: %s: %s", target->spec.teacher.import.path, law);
}

static void print_points(struct simulation *sim) {
  const struct dataset *data = sim->problem.data;
  const double linear = sim->problem.target->linear_fraction;
  const struct dataset_scale *scale = &data->scale;
  char C_f[64], fraction[48] = "", origin[112] = "", *train = dataset_train_origin(data),
                *test = dataset_test_origin(data);
  report_uncertain(scale->C_f, scale->C_f_error, C_f);
  if (*scale->origin && scale->C_f_error != 0) snprintf(origin, sizeof origin, ", from %s", scale->origin);
  if (isfinite(linear)) snprintf(fraction, sizeof fraction, ", linear fraction %.3g", linear);
  if (isfinite(scale->C_f)) report_line(&sim->report, "target: C_f = %s%s%s", C_f, origin, fraction);
  print_teacher(sim);
  report_line(&sim->report, "training: %s", train);
  report_line(&sim->report, "test: %s", test);
  free(train);
  free(test);
}

/* Lists the dt of the stages, without repetition. */
static void dt_text(const struct schedule *schedule, char text[96]) {
  *text = 0;
  for (int s = 0; s < schedule->stages; s++) {
    const size_t used = strlen(text);
    const double dt = schedule->stage[s].dt;
    if (s > 0 && dt == schedule->stage[s - 1].dt) continue;
    if (used > 48) {
      snprintf(text + used, 96 - used, ", ...");
      return;
    }
    if (dt > 0)
      snprintf(text + used, 96 - used, "%s%g", used ? ", " : "", dt);
    else
      snprintf(text + used, 96 - used, "%sauto", used ? ", " : "");
  }
}

/* Returns whether a step is that of SGD in the parameters: it uses points, and does not project on a sphere. */
static bool is_sgd(const struct config *config) {
  return !dataset_exact(config->data.mode) && unit_table[config->unit.type].manifold == MANIFOLD_FLAT;
}

/* Writes the update rule, with its parameter. */
static void rule_text(const struct update_spec *update, char text[64]) {
  const char *name = update_table[update->rule].name;
  *text = 0;
  if (update->rule == UPDATE_MOMENTUM)
    snprintf(text, 64, ", %s %g", name, update->mu);
  else if (update->rule == UPDATE_BAOAB)
    snprintf(text, 64, ", %s with friction %g", name, update->gamma);
  else if (update->rule != UPDATE_EULER)
    snprintf(text, 64, ", %s", name);
}

static void print_noise(struct simulation *sim) {
  const struct config *config = sim->problem.config;
  const struct stage *stage = &config->schedule.stage[0];
  char power[32] = "", temperature[96] = "", *ridge = config_value(config, "dynamics.ridge");
  if (stage->temperature_power != 0) snprintf(power, sizeof power, " n^%g", stage->temperature_power);
  if (config->schedule.update.thermal)
    snprintf(temperature, sizeof temperature, "noise: temperature %g%s%s", stage->temperature, power,
             config->schedule.stages > 1 ? " (first stage)" : "");
  if (update_ridge(&config->schedule.update) > 0)
    report_line(&sim->report, "%s%sridge %s", temperature, *temperature ? ", " : "", ridge);
  else if (*temperature)
    report_line(&sim->report, "%s", temperature);
  free(ridge);
}

static void print_steps(struct simulation *sim) {
  const struct schedule *schedule = &sim->problem.config->schedule;
  char dt[96], points[64], rule[64];
  dt_text(schedule, dt);
  points_text(&sim->problem, points);
  rule_text(&schedule->update, rule);
  report_line(&sim->report, "steps: %lld, each with %s%s%s", (long long)sim->steps, points,
              schedule->stages > 1 && schedule->scheme == SCHEME_SGD ? " (first stage)" : "", rule);
  report_line(&sim->report, "time: dt = %s, t = sum of dt%s", dt,
              is_sgd(sim->problem.config) ? "; in PyTorch: SGD with lr = n dt" : "");
  print_noise(sim);
  const struct birth_death_spec *events = &schedule->update.birth_death;
  if (events->rate > 0)
    report_line(&sim->report, "births and deaths: rate %g, every %lld step%s, reinjection %g", events->rate,
                (long long)events->every, events->every == 1 ? "" : "s", events->reinjection);
}

/* In single and mixed precision, points are rounded to 32 bits, and labels to 32 bits in the residuals. */
static void warn_of_coincidences(struct simulation *sim) {
  const struct problem *problem = &sim->problem;
  const struct dataset *data = problem->data;
  const struct {
    const char *what, *name;
    const double *values;
    int64_t rows;
    int d;
  } sets[] = {{"training points", "x", data->x, data->samples, data->d},
              {"training labels", "y", data->y, data->samples, 1},
              {"test points", "test_x", data->test_x, data->tests, data->d},
              {"test labels", "test_y", data->test_y, data->tests, 1}};
  if (problem->config->precision == PRECISION_DOUBLE || problem->config->target.type != TARGET_FILE) return;
  for (int i = 0; i < 4 && sim->report.active; i++) {
    const struct coincidence found = coincidence_count(sets[i].values, sets[i].rows, sets[i].d);
    if (!coincidence_matters(&found, sets[i].d)) continue;
    report_line(
        &sim->report,
        "warning: %lld different %s become %lld in run.precision: %s; center %s (subtract its mean), scale it to "
        "size 1, or set run.precision: double",
        (long long)found.distinct, sets[i].what, (long long)found.kept, precision_names[problem->config->precision],
        sets[i].name);
  }
}

/* Warns of points whose scale does not fit the units. The argument of a unit is a.x + b, so at first its scale is that
 * of x times the standard deviation of a: for the default law and |x|^2 = d it is sqrt d. */
static void warn_of_scale(struct simulation *sim) {
  const struct dataset *data = sim->problem.data;
  const struct unit_spec *unit = &sim->problem.config->unit;
  const bool flat = unit_table[unit->type].manifold == MANIFOLD_FLAT;
  const double LIMIT = 1000, std = flat && unit->a.std > 0 ? unit->a.std : 1;
  const int64_t count = data->samples * data->d;
  if (sim->problem.config->target.type != TARGET_FILE || *unit->import.path || !sim->report.active) return;
  double largest = 0, squares = 0; /* relative to the largest, whose square may overflow */
  for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(data->x[i]));
  for (int64_t i = 0; i < count && largest > 0; i++) squares += pow(data->x[i] / largest, 2);
  const double scale = std * largest * sqrt(squares / (double)count);
  if (scale >= 1 / LIMIT && scale <= LIMIT) return;
  report_line(&sim->report,
              "warning: x%s has the root mean square %.3g per coordinate, expected %g to %g: units %s; center x "
              "(subtract its mean) and scale it to root mean square 1 per coordinate",
              std != 1 ? " times unit.init.a.std" : "", scale, 1 / LIMIT, LIMIT,
              scale > LIMIT ? "saturate or have steep gradients" : "hardly depend on x");
}

void simulation_print_header(struct simulation *sim) {
  const struct problem *problem = &sim->problem;
  const struct config *config = problem->config;
  const double loss_0 = problem->data->scale.loss_0;
  const char *scale = loss_is_squared(&config->data.loss) ? "C_f" : "loss_0";
  report_header(&sim->report, &sim->provenance, sim->echo);
  print_problem(sim);
  print_networks(sim);
  print_points(sim);
  print_steps(sim);
  report_line(&sim->report, "arithmetic: %s precision, ISA level %s", precision_names[config->precision],
              isa_names[problem->isa]);
  double label;
  warn_of_coincidences(sim);
  warn_of_scale(sim);
  if (dataset_constant(problem->data, &label))
    report_line(&sim->report, "warning: all training labels are %g: check y in %s", label, config->target.path);
  if (!(loss_0 > 0 && isfinite(loss_0)))
    report_line(&sim->report, "warning: %s is not positive: loss_over_%s will be NaN", scale, scale);
}
