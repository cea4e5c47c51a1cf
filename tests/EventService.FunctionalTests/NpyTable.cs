using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EventService.FunctionalTests;

/// <summary>A NumPy file of records, read after numpy.lib.format: enough to check answers without Python.</summary>
internal sealed partial class NpyTable
{
    private readonly byte[] _file;
    private readonly int _start;
    private readonly int _recordLength;
    private readonly Dictionary<string, (string Type, int Offset, int Length)> _fields = [];

    public NpyTable(byte[] file)
    {
        _file = file;
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], file[..8]);
        _start = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        Assert.Equal(0, _start % 64);
        var header = Encoding.ASCII.GetString(file, 10, _start - 10);
        foreach (Match field in Field().Matches(header))
        {
            var length = field.Groups["length"].Success ? int.Parse(field.Groups["length"].Value, CultureInfo.InvariantCulture) : 1;
            var type = field.Groups["type"].Value;
            _fields.Add(field.Groups["name"].Value, (type, _recordLength, length));
            _recordLength += length * int.Parse(type[2..], CultureInfo.InvariantCulture);
        }

        Count = int.Parse(Shape().Match(header).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(file.Length, _start + (Count * _recordLength));
    }

    public int Count { get; }

    public IEnumerable<string> Fields => _fields.Keys;

    /// <summary>Every number of a record.</summary>
    public IEnumerable<double> Numbers(int row) =>
        _fields.SelectMany(f => Enumerable.Range(0, f.Value.Length).Select(i => Number(row, f.Key, i)));

    public double Number(int row, string field, int index = 0)
    {
        var (type, offset, _) = _fields[field];
        var at = _file.AsSpan(_start + (row * _recordLength) + offset);
        return type switch
        {
            "<f4" => BinaryPrimitives.ReadSingleLittleEndian(at[(4 * index)..]),
            "<f8" => BinaryPrimitives.ReadDoubleLittleEndian(at[(8 * index)..]),
            "<i4" => BinaryPrimitives.ReadInt32LittleEndian(at[(4 * index)..]),
            "<i8" => BinaryPrimitives.ReadInt64LittleEndian(at[(8 * index)..]),
            _ => throw new InvalidOperationException($"{field} is of type {type}."),
        };
    }

    public string Text(int row, string field)
    {
        var (type, offset, _) = _fields[field];
        var length = int.Parse(type[2..], CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetString(_file, _start + (row * _recordLength) + offset, length).TrimEnd('\0');
    }

    [GeneratedRegex(@"\('(?<name>\w+)', '(?<type>[<|]\w\d+)'(, \((?<length>\d+),\))?\)")]
    private static partial Regex Field();

    [GeneratedRegex(@"'shape': \((\d+),\)")]
    private static partial Regex Shape();
}
