using System.Buffers;
using System.Globalization;
using System.Text;

namespace EventService.Server.Logging.Escaping;

/// <summary>
/// Characters that a terminal, or somebody who reads a log line by line, would obey instead of show: control characters, ends of
/// lines, invisible format characters (such as those that reverse the direction of a text) and lone surrogates.
/// </summary>
internal static class ControlCharacters
{
    private static readonly SearchValues<char> s_any = SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(c => IsOne(char.GetUnicodeCategory(c)))]);

    /// <summary>Whether the text holds one.</summary>
    public static bool In(string text) => text.AsSpan().ContainsAny(s_any) || HasLoneSurrogate(text);

    /// <summary>The text with each of them written as C# would write it, such as <c>\u001b</c>; the same text if there is none.</summary>
    public static string Escape(string text)
    {
        if (!In(text))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsSurrogate(c) && i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
            {
                escaped.Append(c).Append(text[++i]);
                continue;
            }

            _ = c switch
            {
                '\n' => escaped.Append(@"\n"),
                '\r' => escaped.Append(@"\r"),
                '\t' => escaped.Append(@"\t"),
                _ when char.IsSurrogate(c) || s_any.Contains(c) => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static bool IsOne(UnicodeCategory category) => category is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return true;
                }

                i++;
            }
        }

        return false;
    }
}
