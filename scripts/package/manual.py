"""Writes the manual page from what the program tells of its options: JSON of
`mate-kd --experimental-dump-help` in, man(7) out.

argument-parser's plugin generate-manual builds the program itself, without `--static-swift-stdlib`,
so that everything would be compiled twice.

usage: mate-kd --experimental-dump-help | manual.py VERSION DATE
"""
import json
import sys


def text(words):
    """A paragraph in which nothing is a request of roff."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def name_of(argument):
    names = [("-" if n["kind"] == "short" else "--") + n["name"] for n in argument.get("names", [])]
    shown = ", ".join(f"\\fB{text(n)}\\fR" for n in names)
    value = f"\\fI{text(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value + (" ..." if argument["isRepeating"] else "")
    return shown if argument["kind"] == "flag" else f"{shown} {value}"


def options(command):
    for argument in command.get("arguments", []):
        if not argument["shouldDisplay"] or "help" in [n["name"] for n in argument.get("names", [])]:
            continue
        yield from (".TP", name_of(argument))
        said = argument.get("abstract", "")
        if argument.get("defaultValue"):
            said += f" (default: {argument['defaultValue']})"
        yield text(said.strip() or "See above.")
        if argument.get("discussion"):
            yield from (".IP", text(argument["discussion"]))


def page(tool, version, date):
    root = tool["command"]
    name = root["commandName"]
    yield f'.TH {text(name.upper())} 1 {text(date)} "{text(name)} {text(version)}"'
    yield from (".SH NAME", f"{text(name)} \\- {text(root['abstract'])}")
    yield from (".SH SYNOPSIS", f"\\fB{text(name)}\\fR \\fIsubcommand\\fR [\\fIoptions\\fR]")
    yield from (".SH DESCRIPTION", text(root.get("discussion", "")))
    yield from (".SH OPTIONS", *options(root))
    yield from (".TP", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR",
                "Show help, of a subcommand if it stands before.")
    yield ".SH SUBCOMMANDS"
    for command in root["subcommands"]:
        if command["shouldDisplay"] and command["commandName"] != "help":
            yield from (f".SS {text(command['commandName'])}", text(command["abstract"]))
            if command.get("discussion"):
                yield from (".PP", text(command["discussion"]))
            # The root's --version is that of its subcommands, too.
            command["arguments"] = [a for a in command["arguments"]
                                    if a["valueName"] != "version"]
            yield from options(command)


if __name__ == "__main__":
    print("\n".join(page(json.load(sys.stdin), *sys.argv[1:3])))
