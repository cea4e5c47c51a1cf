using System.Buffers.Binary;
using System.Security.Cryptography;

namespace EventService.Generation;

/// <summary>The Philox key of a stream of events: the first 64 bits of sha256(model sha256, seed, condition).</summary>
public static class EventStreamKey
{
    /// <param name="digest">sha256 of the model file.</param>
    /// <param name="stream">Seed and condition.</param>
    public static ulong Of(ReadOnlySpan<byte> digest, in EventStream stream)
    {
        var text = new byte[digest.Length + 8 + (8 * stream.Condition.Count)];
        digest.CopyTo(text);
        BinaryPrimitives.WriteUInt64LittleEndian(text.AsSpan(digest.Length), stream.Seed);
        for (var c = 0; c < stream.Condition.Count; c++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(text.AsSpan(digest.Length + 8 + (8 * c)), stream.Condition[c]);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text));
    }
}
