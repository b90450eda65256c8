#include "run/summary.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/blas.h"
#include "base/memory.h"
#include "base/range.h"
#include "base/status.h"
#include "model/particles.h"
#include "run/provenance.h"
#include "run/slurm.h"

static const double PEAK_RUN = 5, PEAK_SECONDS = 0.1; /* GEMM is measured after runs of that length, for so long */

static const char *const part_names[SUMMARY_PARTS] = {"step", "row", "field", "save"};
static const char *const part_words[SUMMARY_PARTS] = {"steps", "steps with a row", "fields", "files"};

/* What a rank tells at the end. */
struct account {
  struct summary summary;
  double seconds; /* of its time loop */
  double memory;  /* bytes */
  double gemm;    /* flops per second of a core, 0: not known */
};

struct total {
  struct range seconds[SUMMARY_PARTS], waited[SUMMARY_PARTS], agreeing, memory;
  double pairs[SUMMARY_PARTS]; /* of all ranks */
  double all_pairs;
  double computing; /* seconds of the loop without files */
  int ranks;
  double cores;
  double imbalance;           /* largest over mean time at work in steps: 1 is even */
  double gemm, peak_fraction; /* NAN: not known */
};

void summary_add(struct summary *summary, enum summary_part part, const struct timer *since, const struct timer *now) {
  struct timer *timer = &summary->part[part];
  timer->count++;
  timer->seconds += now->seconds - since->seconds;
  timer->waited += now->waited - since->waited;
  timer->pairs += now->pairs - since->pairs;
}

/* ---- over the ranks ---- */

static double ratio(double value, double by) {
  return by > 0 ? value / by : 0;
}

/* Of one core of each rank, all at once: what the step could reach beside the others. */
static double gemm_speed(const struct summary_run *run) {
  if (!blas_fits()) return 0;
  const bool single = precision_real((enum precision)run->config->precision) == sizeof(float);
  struct blas_gemm gemm;
  double best = 0;
  blas_threads(1);
  if (blas_gemm_create(&gemm) == OK) {
    for (const double began = comm_time(); comm_time() - began < PEAK_SECONDS;) {
      const double flops = blas_gemm_flops(&gemm, single);
      if (flops > best) best = flops;
    }
  }
  blas_gemm_free(&gemm);
  return best;
}

static struct total add_up(const struct account *of_rank, int ranks, const struct summary_run *run) {
  struct total total = {.ranks = ranks, .cores = (double)ranks * run->config->threads};
  struct range work = {0}, gemm = {0};
  for (int r = 0; r < ranks; r++) {
    const struct timer *part = of_rank[r].summary.part;
    double rest = of_rank[r].seconds;
    for (int i = 0; i < SUMMARY_PARTS; i++) {
      range_add(&total.seconds[i], r, ranks, part[i].seconds);
      range_add(&total.waited[i], r, ranks, part[i].waited);
      rest -= part[i].seconds;
      total.pairs[i] += part[i].pairs;
      total.all_pairs += part[i].pairs;
    }
    range_add(&work, r, ranks,
              part[PART_STEP].seconds - part[PART_STEP].waited + part[PART_ROW].seconds - part[PART_ROW].waited);
    range_add(&total.agreeing, r, ranks, rest);
    range_add(&total.memory, r, ranks, of_rank[r].memory);
    range_add(&gemm, r, ranks, of_rank[r].gemm);
  }
  total.computing = run->seconds - total.seconds[PART_SAVE].max;
  total.imbalance = ratio(work.max, work.mean);
  total.gemm = gemm.min > 0 ? gemm.mean : NAN;
  total.peak_fraction = 6 * run->d * total.all_pairs / (total.computing * total.cores * total.gemm);
  return total;
}

/* ---- JSON ---- */

static void json_range(FILE *out, const char *name, const struct range *range) {
  fprintf(out, ", \"%s\": {\"min\": %.9g, \"mean\": %.9g, \"max\": %.9g}", name, range->min, range->mean, range->max);
}

static void json_known(FILE *out, const char *name, double value) {
  if (isfinite(value))
    fprintf(out, ", \"%s\": %.9g", name, value);
  else
    fprintf(out, ", \"%s\": null", name);
}

static void json_run(FILE *out, const struct summary_run *run, const struct total *total) {
  const struct config *config = run->config;
  double units = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    units += (double)config->ensemble.n[e] * (double)config->ensemble.replicas;
  fprintf(out, "  \"complete\": %s, \"first_step\": %lld, \"step\": %lld, \"steps\": %lld, \"restarts\": %d,\n",
          run->step == run->steps ? "true" : "false", (long long)run->first, (long long)run->step,
          (long long)run->steps, slurm_restarts());
  fprintf(out, "  \"ranks\": %d, \"threads\": %d, \"level\": \"%s\", \"precision\": \"%s\",\n", total->ranks,
          config->threads, isa_names[run->isa], precision_names[config->precision]);
  fprintf(out, "  \"unit\": \"%s\", \"d\": %d, \"networks\": %lld, \"units\": %.17g,\n",
          unit_table[config->unit.type].name, run->d, (long long)ensemble_networks(&config->ensemble), units);
}

static void json_all(FILE *out, const struct summary *summary, const struct total *total,
                     const struct summary_run *run) {
  fprintf(out, "{\n  \"format\": \"mckean-summary\", \"format_version\": 1, \"version\": \"%s\",\n", build_version);
  json_run(out, run, total);
  fprintf(out, "  \"seconds\": %.9g, \"core_hours\": %.9g, \"pairs\": %.17g, \"pairs_per_s\": %.9g", run->seconds,
          run->seconds * total->cores / 3600, total->all_pairs, ratio(total->all_pairs, total->computing));
  fprintf(out, ", \"ns_per_pair\": %.9g,\n", ratio(1e9 * total->computing * total->cores, total->all_pairs));
  fprintf(out, "  \"imbalance\": %.9g", total->imbalance);
  json_known(out, "gemm_gflops", 1e-9 * total->gemm);
  json_known(out, "peak_fraction", total->peak_fraction);
  json_range(out, "memory_bytes", &total->memory);
  json_range(out, "agreeing", &total->agreeing);
  fprintf(out, ",\n  \"checkpoints\": %.17g, \"checkpoint_bytes\": %.17g, \"checkpoint_gbytes_per_s\": %.9g,\n",
          summary->checkpoints, summary->bytes, ratio(1e-9 * summary->bytes, total->seconds[PART_SAVE].max));
  fputs("  \"parts\": {", out);
  for (int i = 0; i < SUMMARY_PARTS; i++) {
    fprintf(out, "%s\n    \"%s\": {\"count\": %.17g, \"pairs\": %.17g", i ? "," : "", part_names[i],
            summary->part[i].count, total->pairs[i]);
    json_range(out, "seconds", &total->seconds[i]);
    json_range(out, "waited", &total->waited[i]);
    fputc('}', out);
  }
  fputs("\n  }\n}\n", out);
}

static void write_json(const struct summary *summary, const struct total *total, const struct summary_run *run,
                       struct report *report) {
  char path[4200], temporary[4300];
  snprintf(path, sizeof path, "%s/summary.json", run->config->output);
  snprintf(temporary, sizeof temporary, "%s/.summary.json.tmp-%d", run->config->output, (int)getpid());
  FILE *out = fopen(temporary, "w");
  if (out) json_all(out, summary, total, run);
  bool bad = !out || ferror(out) != 0;
  bad |= out && fclose(out) != 0;
  if (bad || rename(temporary, path) != 0) {
    report_line(report, "warning: %s: %s; there is no summary of this run", path, strerror(errno));
    remove(temporary);
    remove(path); /* of an earlier part of the run */
  }
}

/* ---- words ---- */

static void say_parts(const struct summary *summary, const struct total *total, const struct summary_run *run,
                      struct report *report) {
  report_line(report, "%-16s %9s %9s %9s %9s %9s %9s %6s", "seconds", "times", "least", "mean", "most", "in sums",
              "most", "of all");
  for (int i = 0; i < SUMMARY_PARTS; i++) {
    const struct range *seconds = &total->seconds[i], *waited = &total->waited[i];
    if (!(seconds->max > 0)) continue;
    report_line(report, "%-16s %9.0f %9.3g %9.3g %9.3g %9.3g %9.3g %4.0f %%", part_words[i], summary->part[i].count,
                seconds->min, seconds->mean, seconds->max, waited->mean, waited->max,
                100 * ratio(seconds->mean, run->seconds));
  }
  const struct range *rest = &total->agreeing;
  report_line(report, "%-16s %9s %9.3g %9.3g %9.3g %9s %9s %4.0f %%", "agreement", "", rest->min, rest->mean, rest->max,
              "", "", 100 * ratio(rest->mean, run->seconds));
}

static void say_speed(const struct total *total, const struct summary_run *run, struct report *report) {
  char text[32], peak[96] = "";
  report_duration(run->seconds, text);
  if (isfinite(total->peak_fraction))
    snprintf(peak, sizeof peak, ", %.0f %% of GEMM's %.3g Gflop/s", 100 * total->peak_fraction, 1e-9 * total->gemm);
  report_line(report, "%lld steps in %s, %.3g core hours: %.3g pairs/s; %.3g ns per (unit x sample) and core%s",
              (long long)(run->step - run->first), text, run->seconds * total->cores / 3600,
              ratio(total->all_pairs, total->computing), ratio(1e9 * total->computing * total->cores, total->all_pairs),
              peak);
  if (total->ranks > 1)
    report_line(report, "ranks at work: the longest %.3g times the mean; in sums over ranks %.3g %% of the time",
                total->imbalance,
                100 * ratio(total->waited[PART_STEP].mean + total->waited[PART_ROW].mean, total->computing));
}

static void say_sizes(const struct summary *summary, const struct total *total, struct report *report) {
  char least[32], mean[32], most[32], files[32];
  report_size(summary->bytes, files);
  if (summary->checkpoints > 0)
    report_line(report, "checkpoints: %.0f, together %s in %.3g s with history and checks: %.3g GB/s",
                summary->checkpoints, files, total->seconds[PART_SAVE].max,
                ratio(1e-9 * summary->bytes, total->seconds[PART_SAVE].max));
  report_size(total->memory.min, least);
  report_size(total->memory.mean, mean);
  report_size(total->memory.max, most);
  report_line(report, "memory of a rank, at its highest: least %s, mean %s, most %s", least, mean, most);
}

void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report) {
  void *all = NULL;
  struct account own = {.summary = *summary, .seconds = run->seconds, .memory = memory_peak()};
  double seconds = run->seconds; /* rank 0's, for all */
  comm_bcast(comm, &seconds, sizeof seconds, 0);
  if (seconds > PEAK_RUN && run->config->data.mode != DATA_POPULATION) own.gemm = gemm_speed(run);
  comm_gather(comm, &own, sizeof own, &all, NULL);
  if (!all) return;
  const struct total total = add_up(all, comm->size, run);
  free(all);
  say_parts(summary, &total, run, report);
  say_speed(&total, run, report);
  say_sizes(summary, &total, report);
  write_json(summary, &total, run, report);
}
