using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Server.Callers;
using EventService.Server.Grpc;
using EventService.Server.Logging;
using EventService.Server.Problems;

using Grpc.Core;

using V1 = EventService.Contracts.V1;

namespace EventService.Server.Events;

/// <summary>Events and densities over gRPC.</summary>
internal sealed class EventsGrpcService(GenerateEvents events, DensityEvents densities) : EventsBase
{
    /// <summary>A longer receipt stands in the messages only: clients give up on metadata beyond 8 KiB.</summary>
    private const int LargestTrailer = 4096;

    public override async Task Generate(
        V1.GenerateRequest request, IServerStreamWriter<Outgoing<V1.GenerateResponse>> responses, ServerCallContext context)
    {
        var cancelled = context.CancellationToken;
        using var run = await events.OpenAsync(GrpcParameters.Of(request), ColumnBlockWriter.FormatName, context.Caller(), cancelled);
        RequestOutcome.Of(context.GetHttpContext()).Follow(run.Progress);
        var passed = 0L;
        var schema = CreateWriter(run.Request).Selected.ToMessage();
        var receipt = run.Receipt.ToMessage();
        SetHeaders(context, run.Receipt, receipt.Json);
        await responses.WriteAsync(new(new V1.GenerateResponse { Start = new V1.GenerateStart { Schema = schema, Receipt = receipt } }));
        await run.WriteAsync(
            CreateWriter,
            async (messages, generated, _) =>
            {
                while (messages.Length > 0)
                {
                    var message = ColumnBlockWriter.Take(ref messages);
                    // The token of a write would reset the stream; the call's own ends it too.
                    var tail = messages.IsEmpty ? ColumnBlockWriter.Next(run.Request.First + generated) : default;
                    await responses.WriteAsync(new(message, tail), CancellationToken.None);
                }
            },
            cancelled);

        await responses.WriteAsync(new(new V1.GenerateResponse
        {
            End = new V1.GenerateEnd { Events = Interlocked.Read(ref passed), Generated = run.Request.Count, Receipt = receipt },
        }));

        ColumnBlockWriter CreateWriter(GenerateRequest checkedRequest)
        {
            try
            {
                return new ColumnBlockWriter(checkedRequest.Schema, checkedRequest.Columns, checkedRequest.LogDensity, count => Interlocked.Add(ref passed, count));
            }
            catch (ArgumentException e)
            {
                throw new RequestException(RequestFault.BadValue, e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal));
            }
        }
    }

    public override async Task Density(
        IAsyncStreamReader<V1.DensityRequest> requests,
        IServerStreamWriter<Outgoing<V1.DensityResponse>> responses,
        ServerCallContext context)
    {
        var cancelled = context.CancellationToken;
        var start = await requests.MoveNext(cancelled) && requests.Current.Start is { } given
            ? given
            : throw new RequestException(RequestFault.BadValue, "The first message holds no start, expected one that says which model.");
        using var run = await densities.OpenAsync(
            GrpcParameters.Of(start), GrpcParameters.OfDensity, context.Caller(), events: null, cancelled);
        var schema = run.Conditions.Schema;
        if (start.Schema is { } taken && !taken.ToSchema().HasSameColumns(schema))
        {
            throw new RequestException(RequestFault.BadValue, $"The start has the columns {taken.ToSchema().Describe()}, expected {schema.Describe()}.");
        }

        await responses.WriteAsync(new(new V1.DensityResponse
        {
            Start = new V1.DensityModel
            {
                Process = run.Generator.Document.Process,
                Model = run.Generator.Document.Name,
                Version = run.Version.Number,
                Sha256 = run.Generator.Sha256,
                Numerics = NumericsProfile.CpuFp32V2,
                Schema = schema.ToMessage(),
            },
        }));
        var count = await new DensityStream(run, requests, responses).RunAsync(cancelled);
        await responses.WriteAsync(new(new V1.DensityResponse { End = new V1.DensityEnd { Events = count } }));
    }

    /// <summary>The receipt goes behind the last message too; what is needed most is there before the first.</summary>
    private static void SetHeaders(ServerCallContext context, Receipt receipt, string json)
    {
        var headers = context.GetHttpContext().Response.Headers;
        headers[ReceiptHeaders.Seed] = receipt.Seed;
        headers[ReceiptHeaders.Model] = receipt.Model;
        headers[ReceiptHeaders.ModelVersion] = receipt.Version?.ToString(CultureInfo.InvariantCulture);
        headers[ReceiptHeaders.ModelSha256] = receipt.Sha256;
        if (json.Length <= LargestTrailer)
        {
            context.ResponseTrailers.Add(ReceiptHeaders.Receipt, json);
        }
    }
}
