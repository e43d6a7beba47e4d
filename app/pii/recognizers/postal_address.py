"""Postal addresses, Polish and English."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

_UPPER = "A-ZĄĆĘŁŃÓŚŹŻÀ-ÖØ-Þ"
_CITY = rf"[{_UPPER}][^\W\d_]{{1,24}}(?:[ \-][{_UPPER}][^\W\d_]{{1,24}}){{0,2}}"
_POSTCODE = r"[0-9]{2}-[0-9]{3}"
_STREET = r"[Uu]l\.|[Uu]lic[aąęy]|[Aa]l\.|[Aa]lej[aąieę]{1,2}|[Pp]l\.|[Pp]lacu?|[Oo]s\.|[Oo]siedl[eu]"
_NAMED = rf"[{_UPPER}][\w.]{{0,24}}"
_JOINING = r"pod|nad|i|na|w|im\.|św\.|gen\.|ks\.|prof\.|dr|płk|mjr|kpt\.|rtm\."
_HOUSE = (
    r"[0-9]{1,4}[a-zA-Z]?"
    r"(?:[ ]?[/\\][ ]?[0-9]{1,4}[a-zA-Z]?|[ ](?:m\.?|lok\.?|mieszkania|mieszkanie)[ ]?[0-9]{1,4})?"
)
_POLISH = re.compile(
    rf"(?<!\w)(?:{_STREET})[ ]{{0,2}}(?:[0-9]{{1,2}} )?{_NAMED}(?:[ \-](?:{_NAMED}|(?:{_JOINING})(?=[ ]))){{0,4}}?"
    rf"[ ]{_HOUSE}(?!\w)(?:,?[ \n]{{1,2}}{_POSTCODE}[ ]{_CITY})?"
)
_TOWN = re.compile(rf"(?<![\w\-]){_POSTCODE}[ ]{_CITY}")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} "
_THOROUGHFARE = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Terrace|Place|Pl|Way|Close|"
    r"Crescent|Parkway|Pkwy|Highway|Hwy)(?!\w)\.?"
)
_STATE_OR_POSTCODE = r"[A-Z]{2}[ ][0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][A-Z0-9]?[ ][0-9][A-Z]{2}"
_ENGLISH = re.compile(
    rf"(?<![\w.\-])[0-9]{{1,5}}[A-Za-z]?[ ](?:[NSEW]\.? )?(?!{_MONTH})"
    rf"(?:[{_UPPER}][\w'.]{{1,20}}[ ]|[0-9]{{1,3}}(?:st|nd|rd|th)[ ]){{1,3}}?{_THOROUGHFARE}"
    r"(?:,?[ ](?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.?[ ]?[0-9A-Z]{1,5})?"
    rf"(?:,?[ \n]{{1,2}}{_CITY}(?:,[ ]?(?:{_STATE_OR_POSTCODE}))?)?"
)


class PostalAddressRecognizer(Recognizer):
    """A street with a house number, with its town when that follows; or a Polish postcode with its town."""

    supported_entities = ("LOCATION",)
    needs_digit = True

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """Presidio's name for an address is LOCATION; bare towns and countries are nobody's and stay."""
        for pattern, score in ((_POLISH, 0.85), (_TOWN, 0.7), (_ENGLISH, 0.8)):
            for match in pattern.finditer(document.text):
                yield RecognizerResult("LOCATION", match.start(), match.end(), score)
