using System.Text.Json.Serialization;

using EventService.Models.Flows.Continuous;

namespace EventService.Training.Families;

/// <summary>How the two ends of training paths are paired.</summary>
public enum MatchingPairing
{
    /// <summary>At random: conditional flow matching.</summary>
    Independent,

    /// <summary>By the optimal transport between those of a shard: OT-CFM.</summary>
    Optimal,
}

/// <summary>
/// Flow matching: Y. Lipman, R. T. Q. Chen, H. Ben-Hamu, M. Nickel and M. Le, "Flow matching for generative modeling", ICLR 2023,
/// arXiv:2210.02747, and A. Tong et al., "Improving and generalizing flow-based generative models with minibatch optimal transport", TMLR
/// 2024, arXiv:2302.00482. A network v is fitted to the velocities of straight paths x_t = (1 - t) x_0 + t x_1 + sigma epsilon between
/// pairs (x_0, x_1), by the mean of |v(x_t, t) - (x_1 - x_0)|^2 / 2 (Tong et al., eqs. 14-15; Lipman et al., eq. 23 with sigma_min = 0).
/// </summary>
/// <remarks>
/// Without a source x_0 is normal noise, and conditions enter the network by gates. With one, the condition is a parameter that data were
/// simulated at, and the network carries the data of each value to those of the next; where three values or more are known, a leg between
/// each two. The paper's sigma of 0.1 is 0 here: nothing is gained by blurring a sample that is large already. Pairs that are optimal for
/// the events of a shard are not those of whole distributions: the larger the shard, the nearer (Fatras et al. 2020, arXiv:1910.04091).
/// </remarks>
public sealed record FlowMatching : FlowFamily
{
    public MatchingPairing Pairing { get; init; } = MatchingPairing.Optimal;

    /// <summary>Width of the paths, in units of the flow's numbers.</summary>
    public double Sigma { get; init; }

    /// <summary>K of the <see cref="TimeEmbedding"/>.</summary>
    public int Frequencies { get; init; } = 6;

    /// <summary>How events are moved once the field is trained.</summary>
    public OdeMethod Solver { get; init; } = new OdeMethod.Midpoint(20);

    /// <summary>Shards of up to this many pairs are assigned exactly, larger ones by an entropic plan.</summary>
    public int ExactPairs { get; init; } = 2048;

    /// <summary>Epsilon of the entropic plan, as a share of the mean cost.</summary>
    public double Entropy { get; init; } = 0.02;

    /// <summary>Where paths between data start; null for paths from noise.</summary>
    public MatchingSource? Source { get; init; }

    public override string? Fault(int features) =>
        !(Sigma is >= 0 and <= 1) || Frequencies is < 0 or > 256 || ExactPairs < 1 || !(Entropy is > 0 and <= 10) ? $"Flow matching has sigma {Sigma}, {Frequencies} frequencies, {ExactPairs} exact pairs and entropy {Entropy}, expected 0 to 1, 0 to 256, at least 1 and above 0 to 10."
        : Solver.Fault() is { } fault ? $"The solver {fault}."
        : Source?.Flow is { } flow and not LikelihoodFamily
            ? $"The source is of the family {flow.FamilyName}, expected a flow that is trained by likelihood."
        : Source?.Flow?.Fault(features) ?? base.Fault(features);
}

/// <summary>The distribution that paths between data start from.</summary>
public sealed record MatchingSource
{
    /// <summary>The value of the condition; the smallest if not given.</summary>
    public double? At { get; init; }

    /// <summary>
    /// A flow that learns the events there, by which the model has a density and as many different events as are asked for; null for the
    /// training events themselves.
    /// </summary>
    public FlowFamily? Flow { get; init; }
}
