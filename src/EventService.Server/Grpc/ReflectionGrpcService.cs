using EventService.Grpc;
using EventService.Grpc.Reflection.V1;

using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace EventService.Server.Grpc;

/// <summary>Tells tools such as grpcurl which services and messages there are, in both versions of the protocol that tools speak.</summary>
internal sealed class ReflectionGrpcService(GrpcServices services)
{
    private const string Alpha = "v1alpha";

    private readonly Lazy<IReadOnlyDictionary<string, FileDescriptorProto>> _files = new(() => Files(services));

    public static void Map(WebApplication app)
    {
        app.MapGrpcService<ReflectionGrpcService>(ReflectionReflection.Descriptor, "ServerReflection")
            .DuplexStreaming<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo", s => s.ServerReflectionInfo);
        var service = ReflectionReflection.Descriptor.Services[0];
        new GrpcServiceMap<ReflectionGrpcService>(app, service, InAlpha(service.FullName))
            .DuplexStreaming<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo", s => s.ServerReflectionInfo);
    }

    public async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requests, IServerStreamWriter<ServerReflectionResponse> responses, ServerCallContext context)
    {
        while (await requests.MoveNext(context.CancellationToken))
        {
            var response = Answer(requests.Current);
            response.ValidHost = requests.Current.Host;
            response.OriginalRequest = requests.Current;
            await responses.WriteAsync(response);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => new ServerReflectionResponse
        {
            ListServicesResponse = new ListServiceResponse
            {
                Service = { _files.Value.Values.SelectMany(f => f.Service.Select(s => new ServiceResponse { Name = $"{f.Package}.{s.Name}" })) },
            },
        },
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
            Described(_files.Value.GetValueOrDefault(request.FileByFilename), $"There is no file '{request.FileByFilename}'."),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
            Described(_files.Value.Values.FirstOrDefault(f => Declares(f, request.FileContainingSymbol)), $"There is no '{request.FileContainingSymbol}'."),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension or ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType =>
            Error(StatusCode.NotFound, "There are no extensions here."),
        _ => Error(StatusCode.InvalidArgument, "The request asks for nothing that is known here."),
    };

    private ServerReflectionResponse Described(FileDescriptorProto? file, string otherwise)
    {
        if (file is null)
        {
            return Error(StatusCode.NotFound, otherwise);
        }

        var found = new List<FileDescriptorProto>();
        void Add(FileDescriptorProto file)
        {
            if (!found.Contains(file))
            {
                found.Add(file);
                foreach (var import in file.Dependency)
                {
                    Add(_files.Value[import]);
                }
            }
        }

        Add(file);
        return new ServerReflectionResponse { FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { found.Select(f => f.ToByteString()) } } };
    }

    private static ServerReflectionResponse Error(StatusCode status, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)status, ErrorMessage = message } };

    /// <summary>Services, their methods, messages and what is declared within them.</summary>
    private static bool Declares(FileDescriptorProto file, string symbol)
    {
        var prefix = file.Package + ".";
        return symbol.StartsWith(prefix, StringComparison.Ordinal) && symbol[prefix.Length..].Split('.') is [var name, .. var rest]
            && (file.Service.Any(s => s.Name == name && (rest.Length == 0 || (rest.Length == 1 && s.Method.Any(m => m.Name == rest[0]))))
                || file.EnumType.Any(e => e.Name == name && rest.Length == 0)
                || file.MessageType.Any(m => m.Name == name && Declares(m, rest)));
    }

    private static bool Declares(DescriptorProto message, ReadOnlySpan<string> names)
    {
        if (names.IsEmpty)
        {
            return true;
        }

        var name = names[0];
        return message.NestedType.FirstOrDefault(m => m.Name == name) is { } nested
            ? Declares(nested, names[1..])
            : names.Length == 1 && (message.Field.Any(f => f.Name == name) || message.EnumType.Any(e => e.Name == name));
    }

    /// <summary>The files of the mapped services and all that they import, by name.</summary>
    private static Dictionary<string, FileDescriptorProto> Files(GrpcServices services)
    {
        var files = new Dictionary<string, FileDescriptorProto>(StringComparer.Ordinal);
        void Add(FileDescriptor file)
        {
            if (files.TryAdd(file.Name, file.ToProto()))
            {
                foreach (var import in file.Dependencies)
                {
                    Add(import);
                }
            }
        }

        foreach (var service in services.All)
        {
            Add(service.File);
        }

        var alpha = ToAlpha(ReflectionReflection.Descriptor.ToProto());
        files.Add(alpha.Name, alpha);
        return files;
    }

    /// <summary>The older version of the protocol has the same messages under another name.</summary>
    private static FileDescriptorProto ToAlpha(FileDescriptorProto file)
    {
        (file.Name, file.Package) = (InAlpha(file.Name), InAlpha(file.Package));
        foreach (var field in file.MessageType.SelectMany(m => m.Field).Where(f => f.HasTypeName))
        {
            field.TypeName = InAlpha(field.TypeName);
        }

        foreach (var method in file.Service.SelectMany(s => s.Method))
        {
            (method.InputType, method.OutputType) = (InAlpha(method.InputType), InAlpha(method.OutputType));
        }

        return file;
    }

    private static string InAlpha(string name) => name.Replace("v1", Alpha, StringComparison.Ordinal);
}
