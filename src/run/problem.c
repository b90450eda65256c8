#include "run/problem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "data/target_teacher.h"
#include "dynamics/schedule.h"
#include "dynamics/unit_costs.h"
#include "parallel/heartbeat.h"
#include "store/history.h"

int problem_isa(struct problem *problem) {
  const int asked = problem->config->isa;
  const enum isa best = comm_isa(problem->comm, asked);
  if (asked >= 0 && (int)best != asked)
    return FAIL(USAGE,
                "run.isa: expected an ISA level that all processors of this run support, for example %s, received %s",
                isa_names[best], isa_names[asked]);
  problem->isa = best;
  return OK;
}

int problem_check(const struct config *config, const struct dataset *data) {
  if (unit_table[config->unit.type].manifold == MANIFOLD_SPHERE && data->d < 2)
    return FAIL(USAGE, "unit.type: units on the sphere need points of dimension d >= 2, the file has d = 1");
  for (int s = 0; s < config->schedule.stages; s++)
    for (int e = 0; e < config->ensemble.members; e++)
      TRY(schedule_check(&config->schedule, s, config->ensemble.n[e], data->samples));
  return OK;
}

/* Checks that the points, labels, C_f and coefficients have the same checksum on all ranks. Each rank computes them
 * itself; with a data file, rank 0 broadcasts its contents. */
static int check_alike(const struct comm *comm, const struct target *target, const struct dataset *data) {
  const struct {
    const double *values;
    int64_t count;
  } array[] = {{&data->scale.C_f, 1},
               {data->x, data->samples * data->d},
               {data->y, data->samples},
               {data->test_x, data->tests * data->d},
               {data->test_y, data->tests}};
  uint32_t crc = target_checksum(target, 0);
  char text[16];
  for (size_t i = 0; i < sizeof array / sizeof *array; i++)
    crc = crc32c(crc, array[i].values, sizeof(double) * (size_t)array[i].count);
  snprintf(text, sizeof text, "%08x", crc);
  return comm_same(
      comm, "CRC-32C of the target's coefficients and of the points", text,
      "all ranks must compute the same values: check the processor, memory and mathematical library of that node");
}

int problem_data(struct problem *problem) {
  const struct comm *comm = problem->comm;
  const struct config *config = problem->config;
  heartbeat_activity("the creation of the data");
  TRY(target_create(comm, &config->target, &problem->target));
  TRY(comm_agree(comm, dataset_create(problem->target, &config->data, &problem->data)));
  const struct loss *loss = loss_row(&config->data.loss);
  if (loss->label && dataset_check_labels(problem->data, loss->label, loss->labels) != OK) /* the same on all ranks */
    return FAIL(USAGE, "loss.type: %s: %s", loss->name, error_text());
  TRY(check_alike(comm, problem->target, problem->data));
  return problem_check(config, problem->data); /* the same on all ranks */
}

int problem_particles(struct problem *problem, int stage) {
  const struct config *config = problem->config;
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, problem->isa);
  double cost[ENSEMBLE_MAX];
  unit_costs(&config->schedule, stage, &config->ensemble, problem->data, kernel, config->threads, cost);
  return particles_create(problem->comm, &config->ensemble, &config->unit, problem->data->d,
                          (enum precision)config->precision, cost, &problem->particles);
}

/* Networks with equal initial particles, equal data, no noise and no events would have identical trajectories. */
static int check_distinct(const struct problem *problem) {
  const struct config *config = problem->config;
  const bool common =
      (config->data.shared || config->schedule.scheme == SCHEME_GD) && !schedule_is_random(&config->schedule);
  if (!common || config->ensemble.replicas == 1 ||
      !particle_file_equal(problem->file, &config->unit, &config->ensemble))
    return OK;
  return FAIL(USAGE,
              "unit.init.path: %s: all replicas would start with the same particles, use the same points, and so have "
              "identical trajectories; set ensemble.replicas: 1, or store c, a or b with a first axis of %lld replicas",
              config->unit.import.path, (long long)config->ensemble.replicas);
}

int problem_particle_file(struct problem *problem) {
  const struct comm *comm = problem->comm;
  const struct config *config = problem->config;
  const char *path = config->unit.import.path;
  if (!*path) return OK;
  heartbeat_activity("reading the initial particles");
  bool checkpoint = comm->rank == 0 && checkpoint_looks(path);
  comm_bcast(comm, &checkpoint, sizeof checkpoint, 0);
  const int intact = checkpoint ? checkpoint_verify(comm, path, NULL) : OK;
  if (intact != OK) return FAIL(intact == FAILED ? USAGE : intact, "unit.init.path: %s", error_text());
  struct particle_file *file = alloc_small(sizeof *file);
  const int status =
      particle_file_open(comm, "unit.init.path", &config->unit, problem->data->d, &config->ensemble, checkpoint, file);
  if (status != OK) {
    free(file);
    return status;
  }
  problem->file = file;
  return check_distinct(problem);
}

/* Appends a line for each initial law of a section that differs from its default although `path` has the field. */
static void list_idle_laws(const struct unit_spec *unit, unsigned fields, const char *section, const char *path,
                           FILE *out) {
  const struct normal_law *law[FIELDS] = {[FIELD_C] = &unit->c, [FIELD_A] = &unit->a, [FIELD_B] = &unit->b};
  for (int id = 0; id < FIELDS; id++) {
    const char *name = field_table[id].name;
    if (!(fields & 1u << id) || (law[id]->mean == 0 && law[id]->std == 1)) continue;
    fprintf(out, "%s%s.%s: no effect: %s contains %s; remove it (on the command line: %s.%s=)",
            ftell(out) > 0 ? "\n" : "", section, name, path, name, section, name);
  }
}

/* With the exact potential, inputs of erf units set the law of b to 0, also where a file has b. */
int problem_startable(const struct problem *problem) {
  const struct config *config = problem->config;
  const struct target_spec *target = &config->target;
  const unsigned skipped = dataset_exact(config->data.mode) ? FIELD_BIT_B : 0;
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory to check an input");
  if (problem->file)
    list_idle_laws(&config->unit, problem->file->fields & ~skipped, "unit.init", config->unit.import.path, out);
  if (target->type == TARGET_TEACHER)
    list_idle_laws(&target->teacher, target_teacher_imported(problem->target) & ~skipped, "target.teacher.init",
                   target->teacher.import.path, out);
  fclose(out);
  const int status = *text ? FAIL(USAGE, "%s", text) : OK;
  free(text);
  return status;
}

int problem_initialize(struct problem *problem) {
  struct config *config = problem->config;
  char *expected = config->unit.import.checksum, found[sizeof config->unit.import.checksum];
  particles_init(problem->particles, config->seed);
  if (!problem->file) return OK;
  TRY(particle_file_import(problem->file, problem->particles, config->seed));
  snprintf(found, sizeof found, "%08x", particle_file_checksum(problem->particles));
  if (*expected && strcmp(expected, found) != 0)
    return FAIL(USAGE, "unit.init.path: %s: expected particles with the checksum %s (unit.init.checksum), received %s",
                config->unit.import.path, expected, found);
  memcpy(expected, found, sizeof found);
  return OK;
}

int problem_moved_file(struct problem *problem) {
  int status = problem->file ? OK : problem_particle_file(problem);
  if (status == OK) status = problem_initialize(problem);
  if (status == OK) return OK;
  return FAIL(status,
              "%s; this run resumes only with the particles with which it started: restore unit.init.path, or choose "
              "another run.output",
              error_text());
}

int problem_dynamics(struct problem *problem) {
  return dynamics_create(problem->particles, problem->data, &problem->config->schedule, problem->isa,
                         problem->config->threads, &problem->dynamics);
}

int problem_create(const struct comm *comm, struct config *config, struct problem *problem) {
  *problem = (struct problem){.comm = comm, .config = config};
  TRY(problem_isa(problem));
  TRY(problem_data(problem));
  TRY(problem_particle_file(problem));
  TRY(problem_particles(problem, 0));
  TRY(problem_initialize(problem));
  TRY(problem_dynamics(problem));
  return dynamics_enter_stage(problem->dynamics, 0);
}

/* ---- from a checkpoint ---- */

/* Checks that the input in a checkpoint describes the networks stored in it, before memory for them is allocated.
 * FAILED: it does not. */
static int check_input(const char *path, const struct checkpoint_info *info, const struct config *config) {
  const struct ensemble_spec *stored = &info->ensemble, *expected = &config->ensemble;
  bool same = stored->members == expected->members && stored->replicas == expected->replicas &&
              info->unit == config->unit.type && info->precision == config->precision &&
              (config->target.d == 0 || info->d == config->target.d);
  for (int e = 0; same && e < stored->members; e++) same = stored->n[e] == expected->n[e];
  return same ? OK : FAIL(FAILED, "%s: its input describes different networks from those stored in it", path);
}

/* Writes the name of the output of a checkpoint: the parent of its folder; "" if it is unknown. */
static void output_of(const char *path, char output[PATH_MAX]) {
  if (!realpath(path, output)) *output = 0;
  for (int up = 0; up < 2 && strchr(output, '/'); up++) *strrchr(output, '/') = 0;
}

/* Applies overrides to the input of a checkpoint. They are limited to keys that may change when a run resumes. */
static int override_input(const char *path, int overrides, char *const *override, struct problem *problem) {
  struct config *now = NULL;
  if (overrides == 0) return OK;
  TRY(config_parse_overridden(path, problem->info.config, overrides, override, &now));
  int status = config_resumable(problem->config, now, 0);
  if (status != OK) status = FAIL(status, "%s: these keys of a checkpoint cannot change:\n%s", path, error_text());
  if (status == OK && schedule_steps(&now->schedule) < problem->info.step)
    status = FAIL(USAGE, "%s is at step %lld, but with these overrides the run ends earlier", path,
                  (long long)problem->info.step);
  config_free(status == OK ? problem->config : now);
  if (status == OK) problem->config = now;
  return status;
}

/* Creates the data of a checkpoint. The file with the data may have been moved since the run. */
static int open_data(const char *path, struct problem *problem) {
  const int status = problem_data(problem);
  if (status == OK) return OK;
  const bool file = problem->config->target.type == TARGET_FILE;
  return FAIL(status, "%s: %s%s", path, error_text(),
              file ? "; if the file has been moved, add target.path=FILE to the command" : "");
}

/* Checks the data as history_data does. */
static int check_data(const char *output, struct problem *problem) {
  const int status = history_data(problem->comm, output, problem->config, problem->data);
  if (status != FAILED) return status;
  return FAIL(FAILED,
              "%s; restore it, or move history.h5 and history.previous.h5 out of %s: without them, the data are not "
              "compared with those of the run",
              error_text(), output);
}

int problem_open(const struct comm *comm, const char *path, int overrides, char *const *override,
                 struct problem *problem) {
  *problem = (struct problem){.comm = comm};
  struct checkpoint_info *info = &problem->info;
  TRY(checkpoint_verify(comm, path, info));
  TRY(config_parse(path, info->config, &problem->config));
  TRY(check_input(path, info, problem->config));
  TRY(override_input(path, overrides, override, problem));
  problem->isa = comm_isa(comm, info->isa);
  TRY(open_data(path, problem));
  char output[PATH_MAX];
  output_of(path, output);
  TRY(check_data(output, problem));
  TRY(problem_particles(problem, schedule_stage(&problem->config->schedule, info->step)));
  return checkpoint_read(comm, path, problem->particles);
}

int problem_open_particles(const struct comm *comm, const char *path, struct problem *problem) {
  *problem = (struct problem){.comm = comm};
  struct checkpoint_info *info = &problem->info;
  double cost[ENSEMBLE_MAX];
  for (int e = 0; e < ENSEMBLE_MAX; e++) cost[e] = 1;
  TRY(checkpoint_verify(comm, path, info));
  TRY(config_parse(path, info->config, &problem->config));
  const struct config *config = problem->config;
  TRY(check_input(path, info, config));
  problem->isa = comm_isa(comm, info->isa);
  TRY(particles_create(comm, &config->ensemble, &config->unit, info->d, (enum precision)config->precision, cost,
                       &problem->particles));
  return checkpoint_read(comm, path, problem->particles);
}

void problem_free(struct problem *problem) {
  dynamics_free(problem->dynamics);
  particles_free(problem->particles);
  free(problem->file);
  dataset_free(problem->data);
  target_free(problem->target);
  config_free(problem->config);
  checkpoint_info_free(&problem->info);
}
