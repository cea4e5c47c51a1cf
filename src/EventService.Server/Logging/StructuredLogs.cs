using EventService.Server.Logging.Escaping;
using EventService.Server.Settings;

using Serilog;
using Serilog.Core;
using Serilog.Formatting.Json;
using Serilog.Settings.Configuration;

namespace EventService.Server.Logging;

/// <summary>Serilog as configured in section "EventService:Serilog", and the file of the setting LogFile.</summary>
internal static class StructuredLogs
{
    private static readonly string[] s_sinks = ["WriteTo", "AuditTo"];

    public static void AddStructuredLogs(this WebApplicationBuilder builder, ServerSettings settings)
    {
        var section = builder.Configuration.GetSection($"{ServerSettings.Section}:Serilog");
        builder.Services.AddSerilog(
            configuration => configuration
                .ReadFrom.Configuration(Part(section, name => !s_sinks.Contains(name, StringComparer.OrdinalIgnoreCase)), s_options)
                .Enrich.FromLogContext()
                .WriteTo.Sink(new EscapingSink(Sinks(section, settings.LogFile))),
            // One process has several servers in the tests.
            preserveStaticLogger: true);
    }

    private static readonly ConfigurationReaderOptions s_options = new() { SectionName = "Serilog" };

    /// <summary>The sinks of the settings. What reaches them has passed the levels already.</summary>
    private static Logger Sinks(IConfigurationSection section, string logFile)
    {
        var configuration = new LoggerConfiguration()
            .ReadFrom.Configuration(Part(section, name => !name.StartsWith("MinimumLevel", StringComparison.OrdinalIgnoreCase)
                && name.ToUpperInvariant() is not ("ENRICH" or "FILTER" or "PROPERTIES")), s_options)
            .MinimumLevel.Verbose();
        if (logFile.Length > 0)
        {
            configuration.WriteTo.File(new JsonFormatter(renderMessage: true), logFile, rollingInterval: RollingInterval.Day);
        }

        return configuration.CreateLogger();
    }

    /// <summary>Those members of the section whose names are wanted, as section "Serilog" of a configuration of their own.</summary>
    private static IConfigurationRoot Part(IConfigurationSection section, Func<string, bool> wanted)
    {
        var members = section.GetChildren().Where(child => wanted(child.Key)).SelectMany(child => child.AsEnumerable());
        return new ConfigurationBuilder()
            .AddInMemoryCollection(members.Select(pair => KeyValuePair.Create($"Serilog{pair.Key[section.Path.Length..]}", pair.Value)))
            .Build();
    }
}
