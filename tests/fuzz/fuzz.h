/* fuzz: what the fuzz targets share. A target is a file fuzz_<name>.c with LLVMFuzzerTestOneInput (libFuzzer); `make fuzz`
 * runs one. */
#ifndef MCKEAN_TESTS_FUZZ_H
#define MCKEAN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "parallel/comm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern struct comm world; /* this process */

/* Starts HDF5 and MPI, and makes a folder that goes when the process ends. Once. */
const char *fuzz_start(void);

/* A finding: prints why and aborts, so that libFuzzer keeps the input. */
_Noreturn void fuzz_found(const char *why);

/* The input as a stream; zeros behind its end. */
struct script {
  const uint8_t *at, *end;
};
uint8_t script_byte(struct script *script);
int64_t script_value(struct script *script); /* small, at a limit of some type, or any */

/* A file that the HDF5 library could have written: changes the one at path as the script says, by values, types, shapes,
 * layouts, filters and links, none of them damaged in HDF5's own structures. object, attribute: names to choose from,
 * NULL at the end; object[0] is "/". */
void fuzz_edit(struct script *script, const char *path, const char *const *object, const char *const *attribute);

void fuzz_copy(const char *from, const char *to);

#endif
