using System.Buffers;

namespace EventService.FormatThroughput;

/// <summary>An output that counts bytes and either keeps or forgets them.</summary>
internal sealed class CountingWriter(bool keep) : IBufferWriter<byte>
{
    private readonly ArrayBufferWriter<byte> _kept = new();
    private byte[] _room = new byte[1 << 16];

    public long Count { get; private set; }

    public void Reset() => Count = 0;

    public byte[] Kept() => _kept.WrittenSpan.ToArray();

    public void Advance(int count)
    {
        Count += count;
        if (keep)
        {
            _kept.Write(_room.AsSpan(0, count));
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_room.Length < sizeHint)
        {
            _room = new byte[sizeHint];
        }

        return _room;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
