import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// The goldens of methods that look at hidden layers: the models, the batch and the masks of
/// Tests/Goldens/mate-kd, steps and gradients in a folder of their own (scripts/goldens/states.py).
struct StatesGolden {
  let game: MATEKDGoldenTests.Game
  let golden: ModelGolden

  /// - Parameter kind: `regression`, `mixed` (families) or nothing.
  init(_ name: String, kind: String) throws {
    game = try MATEKDGoldenTests.Game(of: kind.isEmpty ? "" : "\(kind)-")
    golden = try ModelGolden(name)
  }

  func setup(rows: Int = 3, classes: [Int32] = []) -> DistillationSetup {
    DistillationSetup(
      student: game.student, teacher: game.teacher, generator: game.generator, maskID: 4,
      teacherCache: TeacherCache(teacher: game.teacher, rows: game.batch.count),
      studentTraining: TrainedModel(game.student.parameters), totalSteps: 10, labelSmoothing: 0,
      trainingRows: rows, trainingClasses: classes)
  }

  func gradients(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(path: "\(golden.folder)/\(name).safetensors")
  }

  /// Puts a file's weights into linear maps.
  func fill(_ projections: Projections, from name: String) throws {
    let file = try gradients(name)
    for entry in projections.parameters.entries {
      let values = try file.floats(entry.name)
      let matrix = projections.parameters.matrix(entry.slot)
      matrix.copy(from: Matrix(values, rows: matrix.rows, columns: matrix.columns))
    }
  }

  /// The loss and its terms, to 1e-4 of themselves.
  func compare(_ scalars: Scalars, with expected: JSONValue) {
    let terms = (expected["terms"]?.object?.members ?? []).map { ($0.key, $0.value.double ?? .nan) }
    for (name, value) in terms + [("loss", expected.number("loss"))] {
      #expect(Network.ofMethods.agrees(scalars[name], value), "\(name): \(scalars[name]), \(value)")
    }
  }
}
