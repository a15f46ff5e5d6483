import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

extension PreparedRun {
  /// `mate-kd teacher-finetune`: supervised training of a checkpoint on a task.
  ///
  /// - Throws: errors of the configuration, the data, the model, each one sentence.
  public static func teacherFinetune(_ c: TeacherFinetuneConfiguration) throws -> PreparedRun {
    try RunFolder.check(c.common.outputDir, overwrite: c.common.overwriteOutputDir)
    let task = try c.task.taskDescription()
    if let version = task.questions {
      return try questionFinetune(c, task: task, version: version)
    }
    try ModelOpener.checkLabelOrder(of: c.model, for: task)
    let pool = try RunParts.pool(c.common)
    let precision = try c.common.supportedPrecision()
    var notices = c.notes
    let model = try ModelOpener(seed: c.common.seed).classifier(
      c.model, role: "model", labels: ModelOpener.labels(of: task))
    notices += RunParts.notices(model)
    try ModelOpener.checkLength(c.task.maxSeqLength, of: [("model", model.model)])
    let run = try TaskRun(
      command: "teacher-finetune", common: c.common, arguments: c.train,
      taskConfiguration: c.task, task: task,
      train: RunParts.data(
        c.task, task: task, split: .train, maximumRows: c.train.maxTrainSamples,
        tokenizer: model.tokenizer, pool: pool, notices: &notices),
      evaluation: RunParts.evaluation(
        c.task, task: task, maximumRows: c.train.maxEvalSamples, tokenizer: model.tokenizer,
        pool: pool, precision: precision, notices: &notices),
      model: model, labels: model.model.labels, pool: pool, precision: precision,
      resolved: { c.resolved },
      references: { EvaluationParts.Result() })
    try run.check()
    let objective = LabelsOnly(
      model.model, training: run.trainedModel, labelSmoothing: Float(c.train.labelSmoothingFactor))
    return PreparedRun(
      plan: run.plan(others: [], objective: objective), notices: notices,
      training: run.parts(objective)
    ) { try run.execute(objective, display: $0) }
  }
}
