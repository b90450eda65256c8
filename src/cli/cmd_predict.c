#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "clt/prediction_file.h"

const char cmd_predict_options[] = "  RUN             a run folder with recorded fields\n"
                                   "  --draws M       samples of the limit of sqrt n (f_n - f_t), rounded up to a\n"
                                   "                  multiple of J (default 512); about 16 per reference\n"
                                   "                  often suffice: then a larger J or N is better\n"
                                   "  --units N       units of each reference network (default 4096)\n"
                                   "  --references J  reference networks, 2 to 4096 (default 16)\n"
                                   "  --points P      data.mode: population: fresh points, over which means are\n"
                                   "                  taken (default 4096). They are the same for all references, so\n"
                                   "                  the intervals do not contain their error, of order P^-1/2\n"
                                   "  --seed S        seed of the draws (default 1)\n"
                                   "  -o FILE         samples and n V_n in HDF5 (default: prediction.h5 in RUN)\n"
                                   "The prediction of n V_n has a bias that falls as N grows. At late t, when some\n"
                                   "units respond strongly, the prediction needs more: compare two values of N.\n"
                                   "The run must use gradient descent on fixed points or the population, the\n"
                                   "squared loss and a smooth unit. `mckean analyze RUN --predicted FILE` compares\n"
                                   "its networks with the prediction.\n";

struct request {
  const char *output;
  struct prediction_request prediction;
};

static const struct option options_table[] = {
    OPTION_IN("--draws", option_int, struct request, prediction.draws, 2, 1 << 20),
    OPTION_IN("--units", option_int64, struct request, prediction.units, 2, 0x1p32),
    OPTION_IN("--references", option_int, struct request, prediction.references, 2, 4096),
    OPTION_IN("--points", option_int, struct request, prediction.points, 1, 1 << 24),
    OPTION_IN("--seed", option_int64, struct request, prediction.seed, 0, 0x1p53),
    OPTION("-o", option_file, struct request, output),
};

static int parse(int argc, char **argv, struct request *request) {
  int rest;
  struct prediction_request *prediction = &request->prediction;
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, &rest));
  if (rest != 1)
    return FAIL(USAGE, "predict: expected one run folder, received %d arguments: mckean predict RUN [OPTIONS]", rest);
  const int own = (prediction->draws + prediction->references - 1) / prediction->references;
  prediction->run = argv[0];
  prediction->draws = own * prediction->references;
  return OK;
}

/* Rank 0 prints a line for each time as soon as it is complete. */
static void progress(const struct prediction *prediction, int times) {
  if (times == 1) prediction_print_head(prediction, stdout);
  prediction_print_time(prediction, times - 1, stdout);
}

static int write(const struct request *request, const struct prediction *prediction,
                 const struct provenance *provenance) {
  char path[PATH_BYTES];
  if (!request->output) snprintf(path, sizeof path, "%s/prediction.h5", request->prediction.run);
  const char *file = request->output ? request->output : path;
  TRY(prediction_file_write(prediction, provenance, file));
  printf("written: %s\nnext:\n  mckean analyze %s --predicted %s\n", file, request->prediction.run, file);
  return OK;
}

int cmd_predict(const struct comm *comm, int argc, char **argv) {
  struct request request = {.prediction = {.units = 4096, .draws = 512, .references = 16, .points = 4096, .seed = 1}};
  struct provenance provenance;
  struct study *study = NULL;
  struct prediction *prediction = NULL;
  provenance_fill(comm, argc, argv, &provenance);
  TRY(parse(argc, argv, &request)); /* the same on all ranks */
  char *const run[] = {argv[0]};
  int status = comm_agree(comm, study_open(1, run, &study));
  if (status == OK) status = prediction_create(comm, study, &request.prediction, progress, &prediction);
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? write(&request, prediction, &provenance) : OK);
  prediction_free(prediction);
  study_free(study);
  return status;
}
