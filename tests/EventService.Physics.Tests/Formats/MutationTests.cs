using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

/// <summary>
/// Damaged bytes give events or a <see cref="DataFormatException"/> with its place: no other exception, no hang, no part of an import.
/// </summary>
public class MutationTests
{
    public static TheoryData<string, bool> Formats
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var format in EventFormats.Names)
            {
                data.Add(format, false);
                data.Add(format, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Reader_DamagedBytes_GivesEventsOrTheFault(string format, bool packed)
    {
        var sample = DarkMachinesReader.ReadAll(Repository.TestData("gluino_01-50.csv"));
        var schema = DarkMachinesSchema.Create(sample);
        var block = new EventBlock(schema);
        DarkMachinesSchema.ToBlock(sample, 0, 40, block);
        var bytes = TestBlocks.Write(
            EventFormats.CreateWriter(format, new EventWriterOptions(schema) { ProcessName = "gluino_01", Count = 40 }), block);
        bytes = packed ? DarkMachinesReaderTests.Gzip(bytes) : bytes;
        var faults = 0;
        for (var seed = 0UL; seed < 200; seed++)
        {
            var mutant = Mutate(bytes, new SplitMix64(seed));
            var read = new EventSample();
            read.AddEvent(-1, 0, 0, 0);
            read.ProcessName = "gluino_01";
            try
            {
                using var reader = EventFormats.OpenReader(format, new MemoryStream(mutant), "mutant");
                reader.Read(read, int.MaxValue);
                AssertIsSound(read);
            }
            catch (DataFormatException e)
            {
                faults++;
                Assert.Equal("mutant", e.FileName);
                Assert.StartsWith("mutant", e.Message, StringComparison.Ordinal);
                Assert.True(e.Line > 0 || e.Message.Contains("header", StringComparison.Ordinal), $"seed {seed}: {e.Message}");
                Assert.Equal(1, read.Count);
                Assert.Equal(0, read.ObjectCount);
            }
        }

        // Flipped digits can be sound; cut and damaged structure cannot. Gzip has a checksum.
        Assert.InRange(faults, packed ? 190 : 20, 200);
    }

    private static byte[] Mutate(byte[] bytes, SplitMix64 random)
    {
        var mutant = new List<byte>(bytes);
        for (var times = 1 + random.Below(3); times > 0 && mutant.Count > 0; times--)
        {
            var at = random.Below(mutant.Count);
            var length = Math.Min(1 + random.Below(40), mutant.Count - at);
            switch (random.Below(5))
            {
                case 0:
                    mutant[at] ^= (byte)(1 << random.Below(8));
                    break;
                case 1:
                    mutant.RemoveRange(at, length);
                    break;
                case 2:
                    mutant.Insert(at, (byte)random.Next());
                    break;
                case 3:
                    mutant.RemoveRange(at, mutant.Count - at);
                    break;
                default:
                    mutant.InsertRange(random.Below(mutant.Count), mutant.GetRange(at, length));
                    break;
            }
        }

        return [.. mutant];
    }

    private static void AssertIsSound(EventSample sample)
    {
        for (var k = 0; k < sample.Count; k++)
        {
            Assert.True(
                double.IsFinite(sample.Weight[k]) && double.IsFinite(sample.Met[k]) && sample.Met[k] >= 0
                    && Math.Abs(sample.MetPhi[k]) < 3.1417);
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                Assert.True(sample.Pt[i] > 0 && sample.Energy[i] > 0 && double.IsFinite(sample.Eta[i]) && Math.Abs(sample.Phi[i]) < 3.1417);
                Assert.True(i == sample.Offsets[k] || sample.Type[i] > sample.Type[i - 1]
                    || (sample.Type[i] == sample.Type[i - 1] && sample.Pt[i] <= sample.Pt[i - 1]));
            }
        }
    }
}
