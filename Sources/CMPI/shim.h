// The little of MPI that mate-kd uses. Its constants are macros of the implementation, which Swift
// does not see. All of it is called from one thread.
#ifndef MATE_KD_MPI_H
#define MATE_KD_MPI_H
// The C++ bindings are not for us.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <stddef.h>
#include <mpi.h>

/// A transfer. Implementations have other types for it, which Swift would see in other ways.
typedef struct {
  MPI_Request request;
} mate_kd_mpi_request;

/// Joins the other processes. Errors are returned from then on, where the implementation can.
static inline int mate_kd_mpi_join(int *rank, int *count) {
  int provided = 0;
  int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (error == MPI_SUCCESS) error = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (error == MPI_SUCCESS) error = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  if (error == MPI_SUCCESS) error = MPI_Comm_size(MPI_COMM_WORLD, count);
  return error;
}

static inline int mate_kd_mpi_send(
    const void *bytes, int count, int peer, int tag, mate_kd_mpi_request *request) {
  return MPI_Isend(bytes, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD, &request->request);
}

static inline int mate_kd_mpi_receive(
    void *bytes, int count, int peer, int tag, mate_kd_mpi_request *request) {
  return MPI_Irecv(bytes, count, MPI_BYTE, peer, tag, MPI_COMM_WORLD, &request->request);
}

/// Whether a transfer is done; the bytes that came, if any were to be received.
static inline int mate_kd_mpi_test(mate_kd_mpi_request *request, int *done, int *bytes) {
  MPI_Status status;
  int error = MPI_Test(&request->request, done, &status);
  if (error == MPI_SUCCESS && *done) error = MPI_Get_count(&status, MPI_BYTE, bytes);
  return error;
}

static inline void mate_kd_mpi_cancel(mate_kd_mpi_request *request) {
  MPI_Cancel(&request->request);
  MPI_Request_free(&request->request);
}

static inline void mate_kd_mpi_finish(void) { MPI_Finalize(); }

static inline void mate_kd_mpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

static inline int mate_kd_mpi_success(void) { return MPI_SUCCESS; }

/// What an error code means, in at least MPI_MAX_ERROR_STRING characters.
static inline void mate_kd_mpi_explain(int error, char *text) {
  int length = 0;
  MPI_Error_string(error, text, &length);
}
#endif
