/* point_outputs: the outputs f_n of chosen networks of a checkpoint at the points of a user's file (verb eval).
 *
 * The points stream in chunks: rank 0 reads a chunk, all ranks compute f_n of their units (dynamics/evaluation.h), and
 * rank 0 receives f_n and passes it on. Memory: the particles, and at most POINT_OUTPUTS_NUMBERS numbers per chunk. */
#ifndef MCKEAN_STUDY_POINT_OUTPUTS_H
#define MCKEAN_STUDY_POINT_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "run/problem.h"

enum { POINT_OUTPUTS_NUMBERS = 1 << 22, POINT_OUTPUTS_CHUNK = 4096, POINT_OUTPUTS_LISTED = 10 };

struct point_outputs_request {
  const char *checkpoint, *points, *group; /* group: "" or the group of x and y, such as "/test" */
  int64_t n, replica;                      /* the chosen size, 0: all; the chosen replica, -1: all */
};

/* Results on rank 0. The chosen networks are those of the sizes member[0 .. members-1], each with the replicas
 * first_replica .. first_replica + replicas - 1; network i has the size member[i / replicas]. */
struct point_outputs {
  const struct problem *problem;
  const struct point_outputs_request *request;
  int members, member[ENSEMBLE_MAX];
  int64_t first_replica, replicas, networks;
  int64_t points;
  int d;
  bool labels;
  double *loss; /* [networks]: mean loss over all points, NAN without labels */
  struct point_outputs_size {
    double mean, least, largest; /* of f_n over points and replicas */
    double spread;               /* root mean square over points of the standard deviation over replicas; NAN for one */
    int64_t invalid;             /* values that are not finite */
  } size[ENSEMBLE_MAX];          /* [members] */
  double *listed;   /* [networks][points]: f_n, if there are at most POINT_OUTPUTS_LISTED points; else NULL */
  double *listed_y; /* [points]: their labels */
};

/* Receives f [networks][count] of points first .. first+count-1 on rank 0. */
struct point_outputs_sink {
  int (*start)(void *context, const struct point_outputs *outputs); /* before the first chunk */
  int (*chunk)(void *context, int64_t first, int64_t count, const double *f);
  void *context;
};

/* Computes the outputs. problem: from problem_open_particles. sink: NULL: none. Collective. USAGE: no such network; the
 * points file is wrong (data/points_file.h). FAILED: no memory; an error of the sink. */
int point_outputs_compute(const struct problem *problem, const struct point_outputs_request *request,
                          const struct point_outputs_sink *sink, struct point_outputs *outputs);
void point_outputs_free(struct point_outputs *outputs); /* local */

/* Local. Prints a table with a line per size and, for few points, the values at each point. */
void point_outputs_print(const struct point_outputs *outputs, FILE *out);

#endif
