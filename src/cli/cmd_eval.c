#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "study/outputs_file.h"

const char cmd_eval_options[] = "  CHECKPOINT    a checkpoint\n"
                                "  RUN           a run folder: its newest intact checkpoint\n"
                                "  POINTS.h5     HDF5 file with x (P, d), or x (P) for d = 1; with y (P), the\n"
                                "                loss is printed, too\n"
                                "  --n N         only networks of this size (default: all sizes)\n"
                                "  --replica R   only this replica, counted from 0 (default: all replicas)\n"
                                "  --step STEP   with RUN: the checkpoint of this step\n"
                                "  --group G     group of x and y in the file, such as test in history.h5\n"
                                "                (default: the root)\n"
                                "  -o FILE       f of each network at each point in HDF5: /ensemble/i/f (replica,\n"
                                "                point)\n";

struct request {
  struct point_outputs_request outputs;
  const char *run, *group, *file; /* file NULL: none */
  int64_t step;                   /* -1: the newest */
};

static const struct option options_table[] = {
    OPTION_IN("--n", option_int64, struct request, outputs.n, 1, 0x1p40),
    OPTION_IN("--replica", option_int64, struct request, outputs.replica, 0, 1 << 24),
    OPTION_IN("--step", option_int64, struct request, step, 0, 0x1p53),
    OPTION("--group", option_text, struct request, group),
    OPTION("-o", option_file, struct request, file),
};

static int parse(int argc, char **argv, struct request *request) {
  int rest;
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, &rest));
  if (rest != 2)
    return FAIL(USAGE,
                "eval: expected a checkpoint or run folder, then a file with points; received %d argument(s): "
                "mckean eval CHECKPOINT|RUN POINTS.h5",
                rest);
  request->run = argv[0];
  request->outputs.points = argv[1];
  return OK;
}

/* Writes a group as "" for the root or "/NAME" to text. */
static int group_path(const char *group, char text[96]) {
  group += strspn(group, "/");
  size_t length = strlen(group);
  while (length > 0 && group[length - 1] == '/') length--;
  if (length > 90) return FAIL(USAGE, "eval: --group: expected at most 90 characters, received %zu", length);
  snprintf(text, 96, "%s%.*s", length ? "/" : "", (int)length, group);
  return OK;
}

/* ---- the output file, on rank 0 ---- */

struct destination {
  const char *path;
  const struct provenance *provenance;
  struct outputs_file *file;
};

static int start(void *context, const struct point_outputs *outputs) {
  struct destination *to = context;
  return outputs_file_create(to->path, outputs, to->provenance, &to->file);
}

static int chunk(void *context, int64_t first, int64_t count, const double *f) {
  const struct destination *to = context;
  return outputs_file_write(to->file, first, count, f);
}

/* ---- the verb ---- */

static void print(const struct request *request, const struct point_outputs *outputs) {
  point_outputs_print(outputs, stdout);
  if (request->file)
    printf("written: %s\n", request->file);
  else
    puts("f of each network at each point: -o FILE.h5");
}

static int evaluate(const struct request *request, struct provenance *provenance, const struct problem *problem) {
  struct point_outputs outputs;
  struct destination to = {.path = request->file, .provenance = provenance};
  const struct point_outputs_sink sink = {start, chunk, &to};
  provenance_set(provenance, "parent", request->outputs.checkpoint);
  int status = point_outputs_compute(problem, &request->outputs, request->file ? &sink : NULL, &outputs);
  status = comm_agree(problem->comm, outputs_file_finish(to.file, status));
  if (status == OK && problem->comm->rank == 0) print(request, &outputs);
  point_outputs_free(&outputs);
  return status;
}

int cmd_eval(const struct comm *comm, int argc, char **argv) {
  struct request request = {.outputs = {.replica = -1}, .group = "", .step = -1};
  struct provenance provenance;
  struct problem problem = {0};
  char group[96], *checkpoint;
  provenance_fill(comm, argc, argv, &provenance);
  TRY(parse(argc, argv, &request)); /* the same on all ranks */
  TRY(group_path(request.group, group));
  TRY(checkpoint_choose(comm, request.run, request.step, false, &checkpoint));
  request.outputs.checkpoint = checkpoint;
  request.outputs.group = group;
  int status = problem_open_particles(comm, checkpoint, &problem);
  if (status == OK) status = evaluate(&request, &provenance, &problem);
  problem_free(&problem);
  free(checkpoint);
  return status;
}
