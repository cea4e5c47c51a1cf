using System.Text;

namespace EventService.Physics.Formats;

/// <summary>Text from a file for a message: in quotes, shortened, without control characters.</summary>
internal static class Quotation
{
    private const int Longest = 40;

    public static string Of(ReadOnlySpan<byte> text)
    {
        var quoted = new StringBuilder("'");
        foreach (var rune in Encoding.UTF8.GetString(text[..Math.Min(text.Length, Longest)]).EnumerateRunes())
        {
            quoted.Append(Rune.IsControl(rune) ? $"\\x{rune.Value:x2}" : rune.ToString());
        }

        return quoted.Append(text.Length > Longest ? "..." : "").Append('\'').ToString();
    }

    /// <summary>Offset of the first byte that is not UTF-8, or -1.</summary>
    public static int FirstBrokenUtf8(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf8(text[i..], out _, out var length) != System.Buffers.OperationStatus.Done)
            {
                return i;
            }

            i += length;
        }

        return -1;
    }
}
