/* kernel_table: the tables of kernels, one per ISA level, shared by kernel.c and kernel_isa.c. */
#ifndef MCKEAN_PARTICLES_KERNEL_TABLE_H
#define MCKEAN_PARTICLES_KERNEL_TABLE_H

#include "particles/kernel.h"

typedef const struct kernel kernel_rows[UNIT_TYPES][PRECISIONS];
extern kernel_rows kernel_table_portable, kernel_table_v2, kernel_table_v3, kernel_table_v4;

#endif
