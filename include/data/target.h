/* target: the function f, or the stored labels, that the networks learn.
 *
 * The kinds of target are the rows of target_table; target.c explains how to add one. */
#ifndef MCKEAN_DATA_TARGET_H
#define MCKEAN_DATA_TARGET_H

#include "data/target_kind.h"

extern const struct target_kind *const target_table[TARGET_TYPES]; /* indexed by enum target_type */

/* Creates the target that spec describes. Collective; the result is the same on all ranks and a pure function of spec
 * and, for target.type: file, of the file. Errors: those of target_file.h. FAILED: no memory. */
int target_create(const struct comm *comm, const struct target_spec *spec, struct target **target);
void target_free(struct target *target); /* accepts NULL; local */

/* Computes y[p] = f(x_p) for x [count][d], y [count]. Calls die() if labels are stored with their points. Local and
 * pure; the bits are the same on every machine. Cost: see target_<name>.h. */
void target_eval(const struct target *target, int count, const double *x, double *y);

/* Computes psi [target->terms][count], the terms of f without their coefficients, for x [count][d]. Local and pure. */
void target_terms(const struct target *target, int count, const double *x, double *psi);

/* Returns the CRC-32C, continued from crc, of the numbers that define f; returns crc if the kind has no such numbers.
 * Local. */
uint32_t target_checksum(const struct target *target, uint32_t crc);

#endif
