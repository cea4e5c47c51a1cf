using System.Buffers;
using System.Runtime.InteropServices;

using EventService.Contracts.V1;
using EventService.Generation.Pipeline;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

using Google.Protobuf;

namespace EventService.Server.Events;

/// <summary>Densities as messages of gRPC: a <see cref="DensityResponse"/> for each chunk.</summary>
internal sealed class DensityMessages : DensityFormat
{
    public override string Name => ColumnBlockWriter.FormatName;

    public override string MediaType => "application/grpc";

    public override bool HasHeader => false;

    public override byte[] Header(long count) => [];

    public override void Write(IBufferWriter<byte> output, ReadOnlySpan<long> eventNumbers, ReadOnlySpan<EventDensity> densities)
    {
        var (logDensity, error) = (new double[densities.Length], new double[densities.Length]);
        var message = new Densities { Count = densities.Length, EventNumber = ByteString.CopyFrom(MemoryMarshal.AsBytes(eventNumbers)) };
        for (var k = 0; k < densities.Length; k++)
        {
            logDensity[k] = densities[k].LogDensity;
            if (double.IsFinite(logDensity[k]))
            {
                error[k] = densities[k].Error;
            }
            else
            {
                message.Zeros.Add(new ZeroDensity { Row = k, Reason = densities[k].Reason ?? "" });
            }
        }

        message.LogDensity = ByteString.CopyFrom(MemoryMarshal.AsBytes(logDensity.AsSpan()));
        message.Error = ByteString.CopyFrom(MemoryMarshal.AsBytes(error.AsSpan()));
        new DensityResponse { Block = message }.WriteTo(output);
    }
}
