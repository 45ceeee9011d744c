"""The library's pages, from its docstrings: sentence, formula, arguments, example."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

_SECTION = re.compile(r"(Args|Returns|Yields|Raises):")
_ARGUMENT = re.compile(r"    (\*{0,2}\w+(?:, \*{0,2}\w+)*): (.*)")
_WIDE = 88


def module_page(module: ModuleType, title: str, top: Sequence[str] = ()) -> str:
    """A page with every public name of a package.

    Args:
        module: the package.
        title: the page's title.
        top: names that `coursekit` itself hands on.
    """
    lines = [f"# {title}", "", markdown(inspect.getdoc(module) or ""), ""]
    for name, thing in named(module):
        lines += [f"## {name}", "", *_entry(module.__name__, name, thing, name in top)]
    values = [f"`{name}`" for name in sorted(_exported(module)) if _is_value(getattr(module, name))]
    if values:
        lines += ["## Constants", "", ", ".join(values) + ".", ""]
    return "\n".join(lines) + "\n"


def named(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions and classes of a package that have a docstring, by name."""
    for name in sorted(_exported(module), key=str.lower):
        thing = getattr(module, name)
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and inspect.getdoc(thing):
            yield name, thing


def summary(thing: Any) -> str:
    """The first sentence of a docstring, as Markdown."""
    return markdown((inspect.getdoc(thing) or "").partition("\n\n")[0])


def _exported(module: ModuleType) -> list[str]:
    """What a package offers: its `__all__`, or the functions and classes of its own."""
    own = [
        name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
    ]
    names = getattr(module, "__all__", None) or own
    return [name for name in names if not name.startswith("_")]


def _is_value(thing: Any) -> bool:
    known = inspect.isclass(thing) or inspect.isroutine(thing) or inspect.ismodule(thing)
    return not known and not getattr(type(thing), "__module__", "").startswith(("typing", "types"))


def _entry(module: str, name: str, thing: Any, at_top: bool) -> Iterator[str]:
    source = "coursekit" if at_top else module
    yield from ("```python", f"from {source} import {name}", "", signature(name, thing), "```", "")
    yield from (markdown(inspect.getdoc(thing) or ""), "")
    if inspect.isclass(thing):
        for method, function in _methods(thing):
            yield from (f"### {name}.{method}", "", "```python", signature(method, function), "```", "")
            yield from (markdown(inspect.getdoc(function) or ""), "")


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods that a class defines, or takes from another of the package, with a docstring."""
    seen: set[str] = set()
    for each in kind.__mro__:
        if not each.__module__.startswith("coursekit."):
            continue
        for name, thing in vars(each).items():
            if inspect.isfunction(thing) and thing.__doc__ and not name.startswith("_") and name not in seen:
                seen.add(name)
                yield name, thing


def signature(name: str, thing: Any) -> str:
    """How a name is called, in lines that fit."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    parts = [_short(str(each)) for each in found.parameters.values() if each.name != "self"]
    kinds = [each.kind for each in found.parameters.values() if each.name != "self"]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parts.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    back = found.return_annotation
    end = (
        ""
        if back is inspect.Signature.empty or back is None or inspect.isclass(thing)
        else (f" -> {_short(inspect.formatannotation(back))}")
    )
    line = f"{name}({', '.join(parts)}){end}"
    if len(line) <= _WIDE:
        return line
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){end}"])


def _short(text: str) -> str:
    """An annotation or a default without modules and addresses."""
    text = re.sub(r"<(?:function|class|object)? ?'?([\w.]+)[^>]*>", r"\1", text)
    return re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text)


def markdown(doc: str) -> str:
    """A docstring in the house's form as Markdown: what is indented is a formula, what prompts an example."""
    out, lines = [], doc.split("\n")
    while lines:
        line = lines[0]
        if not line:
            lines.pop(0)
        elif head := _SECTION.fullmatch(line):
            body = _taken(lines, lambda each: not each or each[0] == " ", skip=1)
            title = "Arguments" if head[1] == "Args" else head[1]
            out.append(f"**{title}**\n\n{_items(body, head[1])}")
        elif line.startswith(">>>"):
            out.append(_fenced("pycon", _taken(lines, bool)))
        elif line.startswith("    "):
            out.append(_fenced("text", _taken(lines, lambda each: not each or each[0] == " ")))
        else:
            out.append(escaped("\n".join(_taken(lines, _is_plain))))
    return "\n\n".join(out)


def _is_plain(line: str) -> bool:
    return bool(line) and not line.startswith((">>>", "    ")) and not _SECTION.fullmatch(line)


def _taken(lines: list[str], belongs: Callable[[str], object], skip: int = 0) -> list[str]:
    """Take the lines that belong together off the list, after `skip` that do in any case."""
    end = next((n for n, line in enumerate(lines) if n >= max(skip, 1) and not belongs(line)), len(lines))
    found, lines[:] = lines[skip:end], lines[end:]
    return found


def _fenced(language: str, lines: Sequence[str]) -> str:
    return f"```{language}\n{textwrap.dedent(chr(10).join(lines)).strip()}\n```"


def _items(lines: Sequence[str], section: str) -> str:
    """Arguments or errors as a list, other sections as text."""
    found: list[str] = []
    for line in lines:
        match = _ARGUMENT.fullmatch(line) if section in ("Args", "Raises") else None
        if match:
            found.append(f"- `{match[1]}`: {escaped(match[2])}")
        elif found:
            found[-1] += " " + escaped(line.strip())
        elif line.strip():
            found.append(escaped(line.strip()))
    return "\n".join(found)


def escaped(text: str) -> str:
    """Plain text of a docstring as Markdown: only code between back-quotes is more than its letters."""
    parts = re.split(r"(`[^`]+`)", text)
    plain = [re.sub(r"([\\*_<>$\[\]{}|~])", r"\\\1", part) for part in parts[::2]]
    parts[::2] = plain
    return "".join(parts)
