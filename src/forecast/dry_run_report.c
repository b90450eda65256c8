/* The forecast of a dry run as text, as the header of a SLURM job, and as JSON. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "forecast/dry_run.h"
#include "io/json.h"

/* Longest and shortest time limit of a job, in seconds; the longest is extended if it is shorter than twice
 * stop_seconds. A longer run needs several jobs, which jobs/run.sh queues one after the other. */
static const double JOB_SECONDS = 24 * 3600, JOB_LEAST = 600;
static const double SIGNAL_MOST = 65535; /* largest time that --signal of SLURM accepts, in seconds */
static const double MARGIN = 1.3;        /* ratio of requested to predicted memory and time */

enum { INDENT = 12 }; /* columns of the labels */

static double total_seconds(const struct dry_run *plan) {
  return plan->data_seconds + plan->loop_seconds + plan->checkpoints * plan->checkpoint_seconds;
}

/* Returns how many seconds before the time limit SLURM should signal the run to stop: 60, because SLURM checks once a
 * minute, plus twice the total time of the slowest step and a checkpoint, rounded up to a multiple of 30; at most
 * SIGNAL_MOST. */
static double stop_seconds(const struct dry_run *plan) {
  double step = 0;
  for (int s = 0; s < plan->config->schedule.stages; s++) {
    const struct pilot_run_stage *take = &plan->pilot.stage[s];
    step = fmax(step, take->step + take->row + take->field + take->limit);
  }
  return fmin(30 * ceil((60 + 2 * (step + plan->checkpoint_seconds)) / 30), SIGNAL_MOST);
}

static double job_seconds(const struct dry_run *plan) {
  const double whole = MARGIN * total_seconds(plan) + stop_seconds(plan);
  return 60 * ceil(fmin(fmax(whole, JOB_LEAST), fmax(JOB_SECONDS, 2 * stop_seconds(plan))) / 60);
}

static double cpu_megabytes(const struct dry_run *plan) {
  return 10 * ceil(1e-7 * MARGIN * plan->memory.max / plan->config->threads);
}

/* ---- text ---- */

static void print_memory(const struct dry_run *plan, struct report *report) {
  char least[32], mean[32], most[32], all[32], units[32], work[32], rows[32];
  report_size(plan->memory.min, least);
  report_size(plan->memory.mean, mean);
  report_size(plan->memory.max, most);
  report_size(plan->memory.mean * plan->ranks, all);
  report_size(plan->units.max, units);
  report_size(plan->work_memory, work);
  report_size(plan->history_memory, rows);
  report_filled(report, "memory", INDENT, "%s to %s per rank, mean %s, total %s", least, most, mean, all);
  report_filled(report, "", INDENT,
                "maximum over ranks: units %s, program and work space %s, history rows and fields %s", units, work,
                rows);
  if (plan->node_memory > plan->node_available) {
    report_size(plan->node_memory, all);
    report_size(plan->node_available, rows);
    report_line(
        report,
        plan->work_memory > plan->node_available
            ? "warning: the run does not fit in memory: %s needed on one node, %s available, and more ranks or nodes "
              "cannot "
              "help: each rank needs %s for points and work space; use fewer points (data.samples, data.test, batch)"
            : "warning: the run does not fit in memory: %s needed on one node, %s available; use more nodes, or write "
              "checkpoints more often if the history needs most of it (work space of a rank: %s)",
        all, rows, work);
  }
}

static void print_disk(const struct dry_run *plan, struct report *report) {
  char each[32], history[32], overlaps[32], most[32], present[32], free_space[32];
  const double more = plan->disk - plan->present;
  report_size((double)plan->checkpoint, each);
  report_size(plan->history, history);
  report_size(plan->overlaps, overlaps);
  report_size(plan->disk, most);
  report_size(plan->present, present);
  report_size(plan->free_space, free_space);
  report_filled(report, "disk", INDENT, "%s (%lld bytes) per checkpoint, at most %.0f at a time; history about %s",
                each, (long long)plan->checkpoint, plan->kept, history);
  if (plan->overlaps > 0)
    report_filled(report, "", INDENT, "the history includes about %s of overlaps (output.overlaps)", overlaps);
  report_filled(report, "", INDENT, "at most %s in total, of which %s already present; %s free in %s", most, present,
                free_space, plan->folder);
  if (more > plan->free_space)
    report_line(report, "warning: the output does not fit on the disk: free some space, keep fewer checkpoints "
                        "(output.keep, output.snapshots), or choose another run.output");
}

static void print_time(const struct dry_run *plan, struct report *report) {
  const struct pilot_run *pilot = &plan->pilot;
  char whole[32], rate[128];
  report_duration(total_seconds(plan), whole);
  report_filled(report, "time", INDENT, "%s on %d rank%s x %d thread%s: %.3g pairs/s, %.3g s per step", whole,
                plan->ranks, plan->ranks == 1 ? "" : "s", plan->config->threads, plan->config->threads == 1 ? "" : "s",
                plan->loop_seconds > 0 ? plan->pairs / plan->loop_seconds : 0,
                plan->steps > plan->first_step ? plan->loop_seconds / (double)(plan->steps - plan->first_step) : 0);
  if (pilot->whole)
    report_filled(report, "", INDENT, "measured now with steps, rows and fields of this problem");
  else
    report_filled(report, "", INDENT,
                  "measured now with steps, rows and fields of %.0f network%s of n <= %lld, scaled by pairs and units",
                  pilot->networks, pilot->networks == 1 ? "" : "s", (long long)pilot->n);
  if (plan->data_seconds > 0.01 * total_seconds(plan))
    report_filled(report, "", INDENT, "including %.3g s to create the data, as measured now", plan->data_seconds);
  snprintf(rate, sizeof rate, "if the disk writes %g GB/s (`mckean bench --only disk --disk FOLDER` measures it)",
           DRY_RUN_RATE);
  report_filled(report, "", INDENT, "including about %.0f checkpoint%s, %.3g s each, %s", plan->checkpoints,
                plan->checkpoints == 1 ? "" : "s", plan->checkpoint_seconds,
                plan->rate_known ? "at the write rate in summary.json of this output" : rate);
}

/* Prints how dt: auto is set in the first stage to come that has it. */
static void print_auto(const struct dry_run *plan, struct report *report) {
  const struct schedule *schedule = &plan->config->schedule;
  for (int s = 0; s < schedule->stages; s++) {
    const int64_t end = schedule_first(schedule, s) + schedule->stage[s].steps;
    if (schedule->stage[s].dt > 0 || end <= plan->first_step) continue;
    report_filled(report, "stability", INDENT, "dt: auto: dt is %g of the limit at each estimate (stage %d)",
                  schedule->stage[s].dt_safety, s);
    return;
  }
}

static void print_stability(const struct dry_run *plan, struct report *report) {
  bool several = false;
  print_auto(plan, report);
  for (int e = 0; e < plan->sizes; e++) {
    const struct dry_run_stability *size = &plan->stability[e];
    several |= size->stages > 1;
    if (size->stages > 0)
      report_filled(report, e == 0 ? "stability" : "", INDENT,
                    "n = %lld: dt/limit = %.3g +- %.2g in stage %d; lambda at step %lld%s%s", (long long)size->n,
                    size->ratio, size->error, size->stage, (long long)size->step,
                    size->without_noise ? ", without batch noise" : "", size->scaled_down ? " (n scaled down)" : "");
    if (*size->recorded) report_line(report, "warning: %s", size->recorded);
    if (*size->text) report_line(report, "warning: %s", size->text);
  }
  if (several) report_filled(report, "", INDENT, "these are the stages to come with the largest dt/limit");
}

static void print_header(const struct dry_run *plan, struct report *report) {
  char time[32];
  const double job = job_seconds(plan), whole = MARGIN * total_seconds(plan);
  report_duration(job, time);
  report_line(report, "SLURM       header for jobs/run.sh, with a margin of %.0f %%:", 100 * (MARGIN - 1));
  report_line(report, "#SBATCH --nodes=%d", plan->nodes);
  report_line(report, "#SBATCH --ntasks=%d", plan->ranks);
  report_line(report, "#SBATCH --cpus-per-task=%d", plan->config->threads);
  report_line(report, "#SBATCH --mem-per-cpu=%.0fM", cpu_megabytes(plan));
  report_line(report, "#SBATCH --time=%s", time);
  report_line(report, "#SBATCH --signal=B:USR2@%.0f", stop_seconds(plan));
  report_line(report, "#SBATCH --requeue");
  report_line(report, "#SBATCH --open-mode=append");
  report_line(report, "#SBATCH --output=%%x-%%j.log");
  if (whole + stop_seconds(plan) > job)
    report_filled(report, "", INDENT,
                  "about %.0f jobs of this length, one after the other: set restarts in jobs/run.sh",
                  ceil(whole / (job - stop_seconds(plan))));
}

/* With dt_power, prints t at the end for the smallest and the largest n. */
static void print_own_times(const struct config *config, struct report *report) {
  const struct schedule *schedule = &config->schedule;
  const int64_t steps = schedule_steps(schedule);
  if (!schedule_dt_varies(schedule, steps) || schedule_auto(schedule, steps)) return;
  int smallest, largest;
  ensemble_extremes(&config->ensemble, &smallest, &largest);
  const int64_t n = config->ensemble.n[smallest], most = config->ensemble.n[largest];
  report_filled(report, "times", INDENT, "sizes have different t: at the end t = %g for n = %lld, t = %g for n = %lld",
                schedule_time(schedule, n, steps), (long long)n, schedule_time(schedule, most, steps), (long long)most);
}

static void print_target(const struct dataset *data, struct report *report) {
  char C_f[64];
  report_uncertain(data->scale.C_f, data->scale.C_f_error, C_f);
  report_filled(report, "target", INDENT, "%s, C_f = %s", data->target->kind->title,
                isfinite(data->scale.C_f) ? C_f : "unknown");
}

void dry_run_print(const struct dry_run *plan, struct report *report) {
  if (plan->complete) {
    report_line(report, "already complete: the run would do nothing; add steps to dynamics.stages to continue");
    return;
  }
  print_target(plan->data, report);
  print_own_times(plan->config, report);
  report_filled(
      report, "steps", INDENT, "%lld remaining: %.3g (unit x %s) pairs, %lld rows of the history, %lld fields",
      (long long)(plan->steps - plan->first_step), plan->pairs,
      dataset_exact(plan->config->data.mode) ? "unit" : "point", (long long)plan->rows, (long long)plan->fields);
  print_memory(plan, report);
  print_disk(plan, report);
  print_time(plan, report);
  print_stability(plan, report);
  print_header(plan, report);
  report_line(report, "dry run: nothing was written");
}

/* ---- JSON ---- */

static void json_all(struct json *json, const struct dry_run *plan) {
  json_integer(json, "ranks", plan->ranks);
  json_integer(json, "threads", plan->config->threads);
  json_integer(json, "nodes", plan->nodes);
  json_integer(json, "first", plan->first_step);
  json_integer(json, "steps", plan->steps);
  json_bool(json, "complete", plan->complete);
  json_real(json, "pairs", plan->pairs);
  json_integer(json, "rows", plan->rows);
  json_integer(json, "fields", plan->fields);
  json_range(json, "units", &plan->units);
  json_range(json, "memory", &plan->memory);
  json_real(json, "program", plan->work_memory);
  json_real(json, "history_memory", plan->history_memory);
  json_real(json, "node_memory", plan->node_memory);
  json_bool(json, "memory_fits", plan->node_memory <= plan->node_available);
  json_integer(json, "checkpoint", plan->checkpoint);
  json_real(json, "kept", plan->kept);
  json_real(json, "history", plan->history);
  json_real(json, "overlaps", plan->overlaps);
  json_real(json, "disk", plan->disk);
  json_real(json, "there", plan->present);
  json_real(json, "room", plan->free_space);
  if (isnan(plan->free_space))
    json_text(json, "fits", NULL);
  else
    json_bool(json, "fits", plan->disk - plan->present <= plan->free_space);
  json_real(json, "seconds", total_seconds(plan));
  json_real(json, "start", plan->data_seconds);
  json_real(json, "loop", plan->loop_seconds);
  json_real(json, "checkpoints", plan->checkpoints);
  json_real(json, "checkpoint_seconds", plan->checkpoint_seconds);
  json_bool(json, "rate_known", plan->rate_known);
  json_bool(json, "trial_whole", plan->pilot.whole);
  json_array(json, "stability");
  for (int e = 0; e < plan->sizes; e++) {
    if (plan->stability[e].stages == 0) continue;
    json_object(json, NULL);
    json_integer(json, "n", plan->stability[e].n);
    json_integer(json, "step", plan->stability[e].step);
    json_integer(json, "stage", plan->stability[e].stage);
    json_real(json, "dt_over_limit", plan->stability[e].ratio);
    json_real(json, "error", plan->stability[e].error);
    json_real(json, "limit", plan->stability[e].limit);
    json_bool(json, "above", plan->stability[e].above);
    json_end(json);
  }
  json_end(json);
  json_object(json, "slurm");
  json_real(json, "time", job_seconds(plan));
  json_real(json, "signal", stop_seconds(plan));
  json_real(json, "mem_per_cpu_mb", cpu_megabytes(plan));
}

int dry_run_json(const struct dry_run *plan, const char *path) {
  struct json *json;
  TRY(json_create(path, "mckean-plan", &json));
  json_all(json, plan);
  const int status = json_write(json);
  json_free(json);
  return status;
}
