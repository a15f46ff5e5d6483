import Glibc
import Kernels

/// The processes that share a run, as one of them sees them.
///
/// All of them run the same program, and each works on its own shards of every batch. What they
/// tell each other goes through here and nowhere else: floats in place (`begin`), and messages from
/// each to all (`gather`). All processes call these in the same order, or they would wait forever.
public protocol ProcessGroup: Sendable {
  /// The number of this process, from 0. Process 0 reads and writes for all.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }
  /// The machine that a process runs on.
  func host(of rank: Int) -> String

  /// Begins to send and to receive floats. What is sent to a process in a stream arrives there in
  /// the order in which it was sent, and must have the length that is waited for.
  ///
  /// Until `wait()`, floats that are sent must not be written, and those that are received neither
  /// written nor read.
  func begin(_ transfers: [Transfer]) -> any PendingTransfers

  /// Gives every process the bytes of all, in the order of their ranks.
  ///
  /// - Throws: `ProcessError`.
  func gather(_ bytes: [UInt8]) throws -> [[UInt8]]

  /// Parts from the others, when each has nothing more to tell them.
  func leave()

  /// Ends this process and all others at once.
  ///
  /// - Parameter status: the exit code.
  func abort(status: Int32) -> Never
}

/// Some floats on their way from one process to another.
public struct Transfer: Sendable {
  /// Whether they are sent or received.
  public enum Direction: Sendable { case send, receive }

  /// Floats that arrive in the order in which they were sent. Streams do not wait for each other.
  public enum Stream: Int, Sendable {
    /// What a process has added up on its own.
    case sums
    /// What was added up over all processes.
    case results
  }

  /// Whether they are sent or received.
  public let direction: Direction
  /// The memory, and which floats of it.
  public let buffer: Buffer
  /// Which floats of it.
  public let range: Range<Int>
  /// The process at the other end.
  public let peer: Int
  /// The stream that they belong to.
  public let stream: Stream

  /// Sends floats to a process.
  public static func send(
    _ buffer: Buffer, _ range: Range<Int>, to peer: Int, in stream: Stream
  ) -> Transfer {
    Transfer(direction: .send, buffer: buffer, range: range, peer: peer, stream: stream)
  }

  /// Receives floats from a process.
  public static func receive(
    _ buffer: Buffer, _ range: Range<Int>, from peer: Int, in stream: Stream
  ) -> Transfer {
    Transfer(direction: .receive, buffer: buffer, range: range, peer: peer, stream: stream)
  }
}

/// Transfers that have begun.
public protocol PendingTransfers: Sendable {
  /// Whether `wait()` returns or throws at once.
  var isDone: Bool { get }

  /// Returns when all floats are sent and received.
  ///
  /// - Throws: `ProcessError`.
  func wait() throws
}

/// Something went wrong between processes.
public struct ProcessError: Error, CustomStringConvertible, Equatable {
  /// One sentence for the user.
  public let description: String

  /// An error with a sentence for the user.
  public init(_ description: String) { self.description = description }
}

extension ProcessGroup {
  /// Whether there are others.
  public var isShared: Bool { count > 1 }

  /// Gives every process the bytes of process 0. What the others pass does not matter.
  ///
  /// - Throws: `ProcessError`.
  public func broadcast(_ bytes: [UInt8]) throws -> [UInt8] {
    isShared ? try gather(rank == 0 ? bytes : [])[0] : bytes
  }

  /// Whether something is so for any of the processes.
  ///
  /// - Throws: `ProcessError`.
  public func any(_ own: Bool) throws -> Bool {
    isShared ? try gather([own ? 1 : 0]).contains([1]) : own
  }
}

/// A run that is not shared.
public struct SingleProcess: ProcessGroup {
  /// The only process.
  public init() {}
  /// 0.
  public var rank: Int { 0 }
  /// 1.
  public var count: Int { 1 }
  /// Nobody else needs its name.
  public func host(of rank: Int) -> String { "localhost" }
  /// There is nobody to send to.
  public func begin(_ transfers: [Transfer]) -> any PendingTransfers {
    precondition(transfers.isEmpty)
    return Nothing()
  }
  /// The bytes themselves.
  public func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
  /// Nothing happens.
  public func leave() {}
  /// Ends the process.
  public func abort(status: Int32) -> Never { exit(status) }

  private struct Nothing: PendingTransfers {
    var isDone: Bool { true }
    func wait() {}
  }
}
