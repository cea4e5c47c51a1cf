using Microsoft.Extensions.Logging;

namespace EventService.Registry;

/// <summary>Log messages of the registry: 1000-1099.</summary>
internal static partial class RegistryLog
{
    [LoggerMessage(1000, LogLevel.Information, "Registered model {Model} version {Version} of process {Process}, sha256 {Sha256}")]
    public static partial void ModelRegistered(ILogger logger, string model, int version, string process, string sha256);

    [LoggerMessage(1001, LogLevel.Error, "Shipped model file {Path} not registered: {Fault}")]
    public static partial void ShippedModelRefused(ILogger logger, string path, string fault, Exception exception);

    [LoggerMessage(1002, LogLevel.Warning, "No model files in {Folder}")]
    public static partial void NoShippedModels(ILogger logger, string folder);

    [LoggerMessage(1003, LogLevel.Information, "Loaded model {Model} version {Version}, sha256 {Sha256}, in {Milliseconds:F0} ms")]
    public static partial void ModelLoaded(ILogger logger, string model, int version, string sha256, double milliseconds);
}
