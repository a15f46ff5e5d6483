import Autograd
import Kernels
import StrictJSON

extension ModelFolder {
  /// Writes a model folder with the tokenizer's files of another folder; see the other form.
  public static func write(
    _ model: some Model, labels: LabelSet? = nil, finetuningTask: String? = nil, to path: String,
    tokenizer: String
  ) throws {
    try write(
      model, labels: labels, finetuningTask: finetuningTask, to: path,
      tokenizer: TokenizerContent(folder: tokenizer))
  }

  /// Writes a model folder that transformers loads unchanged.
  ///
  /// - Parameters:
  ///   - model: the model to write.
  ///   - labels: what the outputs mean; nil for models without labels.
  ///   - finetuningTask: `finetuning_task` of config.json.
  ///   - path: the folder, which is created if necessary.
  ///   - tokenizer: the tokenizer's files; others at `path` are removed.
  /// - Throws: `FileError.cannotWrite`; `FileError` if the weights cannot be written.
  public static func write(
    _ model: some Model, weights: Buffer? = nil, labels: LabelSet? = nil,
    finetuningTask: String? = nil, to path: String, tokenizer: TokenizerContent
  ) throws {
    let configuration = HuggingFaceConfiguration(
      encoder: model.encoder.configuration, labels: labels, finetuningTask: finetuningTask)
    try JSONWriter().write(
      configuration.json(architecture: model.architecture), to: "\(path)/config.json")
    try write(tokenizer, to: path, for: model.encoder.configuration)
    let parameters = model.parameters
    try SafetensorsWriter.write(
      path: "\(path)/model.safetensors",
      tensors: parameters.entries.map { entry in
        SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape) { body in
          try (weights ?? parameters.buffer).withFloats { floats in
            let start = entry.slot.offset
            try body(UnsafeBufferPointer(rebasing: floats[start..<start + entry.slot.count]))
          }
        }
      })
  }
}
