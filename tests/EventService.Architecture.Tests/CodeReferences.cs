using Mono.Cecil;

namespace EventService.Architecture.Tests;

/// <summary>
/// Which types of the house a compiled assembly uses where, read from its metadata and code. Nested types, and those that the compiler
/// makes of lambdas and iterators, count as the type they stand in. What leaves no trace in the code is not seen: constants and nameof.
/// </summary>
internal sealed class CodeReferences
{
    private const string House = "EventService";

    private readonly HashSet<(string From, string To)> _found = [];

    /// <param name="assembly">Path of the assembly.</param>
    public CodeReferences(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        Assemblies = [.. module.AssemblyReferences.Select(r => r.Name)];
        foreach (var type in module.GetTypes())
        {
            Read(type);
        }
    }

    /// <summary>Names of the assemblies that it refers to.</summary>
    public IReadOnlyList<string> Assemblies { get; }

    /// <summary>Pairs of full names of outermost types, both of the house and different.</summary>
    public IReadOnlyCollection<(string From, string To)> Found => _found;

    private void Read(TypeDefinition type)
    {
        var from = Outermost(type);
        Add(from, type.BaseType);
        Add(from, type.Interfaces.Select(i => i.InterfaceType));
        Add(from, type.GenericParameters.SelectMany(g => g.Constraints).Select(c => c.ConstraintType));
        Add(from, type.Fields.Select(f => f.FieldType));
        Add(from, type.CustomAttributes.Select(a => a.AttributeType));
        foreach (var method in type.Methods)
        {
            Add(from, method);
            Add(from, method.GenericParameters.SelectMany(g => g.Constraints).Select(c => c.ConstraintType));
            if (method.HasBody)
            {
                Add(from, method.Body.Variables.Select(v => v.VariableType));
                Add(from, method.Body.ExceptionHandlers.Select(h => h.CatchType));
                foreach (var instruction in method.Body.Instructions)
                {
                    Operand(from, instruction.Operand);
                }
            }
        }
    }

    private void Operand(string from, object? operand)
    {
        switch (operand)
        {
            case MethodReference method:
                Add(from, method);
                break;
            case FieldReference field:
                Add(from, field.DeclaringType);
                Add(from, field.FieldType);
                break;
            case TypeReference type:
                Add(from, type);
                break;
        }
    }

    private void Add(string from, MethodReference method)
    {
        Add(from, method.DeclaringType);
        Add(from, method.ReturnType);
        Add(from, method.Parameters.Select(p => p.ParameterType));
        if (method is GenericInstanceMethod generic)
        {
            Add(from, generic.GenericArguments);
        }
    }

    private void Add(string from, IEnumerable<TypeReference> types)
    {
        foreach (var type in types)
        {
            Add(from, type);
        }
    }

    private void Add(string from, TypeReference? type)
    {
        switch (type)
        {
            case null or GenericParameter:
                return;
            case GenericInstanceType generic:
                Add(from, generic.GenericArguments);
                Add(from, generic.ElementType);
                return;
            case TypeSpecification specification:
                Add(from, specification.ElementType);
                return;
        }

        var to = Outermost(type);
        if (to != from && (to.StartsWith(House + ".", StringComparison.Ordinal)))
        {
            _found.Add((from, to));
        }
    }

    private static string Outermost(TypeReference type)
    {
        while (type.DeclaringType is not null)
        {
            type = type.DeclaringType;
        }

        return type.FullName;
    }
}
