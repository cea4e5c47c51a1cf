using EventService.Engine.Kernels;

namespace EventService.Server.Logging;

/// <summary>Says at the start which vector path the kernels take and why. Message 2010.</summary>
internal static partial class KernelLog
{
    public static void LogKernels(this WebApplication app) => Kernels(app.Logger, KernelSet.Describe());

    [LoggerMessage(2010, LogLevel.Information, "{Kernels}")]
    private static partial void Kernels(ILogger logger, string kernels);
}
