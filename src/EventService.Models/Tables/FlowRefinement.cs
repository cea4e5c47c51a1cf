using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.Tables;

/// <summary>
/// Rejection by a classifier: S. Azadi, C. Olsson, T. Darrell, I. Goodfellow, A. Odena, "Discriminator rejection sampling", ICLR 2019,
/// arXiv:1810.06758; with weights learnt on collision events by S. Diefenbacher et al., "DCTRGAN", JINST 15 (2020) P11004,
/// arXiv:2009.03796.
/// </summary>
/// <remarks>
/// A network that tells data from events of the flow, with as many of both, has the logit log w = log p_data / q. An event of the flow is
/// kept with the probability a = min(1, w / w_max), so that what is kept has the density p = q a / A with A = E_q[a], which is measured.
/// Weights above w_max count as w_max: fewer events are drawn in vain, and the density stays exact. The network sees the columns after
/// their maps. It judges in float32 when events are drawn, in double precision in densities. What it leaves in the distributions of single
/// columns, <see cref="MarginalWeights"/> can take away.
/// </remarks>
public sealed class FlowRefinement
{
    private const int Lanes = IncrementalConditioner.PanelLanes;
    private const int Stride = TableLanes.Density;
    private const int SamplingStride = TableLanes.Sampling;

    private readonly IncrementalConditioner _logits;
    private readonly double _logAcceptance;

    /// <param name="network">Gives the logit from the columns after their maps.</param>
    /// <param name="largestLogWeight">log w_max.</param>
    /// <param name="acceptance">A.</param>
    /// <param name="acceptanceError">Its standard error.</param>
    /// <param name="marginals">Further weights; null for none.</param>
    /// <exception cref="ArgumentException">The network has not one output, or the numbers cannot be those of a refinement.</exception>
    public FlowRefinement(ConditionerNetwork network, double largestLogWeight, double acceptance, double acceptanceError, MarginalWeights? marginals = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Outputs != 1)
        {
            throw new ArgumentException($"The network of a refinement has {network.Outputs} outputs, expected 1.");
        }

        if (!double.IsFinite(largestLogWeight) || acceptance is not (> 0 and <= 1) || acceptanceError is not (>= 0 and < 1))
        {
            throw new ArgumentException($"A refinement has the largest log-weight {largestLogWeight} and the acceptance {acceptance} +- {acceptanceError}, expected a finite number, and above 0 to 1.");
        }

        if (marginals is not null && marginals.Knots.Count != network.Inputs)
        {
            throw new ArgumentException($"A refinement has marginal weights of {marginals.Knots.Count} columns and a network of {network.Inputs}, expected as many.");
        }

        (Network, Marginals, LargestLogWeight, _logAcceptance, LogAcceptanceError) = (network, marginals, largestLogWeight, Log.Of(acceptance), acceptanceError / acceptance);

        // One target behind all features: every input is known from the start.
        _logits = new IncrementalConditioner(network, AutoregressiveOrder.Of(network, [.. Enumerable.Range(0, network.Inputs)], [network.Inputs]), [new ParameterRow(0, 1, 0)]);
    }

    public ConditionerNetwork Network { get; }

    /// <summary>Weights beside those of the network; null for none.</summary>
    public MarginalWeights? Marginals { get; }

    /// <summary>log w_max.</summary>
    public double LargestLogWeight { get; }

    /// <summary>Standard error of log A.</summary>
    public double LogAcceptanceError { get; }

    /// <summary>Probabilities with which events are kept.</summary>
    /// <param name="t">Columns after their maps, rows <see cref="TableLanes.Sampling"/> apart.</param>
    /// <param name="lanes">Events.</param>
    /// <param name="probability">Receives one number an event; room for whole panels of 16.</param>
    /// <param name="scratch">The thread's memory.</param>
    internal void Acceptance(ReadOnlySpan<float> t, int lanes, Span<float> probability, FlowScratch scratch)
    {
        var panels = (lanes + Lanes - 1) / Lanes;
        for (var first = 0; first < panels; first += _logits.PreferredPanels)
        {
            var some = Math.Min(_logits.PreferredPanels, panels - first);
            for (var f = 0; f < Network.Inputs; f++)
            {
                _logits.Fill(f, t.Slice((f * SamplingStride) + (first * Lanes), some * Lanes), some, scratch);
            }

            _logits.Advance(0, some, scratch);
            // One row a panel: panels of it are one behind the other.
            _logits.Invert(static (rows, _, _, values) => rows[..values.Length].CopyTo(values), 0, 0, probability.Slice(first * Lanes, some * Lanes), some, scratch);
        }

        Marginals?.Add(t, SamplingStride, probability[..lanes]);
        foreach (ref var p in probability[..lanes])
        {
            p = (float)Exp.Of(Math.Min(0, p - LargestLogWeight));
        }
    }

    /// <summary>Adds log a / A of each event.</summary>
    /// <param name="t">Columns after their maps, rows <see cref="TableLanes.Density"/> apart.</param>
    /// <param name="logDensity">One number an event.</param>
    /// <param name="scratch">The thread's memory.</param>
    internal void AddLogDensity(ReadOnlySpan<double> t, Span<double> logDensity, FlowScratch scratch)
    {
        var logits = Network.Evaluate(t, logDensity.Length, Stride, scratch);
        for (var i = 0; i < logDensity.Length; i++)
        {
            var logWeight = logits[i] + (Marginals?.Of(t, Stride, i) ?? 0);
            logDensity[i] += Math.Min(0, logWeight - LargestLogWeight) - _logAcceptance;
        }
    }
}
