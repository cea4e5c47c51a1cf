using System.Buffers.Binary;
using System.Security.Cryptography;

using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests;

/// <summary>
/// Freezes the numerics profile: digests of events and densities of the shipped model. They are no expected values but a guard: a
/// change of a bit needs a new profile name. CI repeats these tests on every vector path and without hardware intrinsics.
/// </summary>
public class GoldenDigestTests
{
    private const string Model = "ttbar-objects.safetensors";
    private const string Profile = NumericsProfile.CpuFp32V2;
    private const string ModelSha256 = "1de0d9499465a05f2d6b219173e4fd63411ff2f491ac4941d69f11211d65cf99";
    private const string EventsSha256 = "c5b9c03336f55f0ab2364f5b3c0a701bb328a7d2417bd9f47c21994c1d85447f";
    private const string DensitiesSha256 = "e2494bb92a504ecb1dd230b33c3ad253823869f73479057a46df97b37414b58e";

    [Fact]
    public void ShippedModel_EventsOfSeedOne_HaveTheDigestOfTheProfile()
    {
        var generator = EventGenerator.Open(Path.Combine(Repository.Root, "models", Model));
        Assert.Equal(ModelSha256, generator.Sha256);
        var block = new EventBlock(generator.Model.Schema);
        var logDensity = new double[64];

        generator.Model.Generate(new EventStream(1, []), 100_000, 64, block, logDensity);

        Assert.Equal("cpu-fp32-v2", Profile);
        var (events, densities) = (Digest(block), Digest(logDensity));
        Assert.True(events == EventsSha256 && densities == DensitiesSha256, $"Found the digests {events} of the events and {densities} of their densities.");
    }

    [Fact]
    public void ShippedModel_DensityOfItsEvents_IsWhatTheSamplerKnows()
    {
        var generator = EventGenerator.Open(Path.Combine(Repository.Root, "models", Model));
        var block = new EventBlock(generator.Model.Schema);
        var known = new double[200];
        generator.Model.Generate(new EventStream(2, []), 0, known.Length, block, known);
        var sample = new EventSample();
        DarkMachinesSchema.ToSample(block, sample);
        var densities = new EventDensity[known.Length];

        generator.Likelihood!.LogDensity(sample, [], densities);

        Assert.All(densities, d => Assert.Null(d.Reason));
        Assert.All(densities.Zip(known), x => Assert.InRange(x.First.LogDensity - x.Second, -1e-2, 1e-2));
        Assert.InRange(densities.Zip(known).Average(x => Math.Abs(x.First.LogDensity - x.Second)), 0, 1e-4);
    }

    [Fact]
    public void GoldenSample_OfAFlow_IsTheDigestOfEventsAndDensitiesInOnePiece()
    {
        // Its definition: registries hold these digests.
        const int events = 133;
        var generator = EventGenerator.Open(Path.Combine(Repository.Root, "models", "gluino-observables.safetensors"));
        var (block, logDensity) = (new EventBlock(generator.Model.Schema), new double[events]);
        generator.Model.Generate(new EventStream(0x4576656E74536572, [1600]), 0, events, block, logDensity);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (var number in block.EventNumber.AsSpan(0, events))
        {
            writer.Write(number);
        }

        foreach (var value in block.Scalars.SelectMany(column => column[..events]))
        {
            writer.Write(value);
        }

        foreach (var value in logDensity)
        {
            writer.Write(value);
        }

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())), GoldenSample.Digest(generator));
    }

    private static string Digest(EventBlock block)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> word = stackalloc byte[sizeof(float)];
        foreach (var column in block.Scalars)
        {
            Append(hash, column.AsSpan(0, block.Count), word);
        }

        foreach (var collection in block.Collections)
        {
            foreach (var column in collection.Columns)
            {
                Append(hash, column.AsSpan(0, collection.Offsets[block.Count]), word);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Digest(ReadOnlySpan<double> values)
    {
        var bytes = new byte[values.Length * sizeof(double)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), values[i]);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<float> values, Span<byte> word)
    {
        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(word, value);
            hash.AppendData(word);
        }
    }
}
