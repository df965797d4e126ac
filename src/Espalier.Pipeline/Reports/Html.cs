using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Espalier.Pipeline.Reports;

/// <summary>
/// Writes HTML. What stands literally in an interpolated string is markup; what is filled in is text and is escaped, so that
/// nothing that a user wrote becomes markup.
/// </summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    /// <summary>Writes markup with texts filled in.</summary>
    public void Write([InterpolatedStringHandlerArgument("")] ref Handler markup) => _ = markup;

    /// <summary>Writes markup as it is: what this assembly brings along, or what was escaped for its place already.</summary>
    public void WriteRaw(string markup) => _text.Append(markup);

    /// <summary>A table; the columns of numbers stand to the right.</summary>
    /// <param name="columns">Its columns; numbers where the title begins with <c>#</c>.</param>
    /// <param name="rows">Its rows; the first cell names the row.</param>
    /// <param name="caption">What it shows.</param>
    /// <param name="chosen">Number of the row to stress; none at -1.</param>
    public void Table(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows, string caption, int chosen = -1)
    {
        // Reached by keyboard, as it scrolls where the page is narrow.
        Write($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table><caption><span>{caption}</span></caption><thead><tr>");
        foreach (string column in columns)
        {
            if (column.StartsWith('#'))
            {
                Write($"<th scope=\"col\" class=\"n\">{column[1..]}</th>");
            }
            else
            {
                Write($"<th scope=\"col\">{column}</th>");
            }
        }

        WriteRaw("</tr></thead><tbody>\n");
        for (int r = 0; r < rows.Count; r++)
        {
            WriteRaw(r == chosen ? "<tr class=\"chosen\">" : "<tr>");
            for (int c = 0; c < columns.Count; c++)
            {
                string tag = c == 0 ? "th scope=\"row\"" : "td";
                WriteRaw(columns[c].StartsWith('#') ? $"<{tag} class=\"n\">" : c == 0 ? $"<{tag} class=\"w\">" : $"<{tag}>");
                Write($"{rows[r][c]}");
                WriteRaw(c == 0 ? "</th>" : "</td>");
            }

            WriteRaw("</tr>\n");
        }

        WriteRaw("</tbody></table></div>\n");
    }

    /// <summary>A chart, which the page's script draws, with what it shows in words.</summary>
    /// <param name="chart">Its name in the script.</param>
    /// <param name="summary">What it shows.</param>
    /// <param name="axes">Axes that the reader can choose from; the first is shown.</param>
    public void Chart(string chart, string summary, params IReadOnlyList<string> axes)
    {
        Write($"<figure data-chart=\"{chart}\" data-axis=\"{axes.FirstOrDefault()}\" data-summary=\"{summary}\">\n");
        if (axes.Count > 0)
        {
            WriteRaw("<div class=\"axes\"><span>by</span>");
            foreach (string axis in axes)
            {
                Write($"<button type=\"button\" data-axis=\"{axis}\" aria-pressed=\"{(axis == axes[0] ? "true" : "false")}\">{axis}</button>");
            }

            WriteRaw("</div>");
        }

        Write($"<div class=\"chart\"></div><figcaption>{summary}</figcaption></figure>\n");
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private void WriteText(string? text)
    {
        // Half a surrogate pair comes out as U+FFFD.
        foreach (Rune rune in (text ?? "").EnumerateRunes())
        {
            _text.Append(rune.Value switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&#34;",
                '\'' => "&#39;",
                '\n' or '\t' => rune.ToString(),

                // Neither HTML nor XML has these.
                0xFFFE or 0xFFFF => "\uFFFD",
                _ => Rune.IsControl(rune) ? "\uFFFD" : rune.ToString(),
            });
        }
    }

    /// <summary>Takes an interpolated string apart: literals are markup, holes are text.</summary>
    [InterpolatedStringHandler]
    public readonly struct Handler(int literalLength, int formattedCount, Html html)
    {
        private readonly Html _html = Sized(html, literalLength + (8 * formattedCount));

        /// <summary>Markup.</summary>
        public void AppendLiteral(string markup) => _html._text.Append(markup);

        /// <summary>Text.</summary>
        public void AppendFormatted(string? text) => _html.WriteText(text);

        /// <summary>A number.</summary>
        public void AppendFormatted<T>(T value, string? format = null) where T : IFormattable
            => _html.WriteText(value.ToString(format, CultureInfo.InvariantCulture));

        private static Html Sized(Html html, int more)
        {
            html._text.EnsureCapacity(html._text.Length + more);
            return html;
        }
    }
}
