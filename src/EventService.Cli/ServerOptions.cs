using System.CommandLine;

using EventService.Registry;

namespace EventService.Cli;

/// <summary>The options that name a server, the same in every command that works with one.</summary>
internal sealed class ServerOptions
{
    private const string ServerVariable = "EVENTSERVICE_SERVER";
    internal const string KeyVariable = "EVENTSERVICE_KEY";

    private readonly Option<string?> _server = new("--server")
    {
        Description = $"Address of a server, such as http://localhost:8080; variable {ServerVariable}.",
    };
    private readonly Option<string?> _key = new("--key")
    {
        Description = $"API key or token for the server; better in variable {KeyVariable}, where other users of the machine do not see it.",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Write what the server would answer." };

    /// <summary>The server of the environment; null if it names none.</summary>
    public static string? OfEnvironment => Environment.GetEnvironmentVariable(ServerVariable);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _server, _key, _json })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Where results go.</summary>
    public ResultWriter Output(ParseResult parsed) => new(parsed.InvocationConfiguration.Output, parsed.GetValue(_json));

    /// <summary>The server on the command line; null if it names none.</summary>
    public string? Given(ParseResult parsed) => parsed.GetValue(_server);

    /// <exception cref="RegistryException">The address is invalid.</exception>
    public ServiceClient Open(ParseResult parsed, string server) =>
        new(server, parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable(KeyVariable));

    /// <summary>The server that is named, in the command line or else in the environment.</summary>
    /// <exception cref="RegistryException">No server is given.</exception>
    public ServiceClient Open(ParseResult parsed) => Open(parsed, Given(parsed) ?? OfEnvironment
        ?? throw new RegistryException(RegistryFault.Invalid, $"Name a server: --server URL, or variable {ServerVariable}."));
}
