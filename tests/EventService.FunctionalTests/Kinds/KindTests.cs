using System.Text;
using System.Text.Json;

using EventService.Client;
using EventService.Contracts.V1;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;

using Google.Protobuf;


namespace EventService.FunctionalTests.Kinds;

/// <summary>
/// Jets and showers through every door of the service: they are the same numbers wherever they come out, and so are their densities
/// wherever they go in.
/// </summary>
public sealed class KindTests(KindService service) : IClassFixture<KindService>, IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly EventServiceClient _grpc = new(service.GrpcAddress);

    public void Dispose() => _grpc.Dispose();

    [Theory]
    [InlineData("jets")]
    [InlineData("showers")]
    public async Task Events_InEveryFormat_AreTheSame(string process)
    {
        var schema = KindService.SchemaOf(process);
        var expected = Numbers(Read("npy", schema, await _rest.PostForBytesAsync($"/generate?process={process}&seed=5&n=700&format=npy")));
        Assert.Equal(700, expected.Count);
        Assert.Equal(expected, Numbers(Read("jsonl", schema, await _rest.PostForBytesAsync($"/generate?process={process}&seed=5&n=700"))));

        using var stream = await _grpc.GenerateAsync(new GenerateRequest { Process = process, Seed = 5, N = 700 });
        Assert.Equal(schema.Arrays.Select(a => a.Name), stream.Schema.Arrays.Select(a => a.Name));
        Assert.Equal(schema.Arrays.SelectMany(a => a.Shape), stream.Schema.Arrays.SelectMany(a => a.Shape));
        var found = new List<string>();
        await foreach (var block in stream.ReadAllAsync())
        {
            found.AddRange(Numbers(block, schema));
        }

        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("jets")]
    [InlineData("showers")]
    public async Task Densities_OfEventsThatComeBackInAnyFormat_AreThoseTheyWereGeneratedWith(string process)
    {
        var withDensity = await _rest.PostForTextAsync($"/generate?process={process}&seed=6&n=600&logDensity=true");
        double[] expected = [.. LogDensities(withDensity)];
        Assert.Equal(600, expected.Length);
        foreach (var format in new[] { "jsonl", "npy" })
        {
            var events = await _rest.PostForBytesAsync($"/generate?process={process}&seed=6&n=600&format={format}");
            using var answer = await _rest.PostAsync($"/density?process={process}", new ByteArrayContent(events));
            Assert.Equal(expected, LogDensities(await answer.Content.ReadAsStringAsync()));
        }

        using var stream = await _grpc.GenerateAsync(new GenerateRequest { Process = process, Seed = 6, N = 600 });
        var densities = new List<double>();
        var start = new DensityStart { Process = process, Schema = stream.Schema };
        await foreach (var block in _grpc.DensityAsync(start, stream.ReadAllAsync()))
        {
            densities.AddRange(block.LogDensities());
        }

        Assert.Equal(expected, densities);
    }

    [Fact]
    public async Task Columns_CutAndHistogram_TakeArrays()
    {
        var whole = Read("npy", KindService.Showers, await _rest.PostForBytesAsync("/generate?process=showers&seed=7&n=500&format=npy"));
        double[] last = [.. Enumerable.Range(0, whole.Count).Select(k => whole.Arrays[0].Row(k)[59])];

        var only = await _rest.PostForTextAsync("/generate?process=showers&seed=7&n=500&columns=layers&cut=voxels[59]>100");
        var lines = only.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToArray();
        Assert.Equal(Enumerable.Range(0, 500).Where(k => last[k] > 100), lines.Select(l => l.GetProperty("event").GetInt32()));
        Assert.All(lines, l => Assert.Equal(["event", "layers"], l.EnumerateObject().Select(p => p.Name)));
        var layers = whole.Arrays[1].Row(lines[0].GetProperty("event").GetInt32()).ToArray();
        Assert.Equal(layers, lines[0].GetProperty("layers").EnumerateArray().Select(x => x.GetDouble()));

        const string one = "/histogram?process=showers&seed=7&n=500&range=0,100&bins=1";
        var histogram = await _rest.PostAsync($"{one}&column=voxels[59]", null).JsonAsync();
        Assert.Equal(last.Count(x => x < 100), histogram.GetProperty("counts")[0].GetInt32());
        histogram = await _rest.PostAsync($"{one}&column=voxels", null).JsonAsync();
        Assert.Equal(30_000, histogram.GetProperty("entries").GetInt32());
        Assert.Equal(whole.Arrays[0].Values.ToArray().Count(x => x < 100), histogram.GetProperty("counts")[0].GetInt32());
    }

    [Theory]
    [InlineData("jets")]
    [InlineData("showers")]
    public async Task TextOfWholeEvents_IsRefusedBothWays(string process)
    {
        var columns = KindService.SchemaOf(process).Describe();
        await Problem.ExpectAsync(await _rest.PostAsync($"/generate?process={process}&seed=1&n=10&format=dm-csv", null), 422, "");
        await Problem.ExpectAsync(await _rest.PostAsync($"/density?process={process}&input=dm-csv", new StringContent("1;x;1;1;0;")), 422,
            $"'dm-csv' holds whole collision events, but the model's events have the columns {columns}. Give them as 'jsonl' or 'npy'.");
    }

    [Fact]
    public async Task EventsOfNoKnownKind_AreServed_ButTheirDensitiesNot()
    {
        Assert.Equal(20, (await _rest.PostForTextAsync("/generate?process=tracks&seed=1&n=20")).Count(c => c == '\n'));
        await Problem.ExpectAsync(await _rest.PostAsync("/density?process=tracks", new StringContent("{}")), 422,
            "Events of the columns x, Track, nTrack, Track_pt are of no known kind. Known: whole collision events (");
    }

    public static TheoryData<string, Action<EventColumns>> Faults { get; } = new()
    {
        { "block 1: there are 1 arrays, expected 2: incident_energy, voxels, layers.", b => b.Arrays.RemoveAt(0) },
        { "block 1: voxels has 8 bytes, expected 240: 60 numbers of 4.", b => b.Arrays[0] = ByteString.CopyFrom(new byte[8]) },
        {
            "block 1, record 1: layers[2] NaN is not a finite number.",
            b => b.Arrays[1] = ByteString.CopyFrom([.. new byte[8], .. BitConverter.GetBytes(float.NaN)])
        },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task DensityOfABlock_WithFaultyArrays_SaysWhereAndWhy(string sentence, Action<EventColumns> spoil)
    {
        var block = new EventColumns
        {
            Count = 1,
            EventNumber = ByteString.CopyFrom(new byte[8]),
            Scalars = { ByteString.CopyFrom(new byte[4]) },
            Arrays = { ByteString.CopyFrom(new byte[240]), ByteString.CopyFrom(new byte[12]) },
        };
        spoil(block);
        var e = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var _ in _grpc.DensityAsync(new DensityStart { Process = "showers" }, new[] { block }.ToAsyncEnumerable()))
            {
            }
        });
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<double> LogDensities(string lines) => lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonElement.Parse(line).GetProperty("logDensity").GetDouble());

    private static EventSample Read(string format, SampleSchema schema, byte[] file)
    {
        using var reader = EventKind.Of(schema).OpenReader(format, new MemoryStream(file), format, schema);
        var sample = EventSample.For(schema);
        while (reader.Read(sample, 1000))
        {
        }

        return sample;
    }

    /// <summary>All numbers of each event, as text.</summary>
    private static List<string> Numbers(EventSample sample)
    {
        var events = new List<string>();
        for (var k = 0; k < sample.Count; k++)
        {
            var text = new StringBuilder($"{sample.EventNumber[k]}: {string.Join(' ', sample.Row(k).ToArray())}");
            foreach (var collection in sample.Collections)
            {
                var (start, end) = (collection.Offsets[k], collection.Offsets[k + 1]);
                for (var c = 0; c < collection.Width; c++)
                {
                    text.Append($" [{string.Join(' ', collection.Column(c)[start..end].ToArray())}]");
                }
            }

            foreach (var array in sample.Arrays)
            {
                text.Append($" ({string.Join(' ', array.Row(k).ToArray())})");
            }

            events.Add(text.ToString());
        }

        return events;
    }

    private static IEnumerable<string> Numbers(EventColumns columns, SampleSchema schema)
    {
        for (var k = 0; k < columns.Count; k++)
        {
            var row = k;
            var scalars = Enumerable.Range(0, columns.Scalars.Count).Select(s => columns.Scalar(s)[row]);
            var text = new StringBuilder($"{columns.EventNumbers()[k]}: {string.Join(' ', scalars)}");
            foreach (var collection in columns.Collections)
            {
                var (start, end) = (collection.OffsetValues()[k], collection.OffsetValues()[k + 1]);
                for (var c = 0; c < collection.Columns.Count; c++)
                {
                    text.Append($" [{string.Join(' ', collection.Column(c)[start..end].ToArray())}]");
                }
            }

            for (var a = 0; a < columns.Arrays.Count; a++)
            {
                text.Append($" ({string.Join(' ', columns.Array(a).Slice(k * schema.Arrays[a].Size, schema.Arrays[a].Size).ToArray())})");
            }

            yield return text.ToString();
        }
    }
}
