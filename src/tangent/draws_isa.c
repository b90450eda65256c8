/* draws_isa: all loops of one instruction-set level. The Makefile compiles this file once per level, with the name of
 * the level in KERNEL_ISA. */
#include "draws_isa.h"

#define real float
#include "draws_loops.h"
#undef real
#define real double
#include "draws_loops.h"
#undef real

draws_row ISA_NAME(draws_table) = {{start_float, weigh_float, multiply_float},
                                   {start_double, weigh_double, multiply_double}};
