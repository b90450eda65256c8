/* fuzz: functions that the fuzz targets share. A target is a file fuzz_<name>.c with LLVMFuzzerTestOneInput
 * (libFuzzer); `make fuzz` runs one. */
#ifndef MCKEAN_TESTS_FUZZ_H
#define MCKEAN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "parallel/comm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern struct comm world; /* the single process of the target; set by fuzz_start */

/* Starts HDF5 and MPI, creates a folder, which is removed at exit, and returns its path (static memory). Limits files
 * to 64 MiB. Call it once. */
const char *fuzz_start(void);

/* Prints the reason and aborts, so that libFuzzer stores the input. */
_Noreturn void fuzz_found(const char *why);

/* The input as a stream of bytes; script_byte returns 0 after its end. */
struct script {
  const uint8_t *at, *end;
};
uint8_t script_byte(struct script *script);
int64_t script_value(struct script *script); /* 0 to 7, at the limit of a type, or any value */

/* Makes up to 12 changes to the file at path, as the script requests: to values, types, shapes, layouts, filters and
 * links. HDF5 writes them, so its structures stay valid. object, attribute: names to choose from, each list ended by
 * NULL; object[0] is "/". */
void fuzz_edit(struct script *script, const char *path, const char *const *object, const char *const *attribute);

/* Copies the file `from` to `to`, which it overwrites. Calls fuzz_found if it cannot. */
void fuzz_copy(const char *from, const char *to);

#endif
