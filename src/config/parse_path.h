/* parse_path: checks the paths that a user wrote in an input. Private to src/config. */
#ifndef MCKEAN_CONFIG_PARSE_PATH_H
#define MCKEAN_CONFIG_PARSE_PATH_H

#include "config/config.h"

/* USAGE: a path has a ~ or $NAME that a shell would expand, or run.name contains "." or "..". Rank 0 looks for files of
 * such names, which are valid. Collective. */
int parse_path_check(const struct comm *comm, const char *input, const struct config *config);

#endif
