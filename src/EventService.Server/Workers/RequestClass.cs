namespace EventService.Server.Workers;

/// <summary>Requests that share the workers with their like; each class has a share of its own.</summary>
internal enum RequestClass
{
    /// <summary>At most <see cref="WorkerPool.SmallEvents"/> events: somebody waits for them.</summary>
    Small,

    /// <summary>Streams of any length.</summary>
    Bulk,

    /// <summary>Jobs: nobody waits for them.</summary>
    Job,
}
