using System.Reflection;

namespace EventService.Models.Documents;

/// <summary>Version of the service, as receipts and model files name it.</summary>
public static class ServiceVersion
{
    /// <summary>Such as "0.1.0", without the commit.</summary>
    public static string Text { get; } =
        typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
