/* isa: the instruction-set levels for which the arithmetic is compiled, and those that this processor has.
 *
 * Each name in ISA_SOURCES (Makefile) has one source file, <name>_isa.c, which is compiled once per level and defines
 * one object, <prefix>_<level>. ISA_TABLE collects these objects. All networks of a run use the kernels and the update
 * rules of one level (run.isa), because the results depend on it. A run records this level and keeps it when it is
 * resumed. A teacher target always uses the kernels of the level portable. Results of fresh_points, target_spin,
 * erf_overlap and potential_rbf do not depend on the level, so their objects are used at the level isa_best.
 *
 * To add a level:
 *   1. here: a row in ISA_LIST, after the lower levels of the same architecture;
 *   2. src/base/isa.c: the test whether the processor supports the level;
 *   3. the Makefile: its name in ISA_LEVELS_<architecture>, and its compiler options;
 *   4. include/base/vector.h: its vector registers, unless an existing level has the same registers.
 * The tests test all levels that the processor has; `make check-portable` emulates other processors. */
#ifndef MCKEAN_BASE_ISA_H
#define MCKEAN_BASE_ISA_H

#include <stdbool.h>

/* All levels, including those of other architectures, because files store the names of levels. */
#define ISA_LIST(ROW)                                                                                                  \
  ROW(portable, "any processor; no fused multiply-add; same bits on all processors")                                   \
  ROW(v2, "x86-64-v2: SSE4.2")                                                                                         \
  ROW(v3, "x86-64-v3: AVX2 and FMA")                                                                                   \
  ROW(v4, "x86-64-v4: AVX-512")                                                                                        \
  ROW(neon, "aarch64: NEON; also for SVE with vectors of 128 bits")                                                    \
  ROW(sve256, "aarch64: SVE with vectors of 256 bits")                                                                 \
  ROW(sve512, "aarch64: SVE with vectors of 512 bits")

#define ISA_CONSTANT(level, help) ISA_##level,
enum isa { ISA_LIST(ISA_CONSTANT) ISA_LEVELS };
extern const char *const isa_names[ISA_LEVELS], *const isa_help[ISA_LEVELS];

/* ISA_BUILT(ROW, ...) is ROW(level, ...) for each level of this build. The Makefile defines it. */
#ifndef ISA_BUILT
#define ISA_BUILT(ROW, ...) ROW(portable, __VA_ARGS__)
#endif

/* ISA_NAME(prefix) is the object of the level for which a file is compiled; the Makefile defines KERNEL_ISA, the name
 * of the level. ISA_DECLARE declares the objects of all levels. {ISA_TABLE(prefix)} is an array of ISA_LEVELS pointers
 * to them, NULL for the levels that this build lacks. */
#define ISA_NAME(prefix)                ISA_PASTE(prefix, KERNEL_ISA)
#define ISA_DECLARE(type, prefix)       ISA_BUILT(ISA_EXTERN, type, prefix)
#define ISA_TABLE(prefix)               ISA_BUILT(ISA_ENTRY, prefix)
#define ISA_PASTE(prefix, level)        ISA_PASTE_(prefix, level)
#define ISA_PASTE_(prefix, level)       prefix##_##level
#define ISA_EXTERN(level, type, prefix) extern type ISA_PASTE_(prefix, level);
#define ISA_ENTRY(level, prefix)        [ISA_##level] = &ISA_PASTE_(prefix, level),

/* All functions are local. */
bool isa_processor_has(enum isa isa); /* whether this build contains the level and this processor supports it */
bool isa_available(enum isa isa);     /* isa_processor_has, and isa_limit allows the level */
enum isa isa_best(void);              /* the highest available level */

/* Forbids the levels above the level `name`; NULL allows all levels. The program passes the value of the environment
 * variable MCKEAN_ISA before it uses any kernel. USAGE: no level has this name, or isa_processor_has is false for
 * it. */
int isa_limit(const char *name);

#endif
