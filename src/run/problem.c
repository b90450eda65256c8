#include "run/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "dynamics/schedule.h"
#include "parallel/heartbeat.h"
#include "store/history.h"

int problem_isa(const struct comm *comm, const struct config *config, enum isa *isa) {
  const int best = (int)comm_min(comm, isa_best()), asked = config->isa;
  if (asked > best)
    return FAIL(USAGE, "run.isa: the weakest processor of this run has level %s, received %s", isa_names[best],
                isa_names[asked]);
  *isa = (enum isa)(asked < 0 ? best : asked);
  return OK;
}

int problem_check(const struct config *config, const struct target *target, const struct dataset *data) {
  if (unit_table[config->unit.type].sphere && target->d < 2)
    return FAIL(USAGE, "unit.type: units on the sphere need points of dimension d >= 2, the file has d = 1");
  for (int s = 0; s < config->schedule.stages; s++)
    for (int e = 0; e < config->ensemble.members; e++)
      TRY(schedule_check(&config->schedule, s, config->ensemble.n[e], data->samples));
  return OK;
}

/* What each rank computed for itself: the same bits on all. */
static int check_alike(const struct comm *comm, const struct target *target, const struct dataset *data) {
  const struct {
    const double *values;
    int64_t count;
  } part[] = {{&data->C_f, 1},
              {data->x, data->samples * data->d},
              {data->y, data->samples},
              {data->test_x, data->tests * data->d},
              {data->test_y, data->tests},
              {target->coefficient, target->coefficient ? target->coefficients : 0}};
  uint32_t crc = 0;
  char text[16];
  for (size_t i = 0; i < sizeof part / sizeof *part; i++)
    crc = crc32c(crc, part[i].values, sizeof(double) * (size_t)part[i].count);
  snprintf(text, sizeof text, "%08x", crc);
  return comm_same(comm, "CRC-32C of the target's coefficients and of the points", text,
                   "they were computed alike: the processor, its memory or the mathematical library of a node differ");
}

int problem_data(const struct comm *comm, const struct config *config, struct target **target, struct dataset **data) {
  heartbeat_work("making the data");
  TRY(target_create(comm, &config->target, target));
  TRY(comm_agree(comm, dataset_create(*target, &config->data, data)));
  TRY(check_alike(comm, *target, *data));
  return problem_check(config, *target, *data); /* the same on all ranks */
}

int problem_particles(const struct comm *comm, const struct config *config, const struct dataset *data, int stage,
                      struct particles **particles) {
  double cost[ENSEMBLE_MAX];
  for (int e = 0; e < config->ensemble.members; e++)
    cost[e] = schedule_cost(&config->schedule, stage, config->ensemble.n[e], data);
  return particles_create(comm, &config->ensemble, &config->unit, data->d, (enum precision)config->precision, cost,
                          particles);
}

/* Before memory is asked for what the input in a checkpoint says: are these the networks it holds? */
static int check_input(const char *path, const struct checkpoint_info *info, const struct config *config) {
  const struct ensemble_spec *holds = &info->ensemble, *says = &config->ensemble;
  bool same = holds->members == says->members && holds->replicas == says->replicas && info->unit == config->unit.type &&
              info->precision == config->precision && (config->target.d == 0 || info->d == config->target.d);
  for (int e = 0; same && e < holds->members; e++) same = holds->n[e] == says->n[e];
  return same ? OK : FAIL(FAILED, "%s: the input in it is of other networks than those it holds", path);
}

/* The points are made again, and those of a file may have changed since: the run's history, two folders up, knows them. */
static int check_points(const char *path, const struct config *config, const struct dataset *data) {
  char *output = realpath(path, NULL);
  int status = OK;
  for (int up = 0; output && up < 2 && strchr(output, '/'); up++) *strrchr(output, '/') = 0;
  if (output) status = history_points(output, config, data);
  free(output);
  return status;
}

int problem_open(const struct comm *comm, const char *path, struct problem *setup) {
  *setup = (struct problem){0};
  TRY(checkpoint_verify(comm, path, &setup->info));
  TRY(config_parse(path, setup->info.config, &setup->config));
  TRY(check_input(path, &setup->info, setup->config));
  TRY(problem_data(comm, setup->config, &setup->target, &setup->data));
  TRY(comm_agree(comm, comm->rank == 0 ? check_points(path, setup->config, setup->data) : OK));
  const int stage = schedule_stage(&setup->config->schedule, setup->info.step);
  TRY(problem_particles(comm, setup->config, setup->data, stage, &setup->particles));
  return checkpoint_read(comm, path, setup->particles);
}

void problem_free(struct problem *setup) {
  particles_free(setup->particles);
  dataset_free(setup->data);
  target_free(setup->target);
  config_free(setup->config);
  checkpoint_info_free(&setup->info);
}
