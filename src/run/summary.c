#include "run/summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/particles.h"
#include "run/provenance.h"

static const char *const part_names[SUMMARY_PARTS] = {"step", "row", "field", "save"};

/* Over the ranks. */
struct spread {
  double min, mean, max;
};

struct total {
  struct spread seconds[SUMMARY_PARTS], waited[SUMMARY_PARTS];
  double pairs[SUMMARY_PARTS]; /* of all ranks */
  double all_pairs;
  double computing; /* seconds of the loop without files */
  double cores;
  double imbalance; /* largest over mean time at work in steps: 1 is even */
};

void summary_add(struct summary *summary, enum summary_part part, const struct timer *since, const struct timer *now) {
  struct timer *timer = &summary->part[part];
  timer->count++;
  timer->seconds += now->seconds - since->seconds;
  timer->waited += now->waited - since->waited;
  timer->pairs += now->pairs - since->pairs;
}

/* ---- over the ranks ---- */

static void include(struct spread *spread, int rank, int ranks, double value) {
  if (rank == 0 || value < spread->min) spread->min = value;
  if (rank == 0 || value > spread->max) spread->max = value;
  spread->mean += value / ranks;
}

static double ratio(double value, double by) {
  return by > 0 ? value / by : 0;
}

static struct total add_up(const struct summary *of_rank, int ranks, const struct summary_run *run) {
  struct total total = {.cores = (double)ranks * run->config->threads};
  struct spread work = {0};
  for (int r = 0; r < ranks; r++) {
    const struct timer *part = of_rank[r].part;
    for (int i = 0; i < SUMMARY_PARTS; i++) {
      include(&total.seconds[i], r, ranks, part[i].seconds);
      include(&total.waited[i], r, ranks, part[i].waited);
      total.pairs[i] += part[i].pairs;
      total.all_pairs += part[i].pairs;
    }
    include(&work, r, ranks,
            part[PART_STEP].seconds - part[PART_STEP].waited + part[PART_ROW].seconds - part[PART_ROW].waited);
  }
  total.computing = run->seconds - total.seconds[PART_SAVE].max;
  total.imbalance = ratio(work.max, work.mean);
  return total;
}

/* ---- output ---- */

static void json_spread(FILE *out, const char *name, const struct spread *spread) {
  fprintf(out, ", \"%s\": {\"min\": %.9g, \"mean\": %.9g, \"max\": %.9g}", name, spread->min, spread->mean,
          spread->max);
}

static void json_all(FILE *out, const struct summary *summary, const struct total *total, int ranks,
                     const struct summary_run *run) {
  const struct config *config = run->config;
  double units = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    units += (double)config->ensemble.n[e] * (double)config->ensemble.replicas;
  fprintf(out, "{\n  \"format\": \"mckean-summary\", \"format_version\": 1, \"version\": \"%s\",\n", build_version);
  fprintf(out, "  \"complete\": %s, \"first_step\": %lld, \"step\": %lld, \"steps\": %lld,\n",
          run->step == run->steps ? "true" : "false", (long long)run->first, (long long)run->step,
          (long long)run->steps);
  fprintf(out, "  \"ranks\": %d, \"threads\": %d, \"level\": \"%s\", \"precision\": \"%s\",\n", ranks, config->threads,
          isa_names[run->isa], precision_names[config->precision]);
  fprintf(out, "  \"unit\": \"%s\", \"d\": %d, \"networks\": %lld, \"units\": %.17g,\n",
          unit_table[config->unit.type].name, run->d, (long long)ensemble_networks(&config->ensemble), units);
  fprintf(out, "  \"seconds\": %.9g, \"core_hours\": %.9g, \"pairs\": %.17g, \"pairs_per_s\": %.9g,\n", run->seconds,
          run->seconds * total->cores / 3600, total->all_pairs, ratio(total->all_pairs, total->computing));
  fprintf(out, "  \"imbalance\": %.9g, \"checkpoint_bytes\": %.17g, \"checkpoint_gbytes_per_s\": %.9g,\n",
          total->imbalance, summary->bytes, ratio(1e-9 * summary->bytes, total->seconds[PART_SAVE].max));
  fputs("  \"parts\": {", out);
  for (int i = 0; i < SUMMARY_PARTS; i++) {
    fprintf(out, "%s\n    \"%s\": {\"count\": %.17g, \"pairs\": %.17g", i ? "," : "", part_names[i],
            summary->part[i].count, total->pairs[i]);
    json_spread(out, "seconds", &total->seconds[i]);
    json_spread(out, "waited", &total->waited[i]);
    fputc('}', out);
  }
  fputs("\n  }\n}\n", out);
}

static void write_json(const struct summary *summary, const struct total *total, int ranks,
                       const struct summary_run *run, struct report *report) {
  char path[4200];
  snprintf(path, sizeof path, "%s/summary.json", run->config->output);
  FILE *out = fopen(path, "w");
  if (out) json_all(out, summary, total, ranks, run);
  const bool bad = !out || ferror(out) != 0;
  if ((out && fclose(out) != 0) || bad) {
    report_line(report, "warning: %s: %s; there is no summary of this run", path, strerror(errno));
    remove(path);
  }
}

void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report) {
  void *all = NULL;
  comm_gather(comm, summary, sizeof *summary, &all, NULL);
  if (!all) return;
  const struct total total = add_up(all, comm->size, run);
  free(all);
  char text[32];
  report_duration(run->seconds, text);
  report_line(report,
              "%lld steps in %s (%.3g s of them for checkpoints, %.3g GB); %.3g ns per (unit x sample) and core",
              (long long)(run->step - run->first), text, total.seconds[PART_SAVE].max, summary->bytes * 1e-9,
              ratio(1e9 * total.computing * total.cores, total.all_pairs));
  if (comm->size > 1)
    report_line(report, "ranks at work: the longest %.3g times the mean; in sums over ranks %.3g %% of the time",
                total.imbalance,
                100 * ratio(total.waited[PART_STEP].mean + total.waited[PART_ROW].mean, total.computing));
  write_json(summary, &total, comm->size, run, report);
}
