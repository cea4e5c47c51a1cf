using EventService.FunctionalTests.Models;
using EventService.Physics.Events;

namespace EventService.FunctionalTests.Kinds;

/// <summary>The service with a model of jets, one of showers, and one of events of no kind that it knows.</summary>
public sealed class KindService : RunningService
{
    public static SampleSchema Jets { get; } = new(
        [new("pt", "GeV", ""), new("eta", "1", ""), new("mass", "GeV", "")],
        [new("Constituent", 12, [new("etarel", "1", ""), new("phirel", "rad", ""), new("ptrel", "1", "")])]);

    public static SampleSchema Showers { get; } = new([new("incident_energy", "GeV", "")], [])
    {
        Arrays = [new("voxels", "MeV", "", [3, 4, 5]), new("layers", "MeV", "", [3])],
    };

    public static SampleSchema Tracks { get; } = new([new("x", "1", "")], [new("Track", 3, [new("pt", "GeV", "")])]);

    public KindService()
        : base(workers: 2)
    {
        Write("jets", Jets);
        Write("showers", Showers);
        Write("tracks", Tracks);
    }

    public static SampleSchema SchemaOf(string process) => process == "jets" ? Jets : Showers;

    private void Write(string process, SampleSchema schema) => File.WriteAllBytes(
        Path.Combine(ModelsFolder, process + ".safetensors"),
        TestModels.Bytes(process + "-test", process, TestModels.Columns, schema: schema));
}
