/* target_spin_isa: the labels of the spin target for the instruction-set levels. The Makefile compiles
 * target_spin_isa.c once per level, without contraction to FMA: all versions give the same bits. */
#ifndef TARGET_SPIN_ISA_H
#define TARGET_SPIN_ISA_H

#include "base/isa.h"
#include "data/target_kind.h"

/* y[lane] = sum over p <= q <= r of entry_pqr x_p x_q x_r, for the first `count` lanes, rounded up to a multiple of
 * LABEL_LANES. entry: packed in this order. x [d][POINT_LANES] and y [POINT_LANES], 64-byte aligned. Cost: about d^3/3
 * flops per lane. */
typedef void spin_labels(int d, const double *entry, const double *x, int count, double *y);

ISA_DECLARE(spin_labels, spin_labels)

#endif
