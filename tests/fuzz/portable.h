/* Included before everything else when clang builds the fuzz targets: before version 16 it does not know the levels of
 * x86-64 by name, and the targets compute nothing. */
#define __builtin_cpu_supports(level) 0
