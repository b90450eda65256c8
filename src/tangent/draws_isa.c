/* draws_isa: all loops of one instruction-set level. The Makefile compiles this file once per level, with the name of
 * the level in KERNEL_ISA. */
#include "draws_isa.h"

#define real float
#include "draws_loops.h"
#undef real
#define real double
#include "draws_loops.h"
#undef real

#define LOOPS(real)                                                                                                    \
  {                                                                                                                    \
    start_##real, weights_##real, scale_##real, weigh_##real, products_##real, contract_##real, spread_##real,         \
        multiply_##real, subtract_##real                                                                               \
  }
draws_row ISA_NAME(draws_table) = {LOOPS(float), LOOPS(double)};
