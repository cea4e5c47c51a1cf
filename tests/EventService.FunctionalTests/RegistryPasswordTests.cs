using EventService.Registry.Databases;

namespace EventService.FunctionalTests;

/// <summary>The password of the registry's database from a file, as containers are given secrets.</summary>
public sealed class RegistryPasswordTests : IDisposable
{
    private const string Connection = "Host=database;Database=eventservice;Username=eventservice";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("s3cret; with=signs", "s3cret; with=signs")]
    [InlineData("line\n", "line")]
    [InlineData("line\r\n", "line")]
    [InlineData(" spaces ", " spaces ")]
    public void WithPassword_TakesTheFilesLine(string content, string password)
    {
        File.WriteAllText(_file, content);
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(PostgresRegistryContextFactory.WithPassword(Connection, _file));
        Assert.Equal((password, "database", "eventservice", "eventservice"), (connection.Password, connection.Host, connection.Database, connection.Username));
    }

    [Fact]
    public void WithPassword_OfNoPasswordOrTwo_SaysSo()
    {
        string Fault(string connection, string file) =>
            Assert.Throws<InvalidOperationException>(() => PostgresRegistryContextFactory.WithPassword(connection, file)).Message;

        File.WriteAllText(_file, "\n");
        Assert.Equal($"The file '{_file}' of the registry's password is empty.", Fault(Connection, _file));
        Assert.Equal($"The file '{_file}x' of the registry's password does not exist.", Fault(Connection, _file + "x"));
        File.WriteAllText(_file, "secret");
        Assert.Contains("expected one of them", Fault(Connection + ";Password=other", _file), StringComparison.Ordinal);
    }
}
