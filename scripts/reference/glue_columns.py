"""Finds the columns of a GLUE-format TSV that contain text. Fields are never quoted."""

TEXT_COLUMNS = ["sentence", "sentence1", "sentence2", "question", "question1", "question2",
                "#1 String", "#2 String"]


def rows_of(path):
    """The lines of the file as fields, without a byte order mark and line ends."""
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        return [line.rstrip("\n").removesuffix("\r").split("\t") for line in file]


def text_columns(path):
    """Column names with their texts, in the order of the file. Short rows count as empty texts.

    A file whose first line names no known text column is CoLA's headerless form: text is in
    column 3 of four.
    """
    rows = rows_of(path)
    known = [(index, name) for index, name in enumerate(rows[0]) if name in TEXT_COLUMNS]
    if known:
        rows = rows[1:]
    elif len(rows[0]) == 4:
        known = [(3, "column 3")]
    return {name: [row[index] if index < len(row) else "" for row in rows]
            for index, name in known}
