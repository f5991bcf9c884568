# SPDX-License-Identifier: MIT
"""Finds variables that outlive every object: globals, static members and static locals that are not constants.

A reading of C++ by its brackets and semicolons, not a parser: a scope is judged by the text before its bracket. What it
takes for a variable it reports with its text, so that a wrong guess is plain to see.
"""
import re
from collections.abc import Iterator

_PIECE = re.compile(r"[{};]|^[ \t]*#(?:\\\n|[^\n])*|[^{};#]+|#", re.MULTILINE)
_TYPE_SCOPE = re.compile(r"(?:^|[\s>\]])(?:class|struct|union|enum)\b[^()=]*$")
_NAMESPACE_SCOPE = re.compile(r"\bnamespace\b[^()=;]*$|\bextern\s*\"\"\s*$")
_INITIALIZER = re.compile(r"(?:=|\breturn|,|\(|[\w>\]]|\bin)\s*$")
_ACCESS = re.compile(r"^\s*(?:public|private|protected|case[^:]*|default)\s*:(?!:)")
_CONSTANT = re.compile(r"\b(?:const|constexpr|consteval)\b")
_STATIC = re.compile(r"^(?:(?:inline|constinit|thread_local|\[\[[^\]]*\]\])\s+)*static\b")
_NOT_A_VARIABLE = re.compile(
    r"^(?:using|typedef|template|friend|extern|namespace|static_assert|class|struct|union|enum|asm)\b|\boperator\b"
)
_VARIABLE = re.compile(r"^[\w:<>,\s*&\[\]]*[\w>*&\]]\s+[*&]?\w[\w:]*\s*(?:\[[^\]]*\])*\s*(?:=(?!=).*)?$", re.DOTALL)


def mutable_statics(code: str) -> Iterator[tuple[int, str]]:
    """(line, declaration) of each, in C++ text without comments and literals."""
    scopes = ["namespace"]
    statement, start = "", 0
    for piece in _PIECE.finditer(code):
        text = piece[0]
        if text.lstrip().startswith("#"):
            continue
        if text == "{":
            scope = _scope(statement, scopes[-1])
            if scope == "initializer":
                found = _declared(statement, scopes[-1])
                if found:
                    yield code.count("\n", 0, start) + 1, found
            scopes.append(scope)
            # After an initializer the statement goes on, to its semicolon, but has been judged.
            statement = ""
        elif text == "}":
            if len(scopes) > 1:
                scopes.pop()
            statement = ""
        elif text == ";":
            found = _declared(statement, scopes[-1])
            if found:
                yield code.count("\n", 0, start) + 1, found
            statement = ""
        else:
            text = _ACCESS.sub(" ", text) if not statement.strip() else text
            if not statement.strip():
                start = piece.end() - len(text.lstrip())
            statement += text


def _scope(before: str, outer: str) -> str:
    text = before.strip()
    if _NAMESPACE_SCOPE.search(text):
        return "namespace"
    if _TYPE_SCOPE.search(text):
        return "type"
    if outer == "initializer":
        return "initializer"
    if text.endswith(")") or "(" in text or not text or re.search(r"\b(?:else|do|try)$", text):
        return "function"
    return "initializer" if _INITIALIZER.search(text) else "function"


def _declared(statement: str, scope: str) -> str | None:
    text = " ".join(statement.split())
    if not text or scope == "initializer" or _CONSTANT.search(text.partition("=")[0]):
        return None
    if _NOT_A_VARIABLE.search(text):
        return None
    if _STATIC.match(text):
        is_function = "(" in text.partition("=")[0] and scope != "function"
        return None if is_function else text
    if scope == "namespace" and "(" not in text.partition("=")[0] and _VARIABLE.match(text):
        return text
    return None
