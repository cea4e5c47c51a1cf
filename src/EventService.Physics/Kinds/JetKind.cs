using EventService.Physics.Events;

namespace EventService.Physics.Kinds;

/// <summary>Single jets: pt, eta and mass of the jet, and its constituents relative to its axis and pT.</summary>
internal sealed class JetKind : EventKind
{
    public override string Name => "jets";

    public override string Columns => "pt, eta, mass, the collection Constituent with etarel, phirel, ptrel";

    public override bool Includes(SampleSchema schema) =>
        StartWith(schema.Scalars, "pt", "eta", "mass")
        && schema.Collections is [{ Name: "Constituent" } constituents] && StartWith(constituents.Columns, "etarel", "phirel", "ptrel")
        && schema.Arrays.Count == 0;
}
