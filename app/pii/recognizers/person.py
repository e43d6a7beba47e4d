"""Names of people: Polish ones in every inflected form, and those that English texts hold."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.names import (
    COMMON_WORD_RANK,
    NONE,
    STRONG,
    WEAK,
    everyday,
    first_name,
    is_nobodys,
    lists,
    speaks_alone,
    surname,
)
from app.pii.recognizers import person_context as context
from app.pii.recognizers.base import Recognizer, RecognizerResult

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŨŪŬŮŰŲŴŶŸŹŻŽȘȚ"
# One capitalised word with its joined parts (O'Brien, Nowak-Kowalska, Al-Sayed), or an initial; not I'm, I've.
_TOKEN = re.compile(
    rf"(?<![\w@/#\\])(?!I')[{_UPPER}](?:\.(?!\w\w)|[^\W\d_]*(?:['\-][^\W\d_]+){{0,3}})(?![\d_@])"
)
_PARTICLES = r"(?:(?:van|von|de|der|den|da|di|dos|do|del|della|la|le|bin|ibn|al|el|ter|zu|y)[ ]){0,2}"
_GAP = re.compile(rf" {{1,2}}{_PARTICLES}|(?<=\.)")
MAX_WORDS = 5
MAX_RUN = 60

# Names in lower case: two words of the lists, the first of them a frequent first name.
_LOWER = re.compile(r"(?<![\w.@/#\-])[^\W\d_]{3,20}(?![\w@/])")
_WORD = re.compile(r"[^\W\d_]{3,20}")
_LOWER_LAST = re.compile(r" ([^\W\d_]{3,24}(?:-[^\W\d_]{3,24})?)(?![\w@/])")
_LOWER_INTRODUCTION = re.compile(
    r"(?<!\w)(?:my name is|name is|i am|i'm|this is|nazywam sie|imie i nazwisko:?|name:|jestem|podpisano:?|tu|dane:?|"
    r"nazwisko:?|mam na imie|mr\.?|mrs\.?|ms\.?|pan|pani|pana|dr\.?)\s{1,2}$"
)


_DAY = re.compile(r"\.? [0-9]{1,2}(?![0-9])")


class Token:
    """A capitalised word of the text with what the lists say of it."""

    __slots__ = ("capitals", "end", "first", "initial", "last", "start", "word")

    def __init__(self, match: re.Match[str]) -> None:
        written = match.group()
        self.start, self.end = match.span()
        if written.endswith("'s"):
            written = written[:-2]
            self.end -= 2
        self.word = written.lower()
        self.initial = len(self.word.rstrip(".")) == 1
        self.capitals = len(written) > 2 and written.isupper()
        self.first = NONE if self.initial else first_name(self.word)
        self.last = NONE if self.initial else surname(self.word)


class PersonRecognizer(Recognizer):
    """First name and surname in either order, titles, initials; one name alone where a person is announced."""

    supported_entities = ("PERSON",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Runs of capitalised words on one line, and introductions in lower case."""
        text = document.text
        run: list[Token] = []
        for match in _TOKEN.finditer(text):
            token = Token(match)
            if run and (len(run) == MAX_RUN or _GAP.fullmatch(text, run[-1].end, token.start) is None):
                yield from _people(document, run)
                run = []
            run.append(token)
        yield from _people(document, run)
        yield from _in_lower_case(document)


def _in_lower_case(document: Document) -> Iterator[RecognizerResult]:
    if lists().common.isdisjoint(_WORD.findall(document.text)):
        return
    for match in _LOWER.finditer(document.text):
        if not speaks_alone(match.group()):
            continue
        last = _LOWER_LAST.match(document.text, match.end())
        if last is None:
            continue
        family = last.group(1)
        begin = max(0, match.start() - context.WINDOW)
        introduced = _LOWER_INTRODUCTION.search(document.folded, begin, match.start()) is not None
        if not family.islower() or surname(family) < (WEAK if introduced else STRONG):
            continue
        if not is_nobodys(document.folded[match.start() : last.end()].split(" ")):
            yield RecognizerResult("PERSON", match.start(), last.end(), 0.8 if introduced else 0.7)


def _people(document: Document, run: list[Token]) -> Iterator[RecognizerResult]:
    index = 0
    while index < len(run):
        last, score = _person(document, run, index)
        if last is None:
            index += 1
            continue
        start, end = run[index].start, run[last].end
        if not _is_nobodys(document, start, end):
            yield RecognizerResult("PERSON", start, end, score)
        index = last + 1


def _person(document: Document, run: list[Token], index: int) -> tuple[int | None, float]:
    """The index of the last word of a name that begins at `index`, None when none does, and its score."""
    token = run[index]
    titled = context.title_before(document.folded, token.start) != "" and token.word not in context.OFFICES
    last: int | None = None
    score = 0.0
    if token.initial:
        last, score = _after_initials(run, index, titled), 0.75
    elif token.first and (end := _after_first(run, index)) > index:
        last, score = end, 0.85 if token.first == STRONG else 0.75
    elif _is_reversed(run, index):
        last, score = index + 1, 0.75
    elif _is_rare(document, run, index):
        last, score = index + 1, 0.7
    elif titled and (token.first or token.last or _is_addressed(document, token) or _is_unknown(token)):
        last, score = _after_title(run, index), 0.8
    elif not token.capitals and _is_announced(document, token):
        last, score = index, 0.7
    elif not token.capitals and speaks_alone(token.word) and _stands_alone(document, run, index):
        last, score = index, 0.6
    return last, score


def _is_addressed(document: Document, token: Token) -> bool:
    """True after a title that stands before surnames only, whatever the surname means."""
    addressed = context.title_before(document.folded, token.start) in context.SURNAME_TITLES
    before = document.text[max(0, token.start - 5) : token.start].rstrip(" .")
    shouted = before.endswith(("MS", "MR", "DR")) and not token.capitals
    return addressed and not shouted


def _after_initials(run: list[Token], index: int, titled: bool) -> int | None:
    """The last word of a name that begins with initials; None when no surname follows them."""
    if not run[index].word.endswith("."):
        return None
    first = index
    while index + 1 < len(run) and run[index].initial and index < first + MAX_WORDS:
        index += 1
    known = run[index].last == STRONG or (titled and run[index].last == WEAK)
    return _after_title(run, index) if known else None


def _after_first(run: list[Token], index: int) -> int:
    """The last word of the name whose first name is at `index`; `index` itself when no surname follows."""
    opening = run[index]
    last = index
    for position in range(index + 1, min(index + MAX_WORDS, len(run))):
        token = run[position]
        if token.initial:
            if not _sure(opening) or position > index + 1:
                break
            last = position if token.word.endswith(".") else last
            continue
        if not _goes_on(opening, token, second=position == index + 1):
            break
        last = position
        if token.last == STRONG and token.first == NONE:
            break
    return last


def _sure(opening: Token) -> bool:
    return opening.first == STRONG and not opening.capitals


def _goes_on(opening: Token, token: Token, *, second: bool) -> bool:
    """True when `token` continues a name; behind a doubtful first name only what is surely a surname does."""
    if token.last == STRONG:
        return True
    if _sure(opening):
        unknown = not (everyday(token.word, COMMON_WORD_RANK) or token.capitals)
        return bool(token.last or token.first) or unknown
    if token.last == WEAK:
        return token.first == STRONG or (token.first == NONE and second and not everyday(token.word))
    return (
        second
        and len(token.word) > 3
        and not token.capitals
        and not token.first
        and not everyday(token.word, 10**6)
    )


def _is_rare(document: Document, run: list[Token], index: int) -> bool:
    """A word of no list before what is surely a surname: a rare or foreign first name."""
    if index + 1 >= len(run):
        return False
    given, family = run[index], run[index + 1]
    known = given.first or given.last or given.capitals or len(given.word) < 4 or everyday(given.word, 10**6)
    begins = document.text[max(0, given.start - 4) : given.start].rstrip(' \t"„(')[-1:] in _OPENING
    surely = family.last == STRONG and not family.first and not everyday(family.word, COMMON_WORD_RANK)
    return not known and not begins and surely


def _is_reversed(run: list[Token], index: int) -> bool:
    """Surname before first name, as Polish registers print it."""
    if index + 1 >= len(run):
        return False
    family, given = run[index], run[index + 1]
    following = run[index + 2].last if index + 2 < len(run) else NONE
    known = family.word in lists().polish_last and given.word in lists().polish_first
    return (family.last, family.first, given.first, following) == (STRONG, NONE, STRONG, NONE) and known


def _after_title(run: list[Token], index: int) -> int:
    """The last of the words after a title that go on with the name."""
    last = index
    while last + 1 < len(run) and last - index < MAX_WORDS - 1:
        token = run[last + 1]
        if not (token.initial or token.first or token.last) and everyday(token.word):
            break
        last += 1
    return last


def _is_announced(document: Document, token: Token) -> bool:
    """True when the words around a single name speak of a person."""
    folded = document.folded
    begin = max(0, token.start - context.WINDOW)
    if context.SELF.search(folded, begin, token.start):
        return bool(token.first or token.last) or not everyday(token.word)
    if context.FAMILY.search(folded, begin, token.start):
        return token.last == STRONG or not everyday(token.word)
    if token.last == STRONG and context.SURNAME_INTRODUCTION.search(folded, begin, token.start):
        return True
    if token.first == NONE:
        surely = token.last == STRONG and not everyday(token.word, 10**6)
        return surely and context.ACTION.match(folded, token.end) is not None
    return "&" not in document.text[max(0, token.start - 2) : token.start] and _is_greeted(document, token)


def _is_greeted(document: Document, token: Token) -> bool:
    """True when a first name stands where people are addressed, accompanied, or do something."""
    folded = document.folded
    begin = max(0, token.start - context.WINDOW)
    likely = token.first == STRONG or token.word in lists().doubtful
    plain = not everyday(token.word)
    if context.INTRODUCTION.search(folded, begin, token.start) or context.CALLED.search(
        folded, begin, token.start
    ):
        return likely or plain
    if context.ACTION.match(folded, token.end):
        return likely and (plain or _is_name_first(token.word) or token.word in lists().doubtful)
    accompanied = context.COMPANION.search(folded, begin, token.start) is not None
    return token.first == STRONG and (plain or _is_name_first(token.word)) and accompanied


def _is_name_first(word: str) -> bool:
    """True for a first name that no list of English words and of larger places holds."""
    data = lists()
    return word not in data.words and data.polish_places.get(word, 10**6) >= 2_000


def _is_nobodys(document: Document, start: int, end: int) -> bool:
    """True for a name of fiction or history, and for one that a place or an organisation bears."""
    folded = document.folded
    begin = max(0, start - context.WINDOW)
    if context.NAMED_AFTER.search(folded, begin, start) or context.BEARER.match(folded, end):
        return True
    if context.COMPANY.match(document.text, end):
        return True
    if folded[start:end] == "jan" and _DAY.match(folded, end):
        return True
    title = context.title_before(folded, start)
    if title and is_nobodys([title, *folded[start:end].split(" ")]):
        return True
    words = folded[start:end].replace(".", "").split(" ")
    return words[-1] in context.PLACES or is_nobodys(words)


def _is_unknown(token: Token) -> bool:
    return not token.capitals and not everyday(token.word)


def _is_no_name(token: Token) -> bool:
    return not token.first and (not token.last or everyday(token.word))


def _stands_alone(document: Document, run: list[Token], index: int) -> bool:
    """True when no capitalised word belongs to the name but one that begins the sentence.

    And no sign that makes it a part of a brand, a title or code.
    """
    token = run[index]
    opening = document.text[max(0, run[0].start - 4) : run[0].start].rstrip(' \t"„(')[-1:] if index else ""
    begins = index == 0 or (index == 1 and opening in _OPENING and _is_no_name(run[0]))
    if not begins or index + 1 < len(run):
        return False
    before, after = (
        document.text[max(0, token.start - 2) : token.start],
        document.text[token.end : token.end + 2],
    )
    return before[-1:] not in _JOINED and after[:1] not in _JOINED and "&" not in before + after


_OPENING = frozenset(("", ".", "!", "?", ":", "-", "\n"))
_JOINED = frozenset("„”“\"'`<>{}[]=_*\\/~$")
