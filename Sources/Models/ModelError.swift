/// A model folder that cannot be used.
public enum ModelError: Error, CustomStringConvertible, Equatable {
  /// A file that should be there is not.
  case missingFile(path: String, hint: String)
  /// A tensor has another shape than the architecture asks for.
  case wrongShape(file: String, tensor: String, expected: [Int], found: [Int])
  /// The architecture is none that mate-kd knows, or its numbers do not fit together.
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
