import Foundation
import Glibc
import Kernels
import Processes

/// Processes of a shared run, played by threads of one process.
package final class ThreadGroup: ProcessGroup, @unchecked Sendable {
  private struct Line: Hashable {
    let sender, receiver: Int
    let stream: Transfer.Stream
  }

  /// What all of them share.
  private final class Room: @unchecked Sendable {
    let changed = NSCondition()
    /// What each process has sent to each in each stream, in order; empty once it was received.
    var mail: [Line: [[Float]]] = [:]
    var messages: [[[UInt8]]]
    var lost: Int?

    init(_ count: Int) {
      messages = Array(repeating: [], count: count)
    }

    func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
      changed.lock()
      defer { changed.unlock() }
      return try body()
    }

    /// Waits with the lock held.
    func wait(until isTrue: () -> Bool) throws {
      while !isTrue() {
        if let lost { throw ProcessError("process \(lost) has not been heard of") }
        guard changed.wait(until: Date(timeIntervalSinceNow: 60)) else {
          throw ProcessError("the processes wait for each other")
        }
      }
    }
  }

  package let rank, count: Int
  private let room: Room
  private var round = 0
  /// Receipts that were begun.
  private var awaited: [Line: Int] = [:]

  private init(_ rank: Int, of count: Int, _ room: Room) {
    (self.rank, self.count, self.room) = (rank, count, room)
  }

  /// Runs `body` on so many threads, each a process of a group.
  ///
  /// - Returns: what they return, in the order of ranks.
  /// - Throws: the error of the first of them that throws. All others lose it.
  package static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ThreadGroup) throws -> Result
  ) throws -> [Result] {
    let room = Room(count)
    let results = ResultSlots<Swift.Result<Result, any Error>>(count: count)
    let threads = (0..<count).map { rank in
      let done = DispatchSemaphore(value: 0)
      let thread = Thread {
        results[rank] = Swift.Result { try body(ThreadGroup(rank, of: count, room)) }
        if case .failure = results[rank] {
          room.locked {
            room.lost = room.lost ?? rank
            room.changed.broadcast()
          }
        }
        done.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
      return done
    }
    for done in threads { done.wait() }
    if let lost = room.lost, case .failure(let error) = results[lost] { throw error }
    return try (0..<count).compactMap { try results[$0]?.get() }
  }

  package func host(of rank: Int) -> String { "thread-\(rank)" }
  package func leave() {}
  package func abort(status: Int32) -> Never { exit(status) }

  package func begin(_ transfers: [Transfer]) -> any PendingTransfers {
    room.locked {
      var receipts: [(transfer: Transfer, number: Int)] = []
      for transfer in transfers {
        if transfer.direction == .send {
          let line = Line(sender: rank, receiver: transfer.peer, stream: transfer.stream)
          room.mail[line, default: []].append(
            transfer.buffer.withFloats { Array($0[transfer.range]) })
        } else {
          // They take what was sent in the order in which they were begun.
          receipts.append((transfer, awaited[line(of: transfer), default: 0]))
          awaited[line(of: transfer), default: 0] += 1
        }
      }
      room.changed.broadcast()
      return Receipts(group: self, transfers: receipts)
    }
  }

  private func line(of receipt: Transfer) -> Line {
    Line(sender: receipt.peer, receiver: rank, stream: receipt.stream)
  }

  private struct Receipts: PendingTransfers {
    let group: ThreadGroup
    let transfers: [(transfer: Transfer, number: Int)]

    private func hasArrived(_ receipt: (transfer: Transfer, number: Int)) -> Bool {
      group.room.mail[group.line(of: receipt.transfer), default: []].count > receipt.number
    }

    var isDone: Bool {
      group.room.locked { group.room.lost != nil || transfers.allSatisfy(hasArrived) }
    }

    func wait() throws {
      let room = group.room
      try room.locked {
        for receipt in transfers {
          try room.wait { hasArrived(receipt) }
          let (transfer, number) = receipt
          let floats = room.mail[group.line(of: transfer), default: []][number]
          room.mail[group.line(of: transfer), default: []][number] = []
          guard floats.count == transfer.range.count else {
            throw ProcessError("\(floats.count) floats came in place of \(transfer.range.count)")
          }
          transfer.buffer.withFloats { target in
            for (place, value) in zip(transfer.range, floats) { target[place] = value }
          }
        }
      }
    }
  }

  package func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    try room.locked {
      room.messages[rank].append(bytes)
      room.changed.broadcast()
      try room.wait { room.messages.allSatisfy { $0.count > round } }
      defer { round += 1 }
      return room.messages.map { $0[round] }
    }
  }
}
