using System.Buffers.Binary;
using System.Security.Cryptography;

using EventService.Models.Contracts;

namespace EventService.Models.Sampling;

/// <summary>The Philox key of a stream of events: the first 64 bits of sha256(model sha256, seed, condition).</summary>
public static class EventStreamKey
{
    /// <param name="digest">sha256 of the model file.</param>
    /// <param name="stream">Seed and condition.</param>
    public static ulong Of(ReadOnlySpan<byte> digest, in EventStream stream)
    {
        Span<byte> text = stackalloc byte[digest.Length + 8 + (8 * stream.Condition.Count)], hash = stackalloc byte[SHA256.HashSizeInBytes];
        digest.CopyTo(text);
        BinaryPrimitives.WriteUInt64LittleEndian(text[digest.Length..], stream.Seed);
        for (var c = 0; c < stream.Condition.Count; c++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(text[(digest.Length + 8 + (8 * c))..], stream.Condition[c]);
        }

        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>
    /// The key of the numbers by which the values of a condition are drawn: sha256("prior", model sha256, seed, place), independent of all
    /// events.
    /// </summary>
    /// <param name="sha256">The sha256 of the model file, hexadecimal.</param>
    /// <param name="seed">The seed of the request.</param>
    /// <param name="parameter">Place of the parameter in the model's document.</param>
    public static ulong OfPrior(string sha256, ulong seed, int parameter)
    {
        var text = new byte[5 + 32 + 8 + 4];
        "prior"u8.CopyTo(text);
        Convert.FromHexString(sha256).CopyTo(text.AsSpan(5));
        BinaryPrimitives.WriteUInt64LittleEndian(text.AsSpan(37), seed);
        BinaryPrimitives.WriteInt32LittleEndian(text.AsSpan(45), parameter);
        return BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text));
    }
}
