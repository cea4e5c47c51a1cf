using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads the Dark Machines text format, one event a line, packed by gzip or not:
/// <c>eventID;processID;weight;MET;METphi;obj,E,pt,eta,phi;obj,E,pt,eta,phi;...</c> in MeV and radians.
/// </summary>
/// <remarks>
/// Every number becomes the double nearest to its text, then MeV are divided by 1000 to GeV. The mass of a jet is that of its energy with
/// pT and eta rounded to float32, as <see cref="DarkMachinesWriter"/> printed it. Objects may stand in any order; they are sorted into the
/// order of <see cref="ObjectType"/>, each type by falling pT, equal pT as in the file. Refused, with the place: other than five leading
/// fields, numbers that are not finite, pT or E not above 0, MET below 0, |phi| above pi (3.1416 passes: six digits), a second process
/// name, lines beyond 1 MiB, events beyond <see cref="MaximumObjects"/> objects, NUL bytes, text that is not UTF-8, damaged gzip data. A
/// trailing semicolon, CR LF, a byte order mark and blank lines at the end are accepted.
/// </remarks>
public sealed class DarkMachinesReader : EventReader
{
    /// <summary>Most objects of one event.</summary>
    public const int MaximumObjects = 10_000;

    /// <summary>Longest process name [bytes].</summary>
    public const int MaximumProcessNameLength = 256;

    private const double MevPerGev = 1000;
    internal const double LargestPhi = 3.1416; // pi, rounded to five or six digits
    private const string ObjectLabels = "b, j, e-, e+, m-, m+, g";
    private static readonly string[] ObjectNumbers = ["E", "pt", "eta", "phi"];

    private readonly ObjectList _objects = new();
    private byte[] _process = [];
    private string _processName = "";

    /// <param name="stream">Read from its present position and disposed with the reader.</param>
    /// <param name="name">Name of the file for messages.</param>
    public DarkMachinesReader(Stream stream, string name)
        : base(stream, name)
    {
    }

    /// <summary>Name of the process in the file; empty before the first event.</summary>
    public string ProcessName => _processName;

    /// <summary>Opens a file.</summary>
    public static DarkMachinesReader Open(string path) =>
        new(OpenFile(path), Path.GetFileName(path));

    /// <summary>Reads a whole file, or throws: there is no partial result.</summary>
    /// <exception cref="DataFormatException">The data are faulty.</exception>
    public static EventSample ReadAll(string path)
    {
        using var reader = Open(path);
        var sample = new EventSample();
        reader.Read(sample, int.MaxValue);
        return sample;
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        if (!Source.TryReadLine(out var line))
        {
            return false;
        }

        ParseLine(line, sample);
        return true;
    }

    private void ParseLine(ReadOnlySpan<byte> line, EventSample sample)
    {
        var at = 0;
        var eventNumber = ReadEventNumber(line, ref at);
        ReadProcess(line, ref at);
        var weight = ReadNumber(line, ref at, "weight");
        Require(line, at, (byte)';');
        at++;
        var start = at;
        var met = ReadNumber(line, ref at, "MET") / MevPerGev;
        if (met < 0)
        {
            throw Fault(line, start, $"MET {Quotation.Of(line[start..at])} is negative.");
        }

        Require(line, at, (byte)';');
        at++;
        var metPhi = ReadPhi(line, ref at, "METphi");

        // A semicolon stands before each object, and may stand at the end.
        _objects.Clear();
        while (at < line.Length)
        {
            Require(line, at, (byte)';');
            at++;
            if (at == line.Length)
            {
                break;
            }

            if (_objects.Count == MaximumObjects)
            {
                throw Fault(line, at, $"the event has more than {MaximumObjects} objects.");
            }

            ReadObject(line, ref at);
        }

        if (sample.Count == 0)
        {
            sample.ProcessName = _processName;
        }
        else if (sample.ProcessName != _processName)
        {
            throw Fault(
                line,
                line.IndexOf((byte)';') + 1,
                $"process '{_processName}' differs from '{sample.ProcessName}' of the events already read.");
        }

        sample.AddEvent(eventNumber, weight, met, metPhi);
        _objects.AppendTo(sample);
    }

    private long ReadEventNumber(ReadOnlySpan<byte> line, ref int at)
    {
        if (!Utf8Parser.TryParse(line, out long value, out var length) || (length < line.Length && line[length] != (byte)';'))
        {
            throw Fault(line, 0, $"event ID {Quotation.Of(Token(line, 0))} is not a whole number of 64 bits.");
        }

        if (length == line.Length)
        {
            throw TooFewFields(line, 1);
        }

        at = length + 1;
        return value;
    }

    private void ReadProcess(ReadOnlySpan<byte> line, ref int at)
    {
        var length = line[at..].IndexOf((byte)';');
        if (length < 0)
        {
            throw TooFewFields(line, 2);
        }

        var process = line.Slice(at, length);
        if (!process.SequenceEqual(_process) || length == 0)
        {
            FirstProcess(line, at, process);
        }

        at += length + 1;
    }

    /// <summary>Takes the name of the process from the first line; any other name after that is an error.</summary>
    private void FirstProcess(ReadOnlySpan<byte> line, int at, ReadOnlySpan<byte> process)
    {
        if (_process.Length > 0)
        {
            throw Fault(
                line, at, $"process {Quotation.Of(process)} differs from '{_processName}' on the lines before; a file holds one process.");
        }

        if (process.Length is 0 or > MaximumProcessNameLength)
        {
            throw Fault(line, at, $"the process name has {process.Length} bytes, expected 1 to {MaximumProcessNameLength}.");
        }

        var bad = process.IndexOfAnyInRange((byte)0, (byte)31);
        bad = bad < 0 ? process.IndexOf((byte)127) : bad;
        if (bad >= 0 || !Utf8.IsValid(process))
        {
            throw Fault(line, at + Math.Max(bad, 0), $"the process name {Quotation.Of(process)} has a control character or is not UTF-8.");
        }

        _process = process.ToArray();
        _processName = Encoding.UTF8.GetString(process);
    }

    private void ReadObject(ReadOnlySpan<byte> line, ref int at)
    {
        var start = at;
        var type = ReadLabel(line, ref at);
        var energy = ReadPositiveMev(line, ref at, "E");
        NextNumber(line, ref at, start, 1);
        var pt = ReadPositiveMev(line, ref at, "pt");
        NextNumber(line, ref at, start, 2);
        var eta = ReadNumber(line, ref at, "eta");
        NextNumber(line, ref at, start, 3);
        var phi = ReadPhi(line, ref at, "phi");
        if (at < line.Length && line[at] == (byte)',')
        {
            throw WrongCount(line, start);
        }

        _objects.Add(type, energy, pt, eta, phi, DarkMachinesSchema.HasMass(type) ? MassOf(energy, pt, eta) : 0);
    }

    /// <summary>
    /// The writer's mass lies in the digits of the energy beyond a float32, beside a pT and an eta of float32:
    /// those below are the decimals' own.
    /// </summary>
    private static double MassOf(double energy, double pt, double eta) =>
        JetMass.Of(energy, (float)pt, (float)eta) is var mass && !double.IsNaN(mass) ? mass : JetMass.Of(energy, pt, eta);

    private ObjectType ReadLabel(ReadOnlySpan<byte> line, ref int at)
    {
        var rest = line[at..];
        if (rest.Length > 1 && rest[1] == (byte)',')
        {
            at += 2;
            switch (rest[0])
            {
                case (byte)'b': return ObjectType.BJet;
                case (byte)'j': return ObjectType.Jet;
                case (byte)'g': return ObjectType.Photon;
            }

            at -= 2;
        }
        else if (rest.Length > 2 && rest[2] == (byte)',')
        {
            at += 3;
            switch ((rest[0] << 8) | rest[1])
            {
                case ('e' << 8) | '-': return ObjectType.ElectronMinus;
                case ('e' << 8) | '+': return ObjectType.ElectronPlus;
                case ('m' << 8) | '-': return ObjectType.MuonMinus;
                case ('m' << 8) | '+': return ObjectType.MuonPlus;
            }

            at -= 3;
        }

        var token = Token(line, at);
        if (IsLabel(token))
        {
            throw WrongCount(line, at);
        }

        throw Fault(line, at, $"object {Quotation.Of(token)} is not one of {ObjectLabels}.");
    }

    private double ReadNumber(ReadOnlySpan<byte> line, ref int at, string field)
    {
        var rest = line[at..];
        var length = DecimalNumber.Parse(rest, out var value);
        if (length == 0 || (length < rest.Length && rest[length] is not ((byte)';' or (byte)',')) || !double.IsFinite(value))
        {
            throw Fault(line, at, $"{field} {Quotation.Of(Token(line, at))} is not a finite number.");
        }

        at += length;
        return value;
    }

    /// <summary>Energy or pT in GeV. A number so small that it becomes 0 in GeV is not positive either.</summary>
    private double ReadPositiveMev(ReadOnlySpan<byte> line, ref int at, string field)
    {
        var start = at;
        var gev = ReadNumber(line, ref at, field) / MevPerGev;
        if (!(gev > 0))
        {
            throw Fault(line, start, $"{field} {Quotation.Of(line[start..at])} of object {_objects.Count + 1} is not positive.");
        }

        return gev;
    }

    private double ReadPhi(ReadOnlySpan<byte> line, ref int at, string field)
    {
        var start = at;
        var phi = ReadNumber(line, ref at, field);
        if (!(Math.Abs(phi) <= LargestPhi))
        {
            throw Fault(line, start, $"{field} {Quotation.Of(line[start..at])} is outside -pi .. pi.");
        }

        return phi;
    }

    /// <summary>Checks that the leading field that ended at <paramref name="at"/> is followed by another.</summary>
    private void Require(ReadOnlySpan<byte> line, int at, byte separator)
    {
        if (at == line.Length)
        {
            throw TooFewFields(line, line.Count(separator) + 1);
        }

        if (line[at] != separator)
        {
            throw Fault(line, at, $"found ',' after a leading field, expected ';'.");
        }
    }

    /// <summary>Steps over the comma to the next number of an object.</summary>
    private void NextNumber(ReadOnlySpan<byte> line, ref int at, int start, int read)
    {
        if (at == line.Length || line[at] != (byte)',')
        {
            throw WrongCount(line, start);
        }

        at++;
        if (at == line.Length || line[at] == (byte)';')
        {
            throw Fault(line, at, $"{ObjectNumbers[read]} is missing.");
        }
    }

    private DataFormatException TooFewFields(ReadOnlySpan<byte> line, int found) =>
        Fault(
            line,
            line.Length,
            $"the line has {found} field{(found == 1 ? "" : "s")}, expected at least 5: eventID;processID;weight;MET;METphi.");

    private DataFormatException WrongCount(ReadOnlySpan<byte> line, int start)
    {
        var end = line[start..].IndexOf((byte)';');
        var text = end < 0 ? line[start..] : line.Slice(start, end);
        return Fault(
            line, start, $"object {Quotation.Of(Token(line, start))} has {text.Count((byte)',')} numbers, expected 4: E,pt,eta,phi.");
    }

    /// <summary>The exception for a fault at this offset, or for a NUL byte or broken UTF-8 in the line, which then is the cause.</summary>
    private DataFormatException Fault(ReadOnlySpan<byte> line, int at, string fault)
    {
        var nul = line.IndexOf((byte)0);
        if (nul >= 0)
        {
            return new DataFormatException(Source.Name, Source.Line, nul + 1, "found a NUL byte; the file is not text.");
        }

        var broken = Quotation.FirstBrokenUtf8(line);
        return broken >= 0
            ? new DataFormatException(Source.Name, Source.Line, broken + 1, $"byte 0x{line[broken]:x2} is not UTF-8 text.")
            : new DataFormatException(Source.Name, Source.Line, at + 1, fault);
    }

    private static bool IsLabel(ReadOnlySpan<byte> token) =>
        token.SequenceEqual("b"u8) || token.SequenceEqual("j"u8) || token.SequenceEqual("g"u8)
        || token.SequenceEqual("e-"u8) || token.SequenceEqual("e+"u8) || token.SequenceEqual("m-"u8) || token.SequenceEqual("m+"u8);

    /// <summary>The text from here to the next separator.</summary>
    private static ReadOnlySpan<byte> Token(ReadOnlySpan<byte> line, int at)
    {
        var length = line[at..].IndexOfAny((byte)';', (byte)',');
        return length < 0 ? line[at..] : line.Slice(at, length);
    }
}
