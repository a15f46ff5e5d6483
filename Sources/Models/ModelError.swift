/// A model folder that cannot be used.
public enum ModelError: Error, CustomStringConvertible, Equatable {
  /// A required file does not exist.
  case missingFile(path: String, hint: String)
  /// The shape of a tensor differs from what the architecture requires.
  case wrongShape(file: String, tensor: String, expected: [Int], found: [Int])
  /// mate-kd does not support the architecture, or its numbers are inconsistent.
  case unsupported(file: String, reason: String)
  /// The folder or a file in it cannot be written.
  case cannotWrite(path: String, reason: String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .missingFile(let path, let hint): "\(path): no such file; \(hint)"
    case .wrongShape(let file, let tensor, let expected, let found):
      "\(file): tensor \(tensor) has shape \(found), but config.json asks for \(expected); "
        + "the two belong to different models"
    case .unsupported(let file, let reason): "\(file): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}
