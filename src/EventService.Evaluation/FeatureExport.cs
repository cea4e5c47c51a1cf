using System.Buffers.Binary;
using System.Text;

using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>
/// Writes features for a judge outside the house: <c>features_mc.npy</c>, <c>features_generated.npy</c> (float32 [events, features], NaN
/// where the event lacks the object) and <c>feature_names.txt</c>, one name a line.
/// </summary>
public static class FeatureExport
{
    public const string MonteCarloFile = "features_mc.npy";
    public const string GeneratedFile = "features_generated.npy";
    public const string NamesFile = "feature_names.txt";

    /// <summary>Writes the three files into a folder, which is made where it does not exist.</summary>
    public static void Write(string folder, FeatureMatrix monteCarlo, FeatureMatrix generated)
    {
        Directory.CreateDirectory(folder);
        WriteNpy(Path.Combine(folder, MonteCarloFile), monteCarlo);
        WriteNpy(Path.Combine(folder, GeneratedFile), generated);
        File.WriteAllLines(Path.Combine(folder, NamesFile), monteCarlo.Names);
    }

    /// <summary>
    /// NPY format 1.0: magic, version, length of the header, header padded to a multiple of 64 bytes, then little-endian rows.
    /// </summary>
    private static void WriteNpy(string path, FeatureMatrix matrix)
    {
        var header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({matrix.Rows}, {matrix.Columns}), }}";
        header = header.PadRight((10 + header.Length + 1 + 63) / 64 * 64 - 10 - 1) + "\n";
        using var file = File.Create(path);
        file.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0]);
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)header.Length);
        file.Write(length);
        file.Write(Encoding.ASCII.GetBytes(header));
        var row = new byte[4 * matrix.Columns];
        for (var k = 0; k < matrix.Rows; k++)
        {
            for (var c = 0; c < matrix.Columns; c++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(row.AsSpan(4 * c), matrix.Row(k)[c]);
            }

            file.Write(row);
        }
    }
}
