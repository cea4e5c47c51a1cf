using System.Diagnostics;

using Npgsql;

namespace EventService.FunctionalTests.Databases;

/// <summary>
/// A PostgreSQL server for the tests: the one that the variable <see cref="Variable"/> names (a connection string of a user who may
/// make databases), or one started from the local programs in a temporary folder, which ends with the tests.
/// </summary>
internal static class PostgresServer
{
    public const string Variable = "EVENTSERVICE_TEST_POSTGRES";

    // It ends when its standard input does, that is with the process of the tests, however that ends.
    // The default collation is English: "a" before "B", unlike that of our columns. Nothing is worth a wait for the disk.
    private const string Script = """
        set -e
        folder=$(mktemp -d -t eventservice-postgres-XXXXXX)
        end() { kill -INT $server 2>/dev/null && wait $server || true; rm -rf "$folder"; }
        trap end EXIT
        make="initdb -D $folder/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync"
        $make --locale-provider=icu --icu-locale=en-US >"$folder/log" 2>&1 || { rm -rf "$folder/data"; $make >"$folder/log" 2>&1; }
        postgres -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=300 -c fsync=off -c full_page_writes=off \
            -c synchronous_commit=off >>"$folder/log" 2>&1 &
        server=$!
        until pg_isready -q -h "$folder"; do kill -0 $server; sleep 0.1; done
        echo "$folder"
        cat >/dev/null
        """;

    private static readonly Lazy<Task<string>> s_connection = new(StartAsync);

    /// <summary>
    /// Reason to skip tests on PostgreSQL; null where they run, and in continuous integration, where a missing server is an error.
    /// </summary>
    public static string? WhySkip { get; } = Environment.GetEnvironmentVariable("CI") is "true" or "1" ? null : WhyNot();

    /// <summary>Makes an empty database and returns its connection string.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(await s_connection.Value) { Database = name, MaxPoolSize = 40 }.ConnectionString;
    }

    /// <summary>Lets nobody into a database and ends all connections to it: what a server that is stopped does to its clients.</summary>
    public static async Task CloseAsync(string connectionString)
    {
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database;
        await ExecuteAsync($"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    }

    public static Task OpenAsync(string connectionString) =>
        ExecuteAsync($"ALTER DATABASE {new NpgsqlConnectionStringBuilder(connectionString).Database} WITH ALLOW_CONNECTIONS true");

    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await s_connection.Value);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // with names of our own
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static string? WhyNot()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
        {
            return null;
        }

        if (!SearchPath().Split(':').Any(folder => File.Exists(Path.Combine(folder, "initdb"))))
        {
            return $"No PostgreSQL here: 'initdb' is neither on PATH nor in /usr/lib/postgresql. Install the package postgresql, or name a server in {Variable}.";
        }

        return Environment.IsPrivilegedProcess && !File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal))
            ? $"PostgreSQL does not run as root, and there is no user 'postgres'. Name a server in {Variable}."
            : null;
    }

    // Debian keeps the server's programs in a folder of each version.
    private static string SearchPath()
    {
        var versions = new DirectoryInfo("/usr/lib/postgresql") is { Exists: true } debian ? debian.EnumerateDirectories() : [];
        return string.Join(':', versions.Select(v => Path.Combine(v.FullName, "bin")).OrderDescending().Append(Environment.GetEnvironmentVariable("PATH")));
    }

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } server)
        {
            return server;
        }

        if (WhyNot() is { } reason)
        {
            throw new InvalidOperationException(reason);
        }

        var start = Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("runuser", ["-u", "postgres", "--", "bash", "-c", Script])
            : new ProcessStartInfo("bash", ["-c", Script]);
        start.Environment["PATH"] = SearchPath();
        start.WorkingDirectory = "/tmp";
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = Process.Start(start)!;
        var folder = await process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException($"PostgreSQL does not start: {await process.StandardError.ReadToEndAsync()}");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            process.StandardInput.Close();
            process.WaitForExit(TimeSpan.FromSeconds(10));
        };
        return new NpgsqlConnectionStringBuilder { Host = folder, Username = "postgres", Database = "postgres" }.ConnectionString;
    }
}
