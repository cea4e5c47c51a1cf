namespace EventService.Generation.Requests;

/// <summary>One of several points of a stream, and what its events are normalised to.</summary>
/// <param name="Condition">Values of the model's conditions.</param>
/// <param name="N">Events of the request at this point.</param>
/// <param name="CrossSectionPb">Cross-section before the event selection [pb].</param>
/// <param name="SelectionEfficiency">Fraction of the events that pass it.</param>
/// <param name="ExpectedEvents">Events expected in the luminosity asked for; null without.</param>
/// <param name="EventNormalisation">What each of the N counts for; null where there is none.</param>
/// <param name="Alternative">The alternatives of the values, for the reader; null where the model's parameters have none.</param>
public sealed record ReceiptPoint(
    IReadOnlyDictionary<string, double> Condition, long N, double CrossSectionPb, double SelectionEfficiency, double? ExpectedEvents, double? EventNormalisation,
    IReadOnlyDictionary<string, double>? Alternative = null);
