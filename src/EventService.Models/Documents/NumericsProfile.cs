namespace EventService.Models.Documents;

/// <summary>Version of the arithmetic: any change of a bit in events or densities needs a new name.</summary>
public static class NumericsProfile
{
    /// <summary>float32 with fused multiply-add and the house's own elementary functions, on any vector width.</summary>
    public const string CpuFp32V2 = "cpu-fp32-v2";
}
