/* level: functions compiled for several instruction-set levels, the best of which is taken at start. For code whose
 * bits must be the same on all of them: plain IEEE operations on GNU vectors, with contraction to FMA off. (The
 * kernels, whose bits may differ between levels, have a table of their own: particles/kernel.h.) */
#ifndef MCKEAN_BASE_TARGET_CLONES_H
#define MCKEAN_BASE_TARGET_CLONES_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__
#define EVERY_LEVEL __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EVERY_LEVEL
#endif

#endif
