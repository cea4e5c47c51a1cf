using System.Text.Json;

using EventService.Models.Conditions;
using EventService.Models.Documents;
using EventService.Registry;
using EventService.Registry.Catalog;
using EventService.Registry.Versions;
using EventService.Server.Grpc;

using Google.Protobuf.WellKnownTypes;

using Grpc.Core;

using V1 = EventService.Contracts.V1;

namespace EventService.Server.Models;

/// <summary>What there is to generate from, over gRPC.</summary>
internal sealed class ModelsGrpcService(ModelRegistry registry, IModelCatalog catalog) : V1.Models.ModelsBase
{
    public override async Task<V1.ListProcessesResponse> ListProcesses(V1.ListProcessesRequest request, ServerCallContext context)
    {
        var answer = new V1.ListProcessesResponse();
        foreach (var (process, models) in await ModelsApi.ListProcessesAsync(registry, context.CancellationToken))
        {
            var info = new V1.ProcessInfo { Process = process };
            info.Models.Add(models.Select(ToMessage));
            answer.Processes.Add(info);
        }

        return answer;
    }

    public override async Task<V1.ListModelsResponse> ListModels(V1.ListModelsRequest request, ServerCallContext context)
    {
        var search = new ModelSearch(
            Given(request.Process), Given(request.Q), Given(request.Alias), Given(request.After), request.Limit == 0 ? ModelSearch.DefaultLimit : request.Limit);
        var page = await catalog.ListAsync(search, context.CancellationToken);
        return new V1.ListModelsResponse { Models = { page.Models.Select(ToMessage) }, Next = page.Next ?? "" };
    }

    public override async Task<V1.ModelInfo> GetModel(V1.GetModelRequest request, ServerCallContext context) =>
        ToMessage(await catalog.GetAsync(request.Name, context.CancellationToken));

    public override async Task<V1.VersionDetails> GetVersion(V1.GetVersionRequest request, ServerCallContext context)
    {
        var found = await catalog.GetVersionAsync(request.Name, request.Version, context.CancellationToken);
        var document = found.Document.Deserialize<ModelDocument>(ModelJson.Options)!;
        return new V1.VersionDetails
        {
            Name = found.Name,
            Process = found.Process,
            Version = ToMessage(new VersionResponse(found.Version, found.Sha256, found.SizeBytes, found.State, found.CreatedBy, found.CreatedAt, found.Validated)),
            Document = found.Document.GetRawText(),
            Schema = document.Schema.ToMessage(),
        };
    }

    private static V1.ProcessModel ToMessage(ProcessModel model)
    {
        var message = new V1.ProcessModel { Name = model.Name };
        if (model.Production is { } version)
        {
            message.Production = version;
        }

        message.Parameters.Add(model.Parameters.Select(ToMessage));
        if (model.Hull is { } hull)
        {
            message.Hull = new V1.Hull { Kind = hull.Kind, Text = hull.Text, Corners = { hull.Corners.Select(c => new V1.Values { Value = { c } }) }, Constraints = { hull.Constraints } };
            if (hull.Tolerance is { } tolerance)
            {
                message.Hull.Tolerance = tolerance;
            }
        }

        message.TrainedPoints.Add(model.TrainedPoints.Select(ToMessage));
        return message;
    }

    private static V1.Parameter ToMessage(ParameterResponse parameter) => new()
    {
        Name = parameter.Name,
        Unit = parameter.Unit,
        Description = parameter.Description,
        Minimum = parameter.Minimum,
        Maximum = parameter.Maximum,
        Trained = { parameter.Trained },
        Alternative = parameter.Alternative is not { } alternative ? null : new V1.Alternative
        {
            Name = alternative.Name,
            Unit = alternative.Unit,
            Description = alternative.Description,
            Minimum = alternative.Minimum,
            Maximum = alternative.Maximum,
            Trained = { alternative.Trained },
        },
    };

    private static V1.TrainedPoint ToMessage(TrainedPointResponse point)
    {
        var message = new V1.TrainedPoint { Values = new V1.Values { Value = { point.Values } } };
        if (point is { CrossSectionPb: { } crossSection, SelectionEfficiency: { } efficiency })
        {
            (message.CrossSectionPb, message.SelectionEfficiency) = (crossSection, efficiency);
        }

        return message;
    }

    private static V1.ModelInfo ToMessage(ModelResponse model) => new()
    {
        Name = model.Name,
        Process = model.Process,
        CreatedAt = At(model.CreatedAt),
        Aliases = { model.Aliases.ToDictionary() },
        Versions = { model.Versions.Select(ToMessage) },
    };

    private static V1.VersionInfo ToMessage(VersionResponse version)
    {
        var message = new V1.VersionInfo
        {
            Version = version.Version,
            Sha256 = version.Sha256,
            SizeBytes = version.SizeBytes,
            State = version.State,
            CreatedBy = version.CreatedBy,
            CreatedAt = At(version.CreatedAt),
        };
        if (version.Validated is { } validated)
        {
            message.Validated = validated;
        }

        return message;
    }

    /// <summary>The registry's times are UTC, whatever the database says of their kind.</summary>
    private static Timestamp At(DateTime time) => Timestamp.FromDateTime(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
