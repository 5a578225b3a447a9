import pytest

from reproduce.report.markdown import to_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("a\n\nb", "<p>a</p>\n<p>b</p>"),
        ("**Figure 1.** A *b*", "<p><strong>Figure 1.</strong> A *b*</p>"),
        ("**two\nlines**", "<p><strong>two\nlines</strong></p>"),
        ("`1/N **x**` rcv1_10k", "<p><code>1/N **x**</code> rcv1_10k</p>"),
        ("a ` b **c**", "<p>a ` b <strong>c</strong></p>"),
        ("<script> & `<b>`", "<p>&lt;script&gt; &amp; <code>&lt;b&gt;</code></p>"),
        ("a | b", "<p>a | b</p>"),
    ],
)
def test_words_are_marked_and_all_else_is_text(text, html):
    assert to_html(text) == html


def test_a_table_of_pipes_is_a_table_with_a_head():
    html = to_html("Scores:\n\n|  | moons |\n| --- | ---: |\n| CM | **48.9** |\n\nEnd.")
    head, row = (
        "<tr><th></th><th>moons</th></tr>",
        "<tr><td>CM</td><td><strong>48.9</strong></td></tr>",
    )
    table = f'<div class="scroll"><table>{head}{row}</table></div>'
    assert html == f"<p>Scores:</p>\n{table}\n<p>End.</p>"
