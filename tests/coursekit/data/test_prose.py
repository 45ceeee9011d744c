"""The frozen prose: a text that gives no answer away, and pieces that spell it again."""

import gzip
import re
from pathlib import Path

import pytest
import torch

from coursekit import data

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "coursekit" / "data" / "prose.txt.gz"
ANSWER = re.compile(r"### BEGIN SOLUTION(.*?)### END SOLUTION", re.S)
UNSEEN = re.compile(r"^\+\+\+[^\n]*\"(?:solution|written|hidden)\"[^\n]*\n(.*?)(?=^\+\+\+|\Z)", re.S | re.M)


@pytest.fixture(scope="module")
def prose():
    return data.prose()


def flat(text):
    """A text as the prose has it: one line, without markup."""
    return re.sub(r"[`$*]", "", " ".join(text.split()))


def test_no_sentence_is_from_an_answer_or_a_check():
    lines = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    assert len(lines) > 3000
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "solutions").glob("*.md")]
    hidden = [part for text in texts for pattern in (ANSWER, UNSEEN) for part in pattern.findall(text)]
    checks = [path.read_text(encoding="utf-8") for path in (ROOT / "coursekit" / "checks").rglob("*.py")]
    assert len(hidden) > 50
    assert len(checks) > 50
    secret = flat(" ".join(hidden + checks))
    assert [line for line in lines if len(line) >= 20 and line in secret] == []


def test_the_files_are_small():
    assert FILE.stat().st_size <= 150_000
    assert FILE.with_name("prose_pieces.json").stat().st_size <= 15_000


def test_rows_spell_the_text_and_those_held_out_are_not_among_the_others(prose):
    assert prose.tokens == len(set(prose.pieces.pieces)) == 512
    for text in (prose.train_text, prose.held_out_text):
        assert prose.pieces.spell(prose.pieces.encode(text)) == text
    assert prose.train.shape[1] == prose.held_out.shape[1] == 64
    assert prose.text(prose.train[3]) in prose.train_text
    assert prose.text(prose.held_out[3]) in prose.held_out_text
    assert not set(prose.held_out_text.splitlines()) & set(prose.train_text.splitlines())
    assert torch.equal(prose.train[0, 16:], prose.train[1, :-16])


def test_letters_are_counted_as_they_are_spelt(prose):
    rows = prose.held_out[:10]
    assert prose.letters(rows).tolist() == [len(prose.text(row)) for row in rows]


def test_blanks_are_hidden_pieces_and_the_rest_is_filled_up(prose):
    x = prose.encode("The network_ the noise")
    assert x.shape == (64,)
    assert prose.text(x).startswith("The network_ the noise_")
    with pytest.raises(ValueError, match="shorten it"):
        prose.encode(prose.held_out_text[:600])
    with pytest.raises(ValueError, match="no piece"):
        prose.encode("αβγ")


def test_pieces_join_the_most_frequent_neighbours():
    text = "a deed indeed needed"
    pieces = data.learn_pieces(text, 12)
    letters = sorted(set(text))
    assert list(pieces.pieces[: len(letters)]) == letters
    assert pieces.merges[0] == ("e", "d")  # four times; "ee" three times
    assert pieces.spell(pieces.encode(text)) == text
    assert len(pieces.encode(text)) < len(text)
    assert not any(" " in piece[1:] for piece in pieces.pieces)
    assert len(data.learn_pieces("ab", 50).pieces) == 3  # nothing is left to join
    with pytest.raises(ValueError, match="different characters"):
        data.learn_pieces("abc", 2)
