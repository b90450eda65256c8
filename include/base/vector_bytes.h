/* vector_bytes: the size of a vector register at the ISA level for which a file is compiled (the Makefile's
 * ISA_SOURCES). */
#ifndef MCKEAN_BASE_VECTOR_BYTES_H
#define MCKEAN_BASE_VECTOR_BYTES_H

#if defined __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX2__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

#endif
