"""The visual language keeps its word: light, self-contained, safe, and every macro exercised."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from flask_wtf import FlaskForm
from jinja2 import nodes
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from tests.web.plain import ICONS, STATIC, TEMPLATES, drawn, plain_app, templates

LIGHT = 60_000  # bytes over the line for a first visit
HTMX = 17_000  # what htmx adds, on the pages that ask for it: desks and screens, not the door
FONTS = 40_000
MODULE = 3 * 1024
ERRORS = (400, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503)
MANIFEST = re.compile(r"^\| `([^`]+)` \| .* \| `([0-9a-f]{64})` \|$", re.MULTILINE)
SHEET = TEMPLATES / "components" / "patterns.html"
CSS = (STATIC / "style.css").read_text("utf-8")


class Page(HTMLParser):
    """Tags with their attributes, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def sheet() -> str:
    return plain_app().test_client().get("/patterns").get_data(as_text=True)


def over_the_line(content: bytes, name: str) -> int:
    """Bytes sent: text compressed (pages by a proxy, files by `compression`), fonts as they are."""
    return len(content if name.endswith(".woff2") else gzip.compress(content, 9))


def weight(html: str) -> int:
    """A page with all it loads before anybody touches it; icons are one drawing, counted too."""
    page, total = Page(html), over_the_line(html.encode(), "page.html")
    asked = {attrs["src"] for attrs in page.named("script")}
    asked |= {attrs["href"] for attrs in page.named("link")}
    asked |= {attrs["href"].partition("#")[0] for attrs in page.named("use")}
    for address in asked:
        path = STATIC / address.partition("?")[0].removeprefix("/static/")
        total += over_the_line(path.read_bytes(), path.name)
    return total


def macros_of(path: Path) -> set[str]:
    tree = jinja2.Environment().parse(path.read_text("utf-8"))
    return {macro.name for macro in tree.find_all(nodes.Macro)}


def called_in(path: Path) -> set[str]:
    tree = jinja2.Environment().parse(path.read_text("utf-8"))
    return {
        call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)
    }


def page_with(modules: list[str]) -> str:
    source = '{% set modules = given %}{% extends "base.html" %}{% block main %}Here{% endblock %}'
    return drawn(source, given=modules)


# — safe ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*templates()], ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_templates_hold_no_inline_style_nor_script(path: Path) -> None:
    bare = re.sub(r"\{([#%{]).*?[#%}]\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    page = Page(bare)
    assert not page.named("style")
    assert all("src" in script for script in page.named("script"))
    for tag, attributes in page.tags:
        assert not {n for n in attributes if n == "style" or n.startswith("on")}, tag


def test_drawn_pages_hold_no_inline_style_nor_script(sheet: str) -> None:
    page = Page(sheet)
    assert not page.named("style")
    assert all(script["src"].startswith("/static/") for script in page.named("script"))
    assert not [a for _, a in page.tags if "style" in a or any(n.startswith("on") for n in a)]


def test_nothing_is_asked_from_another_site(sheet: str) -> None:
    given = (a.get(name, "") for _, a in Page(sheet).tags for name in ("src", "href", "action"))
    assert not [address for address in given if re.match(r"(https?:)?//", address)]
    assert not re.findall(r"@import|https?://", CSS)


def test_every_form_that_posts_carries_the_token(sheet: str) -> None:
    forms = re.findall(r'<form[^>]*method="post".*?</form>', sheet, flags=re.DOTALL)
    shown_as_examples = [form for form in forms if 'action="/patterns' in form]
    assert len(forms) > len(shown_as_examples)
    for form in forms:
        assert form in shown_as_examples or 'name="csrf_token" value="a-token"' in form


def test_htmx_is_told_to_keep_to_our_policy() -> None:
    page = Page(page_with(["htmx"]))
    (told,) = (m["content"] for m in page.named("meta") if m.get("name") == "htmx-config")
    assert json.loads(told) == {
        "includeIndicatorStyles": False,
        "allowEval": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
    }
    assert "htmx" not in page_with([])


def test_typed_words_come_back_as_words_not_as_markup() -> None:
    source = '{% from "components/forms.html" import field %}{{ field("n", "N", value=v, type=t) }}'
    for kind in ("text", "textarea"):
        html = drawn(source, v='"><b>&', t=kind)
        assert "<b>" not in html
        assert "&lt;b&gt;" in html


# — light -----------------------------------------------------------------------------------------


def test_the_pattern_sheet_weighs_at_most_sixty_kilobytes(sheet: str) -> None:
    assert weight(sheet) <= LIGHT


def test_htmx_is_all_that_a_page_may_add_to_sixty_kilobytes() -> None:
    icons = over_the_line((STATIC / "icons.svg").read_bytes(), "icons.svg")
    assert weight(page_with(["htmx", "live", "countdown"])) + icons <= LIGHT + HTMX


@pytest.mark.parametrize("name", ["style.css", "icons.svg", "js/live.js", "vendor/htmx.min.js"])
def test_static_text_travels_compressed_to_whoever_can_read_it(name: str) -> None:
    client, content = plain_app().test_client(), (STATIC / name).read_bytes()
    sent = client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip, br"}, buffered=True)
    assert sent.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent.data) == content
    assert len(sent.data) == int(sent.headers["Content-Length"]) < len(content) / 2
    plain = client.get(f"/static/{name}", headers={"Accept-Encoding": "identity"}, buffered=True)
    assert plain.data == content
    assert "Content-Encoding" not in plain.headers
    for answer in (sent, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "told"),
    [("/patterns", True), ("/static/mark.svg", True), ("/static/style.css", False)],
)
def test_what_can_be_opened_as_a_page_carries_the_policy_of_pages(path: str, told: bool) -> None:
    answer = plain_app().test_client().get(path, buffered=True)
    assert ("Content-Security-Policy" in answer.headers) is told
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    client, asked = plain_app().test_client(), {"Accept-Encoding": "gzip"}
    mark = client.get("/static/style.css", headers=asked, buffered=True).headers["ETag"]
    again = client.get("/static/style.css", headers={**asked, "If-None-Match": mark}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["/patterns", "/static/vendor/commissioner.woff2"])
def test_pages_and_fonts_are_sent_as_they_are(path: str) -> None:
    """A page holds tokens, and its size must not tell about them; a font is compressed already."""
    asked = {"Accept-Encoding": "gzip"}
    answer = plain_app().test_client().get(path, headers=asked, buffered=True)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_both_fonts_together_weigh_at_most_forty_kilobytes() -> None:
    names = ("commissioner.woff2", "bricolage-grotesque.woff2")
    assert sum((STATIC / "vendor" / name).stat().st_size for name in names) <= FONTS


@pytest.mark.parametrize("path", sorted((STATIC / "js").glob("*.js")), ids=lambda p: p.name)
def test_a_module_is_small(path: Path) -> None:
    assert path.stat().st_size <= MODULE


def test_a_page_loads_only_the_modules_that_it_asks_for() -> None:
    scripts = [script["src"] for script in Page(page_with(["chips"])).named("script")]
    assert [src.partition("?")[0] for src in scripts] == ["/static/js/chips.js"]


@pytest.mark.parametrize("path", [*templates()], ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_modules_that_a_page_asks_for_exist(path: Path) -> None:
    asked = re.findall(r"set modules = \[([^\]]*)\]", path.read_text("utf-8"))
    for name in re.findall(r'"([^"]+)"', ",".join(asked)):
        assert name == "htmx" or (STATIC / "js" / f"{name}.js").is_file()


@pytest.mark.parametrize("path", [*templates()], ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_a_page_that_speaks_to_htmx_asks_for_it(path: Path) -> None:
    words = path.read_text("utf-8")
    if "extends" in words and re.search(r"\bhx-(get|post|trigger)\b", words):
        assert re.search(r'set modules = \[[^\]]*"htmx"', words)


# — whole -----------------------------------------------------------------------------------------


def test_the_list_of_vendored_files_is_complete_and_true() -> None:
    listed = dict(MANIFEST.findall((STATIC / "vendor" / "README.md").read_text("utf-8")))
    for path, expected in listed.items():
        assert hashlib.sha256((STATIC / path).read_bytes()).hexdigest() == expected, path
    here = {f"vendor/{p.name}" for p in (STATIC / "vendor").iterdir() if p.name != "README.md"}
    assert set(listed) == here | {"icons.svg"}


def test_files_are_asked_for_by_their_fingerprint() -> None:
    """A browser keeps them for a year, so an address must change with what it names."""
    words = CSS + "".join(path.read_text("utf-8") for path in templates())
    asked = re.findall(r"((?:vendor/)?[\w.-]+)(?:\?v=|', v=')([0-9a-f]{8})\b", words)
    assert {"vendor/htmx.min.js", "icons.svg", "vendor/commissioner.woff2"} <= {n for n, _ in asked}
    for name, mark in asked:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest().startswith(mark), name


def test_every_file_that_the_stylesheet_names_exists() -> None:
    named = [address.partition("?")[0] for address in re.findall(r'url\("?([^")]+)', CSS)]
    assert named
    assert [name for name in named if not (STATIC / name).is_file()] == []


def test_the_stand_in_faces_have_the_figures_that_were_measured() -> None:
    notes = (STATIC / "vendor" / "README.md").read_text("utf-8")
    for name, figures in re.findall(r"^- ([\w, ]+): `([^`]+)`$", notes, flags=re.MULTILINE):
        block = re.search(rf"/\* {name} \*/([^}}]+)}}", CSS)
        assert block is not None
        assert " ".join(block[1].split()) == figures


def test_the_sprite_holds_the_icons_of_the_list() -> None:
    drawn_icons = re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text("utf-8"))
    assert drawn_icons == sorted(ICONS)


@pytest.mark.parametrize("path", [*templates()], ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_every_icon_used_is_in_the_sprite(path: Path) -> None:
    words = path.read_text("utf-8")
    used = re.findall(r'\b(?:icon|draw)\("([\w-]+)"', words)
    used += re.findall(r'\bicon="([\w-]+)"', words)
    assert set(used) <= set(ICONS)


def test_every_icon_in_the_sprite_is_used() -> None:
    """By name, somewhere in a page: names chosen by an expression are quoted there too."""
    quoted = {name for path in templates() for name in re.findall(r'"([\w-]+)"', path.read_text())}
    assert set(ICONS) - quoted == set()


def test_icons_shown_on_the_sheet_point_into_the_sprite(sheet: str) -> None:
    shown = {use["href"].partition("#")[2] for use in Page(sheet).named("use")}
    assert shown == set(ICONS)


def test_every_macro_is_on_the_pattern_sheet() -> None:
    """Macros used by others are exercised through them; those for WTForms have their own tests."""
    files = [path for path in templates("components") if path != SHEET]
    macros = {name for path in files for name in macros_of(path)}
    called = set().union(*(called_in(path) for path in [*files, SHEET, TEMPLATES / "base.html"]))
    assert macros - called - {"form_errors", "form_field"} == set()
    shown = called_in(SHEET)
    assert {"button", "plate", "chip", "field", "slip", "knot", "table", "toast"} <= shown


@pytest.mark.parametrize("folder", ["components", "errors"])
def test_every_class_used_has_a_rule(folder: str) -> None:
    ruled = set(re.findall(r"\.([a-zA-Z][\w-]*)", CSS)) | {"on"}
    hooks = {"mark", "skel"}  # for tests and scripts, no rule of their own
    for path in templates(folder):
        for value in re.findall(r'class="([^"{}]*)"', path.read_text("utf-8")):
            assert set(value.split()) <= ruled | hooks, (path.name, value)


# — macros ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beads", "drawn_beads", "halo"), [(0, 0, 0), (1, 1, 1), (2, 2, 1), (5, 2, 1)]
)
def test_threads_cross_under_beads_and_do_not_touch_without(
    beads: int, drawn_beads: int, halo: int
) -> None:
    source = '{% from "components/drawings.html" import knot %}{{ knot("You", "Inès", beads=b) }}'
    html = drawn(source, b=["Karim", "Maud", "Noé", "Théo", "Sofia"][:beads])
    assert html.count("f-bead") == drawn_beads
    assert html.count("th-halo") == halo
    assert ("Karim" in html) is (beads == 1)


@pytest.mark.parametrize("weeks", range(1, 7))
def test_a_balance_draws_one_wave_a_week(weeks: int) -> None:
    source = '{% from "components/drawings.html" import thread_balance %}{{ thread_balance(w) }}'
    html = drawn(source, w=[{"label": f"w{n}", "given": n, "received": 1} for n in range(weeks)])
    assert html.count("c30 ") == 2 * weeks
    assert html.count("th-halo") == weeks - 1
    assert html.count("<rect") == weeks


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Inès Blanc", "IB"), ("Awa", "A"), ("Paul-Émile Roux", "PR"), ("", "?"), ("łukasz ż", "ŁŻ")],
)
def test_a_token_shows_initials(name: str, initials: str) -> None:
    html = drawn('{% from "components/slips.html" import token %}{{ token(n) }}', n=name)
    assert f">{initials}<" in html


def test_a_field_is_wired_to_its_hint_and_its_error() -> None:
    source = (
        '{% from "components/forms.html" import field %}'
        '{{ field("siret", "SIRET", value="849", hint="14 digits", error="One is missing") }}'
    )
    page = Page(drawn(source))
    (control,) = page.named("input")
    assert control["aria-describedby"].split() == ["field-siret-hint", "field-siret-error"]
    assert {"field-siret-hint", "field-siret-error"} <= {a.get("id") for _, a in page.tags}
    assert control["value"] == "849"
    assert control["aria-invalid"] == "true"
    assert page.named("label")[0]["for"] == control["id"] == "field-siret"


def test_a_password_never_comes_back() -> None:
    source = (
        '{% from "components/forms.html" import field %}{{ field("p", "P", value="s3", type=t) }}'
    )
    assert "s3" not in drawn(source, t="password")


class Booking(FlaskForm):
    class Meta:
        csrf = False

    people = StringField("People", [InputRequired("Say how many you are")])
    length = SelectField(
        "Length", choices=[SelectChoice("60", "1 hour"), SelectChoice("120", "2 hours")]
    )


def test_a_form_that_comes_back_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    source = (
        '{% from "components/forms.html" import form_errors, form_field %}'
        "{{ form_errors(form) }}{{ form_field(form.people) }}{{ form_field(form.length) }}"
    )
    with plain_app().test_request_context("/", method="POST", data={"length": "120"}):
        form = Booking()
        assert not form.validate()
    page = Page(html := drawn(source, form=form))
    assert "One thing to correct" in html
    assert html.count("Say how many you are") == 2
    assert page.named("a")[0]["href"] == "#people" == f"#{page.named('input')[0]['id']}"
    assert [o["value"] for o in page.named("option") if "selected" in o] == ["120"]


def test_attributes_pass_through_a_macro_and_empty_ones_do_not() -> None:
    source = (
        '{% from "components/buttons.html" import button %}'
        '{{ button("Go", hx_post="/x?a=1&b=2", disabled=True, title=None, form="") }}'
    )
    (given,) = Page(drawn(source)).named("button")
    assert given["hx-post"] == "/x?a=1&b=2"
    assert "disabled" in given
    assert not {"title", "form"} & set(given)


# — pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_page_says_what_happened_what_is_kept_and_what_next(status: int) -> None:
    answer = plain_app().test_client().get(f"/errors/{status}")
    html = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert re.search(r'<h1 id="what">[^<]{10,}</h1>', html)
    assert re.search(r'<p class="lead">[^<]{10,}</p>', html)
    assert re.search(r'<a class="btn" href="/[^"]*">[^<]+</a>', html)


def test_a_page_lost_to_a_busy_database_says_that_nothing_was_recorded() -> None:
    html = plain_app().test_client().get("/errors/503").get_data(as_text=True)
    assert "Nothing was recorded" in html


def test_an_error_page_never_sends_anybody_to_another_site() -> None:
    given = {"Referer": "http://localhost.evil.example/x"}
    html = plain_app().test_client().get("/errors/409", headers=given).get_data(as_text=True)
    assert "evil.example" not in html


def test_the_language_switch_leads_back_to_the_page(sheet: str) -> None:
    form = re.search(r'<form class="lang".*?</form>', sheet, flags=re.DOTALL)
    assert form is not None
    page = Page(form[0])
    assert page.named("form")[0]["action"] == "/language"
    assert {i["name"]: i["value"] for i in page.named("input")}["next"] == "/patterns"
    pressed = [b["value"] for b in page.named("button") if b["aria-pressed"] == "true"]
    assert pressed == ["en"]


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_a_page_says_its_language(language: str) -> None:
    html = plain_app().test_client().get(f"/patterns?language={language}").get_data(as_text=True)
    assert Page(html).named("html")[0]["lang"] == language


def test_a_message_is_shown_once_as_a_toast() -> None:
    client = plain_app().test_client()
    first = client.get("/patterns?toast=1").get_data(as_text=True)
    assert re.search(r'class="toasts"><div class="toast" role="status">', first)
    assert 'class="toasts"' not in client.get("/patterns").get_data(as_text=True)


@pytest.mark.parametrize(
    ("layout", "bar", "foot"),
    [("bar", 1, 1), ("wizard", 1, 1), ("full", 1, 1), ("phone", 0, 1), ("kiosk", 0, 0)],
)
def test_a_layout_has_the_frame_it_promises(layout: str, bar: int, foot: int) -> None:
    source = (
        '{% set layout = given %}{% extends "base.html" %}'
        "{% block main %}Here{% endblock %}"
        '{% block screen %}<main id="main">Here</main>{% endblock %}'
    )
    html = drawn(source, given=layout)
    assert html.count('<header class="bar">') == bar
    assert html.count('<footer class="foot">') == foot
    assert html.count('id="main"') == 1
