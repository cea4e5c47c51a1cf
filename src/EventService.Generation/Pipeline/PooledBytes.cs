using System.Buffers;

namespace EventService.Generation.Pipeline;

/// <summary>Bytes that grow as they are written, in memory that goes back to the shared pool.</summary>
public sealed class PooledBytes : IBufferWriter<byte>
{
    private const int LeastBytes = 1 << 12;

    private byte[] _bytes = [];
    private int _written;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _written);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _written);
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Empties the bytes and gives their memory back; what <see cref="Written"/> gave must not be used any more.</summary>
    public void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        (_bytes, _written) = ([], 0);
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - _written >= Math.Max(more, 1))
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(LeastBytes, checked(Math.Max(2 * _bytes.Length, _written + more))));
        _bytes.AsSpan(0, _written).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
