using EventService.Engine.Tensors;

namespace EventService.Engine.Autodiff;

/// <summary>A tensor on a tape; constants have no gradient.</summary>
public sealed class Variable
{
    internal Variable(Tensor value, Tensor? gradient)
    {
        Value = value;
        Gradient = gradient;
    }

    public Tensor Value { get; }

    /// <summary>Derivative of the loss with respect to <see cref="Value"/>, or null for a constant.</summary>
    public Tensor? Gradient { get; }

    public int Rows => Value.Rows;

    public int Columns => Value.Columns;
}

/// <summary>
/// Reverse-mode differentiation: operations record their backward pass; <see cref="Backward()"/> runs the record in reverse.
/// A tape belongs to one thread; tapes of several threads share the values of a <see cref="ParameterSet"/> and have
/// gradients of their own, which the trainer adds in a fixed order. Memory is kept between uses.
/// </summary>
public sealed class Tape
{
    private readonly List<Action> _backward = [];
    private readonly List<Tensor> _pool = [];
    private readonly Variable[] _parameters;
    private int _rented;

    public Tape(ParameterSet parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters.Parameters.Select(p => new Variable(p.Value, new Tensor(p.Value.Rows, p.Value.Columns)))];
    }

    /// <summary>The parameter as a variable; its gradient accumulates until <see cref="ClearGradients"/>.</summary>
    public Variable this[Parameter parameter] => _parameters[parameter.Index];

    public IReadOnlyList<Variable> Parameters => _parameters;

    /// <summary>Wraps data; nothing flows back into it.</summary>
    public static Variable Constant(Tensor value) => new(value, null);

    /// <summary>A result of an operation, with room for its gradient (set to zero). The value is undefined.</summary>
    public Variable Result(int rows, int columns)
    {
        var gradient = Rent(rows, columns);
        gradient.Span.Clear();
        return new Variable(Rent(rows, columns), gradient);
    }

    /// <summary>A tensor that lives until <see cref="Reset"/>; its elements are undefined.</summary>
    public Tensor Rent(int rows, int columns)
    {
        if (_rented == _pool.Count)
        {
            _pool.Add(new Tensor(rows, columns));
        }

        var tensor = _pool[_rented++];
        tensor.Reshape(rows, columns);
        return tensor;
    }

    /// <summary>Records the way back of an operation whose result is already computed.</summary>
    public void Record(Action backward) => _backward.Add(backward);

    /// <summary>Adds the derivative of the loss, a [1, 1] variable, to the gradients of everything it came from.</summary>
    public void Backward(Variable loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Gradient is null || loss.Value.Length != 1)
        {
            throw new ArgumentException($"A loss is one number with a gradient, found {loss.Value}.", nameof(loss));
        }

        loss.Gradient.Span[0] = 1;
        Backward();
    }

    /// <summary>Runs the record in reverse, from gradients that operations without a result (such as likelihoods) have set.</summary>
    public void Backward()
    {
        for (var i = _backward.Count - 1; i >= 0; i--)
        {
            _backward[i]();
        }
    }

    /// <summary>Forgets the record and takes back all tensors but the parameters' gradients.</summary>
    public void Reset()
    {
        _backward.Clear();
        _rented = 0;
    }

    public void ClearGradients()
    {
        foreach (var parameter in _parameters)
        {
            parameter.Gradient!.Span.Clear();
        }
    }
}
