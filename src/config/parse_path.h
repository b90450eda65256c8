/* parse_path: the place of a file that the input names. Private to src/config. */
#ifndef MCKEAN_CONFIG_PARSE_PATH_H
#define MCKEAN_CONFIG_PARSE_PATH_H

#include "config/config.h"

/* Prepends the folder of the input file to target.path if this path is relative, does not exist in the working folder,
 * and exists in the folder of the input. Only rank 0 looks for the file. Collective. */
void parse_path_resolve(const struct comm *comm, const char *input, struct config *config);

#endif
