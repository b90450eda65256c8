/* The HDF5 library, its errors, files and links. h5_attribute.c, h5_dataset.c, h5_scale.c: what files contain. */
#include "io/h5.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "h5_file.h"
#include "h5_guard.h"
#include "io/durable_file.h"

/* ---- errors ---- */

struct reason {
  int error; /* errno, or 0 if unknown */
  char text[256];
};

/* Copies the innermost message of HDF5, and the errno if the message contains one, as those of all file drivers do. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context) {
  struct reason *reason = context;
  if (n > 0) return 0;
  const char *message = error->desc ? error->desc : "no reason given", *number = strstr(message, "errno = ");
  snprintf(reason->text, sizeof reason->text, "%s", message);
  if (number) reason->error = atoi(number + strlen("errno = "));
  return 0;
}

int h5_fail(const struct h5 *file, const char *object, const char *what) {
  struct reason reason = {.text = "no reason given"};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &reason);
  if (reason.error) return durable_file_fail(reason.error, "%s: %s: %s", file->path, object, what);
  return FAIL(FAILED, "%s: %s: %s (HDF5: %s)", file->path, object, what, reason.text);
}

void h5_start(void) {
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1); /* locks fail on some parallel file systems; McKean uses <output>/lock */
  /* If the last write to a file failed, HDF5 keeps a broken object, and the cleanup at exit crashes on this object.
   * HDF5 registers this cleanup in two ways: with atexit, which is disabled here, and as an attribute of MPI_COMM_SELF,
   * but only if MPI has started. H5open is therefore called before MPI_Init. */
  H5dont_atexit();
  H5open();
  h5_guard_start();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* ---- files ---- */

/* Wraps the identifier that HDF5 returned for path. If id is negative, reports the error of HDF5. Call this before any
 * other HDF5 call, because every call clears the previous error. */
static int wrap(const char *path, hid_t id, const char *what, struct h5 **file) {
  struct h5 *new = alloc_small(sizeof *new);
  *new = (struct h5){.id = id, .path = strdup(path)};
  *file = new;
  if (id >= 0) return OK;
  const int status = h5_fail(new, "/", what);
  h5_close(new);
  *file = NULL;
  return status;
}

int h5_create(const char *path, int64_t user_block, struct h5 **file) {
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_userblock(creation, (hsize_t)user_block);
  /* Aligns large data to pages. After a user block HDF5 supports only alignment to the size of the user block. */
  H5Pset_alignment(access, 4096, user_block > 0 ? (hsize_t)user_block : 4096);
  const int status = wrap(path, H5Fcreate(path, H5F_ACC_TRUNC, creation, access), "cannot create the file", file);
  H5Pclose(creation);
  H5Pclose(access);
  return status;
}

int h5_open(const char *path, bool writable, struct h5 **file) {
  struct stat found;
  *file = NULL;
  if (stat(path, &found) != 0) return FAIL(FAILED, "%s: cannot open it: %s", path, strerror(errno));
  if (!S_ISREG(found.st_mode))
    return FAIL(FAILED, "%s: expected an HDF5 file, this is %s", path,
                S_ISDIR(found.st_mode) ? "a folder" : "not a regular file");
  if (H5Fis_hdf5(path) <= 0) return FAIL(FAILED, "%s: expected an HDF5 file, this is not one", path);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  /* h5_close must close the file even if objects in it are still open. */
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t id = H5Fopen(path, writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);
  const int status = wrap(path, id, "cannot open it as an HDF5 file", file);
  H5Pclose(access);
  return status;
}

/* HDF5 cannot close a file if it cannot write the cached bytes. Redirects the file descriptor to a memory file, so that
 * the close succeeds and discards the bytes. */
static void abandon(hid_t id) {
  int *descriptor;
  const int memory = memfd_create("abandoned", MFD_CLOEXEC);
  if (memory >= 0 && H5Fget_vfd_handle(id, H5P_DEFAULT, (void **)&descriptor) >= 0) dup2(memory, *descriptor);
  if (memory >= 0) close(memory);
  H5Fclose(id);
}

int h5_close(struct h5 *file) {
  if (!file) return OK;
  int status = OK;
  if (file->id >= 0 && H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) {
    status = h5_fail(file, "/", "cannot flush it");
    abandon(file->id);
  } else if (file->id >= 0 && H5Fclose(file->id) < 0) {
    status = h5_fail(file, "/", "cannot close it");
  }
  free(file->path);
  free(file);
  return status;
}

/* ---- links ---- */

/* Checks every link along the path, because only hard links are known to stay in this file. */
bool h5_exists(struct h5 *file, const char *object) {
  if (strcmp(object, "/") == 0) return true;
  char path[512];
  for (const char *end = object; end;) {
    end = strchr(end + 1, '/');
    snprintf(path, sizeof path, "%.*s", end ? (int)(end - object) : (int)strlen(object), object);
    H5L_info_t link;
    if (H5Lexists(file->id, path, H5P_DEFAULT) <= 0 || H5Lget_info(file->id, path, &link, H5P_DEFAULT) < 0 ||
        link.type != H5L_TYPE_HARD)
      return false;
  }
  return true;
}

bool h5_link(struct h5 *file, const char *group, int64_t i, char *name, size_t size) {
  return H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, size, H5P_DEFAULT) >= 0;
}

bool h5_attribute(struct h5 *file, const char *object, int64_t i, char *name, size_t size) {
  return H5Aget_name_by_idx(file->id, object, H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, size, H5P_DEFAULT) >= 0;
}

void h5_version(char *text, size_t size) {
  unsigned major, minor, release;
  H5get_libversion(&major, &minor, &release);
  snprintf(text, size, "HDF5 %u.%u.%u", major, minor, release);
}

bool h5_is_format(const char *path, const char *format) {
  struct h5 *file = NULL;
  char *found = NULL;
  int status = h5_open(path, false, &file);
  if (status == OK) status = h5_get_text(file, "/", "format", &found);
  const bool same = status == OK && strcmp(found, format) == 0;
  h5_close(file);
  free(found);
  return same;
}
