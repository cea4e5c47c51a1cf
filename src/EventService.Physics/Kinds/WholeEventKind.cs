using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Physics.Kinds;

/// <summary>Whole collision events: the columns of <see cref="DarkMachinesSchema"/>, seen as <see cref="DetectorEvents"/>.</summary>
internal sealed class WholeEventKind : EventKind
{
    public override string Name => "whole collision events";

    public override string Columns => "weight, MET_pt, MET_phi, the collections Jet, BJet, Electron, Muon, Photon";

    public override string DefaultFormat => DarkMachinesWriter.FormatName;

    public override bool Includes(SampleSchema schema) => DarkMachinesSchema.StartsWithWholeEvent(schema);

    public override SampleSchema? Upgrade(SampleSchema schema) => DarkMachinesSchema.Upgrade(schema);

    public override IReadOnlyList<Observable> Observables(SampleSchema schema) => EventObservables.All;

    public override FeatureMatrix Features(EventSample sample, SampleSchema schema, CancellationToken cancellation = default) =>
        FeatureMatrix.Compute(sample, cancellation);

    public override void ToSample(EventBlock block, EventSample sample) => DarkMachinesSchema.ToSample(block, sample);

    public override EventBlockRows Rows(SampleSchema schema) => new WholeEventRows(schema);

    public override EventReader OpenReader(string format, Stream stream, string fileName, SampleSchema schema)
    {
        string[] further = [.. DarkMachinesSchema.FurtherScalars(schema)];
        return format switch
        {
            JsonLinesWriter.FormatName => new JsonLinesReader(stream, fileName, further),
            NpyWriter.FormatName => new NpyReader(stream, fileName, further),
            DarkMachinesWriter.FormatName when further.Length > 0 => throw new NotSupportedException(
                $"'{format}' has no place for {string.Join(", ", further)} of each event. "
                + $"Give one value for all events, or the events as '{JsonLinesWriter.FormatName}' or '{NpyWriter.FormatName}'."),
            DarkMachinesWriter.FormatName => new DarkMachinesReader(stream, fileName),
            _ => throw EventFormats.Unknown(format),
        };
    }
}
