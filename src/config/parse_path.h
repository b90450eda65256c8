/* parse_path: checks and resolves the paths that a user wrote in an input. Private to src/config. */
#ifndef MCKEAN_CONFIG_PARSE_PATH_H
#define MCKEAN_CONFIG_PARSE_PATH_H

#include "config/config.h"

/* Resolves the paths of files that are read (io/relative_path.h). USAGE: a path has a ~ or $NAME that a shell would
 * expand, run.name contains "." or "..", or a resolved path is not plain text. Rank 0 looks for files of such names,
 * which are valid. Collective. */
int parse_path_resolve(const struct comm *comm, const char *input, struct config *config);

#endif
