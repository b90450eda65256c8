/* subnormals: the mode of this thread's floating-point unit in which subnormal numbers are replaced by zero. All
 * functions are local; on unknown processors they do nothing. */
#ifndef MCKEAN_BASE_SUBNORMALS_H
#define MCKEAN_BASE_SUBNORMALS_H

/* The mode register and its bits: those that replace subnormal results, and those that replace subnormal operands. */
#if defined __SSE2__
#include <immintrin.h>
enum { SUBNORMAL_RESULTS = 0x8000, SUBNORMAL_OPERANDS = 0x0040 }; /* FTZ, DAZ */
static inline unsigned subnormals_mode(void) {
  return _mm_getcsr();
}
static inline void subnormals_restore(unsigned mode) {
  _mm_setcsr(mode);
}
#elif defined __aarch64__
enum { SUBNORMAL_RESULTS = 1 << 24, SUBNORMAL_OPERANDS = 1 << 24 }; /* FZ: both */
static inline unsigned subnormals_mode(void) {
  unsigned long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode) : : "memory");
  return (unsigned)mode;
}
static inline void subnormals_restore(unsigned mode) {
  __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)mode) : "memory");
}
#else
enum { SUBNORMAL_RESULTS = 0, SUBNORMAL_OPERANDS = 0 };
static inline unsigned subnormals_mode(void) {
  return 0;
}
static inline void subnormals_restore(unsigned mode) {
  (void)mode;
}
#endif

/* Replaces subnormal numbers by zero. Returns the mode for subnormals_restore. */
static inline unsigned subnormals_flush(void) {
  const unsigned mode = subnormals_mode();
  subnormals_restore(mode | SUBNORMAL_RESULTS | SUBNORMAL_OPERANDS);
  return mode;
}

#endif
