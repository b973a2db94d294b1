"""Texts with and without numbers that one should not write in a message, for the tests of Python and of the browser."""

from random import Random

from stdnum import iban, luhn
from stdnum.fr import nir

from accompaniment.rules.sensitive_numbers import CARD, IBAN, SOCIAL_SECURITY

EXAMPLES: dict[str, list[str]] = {
    "Mon numéro\u00a0: 2 95 10 99 126 111 93, merci": [SOCIAL_SECURITY],
    "295109912611193": [SOCIAL_SECURITY],
    "2951099126111 93": [SOCIAL_SECURITY],
    "2.95.10.99.126.111.93": [SOCIAL_SECURITY],
    "1\u00a084\u00a012\u00a02A\u00a0451\u00a0089\u00a033": [SOCIAL_SECURITY],
    "4111 1111 1111 1111": [CARD],
    "carte 4111-1111-1111-1111.": [CARD],
    "5555555555554444": [CARD],
    "3782 822463 10005": [CARD],
    "IBAN FR76 3000 6000 0112 3456 7890 189 merci beaucoup": [IBAN],
    "fr7630006000011234567890189": [IBAN],
    "BE68 5390 0754 7034": [IBAN],
    "2 95 10 99 126 111 93 et FR76 3000 6000 0112 3456 7890 189": [SOCIAL_SECURITY, IBAN],
    # From memory, without its key or with a wrong one.
    "2 95 10 99 126 111": [SOCIAL_SECURITY],
    "2951099126111": [SOCIAL_SECURITY],
    "2 95 10 99 126 111 94": [SOCIAL_SECURITY],
    # One digit wrong.
    "295109912611194": [],
    "4111 1111 1111 1112": [],
    "FR76 3000 6000 0112 3456 7890 188": [],
    # What people write without harm.
    "Code 4006381333931, commande 2951399126111": [],
    "": [],
    "Rendez-vous le 12/03/2026 de 14 h 30 à 15 h 15": [],
    "06 12 34 56 78": [],
    "06 12 34 56 78 ou 07 98 76 54 32": [],
    "+33 6 12 34 56 78": [],
    "0033612345678": [],
    "Identifiant 1234567A, dossier 2026-11-30-0042": [],
    "SIRET 732 829 320 00074, ou 73282932000074": [],
    "https://exemple.fr/offres/4111111111111112": [],
}


def made_up(seed: int) -> dict[str, list[str]]:
    """Return texts with right and wrong numbers, and what the library says of each."""
    rng = Random(seed)

    def digits(count: int) -> str:
        return "".join(rng.choice("0123456789") for _ in range(count))

    texts: dict[str, list[str]] = {}
    for _ in range(150):
        place = rng.choice(["75", "2A", "2B", "97"])
        begun = f"{rng.choice('12')}{digits(2)}{rng.randrange(1, 13):02}{place}{digits(6)}"
        number = begun + nir.calc_check_digits(begun)
        texts[number] = [SOCIAL_SECURITY]
        wrong = number[:12] + digits(3)
        texts[f"n° {wrong}"] = [SOCIAL_SECURITY] if nir.is_valid(wrong) else []
        begun = "4" + digits(14)
        card = begun + luhn.calc_check_digit(begun)
        texts[" ".join(card[place : place + 4] for place in range(0, 16, 4))] = [CARD]
        account = f"{digits(10)}{digits(11)}{digits(2)}"
        whole = f"FR{iban.calc_check_digits(f'FR00{account}')}{account}"
        texts[whole.lower()] = [IBAN] if iban.is_valid(whole) else []
    return texts


def telephones(seed: int, count: int) -> list[str]:
    """Return texts with one or several telephone numbers, as people write them."""
    rng = Random(seed)
    texts = []
    for _ in range(count):
        pairs = [f"{rng.randrange(100):02}" for _ in range(4)]
        one = f"0{rng.randrange(1, 10)}", *pairs
        abroad = f"+33 {one[0][1]} {' '.join(pairs)}"
        ways = (" ".join(one), ".".join(one), "".join(one), abroad, f"0033{''.join(one)[1:]}")
        texts.append(" ".join(rng.sample(ways, rng.randrange(1, 4))))
    return texts
