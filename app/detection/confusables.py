"""Letters that look like Latin ones, leet digits, and the folding that rules are matched on."""

import unicodedata

_LOOKALIKES = (
    # Cyrillic
    "аaвbеeкkмmнhоoрpсcтtуyхxіiїiјjѕsԁdԛqԝwһhӏlґrгrпnиuѵvьbАAВBЕEКKМMНHОOРPСCТTУYХXІIЇIЈJЅSԀDԚQԜWҺHӀIѴVЗ3"
    # Greek
    "αaβbεeιiκkνvοoρpτtυuχxωwηnγyσoΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX"
    # Armenian, Cherokee, Lisu and Latin look-alikes
    "օoսuհhոnցgզqաwԼLՏSՕOᎪAᏴBᏟCᎠDᎬEᏀGᎻHᎥiᎫJᏦKᏞLᎷMᏢPᎡRᏚSᎢTᏙVᏔWᏃZꓮAꓐBꓚCꓓDꓰEꓖGꓧHꓲIꓙJꓗKꓡLꓟMꓠNꓳOꓑPꓣRꓢSꓔTꓴUꓦVꓪWꓫXꓬYꓜZ"
    "ıiɑaɡgɩiʟlɴnʀrʏyᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzɢgʜhɪiʙbꜱsɐaǝeɟfɥhɯmɹrʇtʌvʍw"
)
LOOKALIKE = {ord(_LOOKALIKES[i]): _LOOKALIKES[i + 1] for i in range(0, len(_LOOKALIKES), 2)}

_BLOCKS = ((0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1F1E6, 0x1F1FF))
# Boxed and circled capitals and regional indicators: NFKC leaves these alone.
LETTER_EMOJI = {
    code: chr(ord("a") + code - first) for first, last in _BLOCKS for code in range(first, last + 1)
}

LEET = str.maketrans("0134578@$!|€+", "oieastbasilet")

# Typographic quotation marks and dashes, as a keyboard has them.
KEYBOARD = {
    ord(mark): plain for plain, marks in (('"', "“”„«»‟"), ("'", "‘’‚"), ("-", "–—―")) for mark in marks
}

_FOLDED = KEYBOARD | {
    ord("ł"): "l",
    ord("Ł"): "l",
    ord("ß"): "s",
    ord("ø"): "o",
    ord("Ø"): "o",
    ord("đ"): "d",
    ord("Đ"): "d",
}
_FOLDED |= {ord(mark): "'" for mark in "‛`´"} | {ord(mark): "-" for mark in "‐‑‒−"}
_FOLDED |= {ord(mark): " " for mark in "\u00a0\u2007\u202f\u3000"}


class _Fold(dict[int, str]):
    """Maps a code point to exactly one folded character, filled on demand."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.normalize("NFD", chr(code))[0].lower()
        self[code] = letter if len(letter) == 1 else letter[0]
        return self[code]


_TABLE = _Fold(_FOLDED)


def fold(text: str) -> str:
    """`text` in lower case without diacritics or typographic quotes and dashes; same length.

    Polish is as often typed without its letters as with them, so rules see neither.
    """
    return text.lower() if text.isascii() else text.translate(_TABLE)
