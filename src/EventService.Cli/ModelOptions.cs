using System.CommandLine;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Registry;
using EventService.Registry.Files;

namespace EventService.Cli;

/// <summary>The options that name a model and its condition, the same in every command.</summary>
internal sealed class ModelOptions(ModelLoader load)
{
    private readonly Option<string?> _process = new("--process") { Description = "Physics process, such as ttbar." };
    private readonly Option<string?> _model = new("--model")
    {
        Description = "Name of a model, where the process has several, or a model file.",
    };
    private readonly Option<string> _models = new("--models")
    {
        Description = "Folder of model files.",
        DefaultValueFactory = _ => "models",
    };
    private readonly Option<string[]> _condition = new("--condition")
    {
        Description =
            "Condition of the model, such as mGluino=1700; of 'generate' also several points, mGluino=1500,1600, or a prior, "
                + "mGluino=uniform(1000,2200). May be given several times.",
    };
    private readonly Option<int> _workers = new("--workers") { Description = "Threads; 0 for one per processor." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _process, _model, _models, _condition, _workers })
        {
            command.Options.Add(option);
        }
    }

    public int Workers(ParseResult parsed) => Math.Max(parsed.GetValue(_workers), 0);

    /// <exception cref="RegistryException">No model, or more than one, fits.</exception>
    public Task<EventGenerator> LoadAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        LocalModels.LoadAsync(parsed.GetValue(_models)!, parsed.GetValue(_process), parsed.GetValue(_model), load, cancellationToken);

    /// <summary>The fields that name a model at a server.</summary>
    public (string Process, string Model) Name(ParseResult parsed) => (parsed.GetValue(_process) ?? "", parsed.GetValue(_model) ?? "");

    /// <summary>The conditions as the request parameters that they are in HTTP.</summary>
    /// <exception cref="RequestException">One is not NAME=VALUE, or the model does not know it.</exception>
    public Dictionary<string, string> Condition(ParseResult parsed, EventGenerator generator)
    {
        var values = Condition(parsed);
        RequestParameter.RequireKnown(values.Keys, [], generator.Document.Conditions);
        return values;
    }

    /// <summary>The conditions as they are given.</summary>
    /// <exception cref="RequestException">One is not NAME=VALUE.</exception>
    public Dictionary<string, string> Condition(ParseResult parsed)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in parsed.GetValue(_condition) ?? [])
        {
            var parts = text.Split('=', 2);
            if (parts.Length != 2 || !values.TryAdd(parts[0], parts[1]))
            {
                throw new RequestException(RequestFault.BadValue, $"--condition is '{text}', expected NAME=VALUE with each name once.");
            }
        }

        return values;
    }
}
