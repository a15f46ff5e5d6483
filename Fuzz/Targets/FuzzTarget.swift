import Configuration
import Files
import Models
import StrictJSON
import Trainers

/// A reader of files as a fuzzer sees it: any bytes go in, and it either reads them or says in one
/// of the errors that users see what is wrong with them.
///
/// `scripts/fuzz.sh` looks for bytes with which a target crashes, hangs, takes too much memory or
/// breaks a property. The tests replay `Fuzz/Corpus`, which has seeds and what was found.
package struct FuzzTarget: Sendable {
  /// Its name, and that of its folder in `Fuzz/Corpus`.
  package let name: String
  private let read: @Sendable (FuzzInput) throws -> Void

  init(_ name: String, _ read: @escaping @Sendable (FuzzInput) throws -> Void) {
    self.name = name
    self.read = read
  }

  /// All targets.
  package static let all: [FuzzTarget] = [
    json, configuration, modelConfiguration, safetensors, pyTorch, rows, squad, wordPiece, bytePair,
    tokenizerJSON, checkpoint, predictions,
  ]

  /// Reads an input.
  ///
  /// - Parameter folder: where readers that need files find them.
  /// - Returns: what a user would be told is wrong with it; nil if it was read.
  /// - Throws: whatever no reader may throw, such as `BrokenProperty`.
  @discardableResult
  package func run(_ bytes: [UInt8], folder: String) throws -> String? {
    do {
      try read(FuzzInput(bytes: bytes, folder: folder))
      return nil
    } catch let error where Self.isRefusal(error) {
      let text = "\(error)"
      try require(!text.isEmpty, "an error says nothing")
      return text
    }
  }

  private static func isRefusal(_ error: any Error) -> Bool {
    error is FileError || error is JSONError || error is ConfigError || error is StateError
      || error is MismatchError
  }

  /// Lets several readers read one input, of which one may refuse what another one takes.
  ///
  /// - Throws: the last refusal if all refuse it.
  static func readers(_ readers: [() throws -> Void]) throws {
    var refusals: [any Error] = []
    for read in readers {
      do { try read() } catch let error where isRefusal(error) { refusals.append(error) }
    }
    if let last = refusals.last, refusals.count == readers.count { throw last }
  }
}

/// Something that must hold for every input does not.
package struct BrokenProperty: Error, CustomStringConvertible {
  /// What does not hold.
  package let description: String
}

/// - Throws: `BrokenProperty` unless the condition holds.
func require(_ holds: @autoclosure () throws -> Bool, _ problem: String) throws {
  let isTrue: Bool
  do {
    isTrue = try holds()
  } catch {
    // An error of a reader would otherwise pass for one about the input.
    throw BrokenProperty(description: "\(problem): \(error)")
  }
  guard isTrue else { throw BrokenProperty(description: problem) }
}
