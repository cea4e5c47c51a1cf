using System.Numerics.Tensors;

using EventService.Engine.Random;

namespace EventService.Engine.Autodiff;

/// <summary>
/// Dropout (Srivastava et al., JMLR 15 (2014) 1929), scaled so that the mean is kept. The rate is rounded to a multiple of 1/256: one
/// random word serves four elements.
/// </summary>
/// <param name="rate">Share of elements set to zero, in [0, 1); at most 255/256 after rounding.</param>
/// <param name="key">Key of the random numbers.</param>
public sealed class Dropout(double rate, ulong key)
{
    private readonly byte _threshold = rate is >= 0 and < 1
        ? (byte)Math.Min(255, Math.Round(256 * rate))
        : throw new ArgumentOutOfRangeException(nameof(rate), $"Dropout rate is {rate}, expected [0, 1).");

    private PhiloxStream _random = new(key, 0);

    /// <summary>Starts the masks of one use of the network, such as one shard of one step; a pure function of the number.</summary>
    public void Start(ulong use) => _random = new PhiloxStream(key, use);

    /// <summary>y = x mask / (1 - rate).</summary>
    public Variable Apply(Tape tape, Variable x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (_threshold == 0)
        {
            return x;
        }

        var mask = tape.Rent(x.Rows, x.Columns);
        var keep = 1 / (1 - (_threshold / 256f));
        var m = mask.Span;
        uint word = 0;
        for (var i = 0; i < m.Length; i++)
        {
            word = (i & 3) == 0 ? _random.NextUInt32() : word >> 8;
            m[i] = (byte)word < _threshold ? 0 : keep;
        }

        var y = tape.Result(x.Rows, x.Columns);
        TensorPrimitives.Multiply(x.Value.Span, mask.Span, y.Value.Span);
        if (x.Gradient is not null)
        {
            tape.Record(() => TensorPrimitives.MultiplyAdd(y.Gradient!.Span, mask.Span, x.Gradient.Span, x.Gradient.Span));
        }

        return y;
    }
}
