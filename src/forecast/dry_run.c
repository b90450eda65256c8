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
#include "dynamics/activations.h"
#include "dynamics/epoch_orders.h"
#include "dynamics/gradient.h"
#include "dynamics/unit_costs.h"
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

static double max(double a, double b) {
  return a > b ? a : b;
}

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

/* ---- memory ---- */

/* Determines which rank owns which units in stage 0 and in the remaining stages. Every run first distributes the units
 * for stage 0, even if it resumes in a later stage. owned [ranks]: the result for the last stage. tiles [ranks],
 * initially zeros: the largest number of tiles that a rank holds at a time; while blocks change owners, a rank holds
 * both its old and its new tiles. */
static void follow_owners(const struct dry_run *plan, const struct dataset *data, struct ownership *owned,
                          double *tiles) {
  const struct config *config = plan->config;
  struct ownership *next = alloc_small(sizeof *next * (size_t)plan->ranks);
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, ISA_portable);
  double cost[ENSEMBLE_MAX];
  for (int s = 0; s < config->schedule.stages; s++) {
    const int64_t end = schedule_first(&config->schedule, s) + config->schedule.stage[s].steps;
    if (s > 0 && end <= plan->first_step) continue;
    unit_costs(&config->schedule, s, &config->ensemble, data, kernel, config->threads, cost);
    ensemble_ownership(&config->ensemble, cost, plan->ranks, next);
    bool moved = s > 0;
    if (s > 0) moved = memcmp(next, owned, sizeof *next * (size_t)plan->ranks) != 0;
    for (int r = 0; r < plan->ranks; r++) {
      tiles[r] = max(tiles[r], (double)(next[r].tiles + (moved ? owned[r].tiles : 0)));
      owned[r] = next[r];
    }
  }
  free(next);
}

/* Returns the largest number of remaining fields in any `between` consecutive steps. */
static double most_fields(const struct dry_run *plan, double between) {
  const struct steps *fields = &plan->config->fields;
  int most = 0;
  for (int first = 0, i = 0; i < fields->count; i++) {
    while (fields->step[first] < plan->first_step || (double)(fields->step[i] - fields->step[first]) >= between) {
      if (first == i) break;
      first++;
    }
    if (fields->step[i] >= plan->first_step && i - first + 1 > most) most = i - first + 1;
  }
  return most;
}

/* Returns the bytes of the history rows and fields of a rank between two checkpoints. The ranks that lead networks keep
 * them in memory; history_write then gathers them on rank 0: for one network size at a time, the rows, then each kind
 * of field. */
static double rows_bytes(const struct dry_run *plan, const struct dataset *data, const struct ownership *owned,
                         int rank) {
  const struct config *config = plan->config;
  const double steps = (double)(plan->steps - plan->first_step), replicas = (double)config->ensemble.replicas;
  double between = steps;
  if (config->checkpoint_every > 0) between = fmin(between, (double)config->checkpoint_every);
  if (plan->save_seconds > 0 && plan->loop_seconds > 0)
    between = fmin(between, steps * plan->save_seconds / plan->loop_seconds);
  const double rows = (double)plan->rows * (steps > 0 ? between / steps : 1);
  const double fields = most_fields(plan, between);
  const double numbers[] = {rows * column_count, fields * (double)data->tests, fields * (double)data->samples,
                            fields * HISTORY_SECOND_MOMENTS};
  const double led = (double)owned->led, of_size = fmin(led, replicas);
  double kept = 0, tables = 0, moving = 0;
  for (int kind = 0; kind < 4; kind++) {
    kept += led * numbers[kind];
    if (rank == 0) tables += replicas * numbers[kind];
    moving = fmax(moving, rank == 0 ? tables + replicas * numbers[kind] : of_size * numbers[kind]);
  }
  return sizeof(double) * (kept + moving);
}

/* Returns the largest number of bytes of activations that one thread keeps (dynamics/activations.h), over all stages
 * and the networks of up to n units. The rank owns at most `tiles` tiles. */
static double kept_bytes(const struct config *config, const struct dataset *data, int64_t n, int64_t tiles) {
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, ISA_portable);
  double most = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    for (int s = 0; s < config->schedule.stages && config->ensemble.n[e] <= n; s++) {
      const int64_t batch = schedule_batch(&config->schedule, s, config->ensemble.n[e], data->samples),
                    own = network_tiles(config->ensemble.n[e]);
      const double bytes = activations_bytes(kernel, own < tiles ? own : tiles, batch);
      if (bytes <= activations_limit(1)) most = fmax(most, bytes);
    }
  return most;
}

/* Returns the bytes of the order of the training points of one network (dynamics/epoch_orders.h), maximum over network
 * sizes and stages. */
static double order_bytes(const struct config *config, const struct dataset *data) {
  double most = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    for (int s = 0; s < config->schedule.stages; s++)
      most = fmax(most, epoch_orders_bytes(data, &config->schedule, s, config->ensemble.n[e]));
  return most;
}

/* Returns the bytes of a rank without units and history rows: `base_memory` bytes, as measured after the pilot run, and
 * the arrays that the pilot run may not have needed, or may have needed at a smaller size. */
static double work_bytes(const struct dry_run *plan, const struct dataset *data, const struct ownership *owned,
                         int rank, double base_memory) {
  const struct config *config = plan->config;
  const enum precision precision = (enum precision)config->precision;
  const double tile = (double)particles_tile_bytes(data->d, precision);
  /* CRCS: bytes of the checksums of one block. BUFFERS: bytes of the buffers for checkpoints. */
  enum { CRCS = FIELD_SET_MAX * sizeof(uint32_t), BUFFERS = 3 << 20 };
  double bytes =
      base_memory + BUFFERS + CRCS * (double)(owned->blocks + (rank == 0 ? ensemble_blocks(&config->ensemble) : 0));
  if (data->spec.mode == DATA_POPULATION)
    return bytes + owned->units * (data->d + 1) * sizeof(double) + (double)network_tiles(owned->split) * tile;
  const int64_t batch = schedule_largest_batch(&config->schedule, &config->ensemble, data->samples);
  if (batch != data->samples) bytes += gradient_bytes(data->d, precision, batch, owned->tiles);
  if (!plan->pilot.whole) {
    const double more = kept_bytes(config, data, INT64_MAX, owned->tiles) -
                        kept_bytes(config, data, plan->pilot.n, network_tiles(plan->pilot.n));
    bytes += fmax(0, more) * config->threads;
    bytes += order_bytes(config, data) * fmax(0, (double)owned->networks - plan->pilot.networks / plan->ranks);
  }
  enum { POINT = 56 }; /* bytes per point: f, y, r and the sums (dynamics/outputs.h) */
  if (batch > plan->pilot.batch) bytes += POINT * (double)(batch - plan->pilot.batch);
  return bytes;
}

/* Facts about a rank and its node, gathered on rank 0. */
struct rank_facts {
  char node[256];
  double free_memory; /* bytes that the job may use on this node */
  double base_memory; /* peak bytes of the rank without units, after the pilot run */
  double memory;      /* predicted total bytes of the rank; set on rank 0 */
};

/* Counts the nodes by name and finds the node with the least memory to spare (available minus predicted). */
static void predict_nodes(struct dry_run *plan, const struct rank_facts *facts) {
  double *needs = calloc((size_t)plan->ranks, sizeof *needs);
  if (!needs) die("no memory for %d ranks", plan->ranks);
  plan->node_available = INFINITY;
  for (int r = 0; r < plan->ranks; r++) {
    int first = 0;
    while (strcmp(facts[first].node, facts[r].node) != 0) first++;
    plan->nodes += first == r;
    needs[first] += facts[r].memory;
  }
  for (int r = 0; r < plan->ranks; r++)
    if (needs[r] > 0 && facts[r].free_memory - needs[r] < plan->node_available - plan->node_memory) {
      plan->node_memory = needs[r];
      plan->node_available = facts[r].free_memory;
    }
  free(needs);
}

/* Predicts the memory of each rank. facts [ranks]: sets the member memory. */
static void predict_memory(struct dry_run *plan, const struct dataset *data, struct rank_facts *facts) {
  const struct config *config = plan->config;
  struct ownership *owned = alloc_small(sizeof *owned * (size_t)plan->ranks);
  double *tiles = calloc((size_t)plan->ranks, sizeof *tiles);
  if (!tiles) die("no memory for %d ranks", plan->ranks);
  follow_owners(plan, data, owned, tiles);
  const double tile =
      (double)particles_tile_bytes(data->d, (enum precision)config->precision) * (1 + config->unit.rule_fields);
  for (int r = 0; r < plan->ranks; r++) {
    const double units = tiles[r] * tile, rows = rows_bytes(plan, data, &owned[r], r),
                 work = work_bytes(plan, data, &owned[r], r, facts[r].base_memory);
    rank_range_add(&plan->units, r, plan->ranks, units);
    facts[r].memory = units + rows + work;
    rank_range_add(&plan->memory, r, plan->ranks, facts[r].memory);
    plan->work_memory = max(plan->work_memory, work);
    plan->history_memory = max(plan->history_memory, rows);
  }
  free(tiles);
  free(owned);
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
  plan->disk = plan->kept * (double)plan->checkpoint +
               3 * plan->history; /* the history, the copy before it, and a new one that is being written */
  plan->present = fresh ? 0 : present_bytes(config->output);
  plan->free_space = statvfs(plan->folder, &disk) == 0 ? (double)disk.f_bavail * (double)disk.f_frsize : NAN;
}

/* ---- stability ---- */

static void add_stability(struct dry_run *plan, const struct dry_run_stability *size) {
  plan->stability[plan->sizes++] = *size;
}

/* Adds the estimates at step 0, which the pilot run made. */
static void add_estimates(struct dry_run *plan) {
  for (int e = 0; e < plan->pilot.sizes; e++) {
    const struct pilot_run_stability *size = &plan->pilot.stability[e];
    struct dry_run_stability own = {.n = size->n,
                                    .ratio = size->ratio,
                                    .error = size->error,
                                    .limit = size->limit,
                                    .above = size->above,
                                    .scaled_down = !size->whole};
    if (size->above || !isfinite(size->ratio))
      snprintf(own.text, sizeof own.text, "%s; results may not be gradient flow", size->text);
    add_stability(plan, &own);
  }
}

/* Adds the last estimates of the run to resume. A history without them adds none. */
static void add_recorded(struct dry_run *plan) {
  char path[PATH_BYTES];
  struct h5 *file = NULL;
  snprintf(path, sizeof path, "%s/history.h5", plan->config->output);
  int status = history_file_open(path, &file);
  for (int e = 0; e < plan->config->ensemble.members && status == OK; e++) {
    struct summary_stability size;
    char limit[SUMMARY_SENTENCE], rises[SUMMARY_SENTENCE];
    status = history_stability(file, plan->config, e, &size);
    if (status != OK || size.last_step < 0) continue;
    struct dry_run_stability own = {.n = size.n,
                                    .step = size.last_step,
                                    .ratio = size.last,
                                    .error = size.last_error,
                                    .limit = size.last_limit,
                                    .above = size.last_above};
    summary_stability_text(&size, limit, rises);
    if (*limit) snprintf(own.text, sizeof own.text, "n = %lld: %s", (long long)size.n, limit);
    add_stability(plan, &own);
  }
  h5_close(file);
}

/* ---- the forecast ---- */

static int predict(const struct problem *problem, const struct dry_run_options *options, struct dry_run *plan) {
  const struct comm *comm = problem->comm;
  struct provenance provenance;
  provenance_fill(comm, options->argc, options->argv, &provenance);
  TRY(comm_agree(comm, comm->rank == 0 ? checkpoint_length(problem, &provenance, &plan->checkpoint) : OK));
  TRY(pilot_run_measure(problem, &plan->pilot));
  struct rank_facts own = {.base_memory = process_memory_peak() - plan->pilot.particle_bytes};
  gethostname(own.node, sizeof own.node - 1);
  own.free_memory = process_memory_installed() > 0 ? fmin(process_memory_installed(), slurm_memory()) : slurm_memory();
  void *all_facts; /* struct rank_facts [ranks] on rank 0, NULL on other ranks */
  comm_gather(comm, &own, sizeof own, &all_facts, NULL);
  if (!all_facts) return OK;
  predict_time(plan, problem->data);
  predict_memory(plan, problem->data, all_facts);
  predict_nodes(plan, all_facts);
  predict_disk(plan, problem->data, options->fresh);
  if (plan->first_step > 0)
    add_recorded(plan);
  else
    add_estimates(plan);
  free(all_facts);
  return OK;
}

static int check_output(const char *output, char *folder) {
  char owner[LOCK_CONTENT];
  TRY(output_folder_probe(output, folder));
  return lock_probe(output, owner) ? FAIL(USAGE, "%s: another run writes to this output (%s)", output, owner) : OK;
}

/* Determines plan->first_step and plan->complete and reports where the run would start. Returns OK, or the status with
 * which the run would be refused. Collective. */
static int find_start(struct problem *problem, bool fresh, struct report *report, struct dry_run *plan) {
  const struct comm *comm = problem->comm;
  struct config *config = problem->config;
  TRY(comm_agree(comm, comm->rank == 0 ? check_output(config->output, plan->folder) : OK));
  if (fresh) {
    if (output_folder_holds_run(config->output))
      report_line(report, "would move the old run in %s aside", config->output);
  } else {
    struct restart from;
    bool has_later_rows = false;
    TRY(restart_find(comm, config, report, &from));
    plan->first_step = from.path ? from.info.step : 0;
    const int status =
        plan->first_step > 0 ? history_check(comm, config, problem->data, plan->first_step, &has_later_rows) : OK;
    if (status == OK && from.path)
      report_line(report, "would resume from %s, step %lld of %lld", from.path, (long long)plan->first_step,
                  (long long)plan->steps);
    plan->complete = has_later_rows && plan->first_step == plan->steps;
    const bool started = from.path != NULL;
    restart_free(&from);
    if (status != OK || started) return status;
  }
  TRY(config_startable(config));
  TRY(problem_particle_file(problem));
  if (problem->file) {
    char origin[384];
    particle_file_describe(problem->file, &config->unit, &config->ensemble, origin, sizeof origin);
    report_line(report, "initial particles: %s: %s", config->unit.import.path, origin);
  }
  report_line(report, "would start at step 0 of %lld, in %s", (long long)plan->steps, config->output);
  return OK;
}

static int report_plan(struct problem *problem, const struct dry_run_options *options, struct report *report,
                       struct dry_run *plan) {
  const int start = find_start(problem, options->fresh, report, plan);
  char refused[4096];
  snprintf(refused, sizeof refused, "%s", start == OK ? "" : error_text());
  int status = predict(problem, options, plan);
  if (status == OK && problem->comm->rank == 0) {
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
