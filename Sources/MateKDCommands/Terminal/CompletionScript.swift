/// A script by which a shell completes command lines, as the parser makes it, with the names of the
/// subcommands after `help`, which the parser leaves out.
package struct CompletionScript {
  /// The script; any other text stays as it is.
  package let text: String

  package init(_ made: String, subcommands: [String] = MateKD.subcommands) {
    let names = subcommands.joined(separator: " ")
    let bash = "_mate-kd_help() {"
    if let function = made.range(of: bash),
      let offer = made[function.upperBound...].range(of: "__mate-kd_offer_flags_options -1\n")
    {
      let words = subcommands.joined(separator: "'$'\\n''")
      let more = """
            if [[ "${positional_number}" -eq 1 ]]; then
                __mate-kd_add_completions -W '\(words)'
            fi

        """
      text = made[..<offer.upperBound] + more + made[offer.upperBound...]
    } else if made.hasPrefix("#compdef mate-kd\n") {
      text = made.replacing("'*:subcommands:'", with: "':subcommand:(\(names))'")
    } else if made.contains("\ncomplete -c 'mate-kd'") {
      let condition = "__mate-kd_should_offer_completions_for_positional \"mate-kd help\" -eq 1"
      text = made + "\ncomplete -c 'mate-kd' -n '\(condition)' -fka '\(names)'\n"
    } else {
      text = made
    }
  }
}
