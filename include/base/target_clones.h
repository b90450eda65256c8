/* target_clones: compiles a function for several instruction-set levels; the best one is selected at program start.
 *
 * For code whose results must have the same bits at every level: plain IEEE operations on GNU vectors, without
 * contraction to FMA. (The results of the kernels may differ between levels, so they have a table of their own:
 * particles/kernel.h.) */
#ifndef MCKEAN_BASE_TARGET_CLONES_H
#define MCKEAN_BASE_TARGET_CLONES_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__
#define TARGET_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TARGET_CLONES
#endif

#endif
