using EventService.FunctionalTests.Models;
using EventService.Models.Conditions;

namespace EventService.FunctionalTests.Scans;

/// <summary>
/// The service with models that depend on masses: a table with a grid of one, a table whose parameter has a mass as its alternative, and
/// whole events with a triangle of two.
/// </summary>
public sealed class ScanService : RunningService
{
    public ScanService()
        : base(workers: 2)
    {
        // Cross-sections and efficiencies of Z' samples of these masses.
        Write("zprime", TestModels.Table, [new ConditionParameter("mZp", "GeV", "Mass of the Z'", 2000, 4000, [2000, 2500, 3500, 4000])], new ConditionDomain
        {
            Points =
            [
                new([2000]) { CrossSectionPb = 0.4925, SelectionEfficiency = 0.88 },
                new([2500]) { CrossSectionPb = 0.1397, SelectionEfficiency = 0.89 },
                new([3500]) { CrossSectionPb = 0.0155, SelectionEfficiency = 0.87 },
                new([4000]) { CrossSectionPb = 0.00559, SelectionEfficiency = 0.86 },
            ],
        });
        Write("mixing", TestModels.Table,
            [new ConditionParameter("eps", "1", "Mass mixing", 0.25, 0.75, [0.25, 0.75]) { Alternative = new AlternativeParameter("mChargino", "GeV", "Mass of the chargino", 100, 2100) }],
            new ConditionDomain { Points = [new([0.25]) { CrossSectionPb = 0.0001372, SelectionEfficiency = 0.19625 }, new([0.75]) { CrossSectionPb = 0.0001371, SelectionEfficiency = 0.2059 }] });
        Write("squark", "test-analytic",
        [
            new ConditionParameter("mSquark", "GeV", "Mass of the squark", 1000, 2000, [1000, 2000]),
            new ConditionParameter("mLSP", "GeV", "Mass of the neutralino", 100, 500, [100, 500]),
        ], new ConditionDomain
        {
            Points =
            [
                new([1000, 100]) { CrossSectionPb = 1, SelectionEfficiency = 0.5 },
                new([2000, 100]) { CrossSectionPb = 0.01, SelectionEfficiency = 0.7 },
                new([2000, 500]) { CrossSectionPb = 0.01, SelectionEfficiency = 0.6 },
            ],
            Constraints =
            [
                new(new Dictionary<string, double> { ["mLSP"] = 1 }, 0, "a mass is above 0"),
                new(new Dictionary<string, double> { ["mSquark"] = 1, ["mLSP"] = -1 }, 0, "a squark is heavier than the neutralino it decays to"),
            ],
        });
    }

    private void Write(string process, string architecture, IReadOnlyList<ConditionParameter> parameters, ConditionDomain domain) =>
        File.WriteAllBytes(Path.Combine(ModelsFolder, process + ".safetensors"), TestModels.Bytes(process + "-test", process, architecture, parameters, domain: domain));
}
