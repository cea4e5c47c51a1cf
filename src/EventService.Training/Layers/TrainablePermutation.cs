using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Models.Flows.Layers;

namespace EventService.Training.Layers;

/// <summary>y_i = x_order[i]; nothing is learnt.</summary>
public sealed class TrainablePermutation(IReadOnlyList<int> order) : TrainableLayer
{
    /// <summary>The features in reverse order.</summary>
    public static TrainablePermutation Reverse(int features) => new([.. Enumerable.Range(0, features).Reverse()]);

    /// <summary>A random order, the same for the same seed and number.</summary>
    public static TrainablePermutation Random(int features, ulong seed, int number)
    {
        var order = Enumerable.Range(0, features).ToArray();
        var stream = new PhiloxStream(seed ^ 0x50_45_52_4DUL, (ulong)number);
        for (var i = features - 1; i > 0; i--)
        {
            var j = (int)stream.NextBelow((uint)i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return new TrainablePermutation(order);
    }

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        return Rows.Permute(pass.Tape, x, order);
    }

    public override FlowLayer Export() => new PermutationLayer(order);
}
