namespace EventService.Engine.Kernels;

/// <summary>
/// A monotone map of one number, y = T(x; theta), as needed in training: value, log-derivative and both gradients. Lanes are events; the
/// parameters are rows of a [ParameterCount, lanes] matrix. Training starts from parameters of zero.
/// </summary>
public interface ITrainableMap
{
    /// <summary>Rows of theta.</summary>
    int ParameterCount { get; }

    /// <summary>y = T(x) and ld = log dT/dx, lane by lane.</summary>
    /// <param name="theta">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows in floats.</param>
    /// <param name="x">Points.</param>
    /// <param name="y">Receives the values.</param>
    /// <param name="logDerivative">Receives the log-derivatives.</param>
    void Forward(ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, Span<float> y, Span<float> logDerivative);

    /// <summary>Gradients of sum over lanes of dy * T(x) + scale * ld.</summary>
    /// <param name="theta">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows of theta and of its gradient in floats.</param>
    /// <param name="x">Points.</param>
    /// <param name="dy">Gradient with respect to the values.</param>
    /// <param name="scale">Gradient with respect to every log-derivative.</param>
    /// <param name="dx">Gradient with respect to the points, added to.</param>
    /// <param name="dTheta">[ParameterCount, lanes], overwritten.</param>
    void Backward(
        ReadOnlySpan<float> theta, int stride, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, float scale, Span<float> dx,
        Span<float> dTheta);
}
