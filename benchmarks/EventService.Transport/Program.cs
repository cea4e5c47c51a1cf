// gRPC streaming of ready data: the service's transport, read by a bare HTTP/2 client of .NET, by EventService.Client and by Debian's gRPC
// for Python (package python3-grpcio), beside a loop that writes the same bytes to Kestrel with nothing between, alternating in one run.
// From the root:   dotnet run -c Release --project benchmarks/EventService.Transport -- [--against FOLDER] [--rounds N] FOLDER has another
// build of this program, such as artifacts/bin/EventService.Transport/release of another commit: its server and its client take turns with
// ours.
using EventService.Transport;

switch (args)
{
    case ["serve"]:
        await ReadyServer.RunAsync();
        break;
    case ["read", var address, var kind]:
        await Reader.RunAsync(new Uri(address), kind);
        break;
    default:
        await Comparison.RunAsync(Option("--against"), int.Parse(Option("--rounds") ?? "7"));
        break;
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
