using System.Runtime.InteropServices;

using EventService.Contracts.V1;

using Google.Protobuf;

using Grpc.Core;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class GrpcDensityTests(RunningService service) : IDisposable
{
    private const string Path = "/eventservice.v1.Events/Density";

    private readonly HttpClient _rest = service.CreateClient();
    private readonly RawCall _grpc = new(service.GrpcAddress);

    public void Dispose() => _grpc.Dispose();

    [Fact]
    public async Task Density_OfBlocks_IsThatOfRestBitForBit()
    {
        var npy = await _rest.PostForBytesAsync("/generate?process=ttbar&seed=5&n=3000&format=npy");
        using var posted = await _rest.PostAsync("/density?process=ttbar&format=npy", new ByteArrayContent(npy));
        var expected = new NpyTable(await posted.Content.ReadAsByteArrayAsync());
        var blocks = await BlocksAsync(new GenerateRequest { Process = "ttbar", Seed = 5, N = 3000 });

        var (model, densities, end) = Read(await SendAsync(new DensityStart { Process = "ttbar" }, blocks));
        Assert.Equal("ttbar-analytic", model.Model);
        Assert.Equal(3000, end.Events);
        Assert.Equal(Enumerable.Range(0, 3000).Select(k => (long)expected.Number(k, "event")), densities.SelectMany(d => Column<long>(d.EventNumber)));
        Assert.Equal(Enumerable.Range(0, 3000).Select(k => BitConverter.DoubleToInt64Bits(expected.Number(k, "logDensity"))), densities.SelectMany(d => Column<long>(d.LogDensity)));
        Assert.Equal(Enumerable.Range(0, 3000).Select(k => expected.Number(k, "error")), densities.SelectMany(d => Column<double>(d.Error)));
        Assert.All(densities, d => Assert.Empty(d.Zeros));
    }

    [Fact]
    public async Task Density_OfAnEventOutsideTheSupport_IsMinusInfinityWithAReason()
    {
        // The model draws |eta| below 3; DensityTests has the same event over REST.
        var (_, densities, _) = Read(await SendAsync(new DensityStart { Process = "ttbar" }, [OneJet(eta: 0), OneJet(eta: 4)]));
        var zero = densities[1].Zeros.Single();
        Assert.True(double.IsFinite(Column<double>(densities[0].LogDensity)[0]));
        Assert.Equal([double.NegativeInfinity], Column<double>(densities[1].LogDensity));
        Assert.Equal((0, "object 1 is outside the model's support"), (zero.Row, zero.Reason));
    }

    [Fact]
    public async Task Density_WithoutBlocks_EndsWithNone()
    {
        var (_, densities, end) = Read(await SendAsync(new DensityStart { Process = "ttbar" }, []));
        Assert.Empty(densities);
        Assert.Equal(0, end.Events);
    }

    public static TheoryData<string, Action<EventColumns>> Faults { get; } = new()
    {
        { "block 1: count is -1, expected 0 or more.", b => b.Count = -1 },
        { "block 1: event_number has 8 bytes, expected 17179869176: 2147483647 numbers of 8.", b => b.Count = int.MaxValue },
        { "block 1: there are 2 scalar columns and 5 collections, expected 3 and 5: weight, MET_pt", b => b.Scalars.RemoveAt(0) },
        { "block 1: MET_pt has 3 bytes, expected 4", b => b.Scalars[1] = ByteString.CopyFrom(1, 2, 3) },
        { "block 1: offsets[1] of Jet is -1, expected at least the one before, 0.", b => b.Collections[0].Offsets = Bytes([0, -1]) },
        { "block 1: offsets[0] of Jet is 1, expected 0.", b => b.Collections[0].Offsets = Bytes([1, 1]) },
        { "block 1: Jet_pt has 4 bytes, expected 8589934588: 2147483647 numbers of 4.", b => b.Collections[0].Offsets = Bytes([0, int.MaxValue]) },
        { "block 1: offsets of Muon has 4 bytes, expected 8: 2 numbers of 4.", b => b.Collections[3].Offsets = Bytes([0]) },
        { "block 1: Jet has 4 columns, expected 5: pt, eta, phi, energy, mass.", b => b.Collections[0].Columns.RemoveAt(4) },
        { "block 1, record 1: Jet_pt[0] -5 is not positive.", b => b.Collections[0].Columns[0] = Bytes([-5f]) },
        { "block 1, record 1: MET_phi NaN is not a finite number.", b => b.Scalars[2] = Bytes([float.NaN]) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Density_FaultyBlock_SaysWhereAndWhy(string sentence, Action<EventColumns> spoil)
    {
        var block = OneJet(eta: 0);
        spoil(block);
        var answer = await SendAsync(new DensityStart { Process = "ttbar" }, [block]);
        Assert.Equal(StatusCode.InvalidArgument, answer.Status);
        Assert.StartsWith(sentence, answer.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Density_WhatCannotBe_IsRefused()
    {
        var first = await _grpc.SendAsync(Path, new DensityRequest { Block = OneJet(eta: 0) });
        Assert.Equal((StatusCode.InvalidArgument, "The first message holds no start, expected one that says which model."), (first.Status, first.Sentence));
        var twice = await _grpc.SendAsync(Path, [.. Frame(new DensityRequest { Start = new() { Process = "ttbar" } }), .. Frame(new DensityRequest { Start = new() })]);
        Assert.Equal((StatusCode.InvalidArgument, "Message 2 is a second start, expected a block of events."), (twice.Status, twice.Sentence));
        Assert.Equal(StatusCode.FailedPrecondition, (await SendAsync(new DensityStart { Process = "zjets" }, [])).Status);
        Assert.Equal(StatusCode.NotFound, (await SendAsync(new DensityStart { Process = "nobody" }, [])).Status);
        var columns = await SendAsync(new DensityStart { Process = "ttbar", Schema = new Schema { Scalars = { new Column { Name = "MET_pt" } } } }, []);
        Assert.Equal(StatusCode.InvalidArgument, columns.Status);
        Assert.StartsWith("The start has the columns MET_pt, expected weight, MET_pt, MET_phi, Jet", columns.Sentence, StringComparison.Ordinal);
    }

    private static EventColumns OneJet(float eta)
    {
        var (pt, mass) = (100f, 50f);
        var energy = (float)Math.Sqrt(Math.Pow(pt * Math.Cosh(eta), 2) + (mass * mass));
        var none = new CollectionColumns { Offsets = Bytes([0, 0]) };
        CollectionColumns Empty(int columns) => new(none) { Columns = { Enumerable.Repeat(ByteString.Empty, columns) } };
        return new EventColumns
        {
            Count = 1,
            EventNumber = Bytes([7L]),
            Scalars = { Bytes([2.5f]), Bytes([30f]), Bytes([0.5f]) },
            Collections =
            {
                new CollectionColumns { Offsets = Bytes([0, 1]), Columns = { Bytes([pt]), Bytes([eta]), Bytes([1f]), Bytes([energy]), Bytes([mass]) } },
                Empty(5), Empty(5), Empty(5), Empty(4),
            },
        };
    }

    private async Task<List<EventColumns>> BlocksAsync(GenerateRequest request) =>
        [.. (await _grpc.SendAsync("/eventservice.v1.Events/Generate", request)).Messages.Select(m => GenerateResponse.Parser.ParseFrom(m.Message).Block).Where(b => b is not null)];

    private Task<RawAnswer> SendAsync(DensityStart start, IEnumerable<EventColumns> blocks) =>
        _grpc.SendAsync(Path, [.. Frame(new DensityRequest { Start = start }), .. blocks.SelectMany(b => Frame(new DensityRequest { Block = b }))]);

    private static (DensityModel Model, List<Densities> Blocks, DensityEnd End) Read(RawAnswer answer)
    {
        Assert.True(answer.Status == StatusCode.OK, answer.Sentence);
        var messages = answer.Messages.Select(m => DensityResponse.Parser.ParseFrom(m.Message)).ToArray();
        return (messages[0].Start, [.. messages[1..^1].Select(m => m.Block)], messages[^1].End);
    }

    private static byte[] Frame(IMessage message) => RawCall.Frame(message.ToByteArray());

    private static ByteString Bytes<T>(T[] values)
        where T : unmanaged => ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));

    private static T[] Column<T>(ByteString bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes.Span).ToArray();
}
