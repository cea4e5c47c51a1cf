using EventService.Generation.Requests;

namespace EventService.Server.Histograms;

/// <summary>A column of events in bins.</summary>
/// <param name="Column">Name of the column.</param>
/// <param name="Unit">Its unit; "1" for none.</param>
/// <param name="Description">What it means.</param>
/// <param name="Events">Events that were generated.</param>
/// <param name="Entries">Numbers that were counted: one an event, or one an object; those of the bins, the underflow and the
/// overflow.</param>
/// <param name="Edges">Edges of the bins, one more than there are bins; a number on an edge belongs to the bin above it.</param>
/// <param name="Counts">Entries of each bin.</param>
/// <param name="Errors">Statistical error of each: its square root.</param>
/// <param name="Underflow">Entries below the first edge.</param>
/// <param name="Overflow">Entries from the last edge on.</param>
/// <param name="Receipt">Receipt of the events.</param>
internal sealed record HistogramResponse(
    string Column, string Unit, string Description, long Events, long Entries,
    IReadOnlyList<double> Edges, IReadOnlyList<long> Counts, IReadOnlyList<double> Errors, long Underflow, long Overflow, Receipt Receipt);
