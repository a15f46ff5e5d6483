/// How the page looks: light and dark by the reader's own setting, and on paper.
///
/// Every colour of text has a contrast of at least 4.5 to its ground, every line of at least 3.
enum Stylesheet {
  static let text = charts + screen + shares + paper

  /// What charts need, on the page or in a file of their own.
  static let charts = """
    :root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --faint: #57606a;
      --rule: #d0d7de; --shade: #f6f8fa; --link: #0b57a4; --right: 26, 127, 75;
      --wrong: 190, 60, 20; --mark: #fff0b3;
      --c0: #0b62a4; --c1: #b8430b; --c2: #1a7f4b; --c3: #8b3fa0;
      --c4: #846000; --c5: #007b85; --c6: #c2185b; --c7: #555d66; }
    @media screen and (prefers-color-scheme: dark) {
      :root { --ground: #14181d; --text: #e6e9ec; --faint: #a3adb8; --rule: #3a434d;
        --shade: #1d232a; --link: #7db8f5; --right: 70, 190, 125; --wrong: 240, 120, 80;
        --mark: #5b4a00;
        --c0: #6db3f2; --c1: #ff9e6b; --c2: #5ed29a; --c3: #d29be6;
        --c4: #e5c04b; --c5: #4fd0d8; --c6: #ff8ab5; --c7: #b8bec4; } }
    svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
    .ground { fill: var(--ground); }
    .bar { fill: var(--c0); }
    .grid { stroke: var(--rule); fill: none; }
    .line path { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
    .line circle { fill: currentColor; stroke: none; }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
    .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
    .c6 { color: var(--c6); } .c7 { color: var(--c7); }
    .d1 path { stroke-dasharray: 7 3; } .d2 path { stroke-dasharray: 2 3; }
    .d3 path { stroke-dasharray: 9 3 2 3; }

    """

  private static let screen = """
    * { box-sizing: border-box; }
    body { margin: 0 auto; max-width: 82rem; padding: 1.5rem; background: var(--ground);
      color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
    a { color: var(--link); }
    a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
      outline: 3px solid var(--link); outline-offset: 2px; }
    .skip { position: absolute; left: -100rem; }
    .skip:focus { position: static; }
    h1, h2, h3, h4 { line-height: 1.25; }
    h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--rule); padding-bottom: .3rem; }
    nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; list-style: none; padding: 0; }
    .note, footer { color: var(--faint); font-size: .9rem; max-width: 60rem; }
    .frame { overflow-x: auto; margin: 1rem 0; }
    table { border-collapse: collapse; font-size: .9rem; }
    caption { text-align: left; font-weight: 600; padding: .3rem 0; }
    th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--rule); text-align: left;
      vertical-align: top; overflow-wrap: break-word; max-width: 32rem; }
    thead th { background: var(--shade); }
    tbody th { font-weight: 500; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    thead .number { white-space: normal; }
    mark { background: var(--mark); color: inherit; }
    .charts { display: grid; gap: 1.5rem;
      grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); }
    figure { margin: 0; min-width: 0; }
    figcaption { font-weight: 600; }
    figure > svg { width: 100%; height: auto; display: block; }
    /* Drawings shrink with the page, what is written in them should not. */
    @media (max-width: 32rem) { figure > svg text { font-size: 17px; } }
    .best path { stroke-width: 4; }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0;
      margin: .4rem 0; font-size: .85rem; overflow-wrap: anywhere; }
    .legend svg { width: 28px; height: 8px; vertical-align: middle; }
    summary { cursor: pointer; color: var(--link); }
    .count { display: block; margin: -.3rem -.7rem; padding: .3rem .7rem; }

    """

  private static let paper = """
    @page { size: landscape; margin: 12mm; }
    @media print {
      body { max-width: none; padding: 0; font-size: 10pt; }
      nav, .skip { display: none; }
      /* Nobody can scroll or unfold on paper. */
      .frame { overflow: visible; break-inside: avoid; }
      table { font-size: 7pt; max-width: 100%; }
      th, td { padding: .15rem .3rem; }
      thead th { overflow-wrap: anywhere; }
      .count { margin: -.15rem -.3rem; padding: .15rem .3rem; }
      details:not([open]) { display: none; }
      figure, tr { break-inside: avoid; }
      h2, h3, h4, figcaption { break-after: avoid; }
      .charts { grid-template-columns: 1fr 1fr; }
      .count, mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }

    """

  /// The grounds of a confusion matrix in eleven steps, faint enough for the text on them.
  private static var shares: String {
    (0...10).map { step in
      let opacity = "\(Double(step) * 4 / 100)"
      return ".right.share\(step) { background: rgba(var(--right), \(opacity)); }\n"
        + ".wrong.share\(step) { background: rgba(var(--wrong), \(opacity)); }\n"
    }.joined()
  }
}
