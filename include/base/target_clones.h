/* target_clones: compiles a function for several ISA levels; the best version is selected at program start.
 *
 * Use it for code whose results must have the same bits at every level: plain IEEE operations on GNU vectors, without
 * contraction to FMA. (The results of kernels may differ between levels, so a run selects its kernels from a table:
 * particles/kernel.h.) */
#ifndef MCKEAN_BASE_TARGET_CLONES_H
#define MCKEAN_BASE_TARGET_CLONES_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__
#define TARGET_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TARGET_CLONES
#endif

#endif
