using EventService.Engine.Tensors;

namespace EventService.Engine.Optimizers;

/// <summary>
/// Moves parameters against their gradients. A step is <see cref="Advance"/>, then <see cref="Update"/> once for each parameter, from
/// any thread. The same gradients give the same bits on every vector path.
/// </summary>
public abstract class Optimizer
{
    private readonly Dictionary<string, float[]> _state = [];

    protected Optimizer(ParameterSet parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
    }

    public ParameterSet Parameters { get; }

    /// <summary>Steps taken.</summary>
    public long Step { get; private set; }

    /// <summary>
    /// The moments by name, such as <c>m/layer.weight</c>; with <see cref="Step"/> all that a checkpoint
    /// needs. The arrays are those in use.
    /// </summary>
    public IReadOnlyDictionary<string, float[]> State => _state;

    /// <summary>Counts a step.</summary>
    public void Advance()
    {
        Step++;
        OnAdvance();
    }

    /// <summary>Moves one parameter by one step.</summary>
    /// <param name="parameter">A parameter of the set.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="gradientScale">Factor of the gradient, see <see cref="GradientClipping.Factor"/>.</param>
    /// <exception cref="ArgumentException">The gradient has another length than the parameter.</exception>
    public void Update(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale = 1)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (gradient.Length != parameter.Value.Length)
        {
            throw new ArgumentException(
                $"The gradient of '{parameter.Name}' has {gradient.Length} elements, expected {parameter.Value.Length}.", nameof(gradient));
        }

        Move(parameter, gradient, learningRate, gradientScale);
    }

    /// <summary>Continues after the given step; the moments have been copied into <see cref="State"/>.</summary>
    public void Restore(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        OnReset();
        for (Step = 0; Step < step;)
        {
            Advance();
        }
    }

    /// <summary>Continues after the given step with these moments.</summary>
    /// <exception cref="ArgumentException">An array is missing or has another length; nothing is changed.</exception>
    public void Restore(long step, IReadOnlyDictionary<string, float[]> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        foreach (var (name, values) in _state)
        {
            if (!state.TryGetValue(name, out var found) || found.Length != values.Length)
            {
                throw new ArgumentException(
                    $"Optimizer state '{name}': found {(found is null ? "nothing" : $"{found.Length} floats")}, "
                        + $"expected {values.Length}. Is the checkpoint of another model or optimizer?",
                    nameof(state));
            }
        }

        foreach (var (name, values) in _state)
        {
            state[name].CopyTo(values, 0);
        }

        Restore(step);
    }

    /// <summary>One array a parameter, zero at the start, in the state as letter/parameter.</summary>
    protected float[][] AddMoments(string letter)
    {
        float[][] moments = [.. Parameters.Parameters.Select(p => new float[p.Value.Length])];
        foreach (var p in Parameters.Parameters)
        {
            _state.Add($"{letter}/{p.Name}", moments[p.Index]);
        }

        return moments;
    }

    protected abstract void Move(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale);

    protected virtual void OnAdvance()
    {
    }

    protected virtual void OnReset()
    {
    }
}
