import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

/// What runs with a teacher ask of it, whatever the task.
extension RunParts {
  /// - Throws: `MismatchError` for a model whose head is not in its checkpoint.
  static func checkFineTuned(_ teacher: OpenedModel<some Model>) throws {
    guard let missing = teacher.report?.initialized, !missing.isEmpty else { return }
    throw MismatchError(
      .training,
      "the \(teacher.role) (\(teacher.tokenizerSource)) is not fine-tuned: its checkpoint lacks "
        + "\(missing.joined(separator: ", ")); mate-kd teacher-finetune makes a teacher")
  }

  /// A teacher's metrics by the names that they have in a run's results.
  ///
  /// - Parameters:
  ///   - problem: what makes it a teacher of nothing, or nil.
  ///   - allowsWeak: true makes a caution of that.
  /// - Throws: `MismatchError` else.
  static func references(
    _ found: EvaluationParts.Result, problem: String?, allowsWeak: Bool
  ) throws -> EvaluationParts.Result {
    var result = EvaluationParts.Result(
      metrics: found.metrics.map { (name: "teacher_\($0.name)", value: $0.value) },
      cautions: found.cautions.map { "teacher: \($0)" })
    if let problem {
      guard allowsWeak else {
        throw MismatchError(
          .training,
          "\(problem); check its task and the order of its labels, or set "
            + "\"allow_weak_teacher\": true")
      }
      result.cautions.append(problem)
    }
    return result
  }

  /// Where the teacher's logits come from, if some are known already.
  static func notices(_ cache: TeacherCache, rows: Int) -> [String] {
    guard let path = cache.path else { return [] }
    return [
      "the teacher's logits on \(cache.rowsRead) of \(rows) training rows come from \(path)"
    ]
  }
}
