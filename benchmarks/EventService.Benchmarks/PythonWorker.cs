using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventService.Benchmarks;

/// <summary>A Python process that answers each line with one line of JSON; it waits asleep while it is not asked.</summary>
internal sealed class PythonWorker : IDisposable
{
    private readonly Process _process;

    /// <param name="script">Script, relative to the folder benchmarks/.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="threads">Threads of its BLAS, which does not take the number from PyTorch: OpenBLAS would start one a core, and their waiting is processor time.</param>
    /// <param name="blas">Folder of the libblas.so.3 that Python shall use; null for the system's.</param>
    public PythonWorker(string script, IEnumerable<string> arguments, int threads, string? blas)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", ["-u", System.IO.Path.Combine(Report.Root, "benchmarks", script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["OPENBLAS_NUM_THREADS"] = start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        if (blas is not null)
        {
            start.Environment["LD_LIBRARY_PATH"] = blas;
        }

        _process = Process.Start(start)!;
        Environment = Read();
    }

    /// <summary>What the worker says of itself when it is ready: versions, libraries, threads.</summary>
    public JsonElement Environment { get; }

    public JsonElement Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        return Read();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonElement Read()
    {
        var line = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException("The Python process ended without an answer; its message is above.");
        return JsonDocument.Parse(line).RootElement;
    }
}
