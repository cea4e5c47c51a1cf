namespace EventService.Server.Workers;

/// <summary>What a request is to the worker pool.</summary>
internal enum RequestClass
{
    /// <summary>Somebody waits for the answer.</summary>
    Interactive,

    /// <summary>A job: nobody waits, and it takes no place from those who do.</summary>
    Job,
}
