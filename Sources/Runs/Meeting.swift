import Processes
import StrictJSON
import Trainers

/// A process of a shared run is about to make another run than the first.
package struct OtherRun: Error, CustomStringConvertible {
  /// One sentence for the user.
  package let description: String
}

extension ProcessGroup {
  /// Checks that all processes are about to make the same run.
  ///
  /// - Parameter goesOn: whether there is anything left to do, which process 0 decides.
  /// - Returns: what process 0 has decided.
  /// - Throws: `OtherRun` if another process has other settings, data or models than process 0;
  ///   `ProcessError`.
  func meet(over description: RunDescription, goesOn: Bool) throws -> Bool {
    guard isShared else { return goesOn }
    var message = MessageWriter()
    message.add(goesOn ? 1 : 0)
    message.add(JSONWriter(layout: .minimal).bytes(description.json))
    var decision = goesOn
    var first: RunDescription?
    for (rank, bytes) in try gather(message.bytes).enumerated() {
      var reader = MessageReader(bytes)
      let wish = try reader.int() == 1
      let found = RunDescription(
        json: try StrictJSON.parse(reader.array(), file: "a message of process \(rank)"))
      guard let first else {
        decision = wish
        first = found
        continue
      }
      let differences = found.differences(from: first).filter { !$0.isHarmless }
      guard differences.isEmpty else {
        let keys = differences.map { "\($0.key) (\($0.old) there, \($0.new) here)" }
        throw OtherRun(
          description: "process \(rank) on \(host(of: rank)) is not about to make the run of "
            + "process 0 on \(host(of: 0)): \(keys.joined(separator: ", ")); give all processes "
            + "the same configuration, data and models")
      }
    }
    return decision
  }
}

extension RunConfiguration {
  /// Takes over the number of shards of the run that is gone on with. Process 0 tells the others,
  /// since it alone need see the output folder.
  ///
  /// - Throws: `ProcessError`.
  package mutating func takeEarlierShards(in group: any ProcessGroup) throws {
    guard group.isShared else { return }
    var message = MessageWriter()
    message.add(group.rank == 0 ? RunSetup.earlierShards(common, train) ?? 0 : 0)
    var reader = MessageReader(try group.broadcast(message.bytes))
    let told = try reader.int()
    if common.shards == 0 { common.shards = told }
  }
}

extension ProcessGroup {
  /// Does something on process 0 that the user may cancel. The others call `firstGoesOn()`.
  ///
  /// - Throws: whatever `body` throws; `ProcessError`.
  func first<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      let result = try body()
      _ = try broadcast([1])
      return result
    } catch let error as CancellationError {
      _ = try broadcast([0])
      throw error
    }
  }

  /// Waits for process 0.
  ///
  /// - Returns: false if the user has cancelled what it did.
  /// - Throws: `ProcessError`.
  func firstGoesOn() throws -> Bool { try broadcast([]) == [1] }
}

/// Observes a process that follows another: it says nothing, and can only ask to stop.
final class Follower: TrainingObserver {
  private let display: any TrainingObserver

  init(_ display: any TrainingObserver) { self.display = display }

  func didLog(_ entry: LogEntry) {}
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {}
  var shouldStop: Bool { display.shouldStop }
}
