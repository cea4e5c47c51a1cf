using EventService.Models.Sampling;

namespace EventService.Models.Flows.Networks;

/// <summary>
/// The order in which the targets of a conditional transform can be inverted, found in the weights of its conditioner: a target
/// comes after all targets that its parameters depend on. For a MADE in natural order target i has level i; for a coupling
/// all have level 0.
/// </summary>
public sealed class AutoregressiveOrder
{
    private AutoregressiveOrder(int[] targetLevels, int[] inputDegrees)
    {
        TargetLevels = targetLevels;
        InputDegrees = inputDegrees;
        Levels = 1 + targetLevels.Max();
    }

    /// <summary>Level of each target, from 0.</summary>
    public IReadOnlyList<int> TargetLevels { get; }

    /// <summary>Degree of each input of the network: 0 if it is known from the start, 1 + level for a target.</summary>
    public IReadOnlyList<int> InputDegrees { get; }

    /// <summary>Number of levels: the steps that sampling takes.</summary>
    public int Levels { get; }

    /// <summary>The order of a conditioner's targets.</summary>
    /// <param name="network">Its outputs are as many rows a target as a target has parameters.</param>
    /// <param name="inputs">Which feature each input of the network is.</param>
    /// <param name="targets">Which feature each target is.</param>
    /// <exception cref="ArgumentException">Targets depend on each other in a circle: the transform has no inverse that this could
    /// compute.</exception>
    public static AutoregressiveOrder Of(ConditionerNetwork network, IReadOnlyList<int> inputs, IReadOnlyList<int> targets)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        var targetOf = inputs.Select(feature => targets.ToList().IndexOf(feature)).ToArray();
        var reach = Reach(network);
        var rows = network.Outputs / targets.Count;
        var depends = new List<int>[targets.Count];
        for (var t = 0; t < targets.Count; t++)
        {
            var inputsOfTarget = Enumerable.Range(0, network.Inputs).Where(i => Enumerable.Range(t * rows, rows).Any(r => reach[r].Has(i)));
            depends[t] = [.. inputsOfTarget.Select(i => targetOf[i]).Where(other => other >= 0)];
        }

        var levels = Enumerable.Repeat(-1, targets.Count).ToArray();
        for (var done = 0; done < levels.Length;)
        {
            var next = Enumerable.Range(0, levels.Length).Where(t => levels[t] < 0 && depends[t].TrueForAll(d => levels[d] >= 0)).ToArray();
            if (next.Length == 0)
            {
                var stuck = Enumerable.Range(0, levels.Length).Where(t => levels[t] < 0).Select(t => $"{targets[t]}");
                throw new ArgumentException($"The transform is not autoregressive: features {string.Join(", ", stuck)} depend on each other in a circle. The masks of its network do not belong together.");
            }

            foreach (var t in next)
            {
                levels[t] = depends[t].Count == 0 ? 0 : 1 + depends[t].Max(d => levels[d]);
            }

            done += next.Length;
        }

        return new AutoregressiveOrder(levels, [.. targetOf.Select(t => t < 0 ? 0 : levels[t] + 1)]);
    }

    /// <summary>For each output, the inputs that it depends on.</summary>
    private static InputSet[] Reach(ConditionerNetwork network)
    {
        var h = Enumerable.Range(0, network.Inputs).Select(i => InputSet.Single(i, network.Inputs)).ToArray();
        foreach (var step in network.Steps)
        {
            h = step switch
            {
                ConditionerStep.Dense dense => Through(dense.Map, h, network.Inputs),
                ConditionerStep.Residual block => [.. Through(block.Second, Through(block.First, h, network.Inputs), network.Inputs).Zip(h, (a, b) => a.Join(b))],
                _ => h,
            };
        }

        return h;
    }

    private static InputSet[] Through(DenseMap map, InputSet[] h, int inputs)
    {
        var reached = new InputSet[map.Outputs];
        for (var o = 0; o < map.Outputs; o++)
        {
            reached[o] = new InputSet(inputs);
            for (var i = 0; i < map.Inputs; i++)
            {
                if (map.Weights[(o * map.Inputs) + i] != 0)
                {
                    reached[o].Join(h[i]);
                }
            }
        }

        return reached;
    }

    /// <summary>A set of inputs, a bit each.</summary>
    private sealed class InputSet(int inputs)
    {
        private readonly ulong[] _bits = new ulong[(inputs + 63) / 64];

        public static InputSet Single(int input, int inputs)
        {
            var set = new InputSet(inputs);
            set._bits[input / 64] = 1UL << (input % 64);
            return set;
        }

        public bool Has(int input) => (_bits[input / 64] >> (input % 64) & 1) != 0;

        public InputSet Join(InputSet other)
        {
            for (var w = 0; w < _bits.Length; w++)
            {
                _bits[w] |= other._bits[w];
            }

            return this;
        }
    }
}
