using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventService.Benchmarks;

/// <summary>A Python process that answers each line with one line of JSON; it waits asleep while it is not asked.</summary>
internal sealed class PythonWorker : IDisposable
{
    private readonly Process _process;

    /// <summary>Option of the commands that start a worker.</summary>
    public static Option<string?> Blas { get; } = new("--blas")
    {
        Description = "Folder of the libblas.so.3 for Python; by default the system's.",
    };

    /// <inheritdoc cref="Blas"/>
    public static Option<string?> BlasCore { get; } = new("--blas-core")
    {
        Description =
            "Kernels for OpenBLAS to use (OPENBLAS_CORETYPE), such as SkylakeX or Cooperlake: "
                + "a build that does not know the processor falls back to kernels without AVX. The results say which were used.",
    };

    /// <param name="script">Script, relative to the folder benchmarks/.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="threads">
    /// Threads of its BLAS, which does not take the number from PyTorch: OpenBLAS would start one a core, and
    /// their waiting is processor time.
    /// </param>
    /// <param name="parsed">The command's options, with <see cref="Blas"/> and <see cref="BlasCore"/>.</param>
    public PythonWorker(string script, IEnumerable<string> arguments, int threads, ParseResult parsed)
    {
        var start = new ProcessStartInfo(
            "/usr/bin/python3", ["-u", System.IO.Path.Combine(Report.Root, "benchmarks", script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["OPENBLAS_NUM_THREADS"] = start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        if (parsed.GetValue(Blas) is { } folder)
        {
            start.Environment["LD_LIBRARY_PATH"] = folder;
        }

        if (parsed.GetValue(BlasCore) is { } core)
        {
            start.Environment["OPENBLAS_CORETYPE"] = core;
        }

        _process = Process.Start(start)!;
        Environment = Read();
    }

    /// <summary>The worker's description of itself once it is ready: versions, libraries, threads.</summary>
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
