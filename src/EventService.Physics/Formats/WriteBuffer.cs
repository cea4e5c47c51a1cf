using System.Buffers;

namespace EventService.Physics.Formats;

/// <summary>
/// The bytes of the next events before they go to the output: a formatter sees one long span instead of the
/// output's small segments.
/// </summary>
internal sealed class WriteBuffer
{
    private byte[] _bytes = new byte[1 << 14];

    /// <summary>Bytes filled so far; the formatter moves it on.</summary>
    public int Length { get; set; }

    /// <summary>The whole buffer, for writing at <see cref="Length"/>. Good until the next <see cref="Reserve"/>.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>Makes room for one event.</summary>
    public void Reserve(int count, IBufferWriter<byte> output)
    {
        if (_bytes.Length - Length >= count)
        {
            return;
        }

        Flush(output);
        if (_bytes.Length < count)
        {
            _bytes = new byte[count];
        }
    }

    public void Flush(IBufferWriter<byte> output)
    {
        output.Write(_bytes.AsSpan(0, Length));
        Length = 0;
    }
}
