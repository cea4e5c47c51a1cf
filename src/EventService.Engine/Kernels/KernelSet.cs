using System.Runtime.Intrinsics;

namespace EventService.Engine.Kernels;

/// <summary>
/// Picks the vector width of all kernels, once: the widest that the processor has, unless the environment variable
/// EVENTSERVICE_VECTOR_PATH (scalar, 128, 256 or 512) or a test says otherwise. Any width runs anywhere; one that the processor
/// lacks is emulated, slower, with the same bits.
/// </summary>
public static class KernelSet
{
    /// <summary>Name of the environment variable that forces a path.</summary>
    public const string Variable = "EVENTSERVICE_VECTOR_PATH";

    private static VectorPath s_path;
    private static string s_reason;
    private static readonly string? s_error;

#pragma warning disable CA1810 // one reading of the environment sets three fields
    static KernelSet()
#pragma warning restore CA1810
    {
        try
        {
            (s_path, s_reason) = Choose(Environment.GetEnvironmentVariable(Variable));
        }
        catch (ArgumentException e)
        {
            // Reported by Describe, at start-up: from here it would be a TypeInitializationException without a cause.
            s_error = e.Message;
            (s_path, s_reason) = Choose(null);
        }
    }

    /// <summary>The path in use. Setting it forces one, for tests.</summary>
    public static VectorPath Path
    {
        get => s_path;
        set
        {
            s_path = value;
            s_reason = "forced by code";
        }
    }

    /// <summary>The path in use and why, in a line for the start-up log.</summary>
    /// <exception cref="InvalidOperationException">The environment variable names no path.</exception>
    public static string Describe()
    {
        if (s_error is not null)
        {
            throw new InvalidOperationException(s_error);
        }

        var emulated = IsAccelerated(s_path) ? "" : ", emulated: this processor has no such registers";
        return $"Vector path {Name(s_path)} ({s_reason}{emulated})";
    }

    /// <summary>The path that a setting asks for, or, without one, the widest that the processor has; and the reason.</summary>
    /// <exception cref="ArgumentException">The setting names no path.</exception>
    public static (VectorPath Path, string Reason) Choose(string? setting)
    {
        if (!string.IsNullOrEmpty(setting))
        {
            VectorPath path = setting switch
            {
                "scalar" => VectorPath.Scalar,
                "128" => VectorPath.V128,
                "256" => VectorPath.V256,
                "512" => VectorPath.V512,
                _ => throw new ArgumentException(
                    $"{Variable} is '{setting}'. Expected scalar, 128, 256 or 512; "
                        + "leave it unset to take the widest that the processor has."),
            };
            return (path, $"forced by {Variable}");
        }

        foreach (var path in (ReadOnlySpan<VectorPath>)[VectorPath.V512, VectorPath.V256, VectorPath.V128])
        {
            if (IsAccelerated(path))
            {
                return (path, "the widest that this processor has");
            }
        }

        return (VectorPath.Scalar, "this processor, or a setting of the runtime, offers no vector registers");
    }

    /// <summary>The name of a path as the environment variable spells it.</summary>
    public static string Name(VectorPath path) => path switch
    {
        VectorPath.V128 => "128",
        VectorPath.V256 => "256",
        VectorPath.V512 => "512",
        _ => "scalar",
    };

    private static bool IsAccelerated(VectorPath path) => path switch
    {
        VectorPath.V128 => Vector128.IsHardwareAccelerated,
        VectorPath.V256 => Vector256.IsHardwareAccelerated,
        VectorPath.V512 => Vector512.IsHardwareAccelerated,
        _ => true,
    };
}
