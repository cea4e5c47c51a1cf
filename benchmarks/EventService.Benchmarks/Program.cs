// Claims about speed, one sub-command each; results go to benchmarks/results/<processor>/. From the repository's root:
//   dotnet run -c Release --project benchmarks/EventService.Benchmarks -- training ttbar.csv.gz
using System.CommandLine;

using EventService.Benchmarks;

var root = new RootCommand("Benchmarks against other programs, alternating in one run.")
{
    TrainingBenchmark.Command(),
    SamplingBenchmark.Command(),
    MatMulBenchmark.Command(),
    FlowSamplingBenchmark.Command(),
    RotatingGaussianBenchmark.Command(),
    InterpolationBenchmark.Command(),
    ContinuousSamplingBenchmark.Command(),
    EventService.Benchmarks.Search.SearchBenchmark.Command(),
};
return await root.Parse(args).InvokeAsync();
