"""Places in a notebook where a secret can stand, and the disguises it can wear."""

import base64
import html
import json
from urllib.parse import quote


def code_cell(book):
    return next(cell for cell in book["cells"] if cell["cell_type"] == "code" and cell["metadata"])


def markdown_cell(book):
    return next(cell for cell in book["cells"] if cell["cell_type"] == "markdown")


def in_source(book, text):
    code_cell(book)["source"].append("\n" + text)


def in_markdown(book, text):
    markdown_cell(book)["source"] += ["\n", "\n", f"Think of `{text}` here."]


def in_stream(book, text):
    output = {"output_type": "stream", "name": "stdout", "text": ["before\n", text[:9], text[9:] + "\n"]}
    code_cell(book)["outputs"] = [output]


def in_result(book, text, mime="text/plain"):
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {mime: [text]}}
    code_cell(book)["outputs"] = [output]


def in_html(book, text):
    in_result(book, "<pre>" + html.escape(text) + "</pre>", "text/html")


def in_highlighted_html(book, text):
    words = (f'<span class="n">{html.escape(word)}</span>' for word in text.split(" "))
    in_result(book, '<div class="highlight">' + " ".join(words) + "</div>", "text/html")


def in_output_metadata(book, text):
    in_result(book, "1")
    code_cell(book)["outputs"][0]["metadata"] = {"text/plain": {"note": text}}


def in_picture(book, text):
    in_result(
        book, base64.b64encode(b"\x89PNG\r\n\x1a\n\0tEXt" + text.encode() + b"\0\xff").decode(), "image/png"
    )


def in_traceback(book, text):
    lines = ["\x1b[0;31mValueError\x1b[0m", "\x1b[0;32m----> 3\x1b[0;31m " + text + "\x1b[0m\n"]
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": lines}
    code_cell(book)["outputs"] = [error]


def in_coloured_traceback(book, text):
    coloured = " ".join(f"\x1b[38;5;28;01m{word}\x1b[39;00m" for word in text.split(" "))
    error = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": [coloured]}
    code_cell(book)["outputs"] = [error]


def in_error_value(book, text):
    error = {"output_type": "error", "ename": "ValueError", "evalue": text, "traceback": []}
    code_cell(book)["outputs"] = [error]


def in_attachment(book, text):
    markdown_cell(book)["attachments"] = {"note.txt": {"text/plain": text}}


def in_attachment_base64(book, text):
    markdown_cell(book)["attachments"] = {"a.png": {"image/png": base64.b64encode(text.encode()).decode()}}


def in_attachment_base64_wrapped(book, text):
    coded = base64.encodebytes(("<svg><text>" + html.escape(text) + "</text></svg>").encode()).decode()
    markdown_cell(book)["attachments"] = {"a.svg": {"image/svg+xml": coded}}


def in_attachment_name(book, text):
    markdown_cell(book)["attachments"] = {text: {"text/plain": "-"}}


def in_cell_metadata(book, text):
    code_cell(book)["metadata"]["solution"] = {"deep": [{"down": text}]}


def in_cell_tag(book, text):
    code_cell(book)["metadata"]["tags"].append(text)


def in_cell_metadata_key(book, text):
    code_cell(book)["metadata"][text] = True


def in_cell_id(book, text):
    code_cell(book)["id"] = text


def in_notebook_metadata(book, text):
    book["metadata"]["note"] = {"deep": text}


def in_unknown_top_level_key(book, text):
    book["backup"] = [text]


PLACES = {
    plant.__name__: plant
    for plant in (
        in_source,
        in_markdown,
        in_stream,
        in_result,
        in_html,
        in_highlighted_html,
        in_output_metadata,
        in_picture,
        in_traceback,
        in_coloured_traceback,
        in_error_value,
        in_attachment,
        in_attachment_base64,
        in_attachment_base64_wrapped,
        in_attachment_name,
        in_cell_metadata,
        in_cell_tag,
        in_cell_metadata_key,
        in_cell_id,
        in_notebook_metadata,
        in_unknown_top_level_key,
    )
}

DISGUISES = {
    "plain": lambda text: text,
    "indented": lambda text: "            " + text.strip(),
    "tabs": lambda text: text.replace(" ", "\t"),
    "no spaces": lambda text: text.replace(" ", ""),
    "wide spaces": lambda text: text.replace(" ", "\u00a0 "),
    "wrapped": lambda text: text.replace(" ", "\n   ", 7),
    "zero-width": lambda text: "\u200b".join(text),
    "inside a line": lambda text: "x = 1; " + text.strip() + " # and more",
    "comment": lambda text: "# " + text.strip(),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps({"cell": text + "\n"})),
    "JSON, all escaped": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "repr": lambda text: repr(text + "'\"\n"),
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "URL": lambda text: "https://example.org/?q=" + quote(text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(("???>>>" + text).encode()).decode(),
    "base64 glued": lambda text: "abc" + base64.b64encode(text.encode()).decode() + "xyz",
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "JSON in base64": lambda text: base64.b64encode(json.dumps([text]).encode()).decode(),
    "Markdown escapes": lambda text: text.replace("_", r"\_").replace("*", r"\*"),
}
