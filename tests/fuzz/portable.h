/* Included first when clang builds the fuzz targets, because clang before version 16 does not know the names of the
 * x86-64 levels. The value 0 selects the portable code, which is sufficient: the targets do not simulate. */
#define __builtin_cpu_supports(level) 0
