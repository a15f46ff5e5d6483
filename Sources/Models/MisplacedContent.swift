/// What often stands where weights should be, told by its first bytes.
enum MisplacedContent {
  /// A sentence on what a file is, or nil if it is nothing that is known here.
  static func problem(_ beginning: [UInt8]) -> String? {
    if beginning.starts(with: Array("version https://git-lfs".utf8)) {
      return "it is a pointer of Git LFS, not the weights; run 'git lfs pull' in its repository."
    }
    let text = String(decoding: beginning.prefix(32), as: UTF8.self).lowercased()
    let start = text.drop { $0.isWhitespace }
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return "it is an HTML page, not the weights; download the file itself again."
    }
    return nil
  }
}
