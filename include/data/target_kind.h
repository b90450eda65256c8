/* target_kind: the data that all targets have in common, and the descriptor of a kind of target.
 *
 * A target supplies the labels y that the networks learn: values f(x) of a function, or labels that are stored with
 * their points. Each kind is defined in a file target_<name>.c; target.c has the table of all kinds and explains how to
 * add one. */
#ifndef MCKEAN_DATA_TARGET_KIND_H
#define MCKEAN_DATA_TARGET_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/h5.h"
#include "parallel/comm.h"
#include "particles/unit.h"

enum target_type { TARGET_SPIN, TARGET_TEACHER, TARGET_FILE, TARGET_HERMITE, TARGET_TYPES };

/* Input dimensions are 1 .. TARGET_D_MAX. */
enum { TARGET_D_MAX = 1024 };

/* Points that are drawn together have the layout x [d][POINT_LANES]. Labels of fewer than LABEL_LANES points may take
 * as long as those of LABEL_LANES points. */
enum { POINT_LANES = 32, LABEL_LANES = 8 };

enum hermite_axes { HERMITE_IDENTITY, HERMITE_RANDOM, HERMITE_AXES };
enum { TARGET_TERMS_MAX = 64, HERMITE_FACTORS_MAX = 8, HERMITE_DEGREE_MAX = 8 };

struct hermite_factor {
  int direction, degree;
};

struct hermite_term {
  double coefficient;
  int factors;
  struct hermite_factor factor[HERMITE_FACTORS_MAX]; /* [factors], of different directions */
};

/* The products of Hermite polynomials of data/target_hermite.h. */
struct hermite_spec {
  int directions; /* r */
  int axes;       /* enum hermite_axes */
  int terms;
  struct hermite_term term[TARGET_TERMS_MAX]; /* [terms] */
};

/* Section `target` of the input. Each kind reads the fields that it needs. */
struct target_spec {
  int type;   /* enum target_type */
  int inputs; /* enum inputs_type (data/inputs.h): the law of x, on which C_f depends */
  int d;      /* input dimension; TARGET_FILE: the dimension that the file must have, or 0 for any */
  uint64_t seed;
  char path[4096];             /* TARGET_FILE: name of the HDF5 file */
  int64_t teacher_units;       /* TARGET_TEACHER: m */
  struct unit_spec teacher;    /* TARGET_TEACHER: type, alpha, initial laws */
  struct hermite_spec hermite; /* TARGET_HERMITE */
};

/* The data that all kinds have in common: the first member of the struct of each kind. */
struct target {
  const struct target_kind *kind;
  struct target_spec spec;
  int d;
  double C_f;             /* E f^2 / 2 over the law of x if the exact value is known, else NAN */
  double linear_fraction; /* E (linear part of f)^2 / E f^2 if the exact value is known, else NAN */
  int64_t numbers;        /* how many numbers define f; `record` writes them; 0: none */
  int terms;              /* number of terms of f that `evaluate_terms` computes; 0: f has no terms */
};

struct target_kind {
  const char *name;     /* value of target.type in the input */
  const char *title;    /* what the networks learn, for the header of a run */
  const char *required; /* the key without a default that this kind needs, for example "target.d" */
  size_t bytes;         /* size of the struct of this kind */

  /* Completes a target of `bytes` bytes. The caller has set the common data; the other bytes are zero. Collective. The
   * status and the result are the same on all ranks. After an error the caller calls free. */
  int (*create)(const struct comm *comm, struct target *target);

  /* Frees what create has allocated, also after an error of create, but not the struct itself. Local. */
  void (*free)(struct target *target);

  /* Computes y[p] = f(x_p) for x [count][d], y [count]. Local and pure; the bits are the same on every machine and do
   * not depend on how calls divide the points. NULL: evaluate_lanes is used. If both are NULL, labels are stored with
   * their points; then data.mode must be fixed. */
  void (*evaluate)(const struct target *target, int count, const double *x, double *y);

  /* The same for the first `count` of POINT_LANES points: x [d][POINT_LANES], y [POINT_LANES], 64-byte aligned. count:
   * 1 to POINT_LANES. May also set other elements of y. NULL: evaluate is used. */
  void (*evaluate_lanes)(const struct target *target, const double *x, int count, double *y);

  /* Computes the terms psi_t of f at these points, without their coefficients: psi [terms][POINT_LANES], 64-byte
   * aligned. May also set other elements of psi. NULL: f has no terms. */
  void (*evaluate_terms)(const struct target *target, const double *x, int count, double *psi);

  /* Returns the approximate processor time of a label in ns, the same on all ranks. Local. NULL: labels are stored. */
  double (*label_ns)(const struct target *target);

  /* Returns the CRC-32C, continued from crc, of the numbers that define f. NULL if there are no such numbers. Local. */
  uint32_t (*checksum)(const struct target *target, uint32_t crc);

  /* Writes these numbers, with descriptions and units, to the history of a run. NULL: the kind has no such numbers.
   * Local. FULL or FAILED: an I/O error. */
  int (*record)(const struct target *target, struct h5 *file);
};

/* Returns whether labels are stored with their points, instead of computed. */
static inline bool target_kind_stored(const struct target_kind *kind) {
  return !kind->evaluate && !kind->evaluate_lanes;
}

#endif
