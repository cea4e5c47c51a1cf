using EventService.Physics.Events;

namespace EventService.Physics.Kinds;

/// <summary>Rows of numbers: scalar columns and nothing else.</summary>
internal sealed class TableKind : EventKind
{
    public override string Name => "rows of a table";

    public override string Columns => "scalar columns only";

    public override bool NeedsRecipe => true;

    public override bool Includes(SampleSchema schema) => schema.Collections.Count == 0 && schema.Arrays.Count == 0;
}
