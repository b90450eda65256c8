#include "base/isa.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"

#define NAME(level, help) #level,
#define HELP(level, help) help,
const char *const isa_names[ISA_LEVELS] = {ISA_LIST(NAME)}, *const isa_help[ISA_LEVELS] = {ISA_LIST(HELP)};

#define BUILT(level, value) [ISA_##level] = value,
static const bool built[ISA_LEVELS] = {ISA_BUILT(BUILT, true)};

/* ---- what the processor has ---- */

#if defined __x86_64__

/* Tests single features, because __builtin_cpu_supports accepts the names of the levels only since GCC 12 and clang
 * 18. */
static bool has_level(enum isa isa) {
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
  const bool v2 = HAS("ssse3") && HAS("sse4.2") && HAS("popcnt"),
             v3 = v2 && HAS("avx2") && HAS("fma") && HAS("bmi") && HAS("bmi2"),
             v4 = v3 && HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl");
  return isa == ISA_portable || (isa == ISA_v2 && v2) || (isa == ISA_v3 && v3) || (isa == ISA_v4 && v4);
}

#elif defined __aarch64__
#include <sys/auxv.h>
#include <sys/prctl.h>

/* Code compiled for one length of the SVE vectors runs correctly only on processors that have this length. */
static bool has_level(enum isa isa) {
  const int length = getauxval(AT_HWCAP) & HWCAP_SVE ? prctl(PR_SVE_GET_VL) : -1;
  const int bytes = length < 0 ? 0 : length & PR_SVE_VL_LEN_MASK;
  return isa == ISA_portable || isa == ISA_neon || (isa == ISA_sve256 && bytes == 32) ||
         (isa == ISA_sve512 && bytes == 64);
}

#else

static bool has_level(enum isa isa) {
  return isa == ISA_portable;
}

#endif

static bool has[ISA_LEVELS];

static void find_levels(void) {
  for (int isa = 0; isa < ISA_LEVELS; isa++) has[isa] = built[isa] && has_level((enum isa)isa);
}

bool isa_processor_has(enum isa isa) {
  static pthread_once_t found = PTHREAD_ONCE_INIT;
  pthread_once(&found, find_levels);
  return has[isa];
}

/* ---- what the user allows ---- */

static enum isa highest = ISA_LEVELS - 1;

bool isa_available(enum isa isa) {
  return isa <= highest && isa_processor_has(isa);
}

enum isa isa_best(void) {
  enum isa best = highest;
  while (!isa_processor_has(best)) best--;
  return best;
}

int isa_limit(const char *name) {
  highest = ISA_LEVELS - 1;
  const enum isa best = isa_best();
  for (int isa = 0; name && isa < ISA_LEVELS; isa++)
    if (strcmp(name, isa_names[isa]) == 0 && isa_processor_has((enum isa)isa)) {
      highest = (enum isa)isa;
      return OK;
    }
  return name ? FAIL(USAGE, "MCKEAN_ISA: expected an ISA level of this processor (portable to %s), received \"%s\"",
                     isa_names[best], name)
              : OK;
}
