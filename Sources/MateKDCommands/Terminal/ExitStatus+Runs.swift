import Models
import Trainers

extension ModelError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch self {
    case .missingFile: .inputMissing
    case .wrongShape, .unsupported: .data
    case .cannotWrite: .cannotCreate
    }
  }
}

extension TrainingError: ExitStatusProviding {
  package var exitStatus: ExitStatus {
    switch self {
    case .notFinite: .software
    case .noData: .data
    case .mismatch: .configuration
    }
  }
}
