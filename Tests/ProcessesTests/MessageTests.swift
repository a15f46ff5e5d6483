import Kernels
import Processes
import Testing

/// What processes tell each other.
@Suite struct MessageTests {
  @Test func whatIsWrittenIsRead() throws {
    var writer = MessageWriter()
    writer.add(-7)
    writer.add(Double.nan)
    writer.add("Grüße")
    writer.add([1, 2, 3] as [UInt8])
    writer.add(Matrix([1, -0.0, 3, .infinity, 5, 6], rows: 2, columns: 3))
    var reader = MessageReader(writer.bytes)
    #expect(try reader.int() == -7)
    #expect(try reader.double().bitPattern == Double.nan.bitPattern)
    #expect(try reader.string() == "Grüße")
    #expect(try reader.array() == [1, 2, 3])
    let matrix = try reader.matrix()
    #expect(matrix.rows == 2 && matrix.columns == 3)
    #expect(
      matrix.values.map(\.bitPattern)
        == [1, -0.0, 3, .infinity, 5, 6].map { Float($0).bitPattern })
    #expect(reader.isAtEnd)
  }

  @Test func aMessageThatEndsTooSoonIsAnError() {
    var writer = MessageWriter()
    writer.add([1, 2, 3] as [UInt8])
    for length in 0..<writer.bytes.count {
      var reader = MessageReader(Array(writer.bytes[..<length]))
      #expect(throws: ProcessError.self) { try reader.array() }
    }
    var negative = MessageWriter()
    negative.add(-1)
    var reader = MessageReader(negative.bytes)
    #expect(throws: ProcessError.self) { try reader.array() }
  }

  @Test func launchersAreKnownByTheirVariables() {
    #expect(LaunchedProcesses([:]) == nil)
    #expect(LaunchedProcesses(["OMPI_COMM_WORLD_SIZE": "1"]) == nil)
    #expect(LaunchedProcesses(["SLURM_NTASKS": "4"]) == nil)
    for variable in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
      let found = LaunchedProcesses([variable: "4"])
      #expect(found?.count == 4 && found?.variable == variable)
    }
  }

  @Test func aSingleProcessHasOnlyItself() throws {
    let group: any ProcessGroup = SingleProcess()
    #expect(!group.isShared && group.rank == 0)
    #expect(try group.gather([5]) == [[5]])
    #expect(try group.broadcast([5]) == [5])
    #expect(try group.any(true))
    #expect(try !group.any(false))
    try group.begin([]).wait()
  }
}
