import Data
import Kernels
import Processes

/// A part of the state in which every shard leaves something about its own texts.
///
/// If several processes share a run, each has its own copy and sees only its own shards. After
/// every batch they tell each other what came in.
public protocol ShardedState: StatePart {
  /// What came in since this was last asked, of whatever form `add` understands.
  func takeAdditions() -> StateRecord
  /// Takes over what came in at another process.
  /// - Throws: `StateError` if the record does not fit.
  func add(_ additions: StateRecord) throws
}

extension ProcessGroup {
  /// Tells all processes what their shards have left in some parts of the state.
  ///
  /// - Throws: `ProcessError` or `StateError`.
  func share(_ parts: [any ShardedState]) throws {
    guard isShared, !parts.isEmpty else { return }
    var message = MessageWriter()
    for part in parts { part.takeAdditions().write(to: &message) }
    for (rank, bytes) in try gather(message.bytes).enumerated() where rank != self.rank {
      var reader = MessageReader(bytes)
      for part in parts { try part.add(StateRecord(reading: &reader)) }
    }
  }

  /// What process 0 has measured, on all processes. The others wait for it.
  ///
  /// - Parameter measure: called on process 0 alone.
  /// - Throws: `CancellationError` on all processes if `measure` does, and on process 0 whatever
  ///   else it throws; `ProcessError`.
  func ofFirst(
    _ measure: () throws -> [(name: String, value: Double)]
  ) throws -> [(name: String, value: Double)] {
    guard isShared else { return try measure() }
    var message = MessageWriter()
    var cancelled: CancellationError?
    if rank == 0 {
      do {
        for (name, value) in try measure() {
          message.add(name)
          message.add(value)
        }
      } catch let error as CancellationError {
        cancelled = error
        message = MessageWriter()
        message.add(Self.cancelled)
      }
    }
    var reader = MessageReader(try broadcast(message.bytes))
    if let cancelled { throw cancelled }
    var values: [(name: String, value: Double)] = []
    while !reader.isAtEnd {
      let name = try reader.string()
      if name == Self.cancelled { throw CancellationError() }
      values.append((name, try reader.double()))
    }
    return values
  }

  /// What stands in place of a metric's name if there are none; no metric has it.
  private static var cancelled: String { "" }

  /// Finds where a state differs from that of process 0.
  ///
  /// - Returns: on every process, those parts of process 0's state that any process has otherwise.
  /// - Throws: `ProcessError` or `JSONError`.
  func differences(of state: RunState, pool: ThreadPool) throws -> RunState {
    let names = state.parts.keys.sorted()
    var seals = MessageWriter()
    for name in names {
      seals.add(name)
      seals.add(state.parts[name]?.seal(pool: pool) ?? "")
    }
    let all = try gather(seals.bytes).map { try Self.seals($0) }
    var message = MessageWriter()
    if rank == 0 {
      let differing = names.filter { name in all.contains { $0[name] != all[0][name] } }
      message.add(differing.count)
      for name in differing {
        message.add(name)
        (state.parts[name] ?? StateRecord()).write(to: &message)
      }
    }
    var reader = MessageReader(try broadcast(message.bytes))
    var found = RunState()
    for _ in 0..<(try reader.int()) {
      let name = try reader.string()
      found.parts[name] = try StateRecord(reading: &reader)
    }
    return found
  }

  private static func seals(_ bytes: [UInt8]) throws -> [String: String] {
    var reader = MessageReader(bytes)
    var seals: [String: String] = [:]
    while !reader.isAtEnd { seals[try reader.string()] = try reader.string() }
    return seals
  }
}

extension StateRecord {
  /// A hash of everything in it.
  fileprivate func seal(pool: ThreadPool) -> String {
    var hash = ContentHash()
    var values = MessageWriter()
    StateRecord(values: self.values).write(to: &values)
    hash.add(values.bytes)
    for (name, floats) in arrays.sorted(by: { $0.key < $1.key }) {
      hash.add("\(name) \(floats.shape)".utf8)
      hash.add(
        Kernel.hash(Matrix(floats.buffer, rows: 1, columns: floats.count), pool: pool))
    }
    return hash.hexadecimal
  }
}
