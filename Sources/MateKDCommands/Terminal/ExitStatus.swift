import Configuration
import Data
import Files
import Foundation
import Models
import StrictJSON
import Trainers

/// Exit codes, by the names of sysexits.
package enum ExitStatus: Int32, Sendable, CaseIterable {
  /// All went well.
  case ok = 0
  /// The command line is wrong.
  case usage = 64
  /// A data set, checkpoint or vocabulary is wrong.
  case data = 65
  /// A file or folder to read is not there.
  case inputMissing = 66
  /// The program failed, or a guard in it did: a loss that is no number, for example.
  case software = 70
  /// An output cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// The run was interrupted and can be resumed.
  case temporary = 75
  /// The configuration is wrong.
  case configuration = 78
  /// A signal ended the run; what it had so far was saved.
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

/// An error that knows how the process ends. Errors whose description is a full sentence for the user
/// conform; all others are shown as failures of the program.
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

extension FileError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch kind {
    case .missing: .inputMissing
    case .unreadable: .inputOutput
    case .invalid: .data
    case .unwritable: .cannotCreate
    }
  }
}

extension MismatchError: ExitStatusProviding {
  package var exitStatus: ExitStatus { .configuration }
}

extension TrainingError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch self {
    case .notFinite: .software
    case .noData: .data
    case .tooManyShards: .configuration
    }
  }
}
