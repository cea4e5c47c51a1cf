using Grpc.Core;

namespace EventService.Client;

/// <summary>How a client calls.</summary>
public sealed record EventServiceClientOptions
{
    /// <summary>API key, esk_..., or a token (JWT) of the OpenID provider that the server trusts; null to come without.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Time for a whole operation, pauses and resumptions included; null for all the time it takes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Attempts in a row that may fail without a new event, before the failure is the caller's.</summary>
    public int Retries { get; init; } = 8;

    /// <summary>
    /// Pause before the second attempt; each further one is twice as long. A server that says when to come again is believed.
    /// </summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Told why, and in which time, something is tried again.</summary>
    public Action<RpcException, TimeSpan>? Retrying { get; init; }

    /// <summary>Longest message that is taken.</summary>
    public int LargestMessageBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Whether the memory of a block of events is used again for the next one of its stream: saves the processor time of the collector for
    /// those who copy or sum up each block before they ask for the next.
    /// </summary>
    public bool ReuseBlocks { get; init; }

    /// <summary>Messages packed by gzip in both directions: for slow networks only, since random digits hardly shrink.</summary>
    public bool Compress { get; init; }

    /// <summary>Connects; null for one that is made for this client. The client disposes of it.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Measures deadlines and pauses.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
