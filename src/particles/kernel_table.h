/* kernel_table: the tables of kernels, one per ISA level, shared by kernel.c and kernel_isa.c. */
#ifndef MCKEAN_PARTICLES_KERNEL_TABLE_H
#define MCKEAN_PARTICLES_KERNEL_TABLE_H

#include "particles/kernel.h"

typedef const struct kernel kernel_rows[UNIT_TYPES][PRECISIONS];
ISA_DECLARE(kernel_rows, kernel_table)

#endif
