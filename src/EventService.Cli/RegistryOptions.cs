using System.CommandLine;

using EventService.Models;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Catalog;
using EventService.Registry.Databases;
using EventService.Registry.Files;
using EventService.Registry.Keys;
using EventService.Registry.Migrations;
using EventService.Registry.Versions;

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventService.Cli;

/// <summary>The options that name a registry, the same in every command that works with one: a server, or a database without one.</summary>
/// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
internal sealed class RegistryOptions(ModelLoader load)
{
    private readonly ServerOptions _server = new();
    private readonly Option<string?> _data = new("--data")
    {
        Description = "Data folder of a server on this machine, or its registry.sqlite.",
    };
    private readonly Option<string?> _database = new("--database") { Description = "Connection string of a PostgreSQL registry." };
    private readonly Option<string?> _actor = new("--actor")
    {
        Description = "Who you are, for the history of a registry without a server; your user name if not given.",
    };

    public void AddTo(Command command)
    {
        _server.AddTo(command);
        foreach (var option in new Option[] { _data, _database, _actor })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Where results go.</summary>
    public ResultWriter Output(ParseResult parsed) => _server.Output(parsed);

    /// <summary>Does something with the models of the registry that is named.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="work">Does it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="create">Make a registry where there is no file.</param>
    /// <exception cref="RegistryException">No registry is named, several are, or the named one does not exist.</exception>
    public Task WithModelsAsync(
        ParseResult parsed, Func<IModelCatalog, Task> work, CancellationToken cancellationToken, bool create = false) =>
        RunAsync(
            parsed,
            server => work(server),
            (contexts, folder) => WithDatabaseAsync(parsed, contexts, folder, work),
            create,
            cancellationToken);

    /// <summary>Does something with the keys of the registry that is named.</summary>
    /// <inheritdoc cref="WithModelsAsync"/>
    public Task WithKeysAsync(ParseResult parsed, Func<IKeyCatalog, Task> work, CancellationToken cancellationToken, bool create = false) =>
        RunAsync(
            parsed,
            server => work(server),
            (contexts, _) => work(new KeyCatalog(new KeyStore(contexts, TimeProvider.System), Actor(parsed))),
            create,
            cancellationToken);

    private async Task RunAsync(
        ParseResult parsed, Func<HttpRegistry, Task> overHttp, Func<IDbContextFactory<RegistryContext>, string, Task> inDatabase,
        bool create, CancellationToken cancellationToken)
    {
        var (data, database) = (parsed.GetValue(_data), parsed.GetValue(_database));
        var server = _server.Given(parsed) ?? (data is null && database is null ? ServerOptions.OfEnvironment : null);
        if (new[] { server, data, database }.Count(o => o is not null) != 1)
        {
            throw new RegistryException(RegistryFault.Invalid, "Name one registry: --server URL, --data FOLDER or --database CONNECTION.");
        }

        if (server is not null)
        {
            using var client = _server.Open(parsed, server);
            await overHttp(new HttpRegistry(client));
            return;
        }

        // With a database elsewhere, files on their way are spooled in a folder of our own, which then goes.
        var spool = database is null ? null : Directory.CreateTempSubdirectory("eventservice-");
        try
        {
            var contexts = await OpenAsync(data, database, create, cancellationToken);
            await inDatabase(contexts, spool?.FullName ?? Path.Combine(Path.GetDirectoryName(SqliteFile(data!))!, "cache"));
        }
        finally
        {
            spool?.Delete(recursive: true);
        }
    }

    private async Task WithDatabaseAsync(
        ParseResult parsed, IDbContextFactory<RegistryContext> contexts, string folder, Func<IModelCatalog, Task> work)
    {
        var files = new ArtifactFolder(folder, TimeProvider.System);
        var registry = new ModelRegistry(contexts, files, TimeProvider.System);
        using var uploads = new ModelUploads(registry, files, load, NullLogger<ModelUploads>.Instance);
        await work(new ModelCatalog(contexts, registry, uploads, Actor(parsed)));
    }

    /// <summary>Opens a database and brings it up to date, as a server does at its start.</summary>
    private static async Task<IDbContextFactory<RegistryContext>> OpenAsync(
        string? data, string? database, bool create, CancellationToken cancellationToken)
    {
        IDbContextFactory<RegistryContext> contexts;
        if (database is not null)
        {
            contexts = new PostgresRegistryContextFactory(database);
        }
        else
        {
            var file = SqliteFile(data!);
            if (!create && !File.Exists(file))
            {
                throw new RegistryException(
                    RegistryFault.NotFound,
                    $"There is no registry at {file}. Start a server with this data folder once, or publish a model into it.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            contexts = new SqliteRegistryContextFactory(file);
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await Migrator.MigrateAsync(context, cancellationToken);
        return contexts;
    }

    private static string SqliteFile(string data) =>
        Path.GetFullPath(data.EndsWith(".sqlite", StringComparison.Ordinal) ? data : Path.Combine(data, "registry.sqlite"));

    private string Actor(ParseResult parsed)
    {
        var actor = parsed.GetValue(_actor) ?? Environment.UserName;
        RegistryName.RequireActor("actor", actor);
        return actor;
    }
}
