"""The reading edition in Chromium, from disk: accessibility, the keyboard, a phone, the dark, paper."""
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import build
import translate

LANGUAGES = build.languages()
every_language = pytest.mark.parametrize("language", LANGUAGES)
NAMES = [*(source.stem for source in build.sources()), "index", "terms", "search"]
WIDER = """() => {
    const wide = document.documentElement.scrollWidth;
    return wide <= innerWidth ? [] : [`${wide} pixels wide`, ...[...document.querySelectorAll(
        "body *:not(svg *)")].filter(one => one.getBoundingClientRect().right > innerWidth + 1
        && !one.closest(".wide, pre, dialog, .bd-sidebar")).map(
        one => `${one.localName}.${one.className}`).slice(0, 5)];
}"""
CUT = """() => [...document.querySelectorAll("article p, article li, article td, article figcaption, "
    + "article summary, article pre, article img")].filter(one => one.checkVisibility()).filter(one => {
        const box = one.getBoundingClientRect();
        return box.right > document.querySelector("article").getBoundingClientRect().right + 1
            && !one.closest(".wide");
    }).map(one => `${one.localName}: ${(one.textContent || one.alt).trim().slice(0, 40)}`)"""


SHORT = ("00-start-here", "index", "search")


def address(book, name, language):
    return (book / ("" if language == "en" else language) / f"{name}.html").as_uri()


@pytest.fixture
def page(request, browser):
    """A page that may load files only; the parameter: what else a context is to be like."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900},
                                     "reduced_motion": "reduce", **getattr(request, "param", {})})
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("requestfailed", lambda request: page.complaints.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: message.type in ("error", "warning")
            and page.complaints.append(message.text))
    yield page
    context.close()


@every_language
@pytest.mark.parametrize("page", [{"color_scheme": "light"}, {
    "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}], indirect=True,
    ids=["light", "dark-phone"])
def test_every_page(book, page, language):
    """Nothing comes over the network or fails, all formulas are drawn, nothing is cut, and axe.

    Axe takes two seconds for a chapter, and languages differ in words alone: so it sees the short
    pages in both and in each light, the long ones in one light each.
    """
    found, dark = [], page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for name in NAMES:
        page.goto(address(book, name, language))
        page.wait_for_function("document.querySelectorAll('.math:not(:has(.katex))').length === 0")
        assert page.locator("html").get_attribute("data-theme") == ("dark" if dark else "light")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.locator(".katex-error").count() == 0
        found += [f"{name}: {fault}" for fault in page.evaluate(WIDER) + page.evaluate(CUT)]
        if name not in SHORT and dark == (language == "en"):
            continue
        result = Axe().run(page, context={"exclude": [[".katex"]]},     # hundreds, coloured as text
                           options={"resultTypes": ["violations"], "preload": False})
        found += [f"{name}: {one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}"
                  for one in result.response["violations"] if one["impact"] in ("serious", "critical")]
    assert found == []
    assert [url for url in page.asked if not re.match("file:|data:", url)] == []
    assert page.complaints == []


@every_language
def test_by_keyboard(book, page, language):
    page.goto(address(book, "00-start-here", language))
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.get_attribute("href") == "#main-content"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"

    twin = page.locator(".twin").first
    buttons, pictures = twin.get_by_role("button"), twin.locator("figure:not([hidden])")
    expect(pictures).to_have_count(1)
    start = pictures.locator("img").get_attribute("src")
    buttons.nth(1).focus()
    page.keyboard.press("Space")
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(pictures).to_have_attribute("data-key", "2")
    assert pictures.locator("img").get_attribute("src") != start
    expect(pictures.locator("img")).to_have_js_property("complete", True)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(pictures).to_have_attribute("data-key", "3")
    page.keyboard.press("1")
    expect(pictures).to_have_attribute("data-key", "1")
    page.keyboard.press("9")                            # there is none: all stays as it is
    expect(pictures).to_have_attribute("data-key", "1")

    answer = page.locator("details.answer").first
    assert not answer.locator("pre").is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(answer.locator("pre")).to_be_visible()
    reason = page.locator(".question details").first
    reason.locator("summary").focus()
    page.keyboard.press("Space")
    expect(reason.locator("p")).to_be_visible()

    page.get_by_role("link", name="01 ").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/01-terminology.html")
    page.locator(".language").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/01-terminology.html")
    assert page.locator("html").get_attribute("lang") != language
    assert page.complaints == []


@pytest.mark.parametrize("language, words, name", [
    ("en", "saddles", "terms"), ("en", "reshuffling", "03-gradient-descent-variants"),
    ("sv", "inlärningshastigheterna", "terms"), ("sv", "försvinnande", "04-gradient-problems")])
def test_search(book, page, language, words, name):
    """From any page by Ctrl + K; words are found in other forms of theirs."""
    page.goto(address(book, "05-momentum", language))
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    expect(page.locator(f'ul.search a[href*="{name}.html"]').first).to_be_visible()
    expect(page.locator("#search-results > .search-summary")).to_have_text(re.compile(r" \d+ "))
    assert page.complaints == []


def test_the_ledger_changes_its_order(book, page):
    page.goto(address(book, "08-what-the-lecture-claims", "en"))
    ledger = page.locator(".twin").filter(has=page.locator("details"))
    expect(ledger.locator("figure:not([hidden]) details")).to_have_count(3)
    ledger.get_by_role("button").nth(1).click()
    expect(ledger.locator("figure:not([hidden]) details")).to_have_count(0)
    link = ledger.locator("figure:not([hidden]) td a").first
    assert link.inner_text() == "T1"
    link.click()
    page.wait_for_url("**/01-terminology.html#c01-count-an-iteration")
    expect(page.locator("#c01-count-an-iteration h2")).to_be_in_viewport()


def test_on_paper(book, page):
    """The navigation is gone, the text as wide as the sheet, nothing cut."""
    page.set_viewport_size({"width": 720, "height": 1000})
    page.goto(address(book, "02-gradient-descent", "en"))
    page.emulate_media(media="print")
    for gone in (".bd-sidebar-primary", ".bd-header-article", ".twin .keys", ".bd-sidebar-secondary"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.evaluate(CUT) == []
    assert page.pdf().count(b"/Type /Page\n") > 5


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_all_pictures_are_there(book, page):
    page.goto(address(book, "00-start-here", translate.languages()[0]))
    figures = page.locator(".twin figure")
    assert figures.count() == 5
    expect(figures.last).to_be_visible()
