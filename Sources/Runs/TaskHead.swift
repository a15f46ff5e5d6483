import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

/// A kind of model that learns tasks: how runs open it, and what they train and measure it on.
///
/// What a run does with a model does not depend on the model's head. Supporting a new kind of head
/// takes one conformance.
protocol TaskHead: DistillableModel {
  /// What models with this head are measured on.
  associatedtype Evaluation: ValidationData where Evaluation.Learner == Self

  /// Opens the model that learns a task.
  ///
  /// - Parameters:
  ///   - teacher: a model whose layers or vocabulary it may take over; nil for none.
  ///   - texts: the training texts, if it is to be cut from the teacher.
  static func openLearner(
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener,
    teacher: OpenedModel<Self>?, texts: StudentTexts?
  ) throws -> OpenedModel<Self>

  /// Opens a fine-tuned model and puts its outputs into the order of the task.
  ///
  /// - Returns: the model, and sentences that the user should see.
  static func openTeacher(
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener
  ) throws -> (model: OpenedModel<Self>, notices: [String])

  /// The rows to train on.
  static func trainingRows(_ source: TaskData) throws -> TrainingRows

  /// The data that is measured during the run and at its end.
  static func evaluation(_ source: TaskData, setup: RunSetup) throws -> Evaluation

  /// What is wrong with a model that, judging by these metrics, has nothing to teach, or nil.
  ///
  /// - Parameter model: what the sentence calls the model; the sentence begins with it.
  static func weakness(
    _ metrics: [(name: String, value: Double)], in evaluation: Evaluation, model: String
  ) -> String?

  /// A sentence about training rows that are measured, too; nil if there are none.
  static func leak(of data: TokenizedDataset, into evaluation: Evaluation) -> String?

  /// Lets a method read its section of the configuration.
  ///
  /// - Throws: `ConfigError`, also if the method has no form for this head.
  static func configure(
    _ method: MethodDescription, section: ConfigSection, task: TaskDescription
  ) throws -> @Sendable (MethodSetup<Self>) throws -> any Objective

  /// What a teacher says about the training rows.
  ///
  /// - Parameters:
  ///   - source: where the rows came from.
  ///   - folder: where logits are kept from one run to the next; nil for memory only.
  static func answers(
    of teacher: OpenedTeacher<Self>, to rows: TrainingRows, source: TaskData, folder: String?,
    setup: RunSetup
  ) throws -> TeacherAnswers

  /// A teacher's metrics, as `teacher_NAME`, and what is wrong with it if it has nothing to teach.
  ///
  /// - Parameter answers: what it says about the training rows, on which it is measured if it knows
  ///   nothing of the validation rows.
  static func measure(
    _ teacher: OpenedTeacher<Self>, answers: TeacherAnswers, learning: TaskLearning<Self>
  ) throws -> TeacherMeasurement

  /// What the outputs mean, for config.json; nil for models that find answers.
  var writtenLabels: LabelSet? { get }
}

/// Where a run's rows come from. It collects sentences for the user while it is read.
final class TaskData {
  let configuration: TaskConfiguration
  let task: TaskDescription
  let tokenizer: any Tokenizer
  let pool: ThreadPool
  /// Only this many rows; nil for all. For training they are drawn, for validation they are those
  /// at the beginning.
  let maximumRows: Int?
  /// Texts without labels to train on, too; nil for none.
  let transfer: TransferSource?
  /// The seed of what is drawn, unless the configuration has its own.
  let seed: UInt64
  /// Sentences that the user should see.
  private(set) var notices: [String] = []

  init(
    _ configuration: TaskConfiguration, task: TaskDescription, tokenizer: any Tokenizer,
    pool: ThreadPool, maximumRows: Int?, seed: UInt64, transfer: TransferSource? = nil
  ) {
    self.configuration = configuration
    self.task = task
    self.tokenizer = tokenizer
    self.pool = pool
    self.maximumRows = maximumRows
    self.transfer = transfer
    self.seed = configuration.drawSeed ?? seed
  }

  func notice(_ sentences: [String]) { notices += sentences }
}
