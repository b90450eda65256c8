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
  BUFFER = 1 << 20, /* bytes; small enough to stay in the caches while it is filled, written and read back */
  PIECE = 1 << 16,  /* bytes read back at a time */
};

enum mode { COUNT, WRITE, WRITE_AND_COMPARE, COMPARE };

struct parallel_write {
  const char *path;
  enum mode mode;
  int file;                   /* file descriptor, for writes (posix) and comparison */
  MPI_File mpi;               /* for writes (mpiio) */
  int64_t writes;             /* number of flushed buffers */
  int64_t offset, used, size; /* offset of the buffer in the file; bytes in use; capacity */
  char *buffer, *read_back;
  int status;
};

/* Rewrites the first `bytes` bytes of a file, including holes, so that the file system allocates every block. */
static int rewrite(int file, const char *path, int64_t bytes) {
  char *buffer = alloc_small(BUFFER);
  int status = OK;
  for (int64_t at = 0; at < bytes && status == OK; at += BUFFER) {
    const int64_t count = bytes - at < BUFFER ? bytes - at : BUFFER;
    status = durable_file_pread(file, path, at, buffer, count);
    if (status == OK) status = durable_file_pwrite(file, path, at, buffer, count);
  }
  free(buffer);
  if (status == OK && fsync(file) != 0) status = durable_file_fail(errno, "%s: cannot reserve space", path);
  return status;
}

int parallel_write_reserve(const char *path, enum parallel_write_io io, int64_t bytes) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return durable_file_fail(errno, "%s: cannot open it to reserve space", path);
  bool reserved;
  int status = durable_file_reserve(file, path, bytes, &reserved);
  if (status == OK && !reserved && io == PARALLEL_WRITE_MPIIO) status = rewrite(file, path, bytes);
  close(file);
  return status;
}

static int reopen(struct parallel_write *writer, int flags, const char *what) {
  writer->file = open(writer->path, flags | O_CLOEXEC);
  return writer->file < 0 ? durable_file_fail(errno, "%s: cannot open it to %s", writer->path, what) : OK;
}

/* MPI-IO may report a failure without a reason, or, on some ranks, write nothing and report success. POSIX calls that
 * open the file, write the same bytes and sync them often fail with the reason. If they succeed, the reason remains
 * unknown, and the caller still fails. */
static int find_reason(struct parallel_write *writer, int64_t offset, const void *data, int64_t bytes) {
  TRY(reopen(writer, O_WRONLY, "write"));
  int status = durable_file_pwrite(writer->file, writer->path, offset, data, bytes);
  if (status == OK && fsync(writer->file) != 0)
    status = durable_file_fail(errno, "%s: cannot sync it to disk", writer->path);
  close(writer->file);
  return status;
}

static int mpi_fail(struct parallel_write *writer, int code, const char *what) {
  static const struct {
    int class, error;
  } reason[] = {{MPI_ERR_NO_SPACE, ENOSPC}, {MPI_ERR_QUOTA, EDQUOT},        {MPI_ERR_READ_ONLY, EROFS},
                {MPI_ERR_ACCESS, EACCES},   {MPI_ERR_NO_SUCH_FILE, ENOENT}, {MPI_ERR_IO, EIO}};
  char text[MPI_MAX_ERROR_STRING];
  int class, length;
  MPI_Error_class(code, &class);
  for (size_t i = 0; i < sizeof reason / sizeof *reason; i++)
    if (reason[i].class == class) return durable_file_fail(reason[i].error, "%s: MPI-IO cannot %s", writer->path, what);
  TRY(find_reason(writer, 0, NULL, 0));
  MPI_Error_string(code, text, &length);
  return FAIL(FAILED, "%s: MPI-IO cannot %s (%s); output.io: posix may show the reason", writer->path, what, text);
}

static int write_collectively(struct parallel_write *writer, int64_t offset, const void *data, int64_t bytes) {
  MPI_Status status;
  int written = 0;
  int code;
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_write_at_all(writer->mpi, offset, data, (int)bytes, MPI_BYTE, &status));
  if (code == MPI_SUCCESS) MPI_Get_count(&status, MPI_BYTE, &written);
  if (code == MPI_SUCCESS && written == bytes) return OK;
  TRY(find_reason(writer, offset, data, bytes));
  if (code != MPI_SUCCESS) return mpi_fail(writer, code, "write");
  return FAIL(FAILED, "%s: MPI-IO wrote %d of %lld bytes at offset %lld; output.io: posix may show the reason",
              writer->path, written, (long long)bytes, (long long)offset);
}

static int write_locally(const struct parallel_write *writer) {
  TRY(durable_file_pwrite(writer->file, writer->path, writer->offset, writer->buffer, writer->used));
  /* Starts the transfer to disk while fill prepares later bytes. A hint: failure is harmless. */
  (void)sync_file_range(writer->file, writer->offset, writer->used, SYNC_FILE_RANGE_WRITE);
  return OK;
}

static int compare(const struct parallel_write *writer) {
  for (int64_t at = 0; at < writer->used; at += PIECE) {
    const int64_t count = writer->used - at < PIECE ? writer->used - at : PIECE;
    TRY(durable_file_pread(writer->file, writer->path, writer->offset + at, writer->read_back, count));
    if (memcmp(writer->read_back, writer->buffer + at, (size_t)count) != 0)
      return FAIL(FAILED, "%s: the bytes read back differ from those written; output.io: mpiio may help", writer->path);
  }
  return OK;
}

/* Processes and empties the buffer. A rank that failed continues to take part in collective writes. */
static void flush(struct parallel_write *writer) {
  if (writer->used == 0) return;
  writer->writes++;
  int status = OK;
  if (writer->mode == WRITE) status = write_collectively(writer, writer->offset, writer->buffer, writer->used);
  if (writer->mode == WRITE_AND_COMPARE && writer->status == OK) status = write_locally(writer);
  if (writer->status == OK) writer->status = status;
  if (writer->mode >= WRITE_AND_COMPARE && writer->status == OK) writer->status = compare(writer);
  writer->offset += writer->used;
  writer->used = 0;
}

void *parallel_write_put(struct parallel_write *writer, int64_t offset, int64_t bytes) {
  if (writer->used + bytes > writer->size || offset != writer->offset + writer->used) flush(writer);
  if (writer->used == 0) writer->offset = offset;
  writer->used += bytes;
  return writer->buffer + writer->used - bytes;
}

static int fill_and_flush(struct parallel_write *writer, const struct parallel_write_job *job, enum mode mode) {
  writer->mode = mode;
  writer->writes = 0;
  job->fill(writer, job->context);
  flush(writer);
  return writer->status;
}

static int write_posix(struct parallel_write *writer, const struct parallel_write_job *job) {
  TRY(reopen(writer, O_RDWR, "write"));
  int status = fill_and_flush(writer, job, WRITE_AND_COMPARE);
  if (status == OK && fsync(writer->file) != 0)
    status = durable_file_fail(errno, "%s: cannot sync it to disk", writer->path);
  if (close(writer->file) != 0 && status == OK) status = durable_file_fail(errno, "%s: cannot close it", writer->path);
  return status;
}

/* If MPI_File_open fails on some ranks only, Open MPI may block the others, and no rank can close the file, because
 * MPI_File_close is collective. Therefore every rank first opens the file alone, and the ranks agree. */
static int open_collectively(const struct comm *comm, struct parallel_write *writer) {
  int code, status = reopen(writer, O_WRONLY, "write");
  if (status == OK) close(writer->file);
  TRY(comm_agree(comm, status));
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_open(comm->mpi, writer->path, MPI_MODE_WRONLY, MPI_INFO_NULL, &writer->mpi));
  return comm_agree(comm, code == MPI_SUCCESS ? OK : mpi_fail(writer, code, "open it to write"));
}

/* All ranks must make the same number of collective writes, so ranks with fewer buffers add empty writes. */
static int write_mpiio(const struct comm *comm, struct parallel_write *writer, const struct parallel_write_job *job) {
  fill_and_flush(writer, job, COUNT);
  const int64_t rounds = (int64_t)comm_max(comm, (double)writer->writes);
  int code;
  TRY(open_collectively(comm, writer));
  fill_and_flush(writer, job, WRITE);
  for (int64_t i = writer->writes; i < rounds; i++) {
    const int status = write_collectively(writer, 0, writer->buffer, 0);
    if (writer->status == OK) writer->status = status;
  }
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_sync(writer->mpi));
  if (code != MPI_SUCCESS && writer->status == OK) writer->status = mpi_fail(writer, code, "sync it to disk");
  HEARTBEAT_WAIT("MPI-IO", code = MPI_File_close(&writer->mpi));
  if (code != MPI_SUCCESS && writer->status == OK) writer->status = mpi_fail(writer, code, "close it");
  TRY(comm_agree(comm, writer->status));
  TRY(reopen(writer, O_RDONLY, "read it back"));
  const int status = fill_and_flush(writer, job, COMPARE);
  close(writer->file);
  return status;
}

int parallel_write_file(const struct comm *comm, const char *path, enum parallel_write_io io,
                        const struct parallel_write_job *job) {
  struct parallel_write writer = {.path = path, .file = -1, .mpi = MPI_FILE_NULL};
  writer.size = job->largest > BUFFER ? job->largest : BUFFER;
  writer.buffer = alloc_small((size_t)writer.size);
  writer.read_back = alloc_small(PIECE);
  const int status = io == PARALLEL_WRITE_MPIIO ? write_mpiio(comm, &writer, job) : write_posix(&writer, job);
  free(writer.buffer);
  free(writer.read_back);
  return comm_agree(comm, status);
}
