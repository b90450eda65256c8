#include "io/foreign_file.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { HEAD = 512 };

/* Formats that begin with a fixed signature. import: `python3 -m mckean import` reads it. */
static const struct {
  const char *signature;
  size_t bytes;
  const char *name;
  bool import;
} formats[] = {
    {"\x93NUMPY", 6, "a NumPy file (.npy)", true},
    {"PK\x03\x04", 4, "a NumPy .npz or another ZIP file", true},
    {"PAR1", 4, "a Parquet file", false},
    {"ARROW1", 6, "an Arrow or Feather file", false},
    {"MATLAB 5.0", 10, "a MATLAB file of version 5", false},
    {"\x1f\x8b", 2, "a gzip file", false},
    {"SQLite format 3", 15, "an SQLite file", false},
    {"\x80\x02", 2, "a pickle or PyTorch file", false},
    {"\x80\x03", 2, "a pickle or PyTorch file", false},
    {"\x80\x04", 2, "a pickle or PyTorch file", false},
    {"\x80\x05", 2, "a pickle or PyTorch file", false},
};

static bool is_text(const char *head, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if ((unsigned char)head[i] < 0x20 && !isspace((unsigned char)head[i])) return false;
  return bytes > 0;
}

const char *foreign_file_command(const char *path, char *text, size_t size) {
  const char *slash = strrchr(path, '/'), *ending = strrchr(slash ? slash : path, '.');
  const int length = ending && ending > path ? (int)(ending - path) : (int)strlen(path);
  const bool same = ending && strcmp(ending, ".h5") == 0; /* do not suggest to overwrite the file itself */
  snprintf(text, size, "python3 -m mckean import %s %.*s%s.h5", path, length, path, same ? "-converted" : "");
  return text;
}

static int refuse(const char *path, const char *expected, const char *received, bool import) {
  char command[2 * 4096 + 64];
  if (import)
    return FAIL(USAGE,
                "%s: expected an HDF5 file with %s, received %s; convert it: %s "
                "(source tree: tools/python for python3)",
                path, expected, received, foreign_file_command(path, command, sizeof command));
  return FAIL(USAGE,
              "%s: expected an HDF5 file with %s, received %s; load it in Python and write it with "
              "mckean.save_data(\"data.h5\", x, y)",
              path, expected, received);
}

int foreign_file_check(const char *path, const char *expected) {
  char head[HEAD];
  struct stat found;
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return OK;
  const bool regular = fstat(file, &found) == 0 && S_ISREG(found.st_mode);
  const ssize_t bytes = regular ? read(file, head, sizeof head) : -1;
  close(file);
  if (bytes < 0) return OK;
  if (bytes == 0) return FAIL(USAGE, "%s: expected an HDF5 file with %s, received an empty file", path, expected);
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if ((size_t)bytes >= formats[i].bytes && memcmp(head, formats[i].signature, formats[i].bytes) == 0)
      return refuse(path, expected, formats[i].name, formats[i].import);
  return is_text(head, (size_t)bytes) ? refuse(path, expected, "a text file, such as CSV", true) : OK;
}
