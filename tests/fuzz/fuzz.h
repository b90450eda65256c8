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

extern struct comm world; /* this process */

/* Starts HDF5 and MPI, and creates a folder that is removed at exit. To be called once. */
const char *fuzz_start(void);

/* Reports an error: prints the reason and aborts, so that libFuzzer keeps the input. */
_Noreturn void fuzz_found(const char *why);

/* The input as a stream; zeros after its end. */
struct script {
  const uint8_t *at, *end;
};
uint8_t script_byte(struct script *script);
int64_t script_value(struct script *script); /* small, at the limit of a type, or any value */

/* Changes the file at path as the script requests, to another file that the HDF5 library can write: values, types,
 * shapes, layouts, filters and links change, but the structures of HDF5 stay valid. object, attribute: names to choose
 * from, NULL at the end; object[0] is "/". */
void fuzz_edit(struct script *script, const char *path, const char *const *object, const char *const *attribute);

void fuzz_copy(const char *from, const char *to);

#endif
