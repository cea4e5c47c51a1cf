using System.Text;

namespace EventService.Evaluation.Html;

/// <summary>Sets labels such as "p_T(j_1)" or "(MET − MHT)_∥": an underscore lowers the next letter or {group}.</summary>
internal static class Label
{
    public static string Html(string label) => Set(label, "<sub>", "</sub>");

    /// <summary>For text elements, where a shift of the baseline must be taken back.</summary>
    public static string Svg(string label) => Set(label, "<tspan dy=\"0.28em\" font-size=\"72%\">", "</tspan><tspan dy=\"-0.2em\">\u200B</tspan>");

    public static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    private static string Set(string label, string open, string close)
    {
        var html = new StringBuilder();
        for (var i = 0; i < label.Length; i++)
        {
            if (label[i] != '_' || i + 1 == label.Length)
            {
                html.Append(Escape(label[i].ToString()));
                continue;
            }

            var end = label[i + 1] == '{' ? label.IndexOf('}', i) : -1;
            var lowered = end > 0 ? label[(i + 2)..end] : label[(i + 1)..(i + 2)];
            html.Append(open).Append(Escape(lowered)).Append(close);
            i = end > 0 ? end : i + 1;
        }

        return html.ToString();
    }
}
