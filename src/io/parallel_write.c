#include "io/parallel_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"
#include "parallel/heartbeat.h"

enum {
  BUFFER = 1 << 20, /* what is gathered, written and read back in one go stays in the caches */
  PIECE = 1 << 30
};

enum mode { COUNT, WRITE, WRITE_AND_COMPARE, COMPARE };

struct parallel_write {
  const char *path;
  enum mode mode;
  int file;     /* to write (posix) and to compare */
  MPI_File mpi; /* to write (mpiio) */
  int64_t writes;
  int64_t offset, used, size; /* the buffer's bytes belong here */
  char *buffer, *again;
  int status;
};

int durable_file_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t part = pwrite(file, (const char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0)
      return durable_file_fail(part < 0 ? errno : ENOSPC, "%s: cannot write %lld bytes at %lld", path, (long long)left,
                               (long long)(offset + done));
    done += part;
    heartbeat_beat();
  }
  return OK;
}

int durable_file_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t part = pread(file, (char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0)
      return durable_file_unread(errno, "%s: cannot read %lld bytes at %lld", path, (long long)left,
                                 (long long)(offset + done));
    if (part == 0)
      return FAIL(FAILED, "%s: cannot read %lld bytes at %lld: the file ends there", path, (long long)left,
                  (long long)(offset + done));
    done += part;
    heartbeat_beat();
  }
  return OK;
}

/* Every byte of a file anew, holes included. */
static int rewrite(int file, const char *path, int64_t bytes) {
  char *buffer = alloc_small(BUFFER);
  int status = OK;
  for (int64_t at = 0; at < bytes && status == OK; at += BUFFER) {
    const int64_t part = bytes - at < BUFFER ? bytes - at : BUFFER;
    status = durable_file_pread(file, path, at, buffer, part);
    if (status == OK) status = durable_file_pwrite(file, path, at, buffer, part);
  }
  free(buffer);
  if (status == OK && fsync(file) != 0) status = durable_file_fail(errno, "%s: cannot reserve space", path);
  return status;
}

int parallel_write_reserve(const char *path, enum parallel_write_io io, int64_t bytes) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return durable_file_fail(errno, "%s: cannot open it to reserve space", path);
  bool claimed;
  int status = durable_file_reserve(file, path, bytes, &claimed);
  if (status == OK && !claimed && io == PARALLEL_WRITE_MPIIO) status = rewrite(file, path, bytes);
  close(file);
  return status;
}

static int mpi_fail(const struct parallel_write *slab, int code, const char *what) {
  static const struct {
    int class, error;
  } reason[] = {{MPI_ERR_NO_SPACE, ENOSPC}, {MPI_ERR_QUOTA, EDQUOT},        {MPI_ERR_READ_ONLY, EROFS},
                {MPI_ERR_ACCESS, EACCES},   {MPI_ERR_NO_SUCH_FILE, ENOENT}, {MPI_ERR_IO, EIO}};
  char text[MPI_MAX_ERROR_STRING];
  int class, length;
  MPI_Error_class(code, &class);
  for (size_t i = 0; i < sizeof reason / sizeof *reason; i++)
    if (reason[i].class == class) return durable_file_fail(reason[i].error, "%s: MPI-IO cannot %s", slab->path, what);
  MPI_Error_string(code, text, &length);
  return FAIL(FAILED, "%s: MPI-IO cannot %s (%s); output.io: posix may tell why", slab->path, what, text);
}

static int write_collective(struct parallel_write *slab, int64_t offset, const void *data, int64_t bytes) {
  MPI_Status status;
  int written = 0;
  int code;
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_write_at_all(slab->mpi, offset, data, (int)bytes, MPI_BYTE, &status));
  if (code == MPI_SUCCESS) MPI_Get_count(&status, MPI_BYTE, &written);
  if (code == MPI_SUCCESS && written == bytes) return OK;
  if (code != MPI_SUCCESS) return mpi_fail(slab, code, "write");
  return FAIL(FAILED, "%s: MPI-IO wrote %d of %lld bytes at %lld", slab->path, written, (long long)bytes,
              (long long)offset);
}

static int write_own(const struct parallel_write *slab) {
  TRY(durable_file_pwrite(slab->file, slab->path, slab->offset, slab->buffer, slab->used));
  /* The disk begins while the rest is still being gathered; a hint, whose failure means nothing. */
  (void)sync_file_range(slab->file, slab->offset, slab->used, SYNC_FILE_RANGE_WRITE);
  return OK;
}

static int compare(const struct parallel_write *slab) {
  TRY(durable_file_pread(slab->file, slab->path, slab->offset, slab->again, slab->used));
  return memcmp(slab->again, slab->buffer, (size_t)slab->used) == 0
             ? OK
             : FAIL(FAILED, "%s: the file system gave back other bytes than were written; output.io: mpiio may help",
                    slab->path);
}

/* A rank that failed goes on taking part in collective writes. */
static void flush(struct parallel_write *slab) {
  if (slab->used == 0) return;
  slab->writes++;
  int status = OK;
  if (slab->mode == WRITE) status = write_collective(slab, slab->offset, slab->buffer, slab->used);
  if (slab->mode == WRITE_AND_COMPARE && slab->status == OK) status = write_own(slab);
  if (slab->status == OK) slab->status = status;
  if (slab->mode >= WRITE_AND_COMPARE && slab->status == OK) slab->status = compare(slab);
  slab->offset += slab->used;
  slab->used = 0;
}

void *parallel_write_put(struct parallel_write *slab, int64_t offset, int64_t bytes) {
  if (slab->used + bytes > slab->size || offset != slab->offset + slab->used) flush(slab);
  if (slab->used == 0) slab->offset = offset;
  slab->used += bytes;
  return slab->buffer + slab->used - bytes;
}

static int reopen(struct parallel_write *slab, int flags, const char *what) {
  slab->file = open(slab->path, flags | O_CLOEXEC);
  return slab->file < 0 ? durable_file_fail(errno, "%s: cannot open it to %s", slab->path, what) : OK;
}

static int fill(struct parallel_write *slab, const struct parallel_write_job *job, enum mode mode) {
  slab->mode = mode;
  slab->writes = 0;
  job->fill(slab, job->context);
  flush(slab);
  return slab->status;
}

static int write_posix(struct parallel_write *slab, const struct parallel_write_job *job) {
  TRY(reopen(slab, O_RDWR, "write"));
  int status = fill(slab, job, WRITE_AND_COMPARE);
  if (status == OK && fsync(slab->file) != 0)
    status = durable_file_fail(errno, "%s: cannot make it lasting", slab->path);
  if (close(slab->file) != 0 && status == OK) status = durable_file_fail(errno, "%s: cannot close it", slab->path);
  return status;
}

/* Collective writes come in equal numbers on all ranks: those with fewer add empty ones. */
static int write_mpiio(const struct comm *comm, struct parallel_write *slab, const struct parallel_write_job *job) {
  fill(slab, job, COUNT);
  const int64_t rounds = (int64_t)comm_max(comm, (double)slab->writes);
  int status = OK;
  int code;
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_open(comm->mpi, slab->path, MPI_MODE_WRONLY, MPI_INFO_NULL, &slab->mpi));
  if (code != MPI_SUCCESS) {
    slab->mpi = MPI_FILE_NULL;
    status = mpi_fail(slab, code, "open it to write");
  }
  TRY(comm_agree(comm, status));
  fill(slab, job, WRITE);
  for (int64_t i = slab->writes; i < rounds; i++) {
    status = write_collective(slab, 0, slab->buffer, 0);
    if (slab->status == OK) slab->status = status;
  }
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_sync(slab->mpi));
  if (code != MPI_SUCCESS && slab->status == OK) slab->status = mpi_fail(slab, code, "make it lasting");
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_close(&slab->mpi));
  if (code != MPI_SUCCESS && slab->status == OK) slab->status = mpi_fail(slab, code, "close it");
  TRY(comm_agree(comm, slab->status));
  TRY(reopen(slab, O_RDONLY, "read it back"));
  status = fill(slab, job, COMPARE);
  close(slab->file);
  return status;
}

int parallel_write_file(const struct comm *comm, const char *path, enum parallel_write_io io,
                        const struct parallel_write_job *job) {
  struct parallel_write slab = {.path = path, .file = -1, .mpi = MPI_FILE_NULL};
  slab.size = job->largest > BUFFER ? job->largest : BUFFER;
  slab.buffer = alloc_small((size_t)slab.size);
  slab.again = alloc_small((size_t)slab.size);
  const int status = io == PARALLEL_WRITE_MPIIO ? write_mpiio(comm, &slab, job) : write_posix(&slab, job);
  free(slab.buffer);
  free(slab.again);
  return comm_agree(comm, status);
}
