/* target_kind: what every target has, and what describes a kind of target.
 *
 * A target supplies the labels y that the networks learn: values f(x) of a function, or labels stored with their
 * points. A file target_<name>.c defines one kind; the table of all kinds is in target.c, which explains how to add
 * one. */
#ifndef MCKEAN_DATA_TARGET_KIND_H
#define MCKEAN_DATA_TARGET_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "parallel/comm.h"
#include "particles/unit.h"

enum target_type { TARGET_SPIN, TARGET_TEACHER, TARGET_FILE, TARGET_TYPES };

/* Input dimensions are 1 .. TARGET_D_MAX. */
enum { TARGET_D_MAX = 1024 };

/* Section `target` of the input. Each kind reads the fields that it needs. */
struct target_spec {
  int type; /* enum target_type */
  int d;    /* input dimension; TARGET_FILE: the dimension that the file must have, 0: any */
  uint64_t seed;
  char path[4096];          /* TARGET_FILE: name of the HDF5 file */
  int64_t teacher_units;    /* TARGET_TEACHER: m */
  struct unit_spec teacher; /* TARGET_TEACHER: type, alpha, initial laws */
};

/* The part that all kinds share. A kind embeds it as the first member of a struct of its own. */
struct target {
  const struct target_kind *kind;
  struct target_spec spec;
  int d;
  double C_f;             /* E f^2 / 2 over the law of x if the kind knows it exactly, else NAN */
  double linear_fraction; /* E (linear part of f)^2 / E f^2 if the kind knows it exactly, else NAN */
};

struct target_kind {
  const char *name;     /* value of target.type in the input */
  const char *required; /* input key without a default that this kind needs, for example "target.d" */
  size_t bytes;         /* size of the kind's own struct */

  /* Fills a struct of `bytes` bytes that holds zeros behind the common part. Collective. The status and the result are
   * the same on all ranks. After an error the caller calls free. */
  int (*create)(const struct comm *comm, struct target *target);

  /* Frees what create allocated, complete or not, but not the struct. Local. */
  void (*free)(struct target *target);

  /* y[p] = f(x_p), x [count][d], y [count]. Local, pure, the same bits on every machine and for every division of the
   * points among calls. NULL: labels are stored with their points, so data.mode must be fixed. */
  void (*evaluate)(const struct target *target, int count, const double *x, double *y);

  /* CRC-32C, continued from crc, of the numbers that define f. NULL: no such numbers. Local. */
  uint32_t (*checksum)(const struct target *target, uint32_t crc);
};

#endif
