#include "io/foreign_file.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/tools.h"

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

const char *foreign_file_command(const char *path, const char *to, char *text, size_t size) {
  char package[PATH_MAX + 64];
  const char *slash = strrchr(path, '/'), *ending = strrchr(slash ? slash : path, '.');
  const int length = ending && ending > path ? (int)(ending - path) : (int)strlen(path);
  const bool same = ending && strcmp(ending, ".h5") == 0; /* do not suggest to overwrite the file itself */
  tools_package(package, sizeof package);
  if (to)
    snprintf(text, size, "%s import %s %s", package, path, to);
  else
    snprintf(text, size, "%s import %s %.*s%s.h5", package, path, length, path, same ? "-converted" : "");
  return text;
}

static int refuse(const char *path, const char *expected, const char *received, bool import) {
  char command[FOREIGN_FILE_COMMAND];
  if (import)
    return FAIL(USAGE, "%s: expected an HDF5 file with %s, received %s; convert it: %s", path, expected, received,
                foreign_file_command(path, NULL, command, sizeof command));
  return FAIL(USAGE,
              "%s: expected an HDF5 file with %s, received %s; load it in Python and write it with "
              "mckean.save_data(\"data.h5\", x, y)",
              path, expected, received);
}

/* Returns the number of bytes read to head, or -1 if the file is not a regular file or cannot be read. */
static ssize_t read_head(const char *path, char head[HEAD]) {
  struct stat found;
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return -1;
  const bool regular = fstat(file, &found) == 0 && S_ISREG(found.st_mode);
  const ssize_t bytes = regular ? read(file, head, HEAD) : -1;
  close(file);
  return bytes;
}

/* Returns the format of a file that begins with these bytes, or NULL if it is unknown. */
static const char *format_of(const char head[HEAD], size_t bytes, bool *import) {
  *import = false;
  if (bytes == 0) return "an empty file";
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (bytes >= formats[i].bytes && memcmp(head, formats[i].signature, formats[i].bytes) == 0) {
      *import = formats[i].import;
      return formats[i].name;
    }
  *import = is_text(head, bytes);
  return *import ? "a text file, such as CSV" : NULL;
}

const char *foreign_file_name(const char *path) {
  static const char hdf5[] = "\x89HDF\r\n\x1a\n";
  char head[HEAD];
  bool import;
  const ssize_t bytes = read_head(path, head);
  if (bytes < 0) return "an unreadable file";
  const char *name = format_of(head, (size_t)bytes, &import);
  if (name) return name;
  if ((size_t)bytes >= strlen(hdf5) && memcmp(head, hdf5, strlen(hdf5)) == 0) return "an HDF5 file with other data";
  if (bytes >= 8 && memcmp(head, "MCKEANHI", 8) == 0) return "the history of a run";
  if (bytes >= 8 && memcmp(head, "MCKEANCK", 8) == 0) return "a checkpoint";
  return "a file of an unknown format";
}

int foreign_file_check(const char *path, const char *expected) {
  char head[HEAD];
  bool import;
  const ssize_t bytes = read_head(path, head);
  const char *name = bytes < 0 ? NULL : format_of(head, (size_t)bytes, &import);
  if (!name) return OK;
  if (bytes == 0) return FAIL(USAGE, "%s: expected an HDF5 file with %s, received an empty file", path, expected);
  return refuse(path, expected, name, import);
}
