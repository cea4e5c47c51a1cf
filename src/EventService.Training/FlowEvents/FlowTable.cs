using EventService.Engine.Random;
using EventService.Models.FlowEvents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Tables;

namespace EventService.Training.FlowEvents;

/// <summary>What one flow of a composition is trained on: rows of numbers, each from an event.</summary>
/// <param name="Name">The name of the flow.</param>
/// <param name="Columns">Its columns.</param>
internal sealed record FlowTable(string Name, IReadOnlyList<ColumnRecipe> Columns)
{
    // Fewer rows than this tell a flow nothing.
    private const int LeastRows = 2000;

    private readonly List<int> _eventOf = [];

    public EventSample Rows { get; } = new(Columns.Count);

    /// <summary>Pseudorapidities: no direction along the beam is preferred.</summary>
    public IReadOnlyList<string> Mirror => [.. Columns.Select(c => c.Name).Where(n => n.EndsWith("eta", StringComparison.Ordinal))];

    /// <summary>The event that a row is from.</summary>
    public int EventOf(int row) => _eventOf[row];

    private bool IsLarge => Rows.Count >= LeastRows;

    /// <summary>The tables for a recipe.</summary>
    /// <param name="recipe">Its composition says which.</param>
    /// <param name="sample">Whole events.</param>
    /// <exception cref="ArgumentException">Too few events have what a flow shall learn.</exception>
    public static IReadOnlyList<FlowTable> Of(FlowEventsRecipe recipe, EventSample sample)
    {
        IReadOnlyList<FlowTable> tables = recipe.Composition switch
        {
            ParticleFlows.CompositionName => [OfMet(sample), .. Types(sample).Select(type => OfParticles(sample, type, recipe.Training.Seed))],
            CumulativeParticleFlows.CompositionName =>
            [
                OfMet(sample),
                .. Types(sample).Select(type => OfCumulative(sample, type, first: true, recipe.Training.Seed)),
                .. Types(sample).Select(type => OfCumulative(sample, type, first: false, recipe.Training.Seed)).Where(t => t.IsLarge),
            ],
            _ => [OfWhole(sample, recipe.Training.Seed)],
        };
        return tables.FirstOrDefault(t => !t.IsLarge) is { } small
            ? throw new ArgumentException($"There are {small.Rows.Count} rows for the flow '{small.Name}', expected at least {LeastRows}. Use more events.")
            : tables;
    }

    private static FlowTable OfMet(EventSample sample)
    {
        var table = new FlowTable(ParticleFlows.MetName, MetColumns());
        Span<double> x = stackalloc double[FlowCoordinates.OfMet];
        for (var k = 0; k < sample.Count; k++)
        {
            FlowCoordinates.ReadMet(sample, k, x);
            table.Add(k, x);
        }

        return table;
    }

    private static FlowTable OfParticles(EventSample sample, ObjectType type, ulong seed)
    {
        var table = new FlowTable($"{type}", ObjectColumns(""));
        Span<double> x = stackalloc double[FlowCoordinates.OfObject];
        for (var k = 0; k < sample.Count; k++)
        {
            var noise = Noise(seed, k);
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                if (sample.Type[i] == type)
                {
                    FlowCoordinates.ReadObject(sample, i, noise.NextDouble(), x);
                    table.Add(k, x);
                }
            }
        }

        return table;
    }

    private static FlowTable OfCumulative(EventSample sample, ObjectType type, bool first, ulong seed)
    {
        var eventColumns = first ? CumulativeParticleFlows.FirstEventColumns : CumulativeParticleFlows.NextEventColumns;
        ColumnRecipe[] sums = first ? [] : [Column("sum_log10E", "log10(GeV)"), Column("sum_log10pT", "log10(GeV)")];
        var table = new FlowTable(first ? CumulativeParticleFlows.FirstName(type) : CumulativeParticleFlows.NextName(type), [.. MetColumns(), .. sums, .. ObjectColumns("")]);
        Span<double> x = stackalloc double[eventColumns + FlowCoordinates.OfObject];
        for (var k = 0; k < sample.Count; k++)
        {
            var noise = Noise(seed, k);
            double energy = 0, pt = 0;
            FlowCoordinates.ReadMet(sample, k, x);
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                if (sample.Type[i] != type)
                {
                    continue;
                }

                if (first == (energy == 0))
                {
                    if (!first)
                    {
                        (x[FlowCoordinates.OfMet], x[FlowCoordinates.OfMet + 1]) = (FlowCoordinates.Log10(energy), FlowCoordinates.Log10(pt));
                    }

                    FlowCoordinates.ReadObject(sample, i, noise.NextDouble(), x[eventColumns..]);
                    table.Add(k, x);
                }

                energy += sample.Energy[i];
                pt += sample.Pt[i];
            }
        }

        return table;
    }

    private static FlowTable OfWhole(EventSample sample, ulong seed)
    {
        var slots = FixedEventFlow.StandardSlots;
        var table = new FlowTable(FixedEventFlow.FlowName, [.. MetColumns(), .. slots.SelectMany((type, s) => ObjectColumns($"{type}{1 + slots.Take(s).Count(t => t == type)}_"))]);
        Span<double> x = stackalloc double[FixedEventFlow.Columns(slots)];
        for (var k = 0; k < sample.Count; k++)
        {
            var noise = Noise(seed, k);
            if (FixedEventFlow.TryRead(sample, k, slots, () => noise.NextDouble(), x))
            {
                table.Add(k, x);
            }
        }

        return table;
    }

    private void Add(int k, ReadOnlySpan<double> x)
    {
        Rows.AddRow(_eventOf.Count, x);
        _eventOf.Add(k);
    }

    private static IEnumerable<ObjectType> Types(EventSample sample) => Enum.GetValues<ObjectType>().Where(t => sample.Type.Contains(t));

    private static PhiloxStream Noise(ulong seed, int k) => new(seed ^ 0x4E_4F_49_53UL, (ulong)k);

    private static ColumnRecipe[] MetColumns() => [Column("MET_log10", "log10(GeV)"), Column("MET_phi", "rad")];

    private static ColumnRecipe[] ObjectColumns(string prefix) =>
        [Column(prefix + "log10E", "log10(GeV)"), Column(prefix + "log10pT", "log10(GeV)"), Column(prefix + "eta", "1"), Column(prefix + "phi", "rad")];

    private static ColumnRecipe Column(string name, string unit) => new() { Name = name, Unit = unit };
}
