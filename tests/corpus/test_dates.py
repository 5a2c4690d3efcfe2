import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.corpus import parse_years

WORKED_BY_HAND = {
    "1520": (1520, 1520),
    "1852.0": (1852, 1852),
    "c. 1520": (1515, 1525),
    "ca.1520": (1515, 1525),
    "c1520": (1515, 1525),
    "1520 ca.": (1515, 1525),
    "[1520?]": (1515, 1525),
    "um 1520": (1515, 1525),
    "vers 1520": (1515, 1525),
    "en 1520": (1520, 1520),
    "1503–06": (1503, 1506),
    "1503-06": (1503, 1506),
    "1503-6": (1503, 1506),
    "1503/06": (1503, 1506),
    "1503 – 1506": (1503, 1506),
    "c. 1503–06": (1498, 1511),
    "1503–c. 1506": (1503, 1511),
    "1503 to 1506": (1503, 1506),
    "1520 or 1525": (1520, 1525),
    "between 1520 and 1525": (1520, 1525),
    "entre 1520 y 1525": (1520, 1525),
    "entre 1520 et 1525": (1520, 1525),
    "tra il 1520 e il 1525": (1520, 1525),
    "dal 1520 al 1525": (1520, 1525),
    "zwischen 1520 und 1525": (1520, 1525),
    "tussen 1520 en 1525": (1520, 1525),
    "von 1520 bis 1525": (1520, 1525),
    "16th c.": (1501, 1600),
    "16th century": (1501, 1600),
    "16th-century": (1501, 1600),
    "sixteenth century": (1501, 1600),
    "sec. XVI": (1501, 1600),
    "XVI sec.": (1501, 1600),
    "secolo XVI": (1501, 1600),
    "Cinquecento": (1501, 1600),
    "XVIe siècle": (1501, 1600),
    "XVIème s.": (1501, 1600),
    "s. XVI": (1501, 1600),
    "siglo XVI": (1501, 1600),
    "16. Jahrhundert": (1501, 1600),
    "16. Jh.": (1501, 1600),
    "16e eeuw": (1501, 1600),
    "15th-16th century": (1401, 1600),
    "15th and 16th centuries": (1401, 1600),
    "sec. XV-XVI": (1401, 1600),
    "XV–XVI sec.": (1401, 1600),
    "15./16. Jh.": (1401, 1600),
    "first half of the 16th century": (1501, 1550),
    "prima metà del XVI secolo": (1501, 1550),
    "2. Hälfte 16. Jh.": (1551, 1600),
    "2e moitié du XVIe siècle": (1551, 1600),
    "third quarter of the 16th century": (1551, 1575),
    "last quarter of the 16th century": (1576, 1600),
    "ultimo quarto del XVI sec.": (1576, 1600),
    "early 16th century": (1501, 1550),
    "mid-16th century": (1526, 1575),
    "late 15th–early 16th century": (1451, 1550),
    "fine XVI sec.": (1551, 1600),
    "sec. XVI, prima metà": (1501, 1550),
    "s. XVI (segunda mitad)": (1551, 1600),
    "17. Jh., 1. Hälfte": (1601, 1650),
    "XV sec., fine": (1451, 1500),
    "1520-1530 ca.": (1515, 1535),
    "late 1880s": (1880, 1889),
    "1520s": (1520, 1529),
    "1500s": (1500, 1599),
    "1520er Jahre": None,
    "152x": (1520, 1529),
    "15XX": (1500, 1599),
    "12 March 1520": (1520, 1520),
    "March 12, 1520": (1520, 1520),
    "12. März 1520": (1520, 1520),
    "1520-03-12": (1520, 1520),
    "12/03/1520": (1520, 1520),
    "12.3.1520": (1520, 1520),
    "1912-05": (1912, 1912),
    "300 BC": (-300, -300),
    "350-300 BC": (-350, -300),
    "5th century BC": (-500, -401),
    "V sec. a.C.": (-500, -401),
    "5. Jh. v. Chr.": (-500, -401),
    "AD 800": (800, 800),
    "100 BC–AD 150": (-100, 150),
    "signed and dated 1520": None,
    "signed, dated 1520": (1520, 1520),
}


@pytest.mark.parametrize(("text", "years"), WORKED_BY_HAND.items())
def test_a_date_reads_as_a_historian_would_read_it(text: str, years: tuple[int, int] | None):
    assert parse_years(text) == years


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "?", "-", "n.d.", "s.d.", "unknown", "undated", "before 1520", "after 1520",
        "vor 1520", "ante 1520", "a. 1520", "until 1520", "bis 1520", "from 1520", "dal 1520",
        "1520-", "-1520", "1520, restored 1890", "1520 1530", "1520, 1530", "1525-1520", "0",
        "12", "9999", "15200", "16th", "XVI", "century", "99th century",
        "fifth half of the 16th century", "1520-1530-1540", "MDXX", "copy of 1520s original",
        "0000",
    ],
)  # fmt: skip
def test_what_is_not_understood_stays_unknown(text: str):
    assert parse_years(text) is None


@given(st.integers(100, 2099), st.integers(0, 99))
def test_a_written_range_reads_back(first: int, length: int):
    last = min(first + length, 2099)
    assert parse_years(f"{first}–{last}") == (first, last)


@given(st.text(alphabet="0123456789xXivIV?-–/. cacsthe BCADentryof", max_size=20) | st.text())
def test_any_text_is_unknown_or_an_ordered_span(text: str):
    years = parse_years(text)
    assert years is None or (years[0] <= years[1] <= 2099 and 0 not in years)
