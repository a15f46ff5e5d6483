import ArgumentParser
import Foundation
import Processes
import Trainers

#if MPI
  import MPIProcesses
#endif

/// A command that several processes may share, if mpirun or srun has started it.
enum SharedCommand {
  /// The seconds that others leave to the first process to say what has happened.
  private static let patience = 3.0

  /// Runs a command on each of its processes. Process 0 says what there is to say, and all end with
  /// its exit code.
  ///
  /// - Throws: what `body` throws, in a run that is not shared; in others an `ExitCode`, when
  ///   process 0 has said why.
  static func run(_ body: (any ProcessGroup) throws -> Void) throws {
    let group = try join()
    guard group.isShared else { return try body(group) }
    StopSignal.isFollower(group.rank > 0)
    var outcome: (any Error)?
    do {
      if let other = try group.otherProgram() { throw Agreed(reason: other) }
      try body(group)
    } catch let error as Agreed {
      outcome = error.reason
    } catch let error as Interrupted {
      outcome = error
    } catch let error as TrainingError {
      // All have seen the same numbers. The first process may still be saving.
      outcome = error
    } catch {
      fail(error, in: group)
    }
    let own = outcome.map { ExitStatus(of: $0).rawValue } ?? ExitStatus.ok.rawValue
    let all: [UInt8]
    do { all = try group.broadcast([UInt8(truncatingIfNeeded: own)]) } catch {
      fail(error, in: group)
    }
    // Launchers end all processes as soon as one has failed, so the first speaks before any leaves.
    if group.rank == 0, let outcome {
      TerminalStream.standardError.endStatus(keepingIt: true)
      TerminalStream.standardError.print(MateKD.line(for: outcome))
    }
    group.leave()
    if let status = all.first, status != 0 { throw ExitCode(Int32(status)) }
  }

  /// Ends all processes because of an error that they do not have in common.
  private static func fail(_ error: any Error, in group: any ProcessGroup) -> Never {
    // Either the first process has the same error, or it hears of the end of this one.
    if group.rank > 0 { Thread.sleep(forTimeInterval: patience) }
    let stream = TerminalStream.standardError
    stream.endStatus(keepingIt: true)
    let place = group.rank > 0 ? "process \(group.rank) on \(group.host(of: group.rank)): " : ""
    let advice =
      error is ProcessError && ExitStatus(of: error) == .temporary
      ? "; the run has ended and goes on from its last checkpoint with --resume" : ""
    stream.print(MateKD.line(for: error, place: place, advice: advice))
    group.abort(status: ExitStatus(of: error).rawValue)
  }

  private static func join() throws -> any ProcessGroup {
    let environment = ProcessInfo.processInfo.environment
    guard let launched = LaunchedProcesses(environment) else { return SingleProcess() }
    #if MPI
      let given = environment["MATE_KD_SILENCE"].flatMap(Double.init) ?? 30
      let group = try MPIProcessGroup(silence: max(2, given))
      guard group.count == launched.count else {
        group.leave()
        throw StrangeLauncher(launched: launched, joined: group.count)
      }
      return group
    #else
      throw MissingMPI(launched: launched)
    #endif
  }
}

/// The error for a program without MPI that was started as one of several processes.
struct MissingMPI: ExitStatusProviding, CustomStringConvertible {
  let launched: LaunchedProcesses
  var exitStatus: ExitStatus { .usage }
  var description: String {
    "this is one of \(launched.count) processes (\(launched.variable)), but this mate-kd was built "
      + "without MPI and cannot share a run; build it with swift build -c release --traits MPI, or "
      + "start one process"
  }
}

/// The error for a program whose MPI does not understand what has started it: each process would
/// make the whole run.
struct StrangeLauncher: ExitStatusProviding, CustomStringConvertible {
  let launched: LaunchedProcesses
  let joined: Int
  var exitStatus: ExitStatus { .usage }
  var description: String {
    "this is one of \(launched.count) processes (\(launched.variable)), but its MPI sees "
      + "\(joined); start it by the mpirun or mpiexec of the MPI that it was built for, or by srun "
      + "with --mpi=pmix for Open MPI and --mpi=pmi2 for MPICH"
  }
}

/// The error for a process that runs another program than the first.
package struct OtherProgram: ExitStatusProviding, CustomStringConvertible {
  let process, program, first: String
  package var exitStatus: ExitStatus { .usage }
  package var description: String {
    "\(process) runs mate-kd \(program), but process 0 runs \(first); give all machines one "
      + "program, or build it afresh on each from one commit"
  }
}

/// An error that all processes know of.
private struct Agreed: Error {
  let reason: any Error
}

/// An error of another process, for process 0 to show.
private struct OtherProcessError: ExitStatusProviding, CustomStringConvertible {
  let description: String
  let exitStatus: ExitStatus
}

extension ProcessGroup {
  /// The first process whose program is of another commit than that of process 0, so that they
  /// might not understand each other. It may be built for another processor.
  ///
  /// - Throws: `ProcessError`.
  package func otherProgram(_ build: BuildInformation = .current) throws -> OtherProgram? {
    let programs = try gather(Array("\(build.version) (commit \(build.commit))".utf8)).map {
      String(decoding: $0, as: UTF8.self)
    }
    return programs.indices.first { programs[$0] != programs[0] }.map {
      OtherProgram(
        process: "process \($0) on \(host(of: $0))", program: programs[$0], first: programs[0])
    }
  }

  /// Does something on all processes and goes on only if all of them have succeeded.
  ///
  /// - Throws: an error that all processes know of, so that process 0 alone need show it.
  func agreed<Result>(_ body: () throws -> Result) throws -> Result {
    guard isShared else { return try body() }
    let result = Swift.Result { try body() }
    var message = MessageWriter()
    if case .failure(let error) = result {
      message.add(Int(ExitStatus(of: error).rawValue))
      message.add("\(error)")
    }
    for (rank, bytes) in try gather(message.bytes).enumerated() where !bytes.isEmpty {
      if rank == self.rank, case .failure(let error) = result { throw Agreed(reason: error) }
      var reader = MessageReader(bytes)
      let number = Int32(truncatingIfNeeded: try reader.int())
      let status = ExitStatus(rawValue: number) ?? .software
      throw Agreed(
        reason: OtherProcessError(
          description: "process \(rank) on \(host(of: rank)): \(try reader.string())",
          exitStatus: status))
    }
    return try result.get()
  }
}
