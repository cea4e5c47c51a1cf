using EventService.Grpc;
using EventService.Grpc.Health.V1;
using EventService.Server.Grpc;
using EventService.Server.Problems;

using ServingStatus = EventService.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace EventService.Server.Health;

/// <summary>Whether requests are welcome, as clients of gRPC ask it. All services share one state.</summary>
internal sealed class HealthGrpcService(Readiness readiness, GrpcServices services, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        IsKnown(request.Service)
            ? new HealthCheckResponse { Status = await StatusAsync(context.CancellationToken) }
            : throw new RpcException(StatusCode.NotFound, $"There is no service '{request.Service}' here. Known: {string.Join(", ", services.All.Select(s => s.FullName))}.");

    /// <summary>Ends when the server does, so that nobody waits for it.</summary>
    public async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(s_interval, time);
        ServingStatus? last = null;
        while (true)
        {
            var status = IsKnown(request.Service) ? await StatusAsync(context.CancellationToken) : ServingStatus.ServiceUnknown;
            if (status != last)
            {
                await responses.WriteAsync(new HealthCheckResponse { Status = status });
                last = status;
            }

            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                throw new RpcException(StatusCode.Unavailable, "The server is shutting down; ask another.");
            }

            try
            {
                await timer.WaitForNextTickAsync(ends.Token);
            }
            catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
            {
                // The server stops: say so, and go.
            }
        }
    }

    private bool IsKnown(string service) => service.Length == 0 || services.All.Any(s => s.FullName == service);

    private async Task<ServingStatus> StatusAsync(CancellationToken cancellationToken)
    {
        try
        {
            await readiness.CheckAsync(cancellationToken);
            return ServingStatus.Serving;
        }
        catch (ProblemException)
        {
            return ServingStatus.NotServing;
        }
    }
}
