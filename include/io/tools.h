/* tools: finds the Python tools of this program. All functions are local. */
#ifndef MCKEAN_IO_TOOLS_H
#define MCKEAN_IO_TOOLS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum tools_place {
  TOOLS_NONE,      /* unknown */
  TOOLS_SOURCE,    /* the program is in the source tree `folder`, "" or a path that ends with a slash */
  TOOLS_INSTALLED, /* the program was installed to the PREFIX `folder` */
};
enum tools_place tools_find(char folder[PATH_MAX]);

/* path: set to the path of this program, relative to the current folder if it lies below it. Returns whether it is
 * known. */
bool tools_program(char path[PATH_MAX]);

/* Writes the start of a command that runs the Python package from the current folder: "tools/python -m mckean". */
void tools_package(char *text, size_t size);

#endif
