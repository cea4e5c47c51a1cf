namespace EventService.Evaluation;

/// <summary>Minus the log-probability of the right answer of a classifier whose score is a logit [nat].</summary>
internal static class CrossEntropy
{
    /// <summary>log(1 + exp(-z)) for a positive, log(1 + exp(z)) for a negative, written so that nothing overflows.</summary>
    public static double Of(double z, bool isPositive) => Math.Max(isPositive ? -z : z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z)));

    /// <summary>Mean over rows; logits stand in the order of the rows, labels are addressed by row.</summary>
    public static double Mean(ReadOnlySpan<double> logits, ReadOnlySpan<int> rows, ReadOnlySpan<bool> labels)
    {
        var sum = 0.0;
        for (var k = 0; k < rows.Length; k++)
        {
            sum += Of(logits[k], labels[rows[k]]);
        }

        return sum / rows.Length;
    }
}
