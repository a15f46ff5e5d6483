import Configuration
import Files
import Kernels
import Models
import StrictJSON

/// Why a classifier could not be opened, or could not answer.
public struct ClassifierError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, for programs.
  public enum Reason: Sendable, Equatable {
    /// A file or folder is not there.
    case missing
    /// A file cannot be read, breaks its format, or holds weights that are no numbers.
    case damaged
    /// The folder holds another kind of model, or settings do not fit it.
    case mismatch
    /// One text was given where the model expects two, or two where it expects one.
    case texts
    /// There is not enough memory.
    case memory
  }

  /// What went wrong.
  public let reason: Reason
  /// One sentence for a person: what, where, and what to do.
  public let description: String

  init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }

  /// An error of the modules below in the terms of this one.
  init(_ error: any Error) {
    switch error {
    case let error as ClassifierError: self = error
    case let error as FileError where error.kind == .missing: self.init(.missing, "\(error)")
    case is MismatchError, is ConfigError: self.init(.mismatch, "\(error)")
    case is MemoryShortage: self.init(.memory, "\(error)")
    default: self.init(.damaged, "\(error)")
    }
  }
}
