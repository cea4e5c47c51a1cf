using EventService.Engine.Serialization;
using EventService.Models;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Training.Import;

namespace EventService.Training.Tests.Import;

/// <summary>
/// A flow that nflows or zuko made, with the densities and samples that the library gives: tests/TestData/Import/make_fixtures.py.
/// </summary>
internal sealed class LibraryFixture
{
    public static readonly string[] Names =
    [
        "nflows-maf-residual", "nflows-maf-feedforward", "nflows-arqs-residual", "nflows-arqs-feedforward-lu", "nflows-arqs-box", "nflows-coupling-lu",
        "nflows-coupling-unconditional", "nflows-float64", "zuko-maf", "zuko-nsf", "zuko-nsf-coupling-residual",
    ];

    private readonly SafeTensorsFile _reference;

    public LibraryFixture(string name)
    {
        Name = name;
        State = File.ReadAllBytes(PathOf(name, "state.safetensors"));
        Description = File.ReadAllBytes(PathOf(name, "description.json"));
        _reference = SafeTensorsFile.Read(PathOf(name, "reference.safetensors"));
    }

    public string Name { get; }

    public byte[] State { get; }

    public byte[] Description { get; }

    /// <summary>Events, [Count, Columns].</summary>
    public double[] X => _reference["x"].ToDoubles();

    public double[] LogProb => _reference["log_prob"].ToDoubles();

    /// <summary>Draws of the base distribution, [Count, Columns].</summary>
    public float[] Base => _reference["base"].ToFloats();

    /// <summary>The library's events of these draws in float64 and in float32.</summary>
    public double[] Sample64 => _reference["sample64"].ToDoubles();

    public double[] Sample32 => _reference["sample32"].ToDoubles();

    public int Count => LogProb.Length;

    public int Columns => Base.Length / Count;

    public ImportedModel Import() => ModelImport.Run(State, Description, "state.safetensors");

    public LayeredFlow Flow() => (LayeredFlow)EventGenerator.Load(Import().File).Model;

    private static string PathOf(string name, string file) => Repository.TestData(Path.Combine("Import", name, file));
}
