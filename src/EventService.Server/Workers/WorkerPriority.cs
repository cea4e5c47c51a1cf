using System.Runtime.InteropServices;

namespace EventService.Server.Workers;

/// <summary>
/// Workers compute all the time; threads that read requests and write answers have little to do and are waited for. On Linux, where threads
/// have a nice value each (man 2 setpriority), the workers take a higher one, so that the others run at once when they wake.
/// </summary>
internal static partial class WorkerPriority
{
    private const int Process = 0;
    private const uint CallingThread = 0;
    private const int Nice = 5;

    /// <summary>Lowers the priority of the calling thread, where the system knows how.</summary>
    public static void Lower()
    {
        if (OperatingSystem.IsLinux())
        {
            // Going up needs no permission; where it fails all the same, threads stay equal.
            _ = SetPriority(Process, CallingThread, Nice);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, uint who, int priority);
}
