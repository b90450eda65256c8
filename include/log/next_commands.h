/* next_commands: the commands that a user types after a complete run. Local. */
#ifndef MCKEAN_LOG_NEXT_COMMANDS_H
#define MCKEAN_LOG_NEXT_COMMANDS_H

#include "log/report.h"

/* Prints the commands that analyze, plot and report the output of a run. The tools are named as they are installed
 * beside the program, or by their path in the source tree that contains the program; if they are in neither place, only
 * `analyze` is printed. */
void next_commands_print(struct report *report, const char *output);

#endif
