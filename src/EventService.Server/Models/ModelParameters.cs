using System.Text.Json;

using EventService.Generation.Requests;
using EventService.Models.Conditions;
using EventService.Models.Documents;

namespace EventService.Server.Models;

/// <summary>What requests may ask of a conditional model.</summary>
/// <param name="Parameters">In the order of the model's document; empty for an unconditional model.</param>
/// <param name="Hull">The values that they may have; null for an unconditional model.</param>
/// <param name="TrainedPoints">The points that it was trained at; empty where its document has only the ranges.</param>
internal sealed record ModelParameters(IReadOnlyList<ParameterResponse> Parameters, HullResponse? Hull, IReadOnlyList<TrainedPointResponse> TrainedPoints)
{
    public static ModelParameters None { get; } = new([], null, []);

    /// <param name="document">The model's document as the registry has it.</param>
    public static ModelParameters Of(string document)
    {
        // Most models have no conditions, and their documents can be long.
        using (var json = JsonDocument.Parse(document))
        {
            if (!json.RootElement.TryGetProperty("conditions", out var conditions) || conditions.GetArrayLength() == 0)
            {
                return None;
            }
        }

        var read = JsonSerializer.Deserialize<ModelDocument>(document, ModelJson.Options)!;
        var space = read.ConditionSpace();
        return new ModelParameters(
            [.. space.Parameters.Select((p, k) => new ParameterResponse(p.Name, p.Unit, p.Description, p.Minimum, p.Maximum, space.GridOf(k), AlternativeOf(p, space.GridOf(k))))],
            new HullResponse(space.HullKind, space.HullText, space.Corners, space.Tolerance, [.. (read.Domain?.Constraints ?? []).Select(c => $"{c}")]),
            [.. space.Points.Select(p => new TrainedPointResponse(p.Values, p.CrossSectionPb, p.SelectionEfficiency))]);
    }

    private static AlternativeResponse? AlternativeOf(ConditionParameter parameter, double[] trained) => parameter.Alternative is not { } alternative ? null
        : new AlternativeResponse(alternative.Name, alternative.Unit, alternative.Description, alternative.At(parameter.Minimum), alternative.At(parameter.Maximum), [.. trained.Select(alternative.At)]);
}

/// <param name="Name">As requests name it.</param>
/// <param name="Unit">"GeV", or "1".</param>
/// <param name="Description">What it is.</param>
/// <param name="Minimum">Smallest trained value.</param>
/// <param name="Maximum">Largest trained value.</param>
/// <param name="Trained">Trained values, rising.</param>
/// <param name="Alternative">What requests may give in its place; null where there is none.</param>
internal sealed record ParameterResponse(string Name, string Unit, string Description, double Minimum, double Maximum, IReadOnlyList<double> Trained, AlternativeResponse? Alternative);

/// <param name="Name">As requests name it.</param>
/// <param name="Unit">"GeV", or "1".</param>
/// <param name="Description">What it is.</param>
/// <param name="Minimum">Where the parameter has its smallest trained value.</param>
/// <param name="Maximum">Where it has its largest.</param>
/// <param name="Trained">At the trained values, rising.</param>
internal sealed record AlternativeResponse(string Name, string Unit, string Description, double Minimum, double Maximum, IReadOnlyList<double> Trained);

/// <param name="Kind">"interval", "box", "point", "line", "polygon" or "polyhedron".</param>
/// <param name="Text">In words.</param>
/// <param name="Corners">Values of all parameters at each; none of a box.</param>
/// <param name="Tolerance">How far from a line or a point values may be, as a share of each parameter's range, of its value where it has
/// none.</param>
/// <param name="Constraints">What must hold of any values, such as "mGluino - mLSP > 0".</param>
internal sealed record HullResponse(string Kind, string Text, IReadOnlyList<IReadOnlyList<double>> Corners, double? Tolerance, IReadOnlyList<string> Constraints);

/// <param name="Values">One for each parameter.</param>
/// <param name="CrossSectionPb">Cross-section before the event selection [pb]; null where it is not known by point.</param>
/// <param name="SelectionEfficiency">Fraction of the events that pass it.</param>
internal sealed record TrainedPointResponse(IReadOnlyList<double> Values, double? CrossSectionPb, double? SelectionEfficiency);
