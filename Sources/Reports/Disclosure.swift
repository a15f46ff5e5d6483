/// Content that can be unfolded.
struct Disclosure {
  let summary: String
  let content: [HTML]
  var isOpen = false

  var html: HTML {
    .element(
      "details", isOpen ? [("open", "")] : [], [.element("summary", [], summary)] + content)
  }
}
