using System.IO.Compression;

using EventService.Server.Problems;

using Grpc.Net.Compression;

namespace EventService.Server.Grpc;

/// <summary>
/// Messages packed by gzip. Memory grows with what really comes out, up to the limit: the library's own provider has none.
/// </summary>
/// <param name="largestMessage">Longer ones are refused [bytes, unpacked].</param>
internal sealed class BoundedGzip(int largestMessage) : ICompressionProvider
{
    public const string Name = "gzip";

    private const int StepBytes = 1 << 16;

    public string EncodingName => Name;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new GZipStream(stream, compressionLevel ?? CompressionLevel.Fastest, leaveOpen: true);

    /// <summary>The message, unpacked.</summary>
    /// <exception cref="ProblemException">413: it is longer than the limit.</exception>
    /// <exception cref="InvalidDataException">It is no gzip.</exception>
    public Stream CreateDecompressionStream(Stream stream)
    {
        var unpacked = new MemoryStream();
        var step = new byte[StepBytes];
        using var gzip = new GZipStream(stream, CompressionMode.Decompress);
        while (gzip.Read(step) is > 0 and var count)
        {
            unpacked.Write(step, 0, count);
            if (unpacked.Length > largestMessage)
            {
                throw GrpcStatus.TooLong(largestMessage);
            }
        }

        unpacked.Position = 0;
        return unpacked;
    }
}
