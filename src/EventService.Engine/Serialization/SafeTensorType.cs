namespace EventService.Engine.Serialization;

/// <summary>Element types of safetensors, named as in the file.</summary>
public enum SafeTensorType
{
    F32,
    F64,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
    BOOL,
}

public static class SafeTensorTypes
{
    /// <summary>The names as they stand in a header, for messages.</summary>
    public static string Names { get; } = string.Join(", ", Enum.GetNames<SafeTensorType>());

    /// <summary>Bytes of one element.</summary>
    public static int SizeInBytes(this SafeTensorType type) => type switch
    {
        SafeTensorType.F64 or SafeTensorType.I64 => 8,
        SafeTensorType.F32 or SafeTensorType.I32 => 4,
        SafeTensorType.F16 or SafeTensorType.BF16 or SafeTensorType.I16 => 2,
        _ => 1,
    };

    /// <summary>Exact, case-sensitive name to type; Enum.TryParse would also take numbers.</summary>
    internal static bool TryParse(string name, out SafeTensorType type)
    {
        foreach (var candidate in Enum.GetValues<SafeTensorType>())
        {
            if (candidate.ToString() == name)
            {
                type = candidate;
                return true;
            }
        }

        type = default;
        return false;
    }
}
