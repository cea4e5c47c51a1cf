using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

using EventService.Generation.Requests;
using EventService.Models.Contracts;

namespace EventService.Generation.Pipeline;

/// <summary>How densities are written: one record an event, in the order of the events.</summary>
public abstract class DensityFormat
{
    public static DensityFormat Jsonl { get; } = new DensityJsonl();

    public static DensityFormat Npy { get; } = new DensityNpy();

    public static IReadOnlyList<DensityFormat> All { get; } = [Jsonl, Npy];

    /// <exception cref="RequestException">There is no such format; the message lists those there are.</exception>
    public static DensityFormat Parse(string name) =>
        All.SingleOrDefault(f => f.Name == name)
        ?? throw new RequestException(RequestFault.BadValue, $"format is '{name}', expected one of {string.Join(", ", All.Select(f => f.Name))}.");

    public abstract string Name { get; }

    public abstract string MediaType { get; }

    /// <summary>Whether something stands before the records.</summary>
    public abstract bool HasHeader { get; }

    /// <summary>What stands before the records, once their number is known.</summary>
    public abstract byte[] Header(long count);

    public abstract void Write(IBufferWriter<byte> output, ReadOnlySpan<long> eventNumbers, ReadOnlySpan<EventDensity> densities);

    /// <summary>{"event":7,"logDensity":-41.5,"error":0.002,"reason":null}; a density of zero is null with its reason.</summary>
    private sealed class DensityJsonl : DensityFormat
    {
        public override string Name => "jsonl";

        public override string MediaType => "application/x-ndjson";

        public override bool HasHeader => false;

        public override byte[] Header(long count) => [];

        public override void Write(IBufferWriter<byte> output, ReadOnlySpan<long> eventNumbers, ReadOnlySpan<EventDensity> densities)
        {
            using var json = new Utf8JsonWriter(output);
            for (var k = 0; k < densities.Length; k++)
            {
                var density = densities[k];
                json.WriteStartObject();
                json.WriteNumber("event", eventNumbers[k]);
                if (double.IsFinite(density.LogDensity))
                {
                    json.WriteNumber("logDensity", density.LogDensity);
                    json.WriteNumber("error", density.Error);
                    json.WriteNull("reason");
                }
                else
                {
                    json.WriteNull("logDensity");
                    json.WriteNull("error");
                    json.WriteString("reason", density.Reason);
                }

                json.WriteEndObject();
                json.Flush();
                json.Reset();
                output.Write("\n"u8);
            }
        }
    }

    /// <summary>
    /// A one-dimensional array of records: event int64, logDensity and error float64, reason 64 bytes of ASCII, empty
    /// where the density is not zero. A density of zero is -inf.
    /// </summary>
    private sealed class DensityNpy : DensityFormat
    {
        private const int ReasonBytes = 64;
        private const int RecordBytes = 24 + ReasonBytes;

        public override string Name => "npy";

        public override string MediaType => "application/x-npy";

        public override bool HasHeader => true;

        // NumPy's format 1.0: magic, version, length of the text, then a Python literal padded so that data begin at a multiple of 64.
        public override byte[] Header(long count)
        {
            var text = string.Create(CultureInfo.InvariantCulture,
                $"{{'descr': [('event', '<i8'), ('logDensity', '<f8'), ('error', '<f8'), ('reason', '|S{ReasonBytes}')], 'fortran_order': False, 'shape': ({count},), }}");
            var length = (10 + text.Length + 1 + 63) / 64 * 64;
            return [0x93, .. "NUMPY"u8, 1, 0, (byte)(length - 10), (byte)((length - 10) >> 8), .. Encoding.ASCII.GetBytes(text.PadRight(length - 11)), (byte)'\n'];
        }

        public override void Write(IBufferWriter<byte> output, ReadOnlySpan<long> eventNumbers, ReadOnlySpan<EventDensity> densities)
        {
            for (var k = 0; k < densities.Length; k++)
            {
                var record = output.GetSpan(RecordBytes)[..RecordBytes];
                record.Clear();
                BinaryPrimitives.WriteInt64LittleEndian(record, eventNumbers[k]);
                BinaryPrimitives.WriteDoubleLittleEndian(record[8..], densities[k].LogDensity);
                BinaryPrimitives.WriteDoubleLittleEndian(record[16..], densities[k].Error);
                if (densities[k].Reason is { } reason)
                {
                    Encoding.ASCII.GetBytes(reason.AsSpan(0, Math.Min(reason.Length, ReasonBytes)), record[24..]);
                }

                output.Advance(RecordBytes);
            }
        }
    }
}
