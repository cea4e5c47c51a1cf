using System.Buffers;
using System.Buffers.Text;
using System.Text;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Writes whole events in the Dark Machines text format (see <see cref="DarkMachinesReader"/>) in MeV and radians; the
/// weight as it is in the block. Every number reads back as the same float32: it is the shortest decimal of the number
/// in GeV with the point moved by three places. Energies of jets have more digits, which hold the mass (<see cref="JetEnergy"/>).
/// </summary>
public sealed class DarkMachinesWriter : IEventWriter
{
    public const string FormatName = "dm-csv";

    private const int MevShift = 3;
    private const int LongestNumber = ShortestFloat.MaximumLength + 1; // with its separator
    private const int LongestObject = 3 + (4 * LongestNumber);
    private const int LongestHead = 32 + DarkMachinesReader.MaximumProcessNameLength + (3 * LongestNumber);

    private readonly ColumnSelection _selection;
    private readonly byte[] _process;
    private readonly WriteBuffer _buffer = new();

    /// <param name="schema">Schema of the blocks: whole collision events.</param>
    /// <param name="processName">Goes into every line.</param>
    /// <exception cref="NotSupportedException">The format cannot hold events of this schema.</exception>
    /// <exception cref="ArgumentException">The name cannot stand in a field of the format.</exception>
    public DarkMachinesWriter(SampleSchema schema, string processName)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(processName);
        if (!DarkMachinesSchema.IsWholeEvent(schema))
        {
            throw new NotSupportedException(
                $"{FormatName} holds whole collision events only, not the columns {schema.Describe()}. "
                    + $"Ask for '{JsonLinesWriter.FormatName}' or '{NpyWriter.FormatName}'.");
        }

        _selection = new ColumnSelection(schema, null);
        _process = Encoding.UTF8.GetBytes(processName);
        if (_process.Length is 0 or > DarkMachinesReader.MaximumProcessNameLength || processName.Any(c => c == ';' || char.IsControl(c)))
        {
            throw new ArgumentException(
                $"Process name '{processName}' cannot stand in a {FormatName} file: expected 1 to "
                    + $"{DarkMachinesReader.MaximumProcessNameLength} bytes without ';' and control characters.",
                nameof(processName));
        }
    }

    public string ContentType => "text/csv";

    public string FileExtension => ".csv";

    public long? ContentLength(long count) => null;

    public void WriteHeader(IBufferWriter<byte> output)
    {
    }

    public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _selection.Check(block, logDensity, withLogDensity: false);
        for (var row = 0; row < block.Count; row++)
        {
            WriteEvent(block, row, output);
        }

        _buffer.Flush(output);
    }

    public void Finish(IBufferWriter<byte> output)
    {
    }

    private void WriteEvent(EventBlock block, int row, IBufferWriter<byte> output)
    {
        var objects = 0;
        foreach (var collection in block.Collections)
        {
            objects += collection.Offsets[row + 1] - collection.Offsets[row];
        }

        _buffer.Reserve(LongestHead + (objects * LongestObject), output);
        var line = _buffer.Bytes;
        var at = _buffer.Length;
        var number = block.EventNumber[row];
        Utf8Formatter.TryFormat(number, line[at..], out var length);
        at += length;
        line[at++] = (byte)';';
        _process.CopyTo(line[at..]);
        at += _process.Length;
        Put(line, ref at, ';', block.Scalars[DarkMachinesSchema.Weight][row], 0, number, "weight");
        Put(line, ref at, ';', block.Scalars[DarkMachinesSchema.MetPt][row], MevShift, number, "MET_pt");
        Put(line, ref at, ';', block.Scalars[DarkMachinesSchema.MetPhi][row], 0, number, "MET_phi");
        for (var type = ObjectType.BJet; type <= ObjectType.Photon; type++)
        {
            var c = DarkMachinesSchema.CollectionOf(type);
            var collection = block.Collections[c];
            var columns = collection.Columns;
            for (var i = collection.Offsets[row]; i < collection.Offsets[row + 1]; i++)
            {
                if (DarkMachinesSchema.HasCharge(c) && columns[DarkMachinesSchema.Charge][i] < 0 != IsNegative(type))
                {
                    continue;
                }

                var label = Label(type);
                line[at++] = (byte)';';
                label.CopyTo(line[at..]);
                at += label.Length;
                float energy = columns[DarkMachinesSchema.Energy][i], pt = columns[DarkMachinesSchema.Pt][i],
                    eta = columns[DarkMachinesSchema.Eta][i];
                if (DarkMachinesSchema.HasMass(c) && float.IsFinite(energy))
                {
                    line[at] = (byte)',';
                    at += 1 + JetEnergy.Write(energy, pt, eta, columns[DarkMachinesSchema.Mass][i], line[(at + 1)..]);
                }
                else
                {
                    Put(line, ref at, ',', energy, MevShift, number, "energy");
                }

                Put(line, ref at, ',', pt, MevShift, number, "pt");
                Put(line, ref at, ',', eta, 0, number, "eta");
                Put(line, ref at, ',', columns[DarkMachinesSchema.Phi][i], 0, number, "phi");
            }
        }

        line[at++] = (byte)'\n';
        _buffer.Length = at;
    }

    private static void Put(Span<byte> line, ref int at, char separator, float x, int shift, long eventNumber, string column)
    {
        if (!float.IsFinite(x))
        {
            throw new UnwritableEventException(eventNumber, $"{column} is {x}, {FormatName} holds finite numbers only.");
        }

        line[at] = (byte)separator;
        at += 1 + ShortestFloat.Write(x, shift, line[(at + 1)..]);
    }

    private static bool IsNegative(ObjectType type) => type is ObjectType.ElectronMinus or ObjectType.MuonMinus;

    private static ReadOnlySpan<byte> Label(ObjectType type) => type switch
    {
        ObjectType.BJet => "b"u8,
        ObjectType.Jet => "j"u8,
        ObjectType.ElectronMinus => "e-"u8,
        ObjectType.ElectronPlus => "e+"u8,
        ObjectType.MuonMinus => "m-"u8,
        ObjectType.MuonPlus => "m+"u8,
        _ => "g"u8,
    };
}
