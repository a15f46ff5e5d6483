import Configuration
import Data
import Files
import Foundation
import Inference
import Kernels
import Models
import Processes
import Runs
import StrictJSON
import Trainers

/// Exit codes, mostly those of sysexits. docs/exit-codes.md lists them for users.
package enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Everything went well.
  case ok = 0
  /// The command line is wrong, or names a task or method that does not exist.
  case usage = 64
  /// A data set, checkpoint or vocabulary is wrong.
  case data = 65
  /// A file or folder to read does not exist.
  case inputMissing = 66
  /// The processor lacks instructions that the program was compiled for.
  case unavailable = 69
  /// The program failed, or stopped itself, for example because a loss is not a number.
  case software = 70
  /// There is less memory than is needed.
  case outOfMemory = 71
  /// An output cannot be created or written.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// SIGTERM, SIGUSR1 or SIGHUP ended the run, or another process of it was lost. It was saved, and
  /// `--resume` continues it.
  case temporary = 75
  /// The configuration is wrong, or models, data and settings do not fit together.
  case configuration = 78
  /// Ctrl-C ended the run. It was saved, and `--resume` continues it.
  case interrupted = 130

  /// The status of whatever a command threw; `software` for errors that nobody foresaw.
  package init(of error: any Error) {
    switch error {
    case let error as any ExitStatusProviding: self = error.exitStatus
    case let error as CocoaError: self = Self.status(of: error.code)
    case is POSIXError: self = .inputOutput
    default: self = .software
    }
  }

  private static func status(of code: CocoaError.Code) -> ExitStatus {
    switch code {
    case .fileNoSuchFile, .fileReadNoSuchFile: .inputMissing
    case .fileWriteNoPermission, .fileWriteVolumeReadOnly, .fileWriteFileExists: .cannotCreate
    default: .inputOutput
    }
  }
}

/// An error that knows how the process ends. Errors whose description is a full sentence for the
/// user conform; all others are shown as failures of the program.
package protocol ExitStatusProviding: Error {
  /// How the process ends.
  var exitStatus: ExitStatus { get }
}

extension ConfigError: ExitStatusProviding {
  package var exitStatus: ExitStatus { .configuration }
}

extension JSONError: ExitStatusProviding {
  package var exitStatus: ExitStatus { .data }
}

extension TaskRegistry.UnknownTask: ExitStatusProviding {
  package var exitStatus: ExitStatus { .usage }
}

extension ColumnChoice.Question: ExitStatusProviding {
  package var exitStatus: ExitStatus { .usage }
}

extension FileError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch kind {
    case .missing: .inputMissing
    case .unreadable, .brokenStream: .inputOutput
    case .invalid: .data
    case .unwritable: .cannotCreate
    }
  }
}

extension OutputsNotFinite: ExitStatusProviding {
  package var exitStatus: ExitStatus { .data }
}

extension MemoryShortage: ExitStatusProviding {
  package var exitStatus: ExitStatus { .outOfMemory }
}

extension MismatchError: ExitStatusProviding {
  package var exitStatus: ExitStatus { .configuration }
}

extension TrainingError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch self {
    case .notFinite, .wentAstray, .backwardPasses, .gradientsAfterLastPass, .weightOfAnEarlierPass:
      .software
    case .noData: .data
    case .tooManyShards, .tooFewShards: .configuration
    }
  }
}

extension OtherRun: ExitStatusProviding {
  package var exitStatus: ExitStatus { .configuration }
}

extension ProcessError: ExitStatusProviding {
  package var exitStatus: ExitStatus { .temporary }
}
