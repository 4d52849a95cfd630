"""A streamed answer, taken apart into what can be checked."""

from mcp_rag.reasoning.talking import Sentences


def taken(*pieces: str) -> list[str]:
    sentences = Sentences()
    return [said for piece in pieces for said in sentences.take(piece)] + list(sentences.rest())


def test_a_sentence_is_given_when_the_next_one_begins() -> None:
    sentences = Sentences()
    assert list(sentences.take("Raise the pool's si")) == []
    assert list(sentences.take("ze. [line 3] Then")) == ["Raise the pool's size. [line 3]"]
    assert list(sentences.rest()) == ["Then"]


def test_lines_of_a_code_block_are_commands() -> None:
    assert taken("Run:\n```sh\n$ pip check\npip list\n```\nDone.") == ["Run:", "$ pip check", "$ pip list", "Done."]


def test_rulers_and_brackets_alone_say_nothing() -> None:
    assert taken('{\n"why": "the pool is empty"\n},\n---\n>\n达到上限。') == [
        '"why": "the pool is empty"',
        "达到上限。",
    ]
