/* subnormals: turns on and off the floating-point mode in which the processor replaces subnormal numbers by zero. The
 * mode belongs to the calling thread. All functions are local. On processors other than x86-64 and aarch64 they do
 * nothing. */
#ifndef MCKEAN_BASE_SUBNORMALS_H
#define MCKEAN_BASE_SUBNORMALS_H

/* subnormals_mode reads the mode register of the calling thread; subnormals_restore writes it. SUBNORMAL_RESULTS and
 * SUBNORMAL_OPERANDS: its bits that replace subnormal results and subnormal operands by zero. */
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

/* Turns on the replacement of subnormal results and operands by zero. Returns the previous mode, for
 * subnormals_restore. */
static inline unsigned subnormals_flush(void) {
  const unsigned mode = subnormals_mode();
  subnormals_restore(mode | SUBNORMAL_RESULTS | SUBNORMAL_OPERANDS);
  return mode;
}

#endif
