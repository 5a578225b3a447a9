import pytest

from reproduce.report.markdown import to_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("a\n\nb", "<p>a</p>\n<p>b</p>\n"),
        ("# Head", "<h1>Head</h1>\n"),
        ("[there](details/aecm.html)", '<p><a href="details/aecm.html">there</a></p>\n'),
        ("`1/N **x**` rcv1_10k", "<p><code>1/N **x**</code> rcv1_10k</p>\n"),
        ("<script> & `<b>`", "<p>&lt;script&gt; &amp; <code>&lt;b&gt;</code></p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)
def test_words_are_marked_and_all_else_is_text(text, html):
    assert to_html(text) == html


def test_a_table_of_pipes_is_a_table_with_a_head():
    html = to_html("Scores:\n\n|  | moons |\n| --- | ---: |\n| CM | **48.9** |\n\nEnd.")
    assert html.startswith("<p>Scores:</p>\n<table>")
    assert '<th style="text-align:right">moons</th>' in html
    assert '<td style="text-align:right"><strong>48.9</strong></td>' in html
