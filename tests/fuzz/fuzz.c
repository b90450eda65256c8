#include "fuzz.h"

#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/h5.h"

struct comm world;
static char folder[256];

static void clean(void) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (system(command) != 0) perror(folder);
}

const char *fuzz_start(void) {
  const char *tmp = getenv("TMPDIR");
  __lsan_disable(); /* MPI never frees what it allocates at start */
  h5_start();
  if (comm_start(NULL, NULL, &world) != OK) fuzz_found(error_text());
  __lsan_enable();
  snprintf(folder, sizeof folder, "%s/mckean-fuzz-XXXXXX", tmp ? tmp : "/tmp");
  if (!mkdtemp(folder)) fuzz_found("no folder");
  atexit(clean);
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){64 << 20, 64 << 20});
  return folder;
}

void fuzz_found(const char *why) {
  fprintf(stderr, "FOUND: %s\n", why);
  abort();
}

uint8_t script_byte(struct script *script) {
  return script->at < script->end ? *script->at++ : 0;
}

int64_t script_value(struct script *script) {
  static const int64_t limit[] = {-1,       0,        1,        2,        3,        4,         255,
                                  256,      257,      1023,     1024,     1025,     65536,     INT32_MAX,
                                  1L << 31, 1L << 32, 1L << 40, 1L << 58, 1L << 61, INT64_MAX, INT64_MIN};
  const uint8_t kind = script_byte(script);
  if (kind < 128) return kind % 8;
  if (kind < 224) return limit[kind % (sizeof limit / sizeof *limit)];
  int64_t value = 0;
  for (int i = 0; i < 8; i++) value = (int64_t)((uint64_t)value << 8 | script_byte(script));
  return value;
}

void fuzz_copy(const char *from, const char *to) {
  static char buffer[1 << 20];
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  if (!in || !out) fuzz_found("no file to copy");
  for (size_t bytes; (bytes = fread(buffer, 1, sizeof buffer, in)) > 0;)
    if (fwrite(buffer, 1, bytes, out) != bytes) fuzz_found("the copy does not fit");
  fclose(in);
  fclose(out);
}
