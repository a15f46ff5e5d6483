import Models

extension FuzzTarget {
  /// A file of torch.save: every tensor lies in the file and has as many elements as its shape
  /// says.
  static let pyTorch = FuzzTarget("pytorch") { input in
    let file = try PyTorchFile(path: input.file("pytorch_model.bin", input.bytes))
    for entry in file.entries where file.entry(named: entry.name) == entry {
      try require(
        0 <= entry.bytes.lowerBound && entry.bytes.upperBound <= input.bytes.count,
        "a tensor is outside the file")
      guard [.F32, .F16, .BF16, .F64].contains(entry.type) else { continue }
      let floats = try file.floats(entry.name)
      try require(floats.count == entry.shape.reduce(1, *), "there are more or fewer elements")
    }
  }
}
