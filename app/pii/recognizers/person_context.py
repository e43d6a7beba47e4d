"""What stands around a name: words that announce a person, and words that make it a street or a company."""

import re
from collections.abc import Iterable


def _before(alternatives: Iterable[str], end: str) -> re.Pattern[str]:
    """A pattern for folded text, searched in a window that ends where the name begins."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)}){end}$")


WINDOW = 40

_ABBREVIATED_TITLES = frozenset(
    ("p", "mr", "mrs", "ms", "mx", "dr", "prof", "mgr", "inz", "hab", "lek", "med", "mec", "adw", "ks", "kpt", "plk",
     "gen", "sgt", "capt", "rev")
)  # fmt: skip
_TITLE = re.compile(
    r"pan|pana|panu|panem|panie|pani|pania|panstw\w+|miss|sir|madam|dame|lord|lady|doktor\w*|profesor\w*|professor|"
    r"mecenas\w*|ksiadz|ksiedz\w+|siostr\w+|sedzi\w+|komornik\w*|notariusz\w*|posel|posl(?:a|owi|em|ank\w+)|"
    r"judge|justice|senator\w*|burmistrz\w*|prezydent\w*|wojt\w*|starost\w+|dyrektor\w*|prezes\w*|"
    r"officer|detective|nurse|coach|uncle|aunt|auntie|grandma|grandpa|ciocia|ciocie|ciotka|wujek|wujka|wujkowi|"
    r"babcia|babci|babcie|dziadek|dziadka|dziadkowi"
)
# After these, whatever word follows is a surname, unless it is an office.
SURNAME_TITLES = frozenset(("mr", "mrs", "ms", "dr", "prof", "adw", "mec", "mgr"))
_LONGEST_TITLE = 16


def title_before(folded: str, start: int) -> str:
    """The title, without its full stop, that stands right before `start`; empty when none does."""
    end = start
    while end > start - 2 and end and folded[end - 1] in " \t":
        end -= 1
    dot = end and folded[end - 1] == "."
    stop = end - 1 if dot else end
    if end == start or not stop:
        return ""
    begin = stop
    while begin and stop - begin < _LONGEST_TITLE and folded[begin - 1].isalnum():
        begin -= 1
    word = folded[begin:stop]
    return word if word in _ABBREVIATED_TITLES or (not dot and _TITLE.fullmatch(word)) else ""


OFFICES = frozenset(
    ("president", "chairman", "chairwoman", "speaker", "secretary", "minister", "mayor", "chancellor", "pepper", "who",
     "strange", "bean", "clean", "right", "prezes", "dyrektor", "hab", "inż", "med")
)  # fmt: skip
# A name that ends with one of these is a place.
# And one before a company's form is a company.
COMPANY = re.compile(
    r"(?:[ ,.]{1,2}[A-Z][\w&]{1,20}){0,2},?[ ]"
    r"(?:Inc|LLC|Ltd|PLC|Plc|N\.?V|B\.?V|GmbH|AG|Corp|Co|Holdings?|Group|S\.A\.|[Ss]p\. z o\.\s?o)(?!\w)"
)
PLACES = frozenset(
    (
        *(
            "park",
            "bay",
            "station",
            "island",
            "islands",
            "beach",
            "avenue",
            "street",
            "road",
            "square",
            "bridge",
            "lake",
        ),
        *(
            "crescent",
            "terrace",
            "grove",
            "lane",
            "drive",
            "court",
            "valley",
            "county",
            "university",
            "college",
            "river",
        ),
        *("airport", "stadium", "arena", "canyon", "mountain"),
    )
)

# A first name alone is enough after these.
INTRODUCTION = _before(
    (
        r"my name(?:'s| is)|name is|i'm|i am|this is|they call me|call me|named|called|name: ?|goes by",
        r"signed(?: by)?|(?:dear|hi|hello|hey|thanks|thank you|morning|afternoon|evening),?",
        r"nazywam sie|mam na imie|na imie (?:ma|mam|mi)|imie(?: i nazwisko)?: ?|nazwisko(?: i imie)?: ?",
        r"(?:czesc|witaj|hej|droga|drogi|szanown\w+|kochan\w+|dzieki|dziekuje),?",
        r"tu|mowi|o imieniu|imieniem|podpisan\w+",
        r"(?:imie|(?:first_?|given_?|full_?|user_?)?name|customer|client|klient|patient|pacjent)[\"']?\s?[:=]\s?[\"']",
        r"(?:regards|sincerely|cheers|best|best wishes|yours|love|thanks|pozdrawiam|pozdrowienia|"
        r"z powazaniem|z wyrazami szacunku|usciski|buziaki|serdecznie)[,.!]?\s{0,3}\n\s{0,3}",
    ),
    end=r"\s{0,2}",
)
# The same, and nothing but a name can follow.
SELF = _before(
    (
        r"my name(?:'s| is)|they call me|call me|goes by|nazywam sie|mam na imie|na imie (?:ma|mam|mi)|o imieniu",
        r"(?:imie|(?:first|given)[_ ]?name)[\"']?\s?[:=]\s?[\"']?",
    ),
    end=r"\s?",
)
# A surname alone is enough after these.
SURNAME_INTRODUCTION = _before(
    (r"(?:under|in) the name(?: of)?\s", r"(?:full_?name|name)[\"']\s?[:=]\s?[\"']"),
    end="",
)
# The same, and nothing but a surname can follow.
FAMILY = _before(
    (
        r"(?:na |o )?nazwisk(?:o|u|iem):?\s",
        r"(?:sur|last |family |maiden )name[:?]?(?: is| was)?\s",
        r"(?:nazwisko|(?:sur|last_?|family_?)name)[\"']\s?[:=]\s?[\"']",
    ),
    end="",
)
# A frequent first name alone is enough after these.
COMPANION = _before(
    (
        r"tell|told|ask|asked|met|meet|invited?|emailed|text|texted|remind|reminded|thank|visit|visited|married",
        r"hired|fired|with|from|by|for|to|cc",
        r"(?:my|his|her|our|their) (?:\w+ )?(?:wife|husband|son|daughter|brother|sister|mother|father|mom|mum|dad|"
        r"friend|boss|colleague|manager|neighbou?r|doctor|partner|girlfriend|boyfriend|cousin|client|roommate|"
        r"fiancee?|grandmother|grandfather|nephew|niece|co-?worker|therapist|landlord|assistant|teacher|"
        r"classmate|kid|baby)",
        r"(?:moj\w*|twoj\w?|jego|jej|nasz\w?|swoj\w+|moim) (?:\w+ )?(?:zon\w+|maz|mez\w+|syn\w*|cork\w+|corc\w+|"
        r"brat\w*|siostr\w+|mam\w+|tat\w+|kolezank\w+|koleg\w+|przyjaci\w+|szef\w*|sasiad\w*|lekark\w+|lekarz\w*|"
        r"partner\w*|kuzyn\w*|klient\w*|dziewczyn\w+|chlopak\w*|babci\w+|dziad\w+|znajom\w+|pracowni\w+|"
        r"tesciow\w+|wnuk\w*|wnuczk\w+)",
        r"zapytaj|spytaj|popros|powiedz|przekaz|spotkal\w+(?: sie)?|poznal\w+|zaprosil\w+",
        r"dla|od|z|ze|u|do|przez",
    ),
    end=r"\s",
)
# A name that is a word as well is enough after these.
CALLED = _before(
    (
        r"(?:za|od)?dzwon\w*(?: sie)? do|(?:na|od)pisz\w* do|zapytaj|zapytal\w+|spytaj|popros|powiedz",
        r"call|phone|ring|ping|ask|asked|tell|told|remind|reminded|thank|thanked|email|emailed|invite|invited",
    ),
    end=r"\s",
)
# The same before these, which follow the name.
ACTION = re.compile(
    r"(?:'s\b|\s(?:said|says|asked|asks|told|tells|called|calls|wrote|writes|works|worked|lives|lived|wants|wanted|"
    r"needs|needed|likes|loves|thinks|replied|mentioned|sent|has been|was born|"
    r"is (?:my|our|his|her|a|an|the|not|going|coming|waiting|late|sick)|"
    r"was (?:my|our|late|sick|here|there|hired|fired)|and i|"
    r"powiedzial\w?|mowi|zadzwonil\w?|napisal\w?|pytal\w?|prosil\w?|mieszka|pracuje|chce|chcial\w?|"
    r"jest (?:moj|nasz|chor)\w*|ma|miala?|odpisal\w?|wyslal\w?|kupil\w?|zgubil\w?|urodzil\w?|byla?|"
    r"przyjdzie|przyszl?a?|prosi|pyta|potrzebuje|lubi)(?!\w))"
)

# Something is named after the person, or bears the name.
NAMED_AFTER = _before(
    (
        r"ul\.|ulic\w+|al\.|alej\w+|plac\w*|pl\.|os\.|osiedl\w+|rond\w+|most\w*|im\.|imienia|szkol\w+|liceum",
        r"muzeum|teatr\w*|szpital\w*|lotnisk\w+|uniwersytet\w*|fundacj\w+|instytut\w*|kopalni\w+|zaklad\w*",
        r"via|rua|rue|calle|avenida|piazza|plaza|strada|largo|servidao|san|santo|santa|sao",
        r"prince|princess|king|queen",
        r"sw\.|swiet\w+|university of|saint|st\.|mount|mt\.?|port|fort|lake|cape|hotel|hurricane|storm|cafe",
    ),
    end=r"\s",
)
BEARER = re.compile(
    r"[ \-](?:&|university|college|street|avenue|road|boulevard|lane|park|airport|bridge|hospital|cent(?:er|re)|"
    r"theat(?:er|re)|museum|institute|foundation|inc|llc|ltd|gmbh|corp\w*|company|co\.|group|school|prize|award|"
    r"cup|stadium|arena|theorem|law|test|method|algorithm|islands?|beach|city|county|river|valley|bay|day|hall|"
    r"house|library|hotel|building|tower|square|period|dynasty|syndrome|disease|scale|equation|effect|sp\.|s\.a\.|"
    r"spolka|bank|festival|memorial|airlines|motors|records|times|post|journal|stock|framework|server|engine|"
    r"model|edition|pro|max|plus|mini)(?!\w)"
)
