import Data
import Inference
import Synchronization

/// How often a student says of a validation row what its teacher says.
final class TeacherAgreement: Sendable {
  private let teacher = Mutex<ValidationPredictions?>(nil)

  /// Keeps the teacher's predictions for the rows.
  func keep(_ predictions: ValidationPredictions?) { teacher.withLock { $0 = predictions } }

  /// The share of rows for which both predict the same class; nothing for tasks without classes,
  /// and before the teacher was measured.
  func measured(_ student: ValidationPredictions?) -> [(name: String, value: Double)] {
    guard case .classes(let own, _)? = student,
      case .classes(let theirs, _)? = teacher.withLock({ $0 }), own.count == theirs.count,
      !own.isEmpty
    else { return [] }
    let equal = zip(own, theirs).count { $0 == $1 }
    return [("teacher_agreement", Double(equal) / Double(own.count))]
  }
}
