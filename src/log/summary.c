#include "log/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/openblas.h"
#include "base/process_memory.h"
#include "base/rank_range.h"
#include "io/durable_file.h"
#include "io/json.h"
#include "log/provenance.h"
#include "log/slurm.h"
#include "particles/particles.h"

static const char FORMAT[] = "mckean-summary";

/* In seconds. GEMM is measured for PEAK_SECONDS, after a time loop longer than PEAK_RUN. */
static const double PEAK_RUN = 5, PEAK_SECONDS = 0.1;

static const char *const phase_names[SUMMARY_PHASES] = {"step", "row", "field", "save"};
static const char *const phase_words[SUMMARY_PHASES] = {"steps", "steps with a row", "fields", "files"};

/* The measurements of one rank. */
struct account {
  struct summary summary;
  double seconds; /* of the time loop */
  double memory;  /* bytes */
  double gemm;    /* flops per second of one core, 0: unknown */
};

struct total {
  struct rank_range seconds[SUMMARY_PHASES], waited[SUMMARY_PHASES], outside_phases, memory;
  double pairs[SUMMARY_PHASES]; /* of all ranks */
  double all_pairs;
  double computing; /* seconds of the loop without the phase save */
  int ranks;
  double cores;
  double imbalance;           /* maximum / mean over ranks of seconds - waited in step and row */
  double gemm, peak_fraction; /* NAN: unknown */
};

void summary_add(struct summary *summary, enum summary_phase phase, const struct work *since, const struct work *now) {
  struct work *work = &summary->phase[phase];
  summary->count[phase]++;
  work->seconds += now->seconds - since->seconds;
  work->waited += now->waited - since->waited;
  work->pairs += now->pairs - since->pairs;
}

/* ---- over the ranks ---- */

static double ratio(double value, double by) {
  return by > 0 ? value / by : 0;
}

/* Returns the speed of GEMM on one core of this rank in flops per second, or 0 if unknown. All ranks measure at the
 * same time. peak_fraction is relative to the mean of these speeds. */
static double gemm_speed(const struct summary_run *run) {
  if (!openblas_matches_cpu()) return 0;
  const bool single = precision_real((enum precision)run->config->precision) == sizeof(float);
  struct openblas_gemm gemm;
  double best = 0;
  openblas_threads(1);
  if (openblas_gemm_create(&gemm) == OK) {
    for (const double began = comm_time(); comm_time() - began < PEAK_SECONDS;) {
      const double flops = openblas_gemm_flops(&gemm, single);
      if (flops > best) best = flops;
    }
  }
  openblas_gemm_free(&gemm);
  return best;
}

static struct total add_up(const struct account *of_rank, int ranks, const struct summary_run *run) {
  struct total total = {.ranks = ranks, .cores = (double)ranks * run->config->threads};
  struct rank_range work = {0}, gemm = {0};
  for (int r = 0; r < ranks; r++) {
    const struct work *phase = of_rank[r].summary.phase;
    double rest = of_rank[r].seconds;
    for (int i = 0; i < SUMMARY_PHASES; i++) {
      rank_range_add(&total.seconds[i], r, ranks, phase[i].seconds);
      rank_range_add(&total.waited[i], r, ranks, phase[i].waited);
      rest -= phase[i].seconds;
      total.pairs[i] += phase[i].pairs;
      total.all_pairs += phase[i].pairs;
    }
    rank_range_add(&work, r, ranks,
                   phase[PHASE_STEP].seconds - phase[PHASE_STEP].waited + phase[PHASE_ROW].seconds -
                       phase[PHASE_ROW].waited);
    rank_range_add(&total.outside_phases, r, ranks, rest);
    rank_range_add(&total.memory, r, ranks, of_rank[r].memory);
    rank_range_add(&gemm, r, ranks, of_rank[r].gemm);
  }
  total.computing = run->seconds - total.seconds[PHASE_SAVE].max;
  total.imbalance = ratio(work.max, work.mean);
  total.gemm = gemm.min > 0 ? gemm.mean : NAN;
  total.peak_fraction = 6 * run->d * total.all_pairs / (total.computing * total.cores * total.gemm);
  return total;
}

/* ---- JSON ---- */

static void json_run(struct json *json, const struct summary_run *run, const struct total *total) {
  const struct config *config = run->config;
  double units = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    units += (double)config->ensemble.n[e] * (double)config->ensemble.replicas;
  json_bool(json, "complete", run->complete);
  json_text(json, "failed", NULL);
  json_integer(json, "first_step", run->first);
  json_integer(json, "step", run->step);
  json_integer(json, "steps", run->steps);
  json_integer(json, "restarts", slurm_restarts());
  json_integer(json, "ranks", total->ranks);
  json_integer(json, "threads", config->threads);
  json_text(json, "level", isa_names[run->isa]);
  json_text(json, "precision", precision_names[config->precision]);
  json_text(json, "unit", unit_table[config->unit.type].name);
  json_integer(json, "d", run->d);
  json_integer(json, "networks", ensemble_networks(&config->ensemble));
  json_real(json, "units", units);
}

static void json_data(struct json *json, const struct dataset *data) {
  char *train = dataset_train_origin(data), *test = dataset_test_origin(data);
  json_object(json, "target");
  json_real(json, "C_f", data->scale.C_f);
  json_real(json, "C_f_error", data->scale.C_f_error);
  json_text(json, "C_f_origin", data->scale.origin);
  json_end(json);
  json_object(json, "points");
  json_text(json, "training", train);
  json_text(json, "test", test);
  json_end(json);
  free(train);
  free(test);
}

static void json_phases(struct json *json, const struct summary *summary, const struct total *total) {
  json_object(json, "parts");
  for (int i = 0; i < SUMMARY_PHASES; i++) {
    json_object(json, phase_names[i]);
    json_real(json, "count", summary->count[i]);
    json_real(json, "pairs", total->pairs[i]);
    json_range(json, "seconds", &total->seconds[i]);
    json_range(json, "waited", &total->waited[i]);
    json_end(json);
  }
  json_end(json);
}

static void json_stability(struct json *json, const struct summary_run *run) {
  json_array(json, "stability");
  for (int i = 0; i < run->sizes; i++) {
    const struct summary_stability *size = &run->stability[i];
    json_object(json, NULL);
    json_integer(json, "n", size->n);
    json_integer(json, "estimates", size->estimates);
    json_integer(json, "above", size->above);
    json_real(json, "above_from_step", size->above > 0 ? (double)size->first_step : NAN);
    json_real(json, "above_from_t", size->first_time);
    json_real(json, "dt_over_limit", size->largest);
    json_real(json, "error", size->largest_error);
    json_real(json, "t", size->largest_time);
    json_real(json, "loss_rises", size->rises_counted ? (double)size->rises : NAN);
    json_integer(json, "rows", size->rows);
    json_end(json);
  }
  json_end(json);
}

static const char *name_of_scale(const struct summary_run *run) {
  return loss_is_squared(&run->config->data.loss) ? "C_f" : "loss_0";
}

static void json_all(struct json *json, const struct summary *summary, const struct total *total,
                     const struct summary_run *run) {
  json_text(json, "version", build_version);
  json_run(json, run, total);
  json_data(json, run->data);
  loss_table_json(json, run->sizes, run->losses, name_of_scale(run));
  json_real(json, "seconds", run->seconds);
  json_real(json, "core_hours", run->seconds * total->cores / 3600);
  json_real(json, "pairs", total->all_pairs);
  json_real(json, "pairs_per_s", ratio(total->all_pairs, total->computing));
  json_real(json, "ns_per_pair", ratio(1e9 * total->computing * total->cores, total->all_pairs));
  json_real(json, "imbalance", total->imbalance);
  json_real(json, "gemm_gflops", 1e-9 * total->gemm);
  json_real(json, "peak_fraction", total->peak_fraction);
  json_range(json, "memory_bytes", &total->memory);
  json_range(json, "agreeing", &total->outside_phases);
  json_real(json, "checkpoints", summary->checkpoints);
  json_real(json, "checkpoint_bytes", summary->bytes);
  json_real(json, "checkpoint_gbytes_per_s", ratio(1e-9 * summary->bytes, total->seconds[PHASE_SAVE].max));
  json_stability(json, run);
  json_phases(json, summary, total);
}

static int create_json(const struct summary_run *run, char path[PATH_BYTES], struct json **json) {
  snprintf(path, PATH_BYTES, "%s/summary.json", run->config->output);
  return json_create(path, FORMAT, json);
}

static void write_json(const struct summary *summary, const struct total *total, const struct summary_run *run,
                       struct report *report) {
  char path[PATH_BYTES];
  struct json *json = NULL;
  int status = create_json(run, path, &json);
  if (status == OK) {
    json_all(json, summary, total, run);
    status = json_write(json);
  }
  json_free(json);
  if (status == OK) return;
  if (json_is_result(path, FORMAT)) unlink(path); /* it would describe the run before it was resumed */
  report_line(report, "warning: %s; there is no summary of this run", error_text());
}

/* ---- failed runs ---- */

static const char FAILURE[] = "\"failed\": \"";

bool summary_fail(const struct summary_run *run, const char *reason) {
  char path[PATH_BYTES];
  struct json *json = NULL;
  int status = create_json(run, path, &json);
  if (status == OK) {
    json_text(json, "version", build_version);
    json_bool(json, "complete", false);
    json_text(json, "failed", reason);
    json_integer(json, "first_step", run->first);
    json_integer(json, "step", run->step);
    json_integer(json, "steps", run->steps);
    status = json_write(json);
  }
  json_free(json);
  return status == OK;
}

/* Decodes the JSON string at `from`, up to its closing quote. */
static char *decode(const char *from) {
  char *text = alloc_small(strlen(from) + 1), *to = text;
  for (; *from && *from != '"'; from++) {
    unsigned code = 0;
    if (*from == '\\' && from[1] == 'u' && sscanf(from + 2, "%4x", &code) == 1) {
      *to++ = (char)(code < 0x80 ? code : '?');
      for (int i = 0; i < 5 && from[1]; i++) from++;
      continue;
    }
    if (*from == '\\' && from[1]) from++;
    *to++ = *from;
  }
  *to = 0;
  return text;
}

char *summary_failure(const char *output) {
  char path[PATH_BYTES], *line = NULL, *reason = NULL;
  size_t size = 0;
  snprintf(path, sizeof path, "%s/summary.json", output);
  FILE *in = json_is_result(path, FORMAT) ? fopen(path, "r") : NULL;
  while (in && !reason && getline(&line, &size, in) > 0) {
    const char *at = strstr(line, FAILURE);
    if (at && strspn(line, " ") == (size_t)(at - line)) reason = decode(at + sizeof FAILURE - 1);
  }
  if (in) fclose(in);
  free(line);
  return reason;
}

void summary_clear_failure(const char *output) {
  char path[PATH_BYTES], *reason = summary_failure(output);
  snprintf(path, sizeof path, "%s/summary.json", output);
  if (reason) unlink(path);
  free(reason);
}

/* ---- text ---- */

void summary_stability_text(const struct summary_stability *stability, char limit[SUMMARY_SENTENCE],
                            char rises[SUMMARY_SENTENCE]) {
  *limit = *rises = 0;
  if (stability->above > 0)
    snprintf(
        limit, SUMMARY_SENTENCE,
        "dt exceeded the stability limit, first at t = %g (step %lld), in %lld of %lld estimates; largest dt/limit "
        "%.3g +- %.2g at t = %g%s; these results %s",
        stability->first_time, (long long)stability->first_step, (long long)stability->above,
        (long long)stability->estimates, stability->largest, stability->largest_error, stability->largest_time,
        stability->finite ? "" : ", and lambda was not finite", stability->beyond);
  if (stability->rises > 0)
    snprintf(rises, SUMMARY_SENTENCE, "the loss rose by more than noise allows in %lld of %lld rows, in %lld network%s",
             (long long)stability->rises, (long long)stability->rows, (long long)stability->rising,
             stability->rising == 1 ? "" : "s");
}

static void print_stability(const struct summary_run *run, struct report *report) {
  char limit[SUMMARY_SENTENCE], rises[SUMMARY_SENTENCE];
  for (int i = 0; i < run->sizes; i++) {
    const struct summary_stability *size = &run->stability[i];
    summary_stability_text(size, limit, rises);
    if (*limit) report_line(report, "warning: n = %lld: %s", (long long)size->n, limit);
    if (*rises) report_line(report, "warning: n = %lld: %s", (long long)size->n, rises);
  }
}

static void print_phases(const struct summary *summary, const struct total *total, const struct summary_run *run,
                         struct report *report) {
  report_detail(report, "%-16s %7s %9s %9s %9s %9s %8s %6s", "seconds", "count", "min", "mean", "max", "comm mean",
                "comm max", "share");
  for (int i = 0; i < SUMMARY_PHASES; i++) {
    const struct rank_range *seconds = &total->seconds[i], *waited = &total->waited[i];
    if (!(seconds->max > 0)) continue;
    report_detail(report, "%-16s %7.0f %9.3g %9.3g %9.3g %9.3g %8.3g %4.0f %%", phase_words[i], summary->count[i],
                  seconds->min, seconds->mean, seconds->max, waited->mean, waited->max,
                  100 * ratio(seconds->mean, run->seconds));
  }
  const struct rank_range *rest = &total->outside_phases;
  report_detail(report, "%-16s %7s %9.3g %9.3g %9.3g %9s %8s %4.0f %%", "other", "", rest->min, rest->mean, rest->max,
                "", "", 100 * ratio(rest->mean, run->seconds));
}

static void print_speed(const struct total *total, const struct summary_run *run, struct report *report) {
  char text[32], peak[96] = "";
  report_duration(run->seconds, text);
  if (isfinite(total->peak_fraction))
    snprintf(peak, sizeof peak, ", %.0f %% of GEMM's %.3g Gflop/s at 6 d operations per pair",
             100 * total->peak_fraction, 1e-9 * total->gemm);
  report_detail(report, "%lld steps in %s, %.3g core hours: %.3g pairs/s; %.3g ns per (unit x point) and core%s",
                (long long)(run->step - run->first), text, run->seconds * total->cores / 3600,
                ratio(total->all_pairs, total->computing),
                ratio(1e9 * total->computing * total->cores, total->all_pairs), peak);
  if (total->ranks > 1)
    report_detail(report,
                  "computing time: maximum over ranks %.3g times the mean; %.3g %% of the time in sums over ranks",
                  total->imbalance,
                  100 * ratio(total->waited[PHASE_STEP].mean + total->waited[PHASE_ROW].mean, total->computing));
}

static void print_sizes(const struct summary *summary, const struct total *total, struct report *report) {
  char least[32], mean[32], most[32], files[32];
  report_size(summary->bytes, files);
  if (summary->checkpoints > 0)
    report_detail(report, "checkpoints: %.0f, %s in total, written in %.3g s including history and checks: %.3g GB/s",
                  summary->checkpoints, files, total->seconds[PHASE_SAVE].max,
                  ratio(1e-9 * summary->bytes, total->seconds[PHASE_SAVE].max));
  report_size(total->memory.min, least);
  report_size(total->memory.mean, mean);
  report_size(total->memory.max, most);
  report_detail(report, "peak memory per rank: min %s, mean %s, max %s", least, mean, most);
}

void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report) {
  void *all = NULL;
  struct account own = {.summary = *summary, .seconds = run->seconds, .memory = process_memory_peak()};
  double seconds = run->seconds; /* of rank 0 */
  comm_bcast(comm, &seconds, sizeof seconds, 0);
  if (seconds > PEAK_RUN && !dataset_exact(run->config->data.mode)) own.gemm = gemm_speed(run);
  comm_gather(comm, &own, sizeof own, &all, NULL);
  if (!all) return;
  const struct total total = add_up(all, comm->size, run);
  free(all);
  print_phases(summary, &total, run, report);
  print_speed(&total, run, report);
  print_sizes(summary, &total, report);
  loss_table_print(report, run->sizes, run->losses, name_of_scale(run));
  print_stability(run, report);
  write_json(summary, &total, run, report);
}
