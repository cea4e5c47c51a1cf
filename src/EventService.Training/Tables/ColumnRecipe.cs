using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Numerics.Functions;
using EventService.Training.Recipes;

namespace EventService.Training.Tables;

/// <summary>A column of the events: one of the table, or computed from several.</summary>
public sealed record ColumnRecipe
{
    public required string Name { get; init; }

    /// <summary>Its name in the table's header, where that is another one.</summary>
    public string? Source { get; init; }

    public required string Unit { get; init; }

    public string Description { get; init; } = "";

    /// <summary>An observable of whole events, such as HT or jet1_pt, in place of a column of a table.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Observable { get; init; }

    /// <summary>
    /// Azimuths of two objects: the column is the first less the second, from 0 to 2 pi [rad]. Pairs are mostly back to back, so the
    /// ends, where there are few, meet.
    /// </summary>
    public IReadOnlyList<string>? DeltaPhi { get; init; }

    /// <summary>
    /// pT, eta, phi of two objects: the column is the mass of both together, taken as massless [GeV]: m^2 = 2 pT1 pT2 (cosh(eta1 -
    /// eta2) - cos(phi1 - phi2)).
    /// </summary>
    public IReadOnlyList<string>? PairMass { get; init; }

    /// <summary>Another parameter that requests may give in place of a condition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlternativeParameter? Alternative { get; init; }

    /// <summary>Its maps; by default those of the table.</summary>
    public IReadOnlyList<MapRecipe>? Maps { get; init; }

    /// <summary>Columns of the table that it is made of.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Sources => DeltaPhi ?? PairMass ?? [Source ?? Name];

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        (Source is null ? 0 : 1) + (DeltaPhi is null ? 0 : 1) + (PairMass is null ? 0 : 1) + (Observable is null ? 0 : 1) > 1 ? "has more than one of source, deltaPhi, pairMass and observable, expected one or none"
        : DeltaPhi is { Count: not 2 } ? $"has deltaPhi of {DeltaPhi.Count} columns, expected 2 azimuths"
        : PairMass is { Count: not 6 } ? $"has pairMass of {PairMass.Count} columns, expected pT, eta, phi of two objects"
        : null;

    /// <summary>Its value from a row of the table, given where its sources stand.</summary>
    internal double ValueOf(ReadOnlySpan<double> row, int[] places)
    {
        if (DeltaPhi is not null)
        {
            var difference = EventService.Physics.Kinematics.DeltaPhi.Of(row[places[0]], row[places[1]]);
            return difference < 0 ? difference + (2 * Math.PI) : difference;
        }

        return PairMass is null
            ? row[places[0]]
            : Math.Sqrt(2 * row[places[0]] * row[places[3]] * (Cosh.Of(row[places[1]] - row[places[4]]) - SinCos.Of(row[places[2]] - row[places[5]]).Cos));
    }
}
