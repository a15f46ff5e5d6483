import Foundation
import Kernels
import StrictJSON

extension ModelFolder {
  /// Writes a model folder that transformers loads unchanged.
  ///
  /// - Parameters:
  ///   - model: the model to write.
  ///   - labels: what the outputs mean; nil for models without labels.
  ///   - finetuningTask: `finetuning_task` of config.json.
  ///   - path: the folder, which is created if necessary.
  ///   - tokenizer: a folder whose tokenizer files are copied; other tokenizer files at `path` are
  ///     removed.
  /// - Throws: `ModelError.cannotWrite`; `CheckpointError` if the weights cannot be written.
  public static func write(
    _ model: some Model, labels: LabelSet? = nil, finetuningTask: String? = nil, to path: String,
    tokenizer: String
  ) throws {
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      let configuration = HuggingFaceConfiguration(
        encoder: model.encoder.configuration, labels: labels, finetuningTask: finetuningTask)
      let json = configuration.json(architecture: model.architecture)
      try Data((JSONWriter().string(json) + "\n").utf8)
        .write(to: URL(fileURLWithPath: "\(path)/config.json"), options: .atomic)
      try copyTokenizer(from: tokenizer, to: path, for: model.encoder.configuration)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError.cannotWrite(path: path, reason: error.localizedDescription)
    }
    let parameters = model.parameters
    try SafetensorsWriter.write(
      path: "\(path)/model.safetensors",
      tensors: parameters.entries.map { entry in
        SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape) { body in
          try parameters.buffer.withFloats { floats in
            let start = entry.slot.offset
            try body(UnsafeBufferPointer(rebasing: floats[start..<start + entry.slot.count]))
          }
        }
      })
  }
}
