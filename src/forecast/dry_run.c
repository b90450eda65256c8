#include "forecast/dry_run.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/process_memory.h"
#include "dry_run_memory.h"
#include "dry_run_stability.h"
#include "io/durable_file.h"
#include "log/slurm.h"
#include "run/problem.h"
#include "run/stop.h"
#include "store/checkpoint.h"
#include "store/history.h"
#include "store/history_file.h"
#include "store/lock.h"
#include "store/output_folder.h"
#include "store/restart.h"

/* ---- time ---- */

/* Adds the pairs and the time of steps a .. b-1, which belong to stage s. */
static void add_stage(struct dry_run *plan, const struct dataset *data, int s, int64_t a, int64_t b) {
  const struct config *config = plan->config;
  const struct stage *stage = &config->schedule.stage[s];
  const struct pilot_run_stage *take = &plan->pilot.stage[s];
  int64_t rows[2], fields[2]; /* before step a, before step b */
  history_kept(config, a, &rows[0], &fields[0]);
  history_kept(config, b, &rows[1], &fields[1]);
  const double steps = (double)(b - a);
  plan->pairs += steps * schedule_pairs(&config->schedule, s, &config->ensemble, data);
  plan->loop_seconds +=
      steps * take->step + (double)(rows[1] - rows[0]) * take->row + (double)(fields[1] - fields[0]) * take->field;
  if (!(stage->dt > 0)) plan->loop_seconds += (1 + floor(steps / (double)stage->dt_every)) * take->limit;
}

/* Returns the write rate of checkpoints in GB/s from summary.json of the output; 0: unknown. */
static double recorded_rate(const char *output) {
  char path[PATH_BYTES], line[512];
  double rate = 0;
  snprintf(path, sizeof path, "%s/summary.json", output);
  FILE *in = fopen(path, "r");
  while (in && fgets(line, sizeof line, in)) {
    const char *at = strstr(line, "\"checkpoint_gbytes_per_s\":");
    if (at) rate = strtod(strchr(at, ':') + 1, NULL);
  }
  if (in) fclose(in);
  return rate > 0 && isfinite(rate) ? rate : 0;
}

static void predict_time(struct dry_run *plan, const struct dataset *data) {
  const struct config *config = plan->config;
  for (int s = 0; s < config->schedule.stages; s++) {
    const int64_t first = schedule_first(&config->schedule, s), end = first + config->schedule.stage[s].steps;
    if (end > plan->first_step) add_stage(plan, data, s, first > plan->first_step ? first : plan->first_step, end);
  }
  int64_t rows, fields;
  history_kept(config, plan->first_step, &rows, &fields);
  history_kept(config, plan->steps, &plan->rows, &plan->fields);
  plan->rows += 1 - rows; /* the row after the last step */
  plan->fields += steps_hold(&config->fields, plan->steps) - fields;
  const int64_t every = config->checkpoint_every;
  if (every > 0) plan->checkpoints += (double)(plan->steps / every - plan->first_step / every);
  const double rate = recorded_rate(config->output);
  plan->rate_known = rate > 0;
  const double seconds = 1e-9 * (double)plan->checkpoint / (plan->rate_known ? rate : DRY_RUN_RATE);
  plan->save_seconds = config->checkpoint_minutes < 0 ? stop_save_interval(seconds) : 60 * config->checkpoint_minutes;
  if (plan->save_seconds > 0) plan->checkpoints += floor(plan->loop_seconds / plan->save_seconds);
  for (int i = 0; i < config->snapshots.count; i++) plan->checkpoints += config->snapshots.step[i] > plan->first_step;
  if (plan->checkpoints < 1) plan->checkpoints = 1;
  plan->checkpoint_seconds = seconds;
}

/* ---- disk ---- */

static double size_of(const char *folder, const char *name) {
  char path[8400];
  struct stat found;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return stat(path, &found) == 0 && S_ISREG(found.st_mode) ? (double)found.st_size : 0;
}

static double present_bytes(const char *output) {
  char folder[PATH_BYTES];
  snprintf(folder, sizeof folder, "%s/checkpoints", output);
  double bytes = size_of(output, "history.h5") + size_of(output, "history.previous.h5");
  DIR *directory = opendir(folder);
  for (const struct dirent *entry; directory && (entry = readdir(directory));) bytes += size_of(folder, entry->d_name);
  if (directory) closedir(directory);
  return bytes;
}

static int checkpoint_length(const struct problem *problem, const struct provenance *provenance, int64_t *bytes) {
  const struct config *config = problem->config;
  const struct particles shape = {
      .ensemble = config->ensemble,
      .unit = config->unit,
      .d = problem->data->d,
      .precision = (enum precision)config->precision,
      .fields = field_set(unit_manifold(config->unit.type)->fields, config->unit.train, config->unit.rule_fields)};
  char *echo = config_echo(config);
  const struct checkpoint_request checkpoint = {.seed = config->seed,
                                                .update = config->schedule.update.rule,
                                                .isa = problem->isa,
                                                .config = echo,
                                                .provenance = provenance};
  const int status = checkpoint_bytes(&checkpoint, &shape, bytes);
  free(echo);
  return status;
}

static void predict_disk(struct dry_run *plan, const struct dataset *data, bool fresh) {
  const struct config *config = plan->config;
  const double snapshots = config->snapshots.count;
  struct statvfs disk;
  const bool resumes = plan->first_step > 0; /* older checkpoints exist */
  plan->kept = fmin(config->keep, resumes ? config->keep : plan->checkpoints) + fmin(snapshots, STEPS_MAX) + 1;
  plan->history = history_bytes(config, data, plan->steps + 1);
  plan->overlaps = history_overlap_bytes(config, data, plan->steps + 1);
  plan->disk = plan->kept * (double)plan->checkpoint +
               3 * plan->history; /* the history, the copy before it, and a new one that is being written */
  plan->present = fresh ? 0 : present_bytes(config->output);
  plan->free_space = statvfs(plan->folder, &disk) == 0 ? (double)disk.f_bavail * (double)disk.f_frsize : NAN;
}

/* ---- the forecast ---- */

static int predict(const struct problem *problem, const struct dry_run_options *options, struct dry_run *plan) {
  const struct comm *comm = problem->comm;
  struct provenance provenance;
  provenance_fill(comm, options->argc, options->argv, &provenance);
  TRY(comm_agree(comm, comm->rank == 0 ? checkpoint_length(problem, &provenance, &plan->checkpoint) : OK));
  plan->data = problem->data;
  TRY(pilot_run_measure(problem, &plan->pilot));
  struct dry_run_rank own = {.base_memory = process_memory_peak() - plan->pilot.particle_bytes};
  gethostname(own.node, sizeof own.node - 1);
  own.free_memory = process_memory_installed() > 0 ? fmin(process_memory_installed(), slurm_memory()) : slurm_memory();
  void *ranks; /* struct dry_run_rank [ranks] on rank 0, NULL on other ranks */
  comm_gather(comm, &own, sizeof own, &ranks, NULL);
  if (!ranks) return OK;
  predict_time(plan, problem->data);
  dry_run_memory(plan, problem->data, ranks);
  predict_disk(plan, problem->data, options->fresh);
  dry_run_stability(plan, problem->data);
  free(ranks);
  return OK;
}

static int check_output(const char *output, char *folder) {
  char owner[LOCK_CONTENT];
  TRY(output_folder_probe(output, folder));
  return lock_probe(output, owner) ? FAIL(USAGE, "%s: another run writes to this output (%s)", output, owner) : OK;
}

/* Determines plan->first_step, plan->complete and plan->resumes, and writes where the run would start to `where`
 * [WHERE], "" if it would be refused. Returns OK, or the status with which the run would be refused. Collective. */
enum { WHERE = PATH_BYTES + 128 };
static int find_start(struct problem *problem, bool fresh, struct report *report, struct dry_run *plan, char *where) {
  const struct comm *comm = problem->comm;
  struct config *config = problem->config;
  *where = 0;
  TRY(comm_agree(comm, comm->rank == 0 ? check_output(config->output, plan->folder) : OK));
  if (fresh) {
    if (output_folder_holds_run(config->output))
      report_line(report, "would move the old run in %s aside", config->output);
  } else {
    struct restart from;
    bool has_later_rows = false;
    TRY(restart_find(comm, config, report, &from));
    plan->first_step = from.path ? from.info.step : 0;
    plan->resumes = from.path != NULL;
    int status = *from.moved_file ? problem_particle_file(problem) : OK;
    if (status == OK && plan->first_step > 0)
      status = history_check(comm, config, problem->data, plan->first_step, &has_later_rows);
    if (status == OK && from.path)
      snprintf(where, WHERE, "would resume from %s, step %lld of %lld", from.path, (long long)plan->first_step,
               (long long)plan->steps);
    plan->complete = has_later_rows && plan->first_step == plan->steps;
    restart_free(&from);
    if (status != OK || plan->resumes) return status;
  }
  TRY(config_startable(config));
  TRY(problem_particle_file(problem));
  TRY(problem_startable(problem));
  if (problem->file) {
    char origin[384];
    particle_file_describe(problem->file, &config->unit, &config->ensemble, origin, sizeof origin);
    report_line(report, "initial particles: %s: %s", config->unit.import.path, origin);
  }
  snprintf(where, WHERE, "would start at step 0 of %lld, in %s", (long long)plan->steps, config->output);
  return OK;
}

/* Compares the particles of unit.init.path, which is open, with the checksum that they must have: that of the
 * checkpoint, of the input, or of a history without a checkpoint. Needs the memory of all units, and is therefore
 * called after the pilot run, whose peak memory is measured. If this memory is not available, there is no comparison.
 * Returns OK, or the status with which the run would be refused. Collective. */
static int check_particles(struct problem *problem, bool fresh, const struct dry_run *plan) {
  const struct config *config = problem->config;
  const struct comm *comm = problem->comm;
  bool compares = !plan->resumes && !fresh && output_folder_holds_run(config->output);
  compares = (compares || *config->unit.import.checksum) && plan->node_memory <= plan->node_available;
  comm_bcast(comm, &compares, sizeof compares, 0);
  if (!compares) return OK;
  int status = problem_particles(problem, 0);
  if (status == OK) status = plan->resumes ? problem_moved_file(problem) : problem_initialize(problem);
  particles_free(problem->particles);
  problem->particles = NULL;
  if (status == OK && !plan->resumes && !fresh)
    status = comm_agree(comm, comm->rank == 0 ? history_replaceable(config->output, config) : OK);
  return status;
}

static int report_plan(struct problem *problem, const struct dry_run_options *options, struct report *report,
                       struct dry_run *plan) {
  char where[WHERE], refused[4096];
  int start = find_start(problem, options->fresh, report, plan, where);
  snprintf(refused, sizeof refused, "%s", start == OK ? "" : error_text());
  const bool compares = start == OK && problem->file;
  if (start == OK && !compares) report_line(report, "%s", where);
  int status = predict(problem, options, plan);
  TRY(comm_agree(problem->comm, status));
  if (compares) {
    start = check_particles(problem, options->fresh, plan);
    if (start == OK)
      report_line(report, "%s", where);
    else
      snprintf(refused, sizeof refused, "%s", error_text());
  }
  if (problem->comm->rank == 0) {
    dry_run_print(plan, report);
    if (options->json) status = dry_run_json(plan, options->json);
  }
  TRY(comm_agree(problem->comm, status));
  return start == OK ? OK : FAIL(start, "this run would be refused: %s", refused);
}

int dry_run_report(const struct comm *comm, const struct config *config, const struct dry_run_options *options) {
  struct report report = report_create(comm->rank == 0);
  struct problem problem = {.comm = comm, .config = alloc_small(sizeof *config)};
  struct dry_run *plan = alloc_small(sizeof *plan);
  *problem.config = *config;
  *plan = (struct dry_run){.config = config, .ranks = comm->size, .steps = schedule_steps(&config->schedule)};
  int status = problem_isa(&problem);
  const double began = comm_time();
  if (status == OK && !options->fresh) status = restart_keep(comm, problem.config);
  if (status == OK) status = problem_data(&problem);
  plan->data_seconds = comm_time() - began;
  if (status == OK) status = report_plan(&problem, options, &report, plan);
  report_close(&report);
  problem_free(&problem);
  free(plan);
  return status;
}
