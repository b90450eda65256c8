/* target_clones: compiles a function for AVX-512, AVX2 and the baseline of x86-64. The best version for the processor
 * is selected at program start. Other architectures and clang compile one version.
 *
 * Use TARGET_CLONES only for code that gives the same bits in every version: plain IEEE operations on GNU vectors. The
 * macro does not ensure this; the Makefile compiles such code without contraction to FMA. (The results of kernels may
 * differ between levels, so a run selects its kernels from a table: particles/kernel.h.) */
#ifndef MCKEAN_BASE_TARGET_CLONES_H
#define MCKEAN_BASE_TARGET_CLONES_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__
#define TARGET_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TARGET_CLONES
#endif

#endif
