"""Comparing the person on the document with the one that the caller expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.identity import Identity, Matches
from bridge.domain.matching import compare

SAME = [
    # Case and spacing.
    ("Aminah Binti Ismail", "AMINAH BINTI ISMAIL"),
    ("aminah binti ismail", "AMINAH BINTI ISMAIL"),
    ("  Tan   Ah Kow ", "TAN AH KOW"),
    ("Tan\tAh\nKow", "TAN AH KOW"),
    ("Tan\u00a0Ah\u00a0Kow", "TAN AH KOW"),
    ("Lee Weiming", "LEE WEI MING"),
    ("Lee Wei-Ming", "LEE WEI MING"),
    ("Lee Wei-Ming", "LEE WEIMING"),
    ("Nurul Ain binti Omar", "NURULAIN BINTI OMAR"),
    ("Straße Müller", "STRASSE MULLER"),
    # Connectors.
    ("Ahmad Ali", "AHMAD BIN ALI"),
    ("Ahmad bin Ali", "AHMAD ALI"),
    ("Siti Aishah Abdullah", "SITI AISHAH BINTI ABDULLAH"),
    ("Muthu a/l Samy", "MUTHU A/L SAMY"),
    ("Muthu Samy", "MUTHU A/L SAMY"),
    ("Muthu A / L Samy", "MUTHU A/L SAMY"),
    ("Letchumi a/p Raman", "LETCHUMI A/P RAMAN"),
    ("Letchumi Raman", "LETCHUMI A/P RAMAN"),
    ("Rajan s/o Pillai", "RAJAN A/L PILLAI"),
    ("Devi d/o Kumar", "DEVI A/P KUMAR"),
    ("Ali bin Abu bin Bakar", "ALI ABU BAKAR"),
    ("Ali bin Abu bin Bakar", "ALI BIN ABU BAKAR"),
    ("Ali bin bin Abu", "ALI BIN ABU"),
    # Word order.
    ("Ah Kow Tan", "TAN AH KOW"),
    ("Wei Ming Lee", "LEE WEI MING"),
    ("Tan, Ah Kow", "TAN AH KOW"),
    ("Nguyen Van An", "AN VAN NGUYEN"),
    ("Wang Bin", "BIN WANG"),
    ("Bin Wang", "WANG BIN"),
    # Word order between connectors.
    ("Aishah Siti binti Abdullah", "SITI AISHAH BINTI ABDULLAH"),
    ("Ali bin Bakar Abu", "ALI BIN ABU BAKAR"),
    ("Ali bin Bakar Abu bin Omar", "ALI BIN ABU BAKAR OMAR"),
    ("Muthu Kumar a/l Samy Raman", "KUMAR MUTHU A/L RAMAN SAMY"),
    ("Ain Nurul binti Abubakar", "NURUL AIN BINTI ABU BAKAR"),
    # Diacritics.
    ("Nguyễn Văn Đức", "NGUYEN VAN DUC"),
    ("Trần Thị Hồng", "TRAN THI HONG"),
    ("Đặng Thùy Trâm", "DANG THUY TRAM"),
    ("Nguye\u0302\u0303n Va\u0306n An", "Nguyễn Văn An"),
    ("José Muñoz", "JOSE MUNOZ"),
    ("Søren Łukasz", "SOREN LUKASZ"),
    ("So\u0338ren", "SOREN"),
    ("Lǚ Xiǎomíng", "LU XIAO MING"),
    ("İbrahim Yıldız", "IBRAHIM YILDIZ"),
    # Punctuation and letter forms.
    ("Nur'ain Osman", "NURAIN OSMAN"),
    ("Patrick O’Brien", "PATRICK O'BRIEN"),
    ("Patrick O'Brien", "PATRICK OBRIEN"),
    ("O'Brien Patrick", "PATRICK OBRIEN"),
    ("A/L Samy", "A L SAMY"),
    ("J.R. Lim", "J R LIM"),
    ("Mohd. Faizal", "MOHD FAIZAL"),
    ("Lim Ah Kow @ Lim Kow", "LIM AH KOW @ LIM KOW"),
    ("ＴＡＮ Ah Kow", "TAN AH KOW"),
    ("陈大文", "陈大文"),
    # Other scripts, and marks that are written or left out.
    ("สุดา ใจดี", "ใจดี สุดา"),
    ("राम शर्मा", "शर्मा, राम"),
    ("ｶﾞﾄｳ", "ガトウ"),
    ("葛\U000e0100城", "葛城"),
    ("خالِد", "خالد"),
    ("ש\u05b0לום", "שלום"),
    ("ܐ\u0711", "ܐ"),
    ("Андрей Иванов", "ИВАНОВ АНДРЕЙ"),
]
DIFFERENT = [
    # Another person.
    ("Aminah binti Ismail", "FATIMAH BINTI ISMAIL"),
    ("Aminah binti Ismail", "AMINAH BINTI ISHAK"),
    ("Tan Ah Kow", "TAN AH KAU"),
    ("Tan Ah Kow", "LIM AH KOW"),
    ("Lee Wei Ming", "LEE MING WAI"),
    ("Muthu a/l Samy", "SAMY A/L RAMAN"),
    ("Nguyễn Văn Đức", "NGUYEN VAN DUNG"),
    ("Chong", "CHEONG"),
    ("Mohd Faizal", "MOHAMAD FAIZAL"),
    ("陈大文", "陈小文"),
    # Marks are vowels and consonants in these scripts: Thai, Lao, Devanagari, Tamil, Burmese, Khmer, kana.
    ("สุดา ใจดี", "สีดา ใจดี"),
    ("ສົມ", "ສິມ"),
    ("राम शर्मा", "रमा शर्मा"),
    ("கமல", "கமலா"),
    ("မောင်", "မင်"),
    ("ហេង", "ហាង"),
    ("ガトウ", "カトウ"),
    # One has a word more.
    ("Aminah", "AMINAH BINTI ISMAIL"),
    ("Ahmad Ali", "AHMAD BIN ALI BIN OMAR"),
    ("Tan Ah Kow", "TAN AH"),
    ("Tan Ah", "TAN AH KOW"),
    ("Tan Tan Ah", "TAN AH"),
    ("Tan Tan Ah", "TAN AH AH"),
    ("Lim Ah Kow", "LIM AH KOW @ LIM KOW"),
    ("Muthu", "MUTHU A/L SAMY"),
    ("J Lim", "JOHN LIM"),
    # A connector at either end is a name.
    ("Wang", "WANG BIN"),
    ("Wang", "BIN WANG"),
    ("Ali", "BIN ALI"),
    # Connectors for sons and daughters differ.
    ("Nur bin Ali", "NUR BINTI ALI"),
    ("Devi a/l Kumar", "DEVI A/P KUMAR"),
    # Father and child are exchanged.
    ("Ali bin Ahmad", "AHMAD BIN ALI"),
    ("Muthu a/l Samy", "SAMY A/L MUTHU"),
    ("Letchumi d/o Raman", "RAMAN A/P LETCHUMI"),
    ("Ali bin Abu bin Bakar", "ALI BIN BAKAR BIN ABU"),
    ("Ali bin Abu bin Bakar", "BAKAR BIN ABU ALI"),
    ("Ali Abu bin Bakar", "ALI BIN ABU BAKAR"),
    ("Ali Abu bin Bakar", "ALI BIN ABU"),
    # Letters of one word in another order.
    ("Amina Ismail", "ANIMA ISMAIL"),
    ("Mingwei Lee", "LEE WEI MING"),
]
INCOMPARABLE = [
    (None, "TAN AH KOW"),
    ("Tan Ah Kow", None),
    ("Tan Ah Kow", ""),
    ("Tan Ah Kow", " -- "),
    ("陈大文", "TAN DA WEN"),
    ("Tan Da Wen", "陈大文"),
    ("Tan Da Wen", "陈大文 TAN DA WEN"),
]


def name(expected: str | None, document: str | None) -> bool | None:
    return compare(Identity(name=expected), Identity(name=document)).name


@pytest.mark.parametrize(("expected", "document"), SAME)
def test_spellings_of_the_same_name_match(expected: str, document: str) -> None:
    assert name(expected, document) is True
    assert name(document, expected) is True


@pytest.mark.parametrize(("expected", "document"), DIFFERENT)
def test_names_of_different_people_do_not_match(expected: str, document: str) -> None:
    assert name(expected, document) is False
    assert name(document, expected) is False


@pytest.mark.parametrize(("expected", "document"), INCOMPARABLE)
def test_a_name_that_is_missing_or_in_another_script_is_not_compared(expected: str, document: str) -> None:
    assert name(expected, document) is None


def test_the_table_of_names_has_enough_cases() -> None:
    assert len(SAME) + len(DIFFERENT) >= 60
    assert len(DIFFERENT) >= 20


@given(st.text(max_size=40))
def test_no_name_differs_from_itself(text: str) -> None:
    assert name(text, text) is not False
    assert name(text, text.upper().lower()) is not None or name(text, text) is None


@pytest.mark.parametrize(
    ("expected", "document", "matches"),
    [
        ("900101-14-5555", "900101145555", True),
        ("900101 14 5555", "900101-14-5555", True),
        ("a1234567", "A1234567", True),
        ("A 123.4567", "A1234567", True),
        ("900101-14-5555", "900101-14-5556", False),
        ("A1234567", "1234567", False),
        ("0123", "123", False),
        ("กุ-123", "กิ-123", False),
        ("900101-14-5555", "900101-**-5555", None),
        ("900101-14-5555", "", None),
        ("900101-14-5555", None, None),
        ("--", "900101-14-5555", None),
        (None, "900101-14-5555", None),
    ],
)
def test_id_numbers_are_compared_by_letters_and_digits(
    expected: str | None, document: str | None, matches: bool | None
) -> None:
    assert compare(Identity(id_number=expected), Identity(id_number=document)).id_number is matches


@pytest.mark.parametrize(
    ("expected", "document", "id_number", "matches"),
    [
        ("1990-01-31", "1990-01-31", None, True),
        ("1990-01-31", "1990/01/31", None, True),
        ("1990-01-31", "19900131", None, True),
        ("1990-01-31", "31/01/1990", None, True),
        ("1990-01-31", "01/31/1990", None, True),
        ("1990-01-31", " 31-01-1990 ", None, True),
        ("1990-01-31", "31.01.1990", None, True),
        ("1990-01-01", "01/01/1990", None, True),
        ("1990-01-31", "30/01/1990", None, False),
        ("1990-01-31", "31/01/1991", None, False),
        ("1990-02-01", "03/04/1990", None, False),
        # Day and month are ambiguous.
        ("1990-02-01", "01/02/1990", None, None),
        ("1990-02-01", "01/02/1990", "A1234567", None),
        ("1990-02-01", "01/02/1990", "910201-14-5555", None),
        # The id number begins with the birthday.
        ("1990-02-01", "01/02/1990", "900201-14-5555", True),
        ("1990-02-01", "01/02/1990", "900102-14-5555", False),
        ("1990-01-31", "31/02/1990", None, None),
        ("1990-01-31", "31 JAN 1990", None, None),
        ("1990-01-31", "31/01-1990", None, None),
        ("1990-01-31", "١٩٩٠-٠١-٣١", None, None),
        ("1990-01-31", "٣١/٠١/١٩٩٠", None, None),
        ("1990-01-31", "", None, None),
        ("1990-01-31", None, None, None),
        (None, "1990-01-31", None, None),
    ],
)
def test_birthdays_are_compared_as_dates(
    expected: str | None, document: str | None, id_number: str | None, matches: bool | None
) -> None:
    found = compare(Identity(birthday=expected), Identity(birthday=document, id_number=id_number))
    assert found.birthday is matches


@pytest.mark.parametrize(
    ("matches", "has_mismatch"),
    [(Matches(), False), (Matches(True, None, True), False), (Matches(True, False, None), True)],
)
def test_only_false_is_a_mismatch(matches: Matches, has_mismatch: bool) -> None:
    assert matches.has_mismatch is has_mismatch
