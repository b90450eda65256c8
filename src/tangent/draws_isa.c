/* draws_isa: all loops of one instruction-set level. The Makefile compiles this file once per level, with the name of
 * the level in KERNEL_ISA. */
#include "draws_isa.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define real float
#include "draws_loops.h"
#undef real
#define real double
#include "draws_loops.h"
#undef real

draws_row ISA_NAME(draws_table) = {{start_float, jacobian_float, weigh_float, move_on_sphere_float},
                                   {start_double, jacobian_double, weigh_double, move_on_sphere_double}};
