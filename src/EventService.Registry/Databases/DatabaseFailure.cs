using System.Data.Common;

namespace EventService.Registry.Databases;

/// <summary>Tells trouble with the database from other errors.</summary>
public static class DatabaseFailure
{
    /// <summary>Whether the database, or the way to it, is the cause; EF packs that into exceptions of its own.</summary>
    public static bool Is(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is DbException)
            {
                return true;
            }
        }

        return false;
    }
}
