using System.Text.Json;

namespace EventService.FunctionalTests.Scans;

/// <summary>Streams of several points and with priors, over both transports.</summary>
public sealed class ScanTests(ScanService service) : IClassFixture<ScanService>
{
    public static TheoryData<Transport> Transports { get; } = [Transport.Rest, Transport.Grpc];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Points_TakeTurns_AndEachEventIsThatOfItsPointAlone(Transport transport)
    {
        using var client = new ScanClient(service, transport);
        string[] masses = ["2000", "2750.5", "3500"];
        var scan = await client.GenerateAsync($"process=zprime&mZp={string.Join(',', masses)}&seed=5&first=7&n=50");
        Assert.Equal(Enumerable.Range(7, 50).Select(i => (long)i), scan.Events.Select(e => e.Number));
        for (var k = 0; k < masses.Length; k++)
        {
            var alone = (await client.GenerateAsync($"process=zprime&mZp={masses[k]}&seed=5&first=7&n=50")).Events.ToDictionary(e => e.Number);
            var own = scan.Events.Where(e => e.Number % 3 == k).ToArray();
            Assert.NotEmpty(own);
            Assert.All(own, e => Assert.Equal(alone[e.Number].Bits(), e.Bits("mZp", "weight")));
            Assert.All(own, e => Assert.Equal(float.Parse(masses[k], System.Globalization.CultureInfo.InvariantCulture), e.Columns["mZp"].Single()));
            Assert.DoesNotContain("mZp", alone.Values.First().Columns.Keys);
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Points_OfTwoParameters_AreTheirCombinationsAndTheLastChangesFastest(Transport transport)
    {
        using var client = new ScanClient(service, transport);
        var scan = await client.GenerateAsync("process=squark&mSquark=1800,2000&mLSP=100,200,300&seed=5&n=600");
        Assert.Equal([1800f, 1800, 1800, 2000, 2000, 2000, 1800], scan.Column("mSquark")[..7]);
        Assert.Equal([100f, 200, 300, 100, 200, 300, 100], scan.Column("mLSP")[..7]);
        var alone = await client.GenerateAsync("process=squark&mSquark=2000&mLSP=200&seed=5&n=600");
        Assert.Equal(alone.Events.Where(e => e.Number % 6 == 4).Select(e => e.Bits()), scan.Events.Where(e => e.Number % 6 == 4).Select(e => e.Bits("mSquark", "mLSP")));
    }

    [Theory]
    [InlineData(Transport.Rest, "process=zprime&mZp=2000,2100,2200,2300,2400")]
    [InlineData(Transport.Grpc, "process=zprime&mZp=2000,2100,2200,2300,2400")]
    [InlineData(Transport.Rest, "process=zprime&mZp=uniform(2000,4000)")]
    [InlineData(Transport.Grpc, "process=zprime&mZp=uniform(2000,4000)")]
    [InlineData(Transport.Rest, "process=squark&mSquark=choice(1800:1,2000:3)&mLSP=100,150&cut=nJet>=2,mSquark>1900")]
    [InlineData(Transport.Grpc, "process=squark&mSquark=choice(1800:1,2000:3)&mLSP=100,150&cut=nJet>=2,mSquark>1900")]
    public async Task Scan_AnyRangeAlone_IsThatOfTheWhole(Transport transport, string query)
    {
        using var client = new ScanClient(service, transport);
        var whole = (await client.GenerateAsync($"{query}&seed=9&n=3000")).Events;
        Assert.NotEmpty(whole);
        var random = new EventService.Engine.Random.PhiloxStream(3, 4);
        for (var k = 0; k < 12; k++)
        {
            var first = (int)(random.NextUInt32() % 2999);
            var n = 1 + (int)(random.NextUInt32() % Math.Min(700, 3000 - first));
            var part = (await client.GenerateAsync($"{query}&seed=9&first={first}&n={n}")).Events;
            Assert.Equal(whole.Where(e => e.Number >= first && e.Number < first + n).Select(e => e.Bits()), part.Select(e => e.Bits()));
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Uniform_Masses_AreUniformAndEachEventIsThatOfItsMassAlone(Transport transport)
    {
        using var client = new ScanClient(service, transport);
        var scan = await client.GenerateAsync("process=zprime&mZp=uniform(2000,4000)&seed=5&n=4000");
        var masses = scan.Column("mZp");
        Assert.All(masses, m => Assert.InRange(m, 2000f, 4000f));

        // Mean and standard deviation of a uniform distribution, 2000 / sqrt(12), within 5 of their errors.
        Assert.InRange(masses.Average(), 3000 - (5 * 577.4 / Math.Sqrt(4000)), 3000 + (5 * 577.4 / Math.Sqrt(4000)));
        Assert.InRange(Math.Sqrt(masses.Average(m => (m - 3000.0) * (m - 3000.0))), 577.4 * 0.95, 577.4 * 1.05);
        Assert.True(masses.Distinct().Count() > 3900);
        foreach (var e in scan.Events.Where(e => e.Number % 400 == 3))
        {
            var alone = await client.GenerateAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"process=zprime&mZp={e.Columns["mZp"].Single():R}&seed=5&first={e.Number}&n=1"));
            Assert.Equal(alone.Events.Single().Bits(), e.Bits("mZp", "weight"));
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task PriorsOfSteps_AndOfWeights_DrawTheirValuesAsOftenAsTheyShould(Transport transport)
    {
        using var client = new ScanClient(service, transport);
        var steps = (await client.GenerateAsync("process=zprime&mZp=uniform(2000,2500,100)&seed=5&n=6000")).Column("mZp").GroupBy(m => m).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal([2000f, 2100, 2200, 2300, 2400, 2500], steps.Keys.Order());
        Assert.All(steps.Values, count => Assert.InRange(count, 1000 - 150, 1000 + 150)); // 5 standard deviations are 144

        var weights = (await client.GenerateAsync("process=zprime&mZp=choice(2000:1,3000:3)&seed=5&n=4000")).Column("mZp").Count(m => m == 3000);
        Assert.InRange(weights, 3000 - 137, 3000 + 137); // 5 standard deviations
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Receipt_OfSeveralPoints_HasTheYieldOfEachAndTheWeightsAgree(Transport transport)
    {
        using var client = new ScanClient(service, transport);
        var scan = await client.GenerateAsync("process=zprime&mZp=2500,3000,3500&seed=5&first=1&n=100&lumi=140");
        Assert.Equal("2500,3000,3500", scan.Receipt.GetProperty("scan").GetProperty("mZp").GetString());
        Assert.Equal("event i is event i of points[i mod 3] alone", scan.Receipt.GetProperty("mapping").GetString());
        Assert.False(scan.Receipt.TryGetProperty("crossSectionPb", out _));
        var points = scan.Receipt.GetProperty("points").EnumerateArray().ToArray();

        // Half way in mass: the geometric mean of the cross-sections, the mean of the efficiencies. Events 1 to 100: 33 of 0 mod 3, 34 of
        // 1, 33 of 2.
        double[] crossSections = [0.1397, Math.Sqrt(0.1397 * 0.0155), 0.0155], efficiencies = [0.89, 0.88, 0.87];
        long[] n = [33, 34, 33];
        for (var k = 0; k < 3; k++)
        {
            Assert.Equal(2500 + (500 * k), points[k].GetProperty("condition").GetProperty("mZp").GetDouble());
            Assert.Equal(n[k], points[k].GetProperty("n").GetInt64());
            Assert.Equal(crossSections[k], points[k].GetProperty("crossSectionPb").GetDouble(), 1e-12);
            Assert.Equal(efficiencies[k], points[k].GetProperty("selectionEfficiency").GetDouble(), 1e-12);
            var expected = crossSections[k] * efficiencies[k] * 140 * 1000;
            Assert.Equal(expected, points[k].GetProperty("expectedEvents").GetDouble(), 1e-6);
            Assert.Equal(expected / n[k], points[k].GetProperty("eventNormalisation").GetDouble(), 1e-6);
            Assert.All(scan.Events.Where(e => e.Number % 3 == k), e => Assert.Equal(crossSections[k] * efficiencies[k], e.Columns["weight"].Single(), 1e-7));
        }
    }

    [Theory]
    [InlineData(Transport.Rest, "process=zprime&mZp=3000", 0.88, 0.04653)]
    [InlineData(Transport.Grpc, "process=zprime&mZp=3000", 0.88, 0.04653)]
    [InlineData(Transport.Rest, "process=squark&mSquark=1500&mLSP=100", 0.6, 0.1)]
    [InlineData(Transport.Grpc, "process=squark&mSquark=2000&mLSP=300", 0.65, 0.01)]
    public async Task Receipt_OfOnePoint_HasItsYield(Transport transport, string query, double efficiency, double crossSection)
    {
        using var client = new ScanClient(service, transport);
        var answer = await client.GenerateAsync($"{query}&n=20&lumi=3");
        Assert.Equal(crossSection, answer.Receipt.GetProperty("crossSectionPb").GetDouble(), 1e-5);
        Assert.Equal(efficiency, answer.Receipt.GetProperty("selectionEfficiency").GetDouble(), 1e-9);
        Assert.Equal(crossSection * efficiency * 3000, answer.Receipt.GetProperty("expectedEvents").GetDouble(), 0.1);

        // Whole events have a weight whatever the request: it follows the masses.
        if (query.Contains("squark", StringComparison.Ordinal))
        {
            Assert.All(answer.Column("weight"), w => Assert.Equal(crossSection * efficiency, w, 1e-5));
        }
    }

    [Theory]
    [InlineData(Transport.Rest, "mZp=2600", 0)]
    [InlineData(Transport.Grpc, "mZp=2500", 0)]
    [InlineData(Transport.Rest, "mZp=2100", 1)]
    [InlineData(Transport.Grpc, "mZp=2100", 1)]
    [InlineData(Transport.Rest, "mZp=3600,2600,2400", 2)]
    [InlineData(Transport.Grpc, "mZp=uniform(2500,4000)", 1)]
    [InlineData(Transport.Rest, "mZp=uniform(2500,3500)", 0)]
    public async Task Receipt_OfValuesBesideTheOutermostPoints_Warns(Transport transport, string condition, int expected)
    {
        using var client = new ScanClient(service, transport);
        var receipt = (await client.GenerateAsync($"process=zprime&{condition}&n=5")).Receipt;
        Assert.Equal(expected, receipt.TryGetProperty("warnings", out var warnings) ? warnings.GetArrayLength() : 0);
        if (condition == "mZp=2100")
        {
            Assert.Equal("mZp is 2100 GeV, in the outermost interval of the trained points, 2000 to 2500 GeV: none beyond it holds the interpolation.", warnings[0].GetString());
        }
    }

    public static TheoryData<Transport, string, int, string> Refusals
    {
        get
        {
            (string Query, int Status, string Sentence)[] refusals =
            [
                ("process=zprime", 400, "mZp is not given; this model needs it, 2000 to 4000 GeV: Mass of the Z'."),
                ("process=zprime&mZp=4100", 422, "mZp is 4100 GeV, outside what this model was trained on: 2000 to 4000 GeV. The nearest point that it has is mZp=4000."),
                ("process=zprime&mZp=2000,1900", 422, "mZp is 1900 GeV, outside what this model was trained on: 2000 to 4000 GeV. The nearest point that it has is mZp=2000."),
                ("process=zprime&mZp=uniform(2000,4100)", 422, "mZp is 4100 GeV, outside"),
                ("process=zprime&mZp=uniform(3000,2000)", 400, "mZp is 'uniform(3000,2000)', expected uniform(FROM,TO) or uniform(FROM,TO,STEP)"),
                ("process=zprime&mZp=normal(3000,200)", 400, "mZp is 'normal(3000,200)', expected a number, several with commas between, uniform(FROM,TO) or choice(VALUE:WEIGHT,...)."),
                ("process=zprime&mZp=2000,2000", 400, "mZp is '2000,2000', expected each of several once."),
                ("process=zprime&mZp=choice(2000:1,3000:-1)", 400, "mZp is 'choice(2000:1,3000:-1)', expected choice(VALUE:WEIGHT,...) with each value once and weights above 0."),
                ($"process=zprime&mZp={string.Join(',', Enumerable.Range(2000, 33))}", 400, "The request has 33 points, expected at most 32 a stream."),
                ("process=squark&mSquark=1000&mLSP=1200", 400, "mSquark=1000 GeV, mLSP=1200 GeV cannot be: a squark is heavier than the neutralino it decays to. Expected mSquark - mLSP > 0."),
                ("process=squark&mSquark=1000&mLSP=-5", 400, "mSquark=1000 GeV, mLSP=-5 GeV cannot be: a mass is above 0. Expected mLSP > 0."),
                ("process=squark&mSquark=1200&mLSP=400", 422, "The point mSquark=1200 GeV, mLSP=400 GeV is outside what this model was trained on: the polygon of mSquark=1000 GeV, mLSP=100 GeV; mSquark=2000 GeV, mLSP=100 GeV; mSquark=2000 GeV, mLSP=500 GeV. The nearest point that it has is mSquark=1475, mLSP=290."),
                ("process=squark&mSquark=1200", 400, "mLSP is not given; this model needs it, 100 to 500 GeV: Mass of the neutralino."),
            ];
            var data = new TheoryData<Transport, string, int, string>();
            foreach (var (query, status, sentence) in refusals)
            {
                data.Add(Transport.Rest, query, status, sentence);
                data.Add(Transport.Grpc, query, status, sentence);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Scan_WhatCannotBe_IsRefusedWithItsSentence(Transport transport, string query, int status, string sentence)
    {
        using var client = new ScanClient(service, transport);
        var (found, detail) = await client.RefusalAsync(query);
        Assert.Equal(status, found);
        Assert.StartsWith(sentence, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scan_InAFormatWithoutAPlaceForMasses_IsRefused() =>
        await Problem.ExpectAsync(await service.CreateClient().PostAsync("/generate?process=squark&mSquark=1800,2000&mLSP=100&format=dm-csv", null), 422, "dm-csv holds whole collision events only, not the columns weight");

    [Fact]
    public async Task Scan_AsAJsonBody_IsThatOfTheQuery()
    {
        var client = service.CreateClient();
        var query = await client.PostForTextAsync("/generate?process=zprime&mZp=2000,2500.5&seed=5&n=50");
        Assert.Equal(query, await (await client.PostJsonAsync("/generate", """{"process":"zprime","mZp":[2000,2500.5],"seed":5,"n":50}""")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task GetProcesses_OfBothTransports_GivesParametersPointsAndHull()
    {
        var model = (await service.CreateClient().JsonAsync("/processes")).EnumerateArray().Single(p => p.GetProperty("process").GetString() == "squark").GetProperty("models")[0];
        var parameter = model.GetProperty("parameters")[1];
        Assert.Equal("mLSP GeV Mass of the neutralino 100 500", string.Join(' ', parameter.EnumerateObject().Take(5).Select(p => p.Value.ToString())));
        Assert.Equal("polygon", model.GetProperty("hull").GetProperty("kind").GetString());
        Assert.Equal("[[1000,100],[2000,100],[2000,500]]", model.GetProperty("hull").GetProperty("corners").GetRawText());
        Assert.Equal("mSquark - mLSP > 0", model.GetProperty("hull").GetProperty("constraints")[1].GetString());
        Assert.Equal(0.7, model.GetProperty("trainedPoints")[1].GetProperty("selectionEfficiency").GetDouble());

        using var client = new EventService.Client.EventServiceClient(service.GrpcAddress);
        var grpc = (await client.ListProcessesAsync()).Single(p => p.Process == "squark").Models.Single();
        Assert.Equal(["mSquark", "mLSP"], grpc.Parameters.Select(p => p.Name));
        Assert.Equal([100.0, 500], grpc.Parameters[1].Trained);
        Assert.Equal(model.GetProperty("hull").GetProperty("text").GetString(), grpc.Hull.Text);
        Assert.Equal("[[1000,100],[2000,100],[2000,500]]", JsonSerializer.Serialize(grpc.Hull.Corners.Select(c => c.Value)));
        Assert.Equal([0.5, 0.7, 0.6], grpc.TrainedPoints.Select(p => p.SelectionEfficiency));
    }
}
