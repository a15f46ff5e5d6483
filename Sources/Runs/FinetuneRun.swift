import Data
import Inference
import Methods
import Models
import Processes
import Trainers

extension PreparedRun {
  /// `mate-kd teacher-finetune`: supervised training of a checkpoint on a task.
  ///
  /// - Parameter group: the processes that share the run; all of them prepare and execute it.
  /// - Throws: errors of the configuration, the data and the model, each one sentence.
  public static func teacherFinetune(
    _ c: TeacherFinetuneConfiguration,
    sharedBy group: any ProcessGroup = SingleProcess()
  ) throws -> PreparedRun {
    let task = try c.task.taskDescription()
    return task.questions == nil
      ? try finetune(c, task: task, head: SequenceClassifier.self, group: group)
      : try finetune(c, task: task, head: SpanClassifier.self, group: group)
  }

  private static func finetune<Head: TaskHead>(
    _ c: TeacherFinetuneConfiguration, task: TaskDescription, head: Head.Type,
    group: any ProcessGroup
  ) throws -> PreparedRun {
    let setup = try RunSetup(
      command: "teacher-finetune", common: c.common, arguments: c.train, group: group,
      resolved: { c.resolved })
    try ModelOpener.checkLabelOrder(of: c.model, for: task)
    let model = try Head.openLearner(
      c.model, role: "model", task: task, opener: ModelOpener(c.common), teacher: nil,
      texts: nil)
    try ModelOpener.checkLength(c.task.maxSeqLength, of: [("model", model.model)])
    let source = TaskData(
      c.task, task: task, tokenizer: model.tokenizer, pool: setup.pool,
      maximumRows: c.train.maxTrainSamples, seed: c.common.seed)
    let data = try Head.trainingRows(source).data
    let learning = try TaskLearning(
      model: model, data: data, configuration: c.task, task: task, setup: setup)
    let objective = LabelsOnly(
      model.model, training: setup.trainedModel(model.model, rows: data.count),
      labelSmoothing: Float(c.train.labelSmoothingFactor))
    return try PreparedRun(
      setup: setup, objective: objective, data: data, outputs: learning.outputs(),
      plan: learning.plan(objective: objective, others: []),
      notices: c.notes + model.notices + source.notices + learning.notices)
  }
}
