"""The pages in a real Chromium without a network: pictures load, slider and curves work, nothing complains."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.browser import BROWSER, Page, browser
from tests.report.material import CONTENT, WHOLE, make_log
from wassr.report.writing import write_report

pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium on this machine: pages are not looked at in a browser")

PHONE, DESK = (390, 844), (1280, 800)
LEGEND = "[...document.querySelectorAll('.chart[data-figure=\"0\"] li output')].map(o => o.textContent)"
# share of a chart's pixels that are not empty, read from a copy
INK = """(() => {
  const canvas = document.querySelector('.chart[data-figure="%d"] canvas');
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  return data.filter((value, i) => (i & 3) === 3 && value > 0).length / (data.length / 4);
})()"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(chromium: Page, folder: Path, tmp_path: Path) -> Iterator[Page]:
    """The report of the run, newly opened; in the end nothing may have complained."""
    chromium.screen(*DESK)
    chromium.troubles.clear()
    chromium.open(write_report([folder], tmp_path / "report.html"))
    yield chromium
    assert chromium.troubles == []


def centre(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Middle, width and height of an element that has been scrolled into view."""
    found = f"document.querySelector('{selector}')"
    page.value(f"{found}.scrollIntoView({{block: 'center'}})")
    left, top, width, height = page.value(f"(b => [b.x, b.y, b.width, b.height])({found}.getBoundingClientRect())")
    return left + width / 2, top + height / 2, width, height


def test_all_pictures_load(page: Page) -> None:
    assert page.value("document.images.length") >= 20
    assert page.value("[...document.images].every(i => i.complete && i.naturalWidth === 32)")


def test_the_slider_follows_keys_and_pointer(page: Page) -> None:
    at = "getComputedStyle(document.querySelectorAll('.stack')[%d]).getPropertyValue('--at')"
    page.value("document.querySelector('.stack input').focus()")
    for _ in range(3):
        page.key("ArrowRight")
    assert [page.value(at % i) for i in range(3)] == ["53%"] * 3
    x, y, width, _ = centre(page, ".stack")
    page.mouse("mousePressed", x - width / 4, y, "left")
    page.mouse("mouseReleased", x - width / 4, y, "left")
    assert 15 <= float(page.value(at % 2).rstrip("%")) <= 35
    assert page.value("getComputedStyle(document.querySelector('.stack img.left')).clipPath").startswith("inset(0")


def test_each_side_shows_what_is_chosen(page: Page) -> None:
    seen = "[...document.querySelectorAll('.stack img')].filter(i => getComputedStyle(i).display === 'block')"
    shown = f"{seen}.map(i => i.dataset.column)"
    assert sorted(page.value(shown)) == ["now"] * 3 + ["start"] * 3
    assert page.value("document.querySelector('.stack b.left').textContent") == "start"
    page.value("(s => { s.value = 'high'; s.dispatchEvent(new Event('change')) })(document.querySelector('select'))")
    assert sorted(page.value(shown)) == ["high"] * 3 + ["now"] * 3
    assert page.value("document.querySelector('.stack b.left').textContent") == "original"


def test_every_chart_is_drawn(page: Page) -> None:
    charts = page.value("document.querySelectorAll('.chart').length")
    assert charts == page.value("document.querySelectorAll('.chart canvas').length") > 15
    assert all(page.value(INK % i) > 0.01 for i in range(charts))


def test_values_are_read_by_pointer_and_by_keys(page: Page) -> None:
    last = page.value(LEGEND)
    x, y, width, _ = centre(page, '.chart[data-figure="0"] .u-over')
    page.mouse("mouseMoved", x - width / 2 + 1, y)
    assert page.value(LEGEND)[0] != last[0]
    assert page.value("document.querySelector('.chart figcaption output').textContent") == "step 0"
    other = "document.querySelector('.chart[data-figure=\"1\"] figcaption output').textContent"
    assert page.value(other) == "step 0"  # all charts follow
    page.mouse("mouseMoved", 1, 1)
    assert page.value(LEGEND) == last
    page.value("document.querySelector('.plot').focus()")
    page.key("ArrowLeft")
    assert page.value("document.querySelector('.chart figcaption output').textContent") == f"step {WHOLE}"
    page.key("ArrowLeft")
    assert page.value("document.querySelector('.chart figcaption output').textContent") == f"step {WHOLE - 500}"


def test_zoom_by_dragging_by_button_and_back(page: Page) -> None:
    pressed = "[...document.querySelectorAll('#tools button[aria-pressed=\"true\"]')].map(b => b.textContent)"
    before = page.value(INK % 0)
    assert page.value(pressed) == ["all steps"]
    x, y, width, _ = centre(page, '.chart[data-figure="0"] .u-over')
    page.mouse("mouseMoved", x, y)
    page.mouse("mousePressed", x, y, "left")
    page.mouse("mouseMoved", x + width / 4, y, "left")
    page.mouse("mouseReleased", x + width / 4, y, "left")
    assert page.value(pressed) == []
    page.mouse("mouseMoved", x - width / 2 + 1, y)
    step = "Number(document.querySelector('.chart[data-figure=\"1\"] figcaption output').textContent.slice(5))"
    assert page.value(step) == WHOLE / 2  # where the drag began is now on the left, in every chart
    page.value("document.querySelector('#tools button[data-to=\"3000\"]').click()")
    assert page.value(pressed) == ["content stage"]
    page.mouse("mouseMoved", x + width / 2 - 1, y)
    assert page.value(step) == CONTENT
    page.value("document.querySelector('#tools button[data-whole]').click()")
    page.mouse("mouseMoved", 1, 1)
    assert page.value(INK % 0) == pytest.approx(before, rel=0.05)


def test_smoothing_lies_over_what_was_measured(page: Page) -> None:
    titles = page.value("[...document.querySelectorAll('.chart figcaption')].map(c => c.firstChild.textContent.trim())")
    dense = titles.index("Content loss")
    smoothing = "(s => { s.value = %s; s.dispatchEvent(new Event('input')) })(document.getElementById('smoothing'))"
    canvas = "document.querySelector('.chart[data-figure=\"%d\"] canvas').toDataURL()"
    page.value(smoothing % 0)
    measured, ink, few = page.value(canvas % dense), page.value(INK % dense), page.value(canvas % 0)
    assert page.value("document.getElementById('smoothing-now').textContent") == "off"
    page.value(smoothing % 0.9)
    assert page.value(canvas % dense) != measured
    assert page.value(INK % dense) > 0.7 * ink  # a smooth line alone covers 0.4 of it
    assert page.value(canvas % 0) == few  # of a few validations every point counts


def test_log_scale_and_hidden_curves(page: Page) -> None:
    canvas = "document.querySelector('.chart[data-figure=\"1\"] canvas').toDataURL()"
    before = page.value(canvas)
    page.value("document.getElementById('log').click()")
    assert page.value(canvas) != before
    page.value("document.getElementById('log').click()")
    assert page.value(canvas) == before
    page.value("document.querySelector('.chart[data-figure=\"1\"] li button').click()")
    assert page.value(canvas) != before


def test_dark_is_dark_and_paper_is_light(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.value(background) == "rgb(255, 255, 255)"
    page.screen(*DESK, dark=True)
    assert page.value(background) == "rgb(21, 23, 26)"
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert page.value(background) == "rgb(255, 255, 255)"
    page.value("dispatchEvent(new Event('afterprint'))")
    assert page.value(background) == "rgb(21, 23, 26)"
    assert page.paper()[:4] == b"%PDF"


def test_a_phone_needs_no_scrolling_sideways(page: Page, folder: Path, mine: Path, tmp_path: Path) -> None:
    page.screen(*PHONE)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.value(wide)
    assert page.value("document.querySelector('.verdict').getBoundingClientRect().bottom") < PHONE[1]
    page.screen(320, 640)
    page.value("document.querySelector('.verdict p').textContent = 'adversarial.adversarial.critic_steps=1'.repeat(3)")
    page.value("document.querySelector('.next li').textContent = 'adversarial.adversarial.critic_steps=1'.repeat(3)")
    for box in (".verdict", ".next"):
        assert page.value(f"(e => e.scrollWidth <= e.clientWidth)(document.querySelector('{box}'))")
        assert page.value(f"document.querySelector('{box}').getBoundingClientRect().right") <= 320
    page.screen(*PHONE)
    page.open(write_report([folder, mine], tmp_path / "both.html"))
    assert not page.value(wide)
    assert page.value("document.querySelectorAll('.chart canvas').length") > 15


def test_the_poorest_pages_work_too(page: Page, tmp_path: Path) -> None:
    poor = make_log(tmp_path / "poor", {7: {"loss/l1": 0.5}})
    page.open(write_report([poor]))
    assert page.value("document.querySelectorAll('.chart canvas').length") == 1
    page.value("document.getElementById('log').click()")
    other = make_log(tmp_path / "other", {7: {"norm/other": 0.5}})
    page.open(write_report([poor, other]))
    assert page.value("document.querySelectorAll('.chart').length") == 0
