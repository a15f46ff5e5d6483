#!/usr/bin/env bash
# Pages of mate-kd report about runs, a study and a sweep: the HTML is whole, and what a reader by
# keyboard or by ear, or one who needs contrast, needs is there. Also the sweep as a shell script.
# Expects the release build; MATE_KD names another program. axe-core (PyPI's axe-playwright-python
# brings it; AXE_CORE names another axe.min.js) and a Chromium add the checks of axe in both colour
# schemes; they are skipped where one of them is absent.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mate_kd=${MATE_KD:-$(cd "$root" && swift build -c release --show-bin-path)/mate-kd}
[[ -x $mate_kd ]] || { echo "report.test.sh: no $mate_kd" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
source "$root/scripts/tests/watched_runs.sh"

make_models
student kd student-kd
student mate-kd student-mate-kd --set method.generator_steps=2 --set method.student_steps=6
python3 - <<'PYTHON'
import json
config = json.load(open("kd.json"))
base = {key: config[key] for key in config if key not in ("output_dir", "method")}
base["train"] |= {"max_steps": 6, "report_to": []}
base.pop("generator")
task = base.pop("task")
json.dump({"output_dir": "study", "seeds": [1, 2], "bootstrap": {"resamples": 50}, "base": base,
           "tasks": {"films": {"task": task}},
           "methods": {"none": {"method": {"name": "none"}}, "kd": {"method": {"name": "kd"}}}},
          open("study.json", "w"))
json.dump({"output_dir": "sweep", "strategy": "halving", "samples": 4, "factor": 2, "min_steps": 3,
           "base": base | {"task": task, "method": {"name": "kd"}},
           "parameters": {"train.learning_rate": {"range": [1e-4, 1e-2], "scale": "log"},
                          "method.temperature": {"values": [1, 4]}}}, open("sweep.json", "w"))
PYTHON
quietly "$mate_kd" compare --config study.json
quietly "$mate_kd" sweep --config sweep.json
quietly "$mate_kd" distill --config sweep/best.json
quietly "$mate_kd" report student-kd student-mate-kd --data data/SST-2 --output runs.html
quietly "$mate_kd" report student-mate-kd --output run.html
quietly "$mate_kd" report study sweep --output study.html
[[ $("$mate_kd" report student-kd --output again.html) == again.html ]]
quietly "$mate_kd" report student-kd --output once-more.html
quietly "$mate_kd" report student-kd --output once-more.html
# Another file is not replaced.
cp kd.json notes.json
code=0
"$mate_kd" report student-kd --output notes.json >out.log 2>&1 || code=$?
[[ $code -eq 73 ]] && cmp kd.json notes.json && grep -q "no page of mate-kd report" out.log \
  || { echo "FAILED: a file that is no page: code $code, $(cat out.log)" >&2; exit 1; }
cmp again.html once-more.html || { echo "FAILED: the same runs gave another page" >&2; exit 1; }

python3 - <<'PYTHON'
import html.parser, os, re, sys

VOID = {"meta", "br", "link", "img", "input", "hr"}

class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__(convert_charrefs=True)
        self.name, self.open, self.ids, self.refs = name, [], set(), []
        self.tags, self.problems, self.headings, self.text = {}, [], [], []
        self.style, self.summaries = "", []
        self.feed(open(name, encoding="utf-8").read())
        if self.open:
            self.problems.append(f"{self.open} are not closed")
        self.problems += [f"nothing has the id {ref}" for ref in self.refs if ref not in self.ids]
        for before, after in zip([0] + self.headings, self.headings):
            if after > before + 1:
                self.problems.append(f"h{after} follows h{before}")

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        if "id" in a:
            if a["id"] in self.ids:
                self.problems.append(f"the id {a['id']} is there twice")
            self.ids.add(a["id"])
        self.refs += a.get("aria-labelledby", "").split()
        if tag == "a":
            if not a["href"].startswith("#"):
                self.problems.append(f"a link leads to {a['href']}")
            self.refs.append(a["href"][1:])
        if tag == "html" and a.get("lang") != "en":
            self.problems.append("the page has no language")
        if tag == "summary":
            self.summaries.append("")
        if tag == "div" and a.get("class") == "frame":
            # It can be scrolled, so it can be reached by keyboard, and says what it is.
            if a.get("tabindex") != "0" or a.get("role") != "group" or not a.get("aria-label"):
                self.problems.append(f"a table's frame has {a}")
        elif "tabindex" in a:
            self.problems.append(f"the keyboard stops at <{tag} {a}>, where nothing can be done")
        if tag == "th" and a.get("scope") not in ("row", "col"):
            self.problems.append("a heading of a table has no scope")
        if tag in ("script", "img", "link", "iframe", "object") or "src" in a or any(
                name.startswith("on") for name in a):
            self.problems.append(f"there is <{tag} {a}>")
        if tag == "svg" and a.get("aria-hidden") != "true" and (
                a.get("role") != "img" or "aria-labelledby" not in a):
            self.problems.append("a drawing has no name")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "style":
            self.style += data
        if "summary" in self.open:
            self.summaries[-1] += data

def luminance(rgb):
    """WCAG 2.2: relative luminance."""
    parts = [v / 255 for v in rgb]
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

def contrast(one, other):
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)

def check_style(page):
    """Contrast of every colour in both schemes, and what else the style sheet promises."""
    def colours(text):
        found = {}
        for name, value in re.findall(r"--([\w-]+):\s*([^;]+);", text):
            found[name] = tuple(int(value[i:i + 2], 16) for i in (1, 3, 5)) \
                if value.startswith("#") else tuple(map(int, value.split(",")))
        return found
    light, dark = page.style.split("@media screen and (prefers-color-scheme: dark)")
    light = colours(light)
    dark = light | colours(dark)
    steps = [float(v) for v in re.findall(r"rgba\(var\(--right\), ([\d.]+)\)", page.style)]
    if len(steps) != 11 or light["ground"] == dark["ground"]:
        page.problems.append(f"the style sheet has other colours than expected: {steps} {dark}")
    for scheme, c in [("light", light), ("dark", dark)]:
        pairs = [(text, ground, 4.5) for text in ["text", "faint", "link"] for ground in ["ground"]]
        pairs += [("text", "shade", 4.5), ("text", "mark", 4.5)]
        # Lines, and the outline around what has the focus.
        pairs += [(f"c{i}", "ground", 3) for i in range(8)] + [("link", "ground", 3)]
        for one, other, least in pairs:
            if contrast(c[one], c[other]) < least:
                page.problems.append(
                    f"{scheme}: {one} on {other} has a contrast of {contrast(c[one], c[other]):.2f}")
        for name in ["right", "wrong"]:
            for step in steps:
                ground = [a * step + b * (1 - step) for a, b in zip(c[name], c["ground"])]
                if contrast(c["text"], ground) < 4.5:
                    page.problems.append(f"{scheme}: text on {name} at {step} cannot be read")
    for word in ["animation", "transition", "scroll-behavior"]:
        if word in page.style:
            page.problems.append(f"something moves: {word}")
    if ":focus-visible" not in page.style or "outline: none" in page.style:
        page.problems.append("the focus cannot be seen")
    twice = {name for name in page.summaries if page.summaries.count(name) > 1}
    if twice or "" in page.summaries:
        page.problems.append(f"several things that unfold are called {twice}")

failed = False
for name, words in [
    ("runs.html", ["student-kd", "student-mate-kd", "generator_entropy", "method.name",
                   "where teacher and student disagree most", "beside their adversarial texts"]),
    ("run.html", ["All settings", "eval_accuracy", "adversarial text", "Lengths of texts",
                  "Entropy at masked places", "below 1 nat",
                  "Training texts of student-mate-kd"]),
    ("study.html", ["films (accuracy)", "differences from kd", "(best)", "trials by accuracy"]),
]:
    page = Page(name)
    text = "".join(page.text)
    page.problems += [f"'{word}' is missing" for word in words if word not in text]
    if page.tags.get("svg", 0) < 4 or page.tags["table"] != page.tags["caption"]:
        page.problems.append(f"tags are {page.tags}")
    check_style(page)
    size = os.path.getsize(name)
    if size > 600_000:
        page.problems.append(f"it has {size} bytes")
    for problem in page.problems:
        print(f"FAILED: {name}: {problem}", file=sys.stderr)
        failed = True
    print(f"report: {name}: {size} bytes, {page.tags['svg']} drawings, {page.tags['table']} tables")
sys.exit(failed)
PYTHON

# The example of a sweep by shell script.
python3 - <<'PYTHON'
import json
config = json.load(open("kd.json"))
config["train"] |= {"max_steps": 6, "report_to": []}
json.dump(config, open("by-hand.json", "w"))
PYTHON
MATE_KD=$mate_kd "$root/scripts/sweep-by-hand.sh" by-hand.json by-hand 1e-3 1e-2 >by-hand.txt
MATE_KD=$mate_kd "$root/scripts/sweep-by-hand.sh" by-hand.json by-hand 1e-3 1e-2 >again.txt
cmp by-hand.txt again.txt
[[ $(wc -l <by-hand.txt) -eq 2 && $(sort -rn by-hand.txt) == "$(cat by-hand.txt)" ]] \
  || { echo "FAILED: sweep-by-hand.sh printed $(cat by-hand.txt)" >&2; exit 1; }
grep -q '"eval_samples": 40' by-hand/1e-3/all_results.json \
  || { echo "FAILED: sweep-by-hand.sh did not measure the held-out tenth" >&2; exit 1; }
echo "report: sweep-by-hand.sh chose $(head -n 1 by-hand.txt | cut -f 2)"

chromium=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}
axe=${AXE_CORE:-$("${PYTHON:-python3}" -c 'import importlib.util, pathlib
found = importlib.util.find_spec("axe_playwright_python")
print(pathlib.Path(found.origin).parent / "axe.min.js" if found else "")')}
if [[ -z $axe || -z $chromium ]]; then
  echo "report: axe skipped: it needs a Chromium, and PyPI's axe-playwright-python or AXE_CORE"
  exit 0
fi
for scheme in light dark; do
  for page in run runs study; do
    # Without the page's policy, which would forbid the check itself.
    python3 - "$page" "$axe" <<'PYTHON'
import re, sys
page, axe = sys.argv[1:]
text = open(f"{page}.html").read()
text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
text = text.replace("<details>", "<details open>")
check = """axe.run().then(r => {
  const pre = document.createElement('pre'); pre.id = 'axe';
  pre.textContent = JSON.stringify({passes: r.passes.length, violations: r.violations.map(
    v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])});
  document.body.append(pre); });"""
open("axe.html", "w").write(text.replace(
    "</body>", f"<script>{open(axe).read()}</script><script>{check}</script></body>"))
PYTHON
    dark=()
    [[ $scheme == light ]] || dark=(--force-dark-mode "--blink-settings=preferredColorScheme=0")
    "$chromium" --headless --no-sandbox --disable-gpu "${dark[@]}" --virtual-time-budget=60000 \
      --dump-dom "file://$work/axe.html" 2>/dev/null >dom.html
    python3 - "$page, $scheme" <<'PYTHON'
import html, json, re, sys
found = re.search(r'<pre id="axe">(.*?)</pre>', open("dom.html").read(), re.S)
if not found:
    sys.exit(f"FAILED: axe said nothing about {sys.argv[1]}")
found = json.loads(html.unescape(found[1]))
for violation in found["violations"]:
    print(f"FAILED: {sys.argv[1]}: {violation}", file=sys.stderr)
print(f"report: axe on {sys.argv[1]}: {found['passes']} rules passed, "
      f"{len(found['violations'])} violated")
sys.exit(bool(found["violations"]))
PYTHON
  done
done
