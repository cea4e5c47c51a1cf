using System.Text.Json;

using EventService.Generation.Requests;
using EventService.Models.Cards;
using EventService.Models.Documents;
using EventService.Models.Sampling;

namespace EventService.Registry.Cards;

/// <summary>
/// Reads a validation card (<see cref="EvaluationCard"/>, card.json of 'eventservice evaluate') and judges it by the registry's gates.
/// </summary>
public static class CardCheck
{
    /// <summary>Longest card that is taken, in characters; one of 110 observables has 18,000.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>What every card must reach, whatever gates it was made with.</summary>
    private static readonly EvaluationGates s_gates = new();

    /// <summary>The card of the file with this digest.</summary>
    /// <exception cref="RegistryException">It is no card, that of another file, or it contradicts itself.</exception>
    public static NewCard Read(string content, string sha256)
    {
        ArgumentNullException.ThrowIfNull(content);
        var card = Parse(content);
        if (card.Generated.Sha256 != sha256)
        {
            throw new RegistryException(RegistryFault.Invalid,
                $"The card is of a sample that the model file {card.Generated.Sha256} generated, expected that of {sha256}. Evaluate this version.");
        }

        var failures = Failures(card, card.Gates);
        if (card.Passed != (failures.Count == 0) || card.Passed != (card.Failures.Count == 0))
        {
            throw new RegistryException(RegistryFault.Invalid,
                $"The card says that it {(card.Passed ? "passes" : "does not pass")} its gates and names {card.Failures.Count} failures, its figures miss {failures.Count}: it was changed after 'eventservice evaluate' wrote it. Evaluate again.");
        }

        return new NewCard(content, Failures(card, s_gates).Count == 0);
    }

    /// <summary>What of a stored card misses the registry's gates, in words.</summary>
    internal static string WhyNot(string content)
    {
        try
        {
            var failures = Failures(Parse(content), s_gates);
            return failures.Count switch
            {
                0 => "it was recorded as failed.",
                1 => failures[0],
                _ => $"{failures[0]} And {failures.Count - 1} more.",
            };
        }
        catch (RegistryException e)
        {
            return e.Message;
        }
    }

    private static List<string> Failures(EvaluationCard card, EvaluationGates gates)
    {
        // Written such that NaN passes nothing.
        var failures = new List<string>();
        if (!(card.Auc <= gates.LargestAuc))
        {
            failures.Add($"The classifier's AUC is {card.Auc:F4}, the gate is {gates.LargestAuc:F2}.");
        }

        failures.AddRange(card.Observables.Where(o => !(o.Ratio <= gates.LargestWassersteinRatio)).Select(o =>
            $"W1 of {o.Name} is {o.Ratio:F2} times its Monte Carlo floor, the gate is {gates.LargestWassersteinRatio:F1}."));
        if (card.Observables.Count == 0)
        {
            failures.Add("No observable was compared.");
        }

        return failures;
    }

    private static EvaluationCard Parse(string content)
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationCard>(content, ModelJson.Options)
                ?? throw new RegistryException(RegistryFault.Invalid, "The card is null, expected card.json as 'eventservice evaluate' writes it.");
        }
        catch (JsonException e)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The card cannot be read, expected card.json as 'eventservice evaluate' writes it: {e.Message}", e);
        }
    }
}
