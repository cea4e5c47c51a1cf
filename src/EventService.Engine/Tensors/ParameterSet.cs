namespace EventService.Engine.Tensors;

/// <summary>A named tensor that training changes.</summary>
public sealed class Parameter
{
    internal Parameter(string name, int index, Tensor value)
    {
        Name = name;
        Index = index;
        Value = value;
    }

    public string Name { get; }

    /// <summary>Position in the set; gradients and optimizer moments use the same order.</summary>
    public int Index { get; }

    public Tensor Value { get; }
}

/// <summary>The parameters of a model in the order in which they were added.</summary>
public sealed class ParameterSet
{
    private readonly List<Parameter> _parameters = [];

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Number of floats in all parameters.</summary>
    public long Count => _parameters.Sum(p => (long)p.Value.Length);

    /// <exception cref="ArgumentException">The name is taken.</exception>
    public Parameter Add(string name, int rows, int columns)
    {
        if (_parameters.Exists(p => p.Name == name))
        {
            throw new ArgumentException($"Parameter '{name}' is already in the set.", nameof(name));
        }

        var parameter = new Parameter(name, _parameters.Count, new Tensor(rows, columns));
        _parameters.Add(parameter);
        return parameter;
    }
}
