/// What a launcher of parallel programs (mpirun, srun) says in the environment of each process.
public struct LaunchedProcesses: Sendable, Equatable {
  /// How many processes it has started.
  public let count: Int
  /// The variable that says so.
  public let variable: String

  /// Open MPI's mpirun, MPICH's, and Slurm's srun. The last one's variable is that of a step: a
  /// batch script that starts one process has none.
  private static let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]

  /// Nil for a process that was started on its own.
  public init?(_ environment: [String: String]) {
    for variable in Self.variables {
      if let value = environment[variable], let count = Int(value), count > 1 {
        self.count = count
        self.variable = variable
        return
      }
    }
    return nil
  }
}
