using System.Security.Cryptography;

using EventService.Models.FlowEvents;
using EventService.Physics.Formats;
using EventService.Training.Families;
using EventService.Training.Recipes;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Training.FlowEvents;

/// <summary>How whole events are composed of flows, and how these are trained on a Dark Machines file.</summary>
public sealed record FlowEventsRecipe : Recipe
{
    /// <summary>particles, cumulative-particles or fixed-event.</summary>
    public required string Composition { get; init; }

    /// <summary>Draws from which a particle is chosen, for cumulative-particles.</summary>
    public int Candidates { get; init; } = 1000;

    /// <summary>Maps of all columns, from the numbers of <see cref="FlowCoordinates"/> to the flow.</summary>
    public required IReadOnlyList<MapRecipe> Maps { get; init; }

    /// <summary>The architecture of the flows that name none of their own.</summary>
    public required FlowFamily Architecture { get; init; }

    /// <summary>What is different for single flows, by name.</summary>
    public IReadOnlyDictionary<string, FlowChanges> Flows { get; init; } = new Dictionary<string, FlowChanges>();

    /// <summary>Draws by which the acceptance of the event selection is measured.</summary>
    public long AcceptanceEvents { get; init; } = 100_000;

    public override TrainingData Read(string path)
    {
        using var stream = File.OpenRead(path);
        return new TrainingData(DarkMachinesReader.ReadAll(path), Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    public override void Check()
    {
        base.Check();
        string[] compositions = [ParticleFlows.CompositionName, CumulativeParticleFlows.CompositionName, FixedEventFlow.CompositionName];
        RecipeJson.Require(
            compositions.Contains(Composition), $"composition is '{Composition}', expected one of {string.Join(", ", compositions)}");
        RecipeJson.Require(
            double.IsFinite(CrossSectionPb) && CrossSectionPb > 0, $"crossSectionPb is {CrossSectionPb}, expected a number above 0");
        RecipeJson.Require(Candidates is >= 1 and <= 100_000, $"candidates is {Candidates}, expected 1 to 100000");
        RecipeJson.Require(AcceptanceEvents >= 1, $"acceptanceEvents is {AcceptanceEvents}, expected at least 1");
        foreach (var (place, schedule) in Flows.Select(f => ($"flows.{f.Key}.training", f.Value.Training)).Append(("training", Training)))
        {
            RecipeJson.Require(schedule?.Fault() is null, $"{place}: {schedule?.Fault()}");
            RecipeJson.Require(schedule is not { Dropout: not 0 }, $"{place} has a dropout, which only object flows have");
        }
    }

    /// <summary>The recipe of one flow over these columns.</summary>
    internal TableFlowRecipe Of(string flow, IReadOnlyList<ColumnRecipe> columns, IReadOnlyList<string> mirror)
    {
        var own = Flows.GetValueOrDefault(flow);
        return new TableFlowRecipe
        {
            Name = $"{Name}.{flow}",
            Process = Process,
            CrossSectionPb = CrossSectionPb,
            Data = new TableData { Columns = columns, Maps = own?.Maps ?? Maps, Mirror = mirror },
            Architecture = own?.Architecture ?? Architecture,
            Training = own?.Training ?? Training,
        };
    }
}

/// <summary>What is different for one flow of a composition.</summary>
public sealed record FlowChanges
{
    public IReadOnlyList<MapRecipe>? Maps { get; init; }

    public FlowFamily? Architecture { get; init; }

    public ScheduleRecipe? Training { get; init; }
}
