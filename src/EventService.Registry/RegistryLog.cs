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

    [LoggerMessage(1004, LogLevel.Warning, "The registry's database does not answer; generation goes on with what is known, and it is tried again every second")]
    public static partial void RegistryAway(ILogger logger, Exception exception);

    [LoggerMessage(1005, LogLevel.Information, "The registry's database answers again")]
    public static partial void RegistryBack(ILogger logger);

    [LoggerMessage(1006, LogLevel.Information, "Alias {Alias} of model {Model} means version {Version} now")]
    public static partial void AliasMoved(ILogger logger, string alias, string model, int? version);

    [LoggerMessage(1007, LogLevel.Error, "Validation card {Path} of a shipped model is left out: {Fault}")]
    public static partial void ShippedCardRefused(ILogger logger, string path, string fault);

    [LoggerMessage(1008, LogLevel.Information, "Published model {Model} version {Version} of process {Process}, sha256 {Sha256}, {Bytes} bytes, by {Actor}")]
    public static partial void ModelPublished(ILogger logger, string model, int version, string process, string sha256, long bytes, string actor);

    [LoggerMessage(1009, LogLevel.Warning, "The golden sample of model {Model} could not be compared with the one recorded")]
    public static partial void GoldenSampleNotCompared(ILogger logger, string model, Exception exception);

    [LoggerMessage(1010, LogLevel.Information, "Model {Model}, sha256 {Sha256}, gave way to others: the loaded ones may take {Bytes} bytes")]
    public static partial void ModelEvicted(ILogger logger, string model, string sha256, long bytes);
}
