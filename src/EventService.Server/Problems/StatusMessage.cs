using System.Globalization;
using System.Text;

namespace EventService.Server.Problems;

/// <summary>
/// The trailer grpc-message: a sentence as UTF-8, where all but printable ASCII, and the percent sign, is percent-encoded.
/// </summary>
internal static class StatusMessage
{
    /// <summary>Longest trailer: clients give up on metadata beyond 8 KiB.</summary>
    public const int LargestLength = 4096;

    private const string Dots = "...";

    /// <summary>The trailer's value; a longer sentence is cut between two characters and ends in dots.</summary>
    public static string Encode(string sentence)
    {
        ArgumentNullException.ThrowIfNull(sentence);
        var encoded = new StringBuilder(sentence.Length);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in sentence.EnumerateRunes())
        {
            var before = encoded.Length;
            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (b is >= 0x20 and <= 0x7E and not (byte)'%')
                {
                    encoded.Append((char)b);
                }
                else
                {
                    encoded.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
                }
            }

            if (encoded.Length > LargestLength - Dots.Length)
            {
                encoded.Length = before;
                return encoded.Append(Dots).ToString();
            }
        }

        return encoded.ToString();
    }
}
